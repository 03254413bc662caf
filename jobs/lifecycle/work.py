"""The work: a worker takes a job, lets an engine do its part, and applies what came of it."""

import logging
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from jobs import exchanges, media, roster
from jobs.engines.base import (
    Away,
    Engine,
    Failed,
    Finished,
    Outcome,
    RemoteEngine,
    Running,
    Stopped,
    Work,
)
from jobs.enqueue import enqueue, stopping
from jobs.errors import Unavailable, gettext_noop
from jobs.lifecycle.away import leave, leave_for_now, leave_unheard, put_back, recall, wait_or_fail
from jobs.lifecycle.choice import engine_for, kick_next, others, queue_of
from jobs.lifecycle.steps import claim, claim_look, done, fail, hand_back, lease, pass_on, retry_or_fail
from jobs.models import Job, Media, Status
from jobs.models.job import OPEN

log = logging.getLogger(__name__)

UNANSWERED = "A submission was not answered."
FILE_GONE = gettext_noop("A file of this job is gone. Make the video anew.")
BEAT_SECONDS = 0.5  # pages show it as soon as they ask


class _LeaseLost(Stopped):
    """The job is no longer ours: cancelled (then `for_good`), or taken for dead and given to another worker."""

    def __init__(self, *, for_good: bool) -> None:
        super().__init__()
        self.for_good = for_good


class _HandBack(Stopped):
    """This worker is being stopped: another one shall do the job."""


def start(job_id: str, queue: str = "render") -> None:
    """Do the whole work of a queued job in this worker, or place it elsewhere; harmless if somebody does already."""
    job = Job.objects.filter(pk=UUID(job_id), status=Status.QUEUED).first()
    if job is None:
        return
    name = engine_for(job)
    if name is None:
        wait_or_fail(job)
        return
    if queue_of(name) != queue:
        # Another engine has to step in than the one for which it was put into this queue.
        enqueue(queue_of(name), "start_job", str(job.pk))
        return
    claimed = claim(job, name)
    if claimed is None:
        return
    log.info("job %s: attempt %d with %s", claimed.pk, claimed.attempts, name)
    made_by = roster.get(name)
    if isinstance(made_by, RemoteEngine) and settings.CALLBACK_BASE_URL:
        roster.ask_for_keys(name)
    _let(claimed, made_by, made_by.run)


def look(job_id: str) -> None:
    """Ask the machine that has a job how it stands; harmless if somebody does already, or it has ended."""
    job = claim_look(UUID(job_id))
    if job is None:
        return
    made_by = roster.get(job.placed_with)
    if isinstance(made_by, RemoteEngine):
        _let(job, made_by, made_by.look)


def _let(job: Job, made_by: Engine, step: Callable[[Work, "_Heartbeat"], Outcome]) -> None:
    """Let an engine do its part of the job, and apply what came of it."""
    report = _Heartbeat(job)
    with tempfile.TemporaryDirectory(dir=_scratch()) as folder:
        try:
            outcome = step(_work(job, made_by, Path(folder), report.beat), report)
            finish(job, outcome, f"{made_by.name} {made_by.version}", report.beat)
        except _LeaseLost:
            log.info("job %s: no longer ours", job.pk)
            recall(str(job.pk))
        except _HandBack:
            hand_back(job)
        except FileNotFoundError:
            finish(job, Failed(FILE_GONE), "")
        except Unavailable as problem:
            log.warning("job %s: attempt %d given up: %s", job.pk, job.attempts, problem)
            job.refresh_from_db(fields=["submitted"])
            if job.submitted is not None:
                leave_for_now(job)
            # Otherwise its lease is the pause before the next attempt.


class _Sources(Mapping[str, Path]):
    """The job's files by field, each on this machine when it is asked for: not every look needs them.

    Asking raises FileNotFoundError or Unavailable.
    """

    def __init__(self, given: Mapping[str, Media], folder: Path, beat: media.Beat) -> None:
        self._given, self._folder, self._beat = given, folder, beat
        self._here: dict[str, Path] = {}

    def __getitem__(self, field: str) -> Path:
        if field not in self._here:
            self._here[field] = media.local_path(self._given[field], self._folder, self._beat)
        return self._here[field]

    def __iter__(self) -> Iterator[str]:
        return iter(self._given)

    def __len__(self) -> int:
        return len(self._given)


