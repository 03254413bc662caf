"""Jobs that another machine does: left there, asked for, called back about, recalled."""

from datetime import timedelta
from functools import partial
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from jobs import exchanges, roster
from jobs.engines.base import (
    RemoteEngine,
    Running,
)
from jobs.enqueue import enqueue
from jobs.errors import gettext_noop
from jobs.lifecycle.choice import able, queue_of
from jobs.lifecycle.steps import fail, move
from jobs.models import Job, Status

NO_ENGINE_WORKS = gettext_noop("The render service was out of order for too long. Try again later.")
TOO_SLOW = gettext_noop("The render service did not finish this video in time. Try again later.")
SILENT = gettext_noop("The render service gave no answer any more. Try again later.")
# Between two questions to a machine that gives no usable answer.
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 2.0, 30.0


def wait_or_fail(job: Job) -> None:
    """No engine works, or all are full: the sweep asks again, for one that works as long as it takes."""
    waited = timezone.now() - (job.started or job.created)
    if waited < timedelta(seconds=settings.WAIT_SECONDS) or roster.any_open(able(job)):
        return
    with transaction.atomic():
        fail(job, NO_ENGINE_WORKS, {}, from_=Status.QUEUED)


def put_back(job: Job) -> None:
    """The engine did not take the job just now: QUEUED again, the attempt not counted, after a pause, not for ever."""
    with transaction.atomic():
        if timezone.now() - job.created > timedelta(seconds=settings.WAIT_SECONDS):
            fail(job, NO_ENGINE_WORKS, {})
            return
        # No kick: the sweep gives one to jobs that have waited for a while.
        later = {"attempts": F("attempts") - 1, "placed_with": "", "lease_until": None, "kicked": timezone.now()}
        move(job, (Status.RUNNING,), Status.QUEUED, **later)


def leave_for_now(job: Job) -> None:
    """What came of a job can not be kept, because the storage does not answer: it stays there until that is back."""
    _put_away(job, LONGEST_PAUSE_SECONDS)


def leave(job: Job, running: Running) -> None:
    """Leave a job with the machine that does it, until it is time to ask again."""
    now = timezone.now()
    engine = roster.get(job.placed_with)
    longest = engine.longest_seconds if isinstance(engine, RemoteEngine) else 0.0
    if job.submitted is not None and now - job.submitted > timedelta(seconds=longest):
        with transaction.atomic():
            fail(job, TOO_SLOW, {})
        recall(str(job.pk))
        return
    progress = min(max(running.progress, 0.0), 0.99)
    _put_away(job, running.pause, heard=now, stage="drawing", progress=progress)


def leave_unheard(job: Job) -> None:
    """The machine that has the job gave no usable answer: ask again, in growing pauses, but not for ever."""
    silent = timezone.now() - (job.heard or job.submitted or timezone.now())
    if silent.total_seconds() > settings.SILENCE_SECONDS:
        with transaction.atomic():
            fail(job, SILENT, {})
        recall(str(job.pk))
        return
    _put_away(job, max(FIRST_PAUSE_SECONDS, min(silent.total_seconds(), LONGEST_PAUSE_SECONDS)))


def _put_away(job: Job, pause: float, **fields: object) -> None:
    # A callback that came meanwhile has said when to look already.
    look_at = Coalesce(F("look_at"), Value(timezone.now() + timedelta(seconds=pause)))
    if not move(job, (Status.RUNNING,), Status.RUNNING, lease_until=None, look_at=look_at, **fields):
        recall(str(job.pk))


def nudge(job_id: UUID, engine_name: str, remote_id: str) -> None:
    """An engine says that something happened to a job: look at it at once. Without effect if it is not there."""
    now = timezone.now()
    there = Job.objects.filter(pk=job_id, status=Status.RUNNING, placed_with=engine_name)
    if remote_id:
        # After a crash between a submission and its answer, this is how the id is learned.
        there.filter(remote_id="").update(remote_id=remote_id[:200], submitted=Coalesce(F("submitted"), Value(now)))
        there = there.filter(remote_id=remote_id[:200])
    with transaction.atomic():
        # A look that is due already need not be asked for again, however often a callback is repeated.
        if there.filter(Q(look_at=None) | Q(look_at__gt=now)).update(look_at=now):
            enqueue(queue_of(engine_name), "look", str(job_id))


def recall(job_id: str) -> None:
    """Tell the machine that has a job that nobody wants it any more: once, and only if it has ended here."""
    over = Job.objects.filter(pk=UUID(job_id), status__in=(Status.CANCELLED, Status.FAILED)).exclude(remote_id="")
    if not over.exclude(submitted=None).update(submitted=None):
        return
    job = Job.objects.get(pk=UUID(job_id))
    engine = roster.get(job.placed_with)
    if isinstance(engine, RemoteEngine):
        engine.cancel(job.model, job.remote_id, partial(exchanges.keep, job, job.placed_with))  # type: ignore[arg-type]
