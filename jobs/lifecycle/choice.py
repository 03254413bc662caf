"""Which engine is to do a job, and which queue has to hear of it."""

from jobs import roster
from jobs.enqueue import Queue, enqueue, served
from jobs.errors import InvalidInput
from jobs.models import Job, Status

MASK = "mask_image"


def kick(job: Job) -> None:
    """Tell the queue of the engine that is likely to do it."""
    enqueue(likely_queue(job), "start_job", str(job.pk))


def likely_queue(job: Job) -> Queue:
    """The queue of the engine that has the job or is likely to do it."""
    return queue_of(job.placed_with or next(iter(able(job)), ""))


def kick_next() -> None:
    """There is room again at an engine: tell the queue of the job that has waited longest."""
    job = Job.objects.filter(status=Status.QUEUED).order_by("created").first()
    if job is not None:
        kick(job)


def queue_of(name: str) -> Queue:
    return served("remote" if roster.is_remote(name) else "render")


def able(job: Job) -> tuple[str, ...]:
    """The engines that could do the job, in order: the settings may have changed since it was submitted."""
    mask = job.inputs.filter(field=MASK).exists()
    try:
        return roster.candidates(
            job.model,  # type: ignore[arg-type]  # the choices are the same words
            job.resolution,
            mask=mask,
            order=job.speaking_order,  # type: ignore[arg-type]  # here, too
            wanted=job.wanted,
        )
    except InvalidInput:
        return ()


def engine_for(job: Job) -> str | None:
    """The engine that is to do the job now: the one that has it already, or the first that works."""
    return job.placed_with if job.submitted is not None else roster.choose(able(job), job.given_up)


def others(job: Job) -> list[str]:
    """The engines that have not been tried."""
    return [name for name in able(job) if name != job.placed_with and name not in job.given_up]