def _work(job: Job, made_by: Engine, folder: Path, beat: media.Beat) -> Work:
    given = {one.field: one.media for one in job.inputs.select_related("media")}
    sources: Mapping[str, Path] = _Sources(given, folder, beat)
    if not isinstance(made_by, RemoteEngine):
        sources, away = dict(sources), Away()
    else:
        away = Away(
            remote_id=job.remote_id,
            submitted=job.submitted is not None,
            attempt=job.attempts,
            links={field: media.media_url(one) for field, one in given.items()},
            callback=exchanges.callback_address(job),
            notes=job.remote_notes,
            note=partial(_note, job),
            mark=partial(_mark, job),
            remember=partial(_remember, job),
            keep=partial(exchanges.keep, job, made_by.name),
        )
    return Work(
        job_id=str(job.pk),
        model=job.model,  # type: ignore[arg-type]  # the choices are the same words
        sources=sources,
        output=folder / "result.mp4",
        resolution=job.resolution,
        seed=job.seed,
        prompt=job.prompt,
        speaking_order=job.speaking_order,  # type: ignore[arg-type]  # here, too
        away=away,
    )


def _remember(job: Job, remote_id: str) -> None:
    """Keep another machine's id of the job, for whoever takes it up again; empty if it does not have it any more."""
    since = Coalesce(F("submitted"), Value(timezone.now())) if remote_id else None
    ours = Job.objects.filter(pk=job.pk, fence=job.fence)
    ours.update(remote_id=remote_id[:200], submitted=since, heard=timezone.now())


def _note(job: Job, notes: Mapping[str, object]) -> None:
    """Keep what the engine has to know when the job is taken up again."""
    Job.objects.filter(pk=job.pk, fence=job.fence).update(remote_notes=dict(notes))


def _mark(job: Job, submitted: bool) -> None:
    """Keep whether, and since when, another machine may have the job."""
    ours = Job.objects.filter(pk=job.pk, fence=job.fence)
    if not submitted:
        ours.update(submitted=None, heard=None)
        return
    now = Value(timezone.now())
    ours.update(submitted=Coalesce(F("submitted"), now), heard=Coalesce(F("heard"), now))


def finish(job: Job, outcome: Outcome, made_by: str, beat: media.Beat = media.no_beat) -> None:
    """Apply what the engine answered. Raises Unavailable if its result can not be kept."""
    remote = roster.is_remote(job.placed_with)
    if remote:
        match outcome:
            case Failed() if outcome.elsewhere or not outcome.permanent:
                roster.gave_out(job.placed_with, outcome.message)
            case Running(answer="none"):
                roster.gave_out(job.placed_with, UNANSWERED)
            case Running(answer="not asked"):
                pass
            case _:
                roster.answered(job.placed_with)
        job.refresh_from_db(fields=["remote_id", "submitted", "heard"])
    match outcome:
        case Finished():
            done(job, outcome, made_by, beat)
        case Running():
            leave(job, outcome)
        case Failed() if (outcome.elsewhere or not outcome.permanent) and job.submitted is None and others(job):
            log.warning("job %s: %s could not: %s", job.pk, job.placed_with, outcome.message)
            pass_on(job)
        case Failed(permanent=True):
            with transaction.atomic():
                fail(job, outcome.message, outcome.params, outcome.source)
        case Failed() if job.submitted is not None:
            leave_unheard(job)
        case Failed() if remote:
            log.warning("job %s: %s could not just now: %s", job.pk, job.placed_with, outcome.message)
            put_back(job)
        case Failed():
            log.warning("job %s: attempt %d failed: %s", job.pk, job.attempts, outcome.message)
            retry_or_fail(job, outcome)
    if remote and Job.objects.filter(pk=job.pk).exclude(status__in=OPEN).exists():
        kick_next()


class _Heartbeat:
    """The engine's report: keeps the lease and the progress, and stops the engine when it must."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._lease = lease(remote=roster.is_remote(job.placed_with))
        self._next = 0.0
        self._stage = ""
        self._progress = 0.0

    def beat(self) -> None:
        """Nothing new, but alive."""
        self(self._progress, self._stage)

    def __call__(self, progress: float, stage: str) -> None:
        if stopping():
            raise _HandBack
        if time.monotonic() < self._next and stage == self._stage:
            return
        self._next, self._stage, self._progress = time.monotonic() + BEAT_SECONDS, stage, progress
        now = timezone.now()
        ours = Job.objects.filter(pk=self._job.pk, status=Status.RUNNING, fence=self._job.fence)
        lease_until = now + self._lease
        if not ours.update(progress=min(max(progress, 0), 1), stage=stage[:12], lease_until=lease_until, updated=now):
            raise _LeaseLost(for_good=Job.objects.filter(pk=self._job.pk, status=Status.CANCELLED).exists())


def _scratch() -> Path:
    folder = Path(settings.DATA_DIR) / "scratch"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
