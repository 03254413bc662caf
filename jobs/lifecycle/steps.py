"""The steps of the story: the only module that changes `Job.status`, each time by one conditional UPDATE."""

import logging
from collections.abc import Callable, Mapping
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from jobs import credits, media, roster, webhooks
from jobs.engines.base import Failed, Finished
from jobs.enqueue import enqueue
from jobs.errors import gettext_noop
from jobs.lifecycle.choice import kick, queue_of
from jobs.lifecycle.sizes import notes_on
from jobs.models import Job, Status
from jobs.models.job import OPEN
from jobs.net import CALL_SECONDS
from jobs.wire import job_object

log = logging.getLogger(__name__)

NO_LUCK = gettext_noop("The renderer stopped {attempts} times on this job. Try another picture or recording.")
CANCELLED = gettext_noop("Cancelled")


def claim(job: Job, engine_name: str) -> Job | None:
    """QUEUED → RUNNING, before the engine is called. None if it is no longer queued."""
    now = timezone.now()
    if not move(
        job,
        (Status.QUEUED,),
        Status.RUNNING,
        placed_with=engine_name,
        look_at=None,
        fence=F("fence") + 1,
        attempts=F("attempts") + 1,
        lease_until=now + lease(remote=roster.is_remote(engine_name)),
        started=now,
        progress=0,
        stage="",
    ):
        return None
    return Job.objects.select_related("wallet", "user").get(pk=job.pk)


def claim_look(job_id: UUID) -> Job | None:
    """Take a job that is away for the time of one look. None if it has ended, or somebody has it."""
    away = Job.objects.filter(pk=job_id, status=Status.RUNNING, lease_until=None)
    lease_until = timezone.now() + lease(remote=True)
    if not away.update(fence=F("fence") + 1, lease_until=lease_until, look_at=None):
        return None
    return Job.objects.select_related("wallet", "user").get(pk=job_id)


def done(job: Job, outcome: Finished, made_by: str, beat: media.Beat) -> None:
    """RUNNING → DONE with our own copy of the result."""
    # The file first: a job that is done has its result. Without the job the file is an orphan for the sweep.
    result = media.keep_result(
        job.user, outcome.path, seconds=outcome.seconds, width=outcome.width, height=outcome.height, beat=beat
    )
    poster = None
    if outcome.poster is not None:
        poster = media.keep_poster(job.user, outcome.poster, width=outcome.width, height=outcome.height)
    preview = media.keep_preview(job.user, outcome.preview) if outcome.preview is not None else None
    notes = (*outcome.notes, *notes_on(job.model, job.resolution, outcome.width, outcome.height))
    with transaction.atomic():
        ended = move(
            job,
            (Status.RUNNING,),
            Status.DONE,
            result=result,
            poster=poster,
            preview=preview,
            progress=1,
            stage="",
            finished=timezone.now(),
            lease_until=None,
            timings=dict(outcome.timings),
            prompt_used=list(outcome.prompt_used),
            notes=[{"message": note.message, "params": dict(note.params)} for note in notes],
            engine=made_by[:40],
        )
        if ended:
            _settle(job, credits.capture)
    if not ended:
        media.drop(*(one for one in (result, poster, preview) if one is not None))
        return
    log.info("job %s: done", job.pk)


def fail(
    job: Job, template: str, params: Mapping[str, object], source: str = "", from_: Status = Status.RUNNING
) -> None:
    """RUNNING → FAILED, with its sentence. Called in a transaction."""
    if move(
        job,
        (from_,),
        Status.FAILED,
        error_template=template[:300],
        error_params=dict(params),
        error_source=source[:24],
        finished=timezone.now(),
        lease_until=None,
    ):
        _settle(job, credits.release)
        log.info("job %s: failed: %s", job.pk, template)


def call_off(job: Job) -> None:
    """QUEUED or RUNNING → CANCELLED; nothing if it has ended. Called in a transaction, the row locked."""
    if move(job, OPEN, Status.CANCELLED, error_template=CANCELLED, finished=timezone.now(), lease_until=None):
        _settle(job, credits.release)
        if job.submitted is not None:
            enqueue(queue_of(job.placed_with), "recall", str(job.pk))


def retry_or_fail(job: Job, why: Failed | None = None) -> None:
    """A worker or an engine gave out: once more, or the end, with what the engine said, if it did."""
    with transaction.atomic():
        if job.attempts >= settings.MAX_ATTEMPTS:
            last = why or Failed(NO_LUCK, params={"attempts": job.attempts})
            fail(job, last.message, last.params, last.source)
        else:
            _requeue(job)


def hand_back(job: Job) -> None:
    """RUNNING → QUEUED without counting the attempt."""
    with transaction.atomic():
        _requeue(job, attempts=F("attempts") - 1)
    log.info("job %s: handed back", job.pk)


def pass_on(job: Job) -> None:
    """RUNNING → QUEUED for another engine, without counting the attempt."""
    with transaction.atomic():
        _requeue(job, attempts=F("attempts") - 1, given_up=[*job.given_up, job.placed_with], placed_with="")


def _requeue(job: Job, **fields: object) -> None:
    if move(job, (Status.RUNNING,), Status.QUEUED, kicked=timezone.now(), lease_until=None, **fields):
        kick(Job.objects.get(pk=job.pk))


def _settle(job: Job, settle: Callable[[Job], None]) -> None:
    """The job has just ended: move its credits and announce it. In the transaction of the move."""
    settle(job)
    ended = Job.objects.select_related("result").get(pk=job.pk)
    webhooks.announce(ended, dict(job_object(ended)))


def move(job: Job, from_: tuple[Status, ...], to: Status, **fields: object) -> bool:
    """Change the status if it still is one of `from_` and nobody has started the job anew; False if not."""
    still = Job.objects.filter(pk=job.pk, status__in=from_, fence=job.fence)
    return still.update(status=to, updated=timezone.now(), **fields) == 1


def lease(*, remote: bool) -> timedelta:
    """How long a worker may be unheard of. While a call to another machine is unanswered, there is no report."""
    return timedelta(seconds=settings.LEASE_SECONDS + (CALL_SECONDS if remote else 0))
