"""The story of a job, from submission to its end: the only file that changes `Job.status`.

    submit ─→ QUEUED ─→ start ─→ RUNNING ─→ finish ─→ DONE       credits captured, webhook
                 ↑                  │  └──────────────→ FAILED     credits released, webhook
                 └── hand back, or ─┘
                     lease expired        cancel ────→ CANCELLED  credits released, webhook

A job that another machine does stays RUNNING without a worker: `look` asks how it stands, when it is time (`look_at`)
or when a callback said that something happened (`nudge`).

Each step is one conditional UPDATE inside the transaction of all that goes with
it, so a step happens once, whole, or not at all. The queue only says "look at
this job"; saying it twice does no harm, and `sweep` says it again when it got lost.
"""

import logging
import secrets
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from jobs import credits, exchanges, idempotency, media, roster, sharing, webhooks
from jobs.engines.base import (
    MAX_VOICE_SECONDS,
    Away,
    Engine,
    Failed,
    Finished,
    Outcome,
    RemoteEngine,
    Running,
    SpeakingOrder,
    Stopped,
    Work,
)
from jobs.enqueue import Queue, enqueue, queues, served, stopping, waiting
from jobs.errors import Conflict, InvalidInput, NotFound, RateLimited, Unavailable, gettext_noop
from jobs.media import Draft
from jobs.models import ApiKey, Batch, Claim, Job, JobInput, Media, Status, User, WalletKind, jobs_of
from jobs.models.job import OPEN, Model
from jobs.net import CALL_SECONDS
from jobs.wire import job_object

log = logging.getLogger(__name__)

MAX_SEED = 2**31 - 1
CANCELLED = gettext_noop("Cancelled")
NOT_FINISHED = gettext_noop("This job is not finished. Cancel it first.")
TOO_MANY_OPEN = gettext_noop("This key has {limit} unfinished jobs, as many as it may. Try again when one has ended.")
SUSPENDED = gettext_noop("This account is suspended.")
OPEN_AGAIN_SECONDS = 10
UNDO = timedelta(seconds=60)  # a page offers it for a shorter time
ERASED_AT_ONCE = 100
NO_LUCK = gettext_noop("The renderer stopped {attempts} times on this job. Try another picture or recording.")
NO_ENGINE_WORKS = gettext_noop("The render service was out of order for too long. Try again later.")
TOO_SLOW = gettext_noop("The render service did not finish this video in time. Try again later.")
SILENT = gettext_noop("The render service gave no answer any more. Try again later.")
FILE_GONE = gettext_noop("A file of this job is gone. Make the video anew.")
# A kick that no worker took within this is repeated; one that was taken is protected by the lease.
KICK_AGAIN = timedelta(seconds=30)
BEAT_SECONDS = 0.5  # pages show it as soon as they ask
FEW_WAITING = 20
# Between two questions to a machine that gives no usable answer.
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 2.0, 30.0


MASK = "mask_image"
# The fields that hold voices, by the kind of video.
VOICES: Mapping[Model, tuple[str, ...]] = {
    Model.VIDEO: ("audio",),
    Model.IMAGE: ("audio",),
    Model.MULTI: ("left_audio", "right_audio"),
}


@dataclass(frozen=True)
class Order:
    """What somebody wants made. `inputs` are drafts by the API's field names; `seed` -1 is a random one."""

    model: Model
    inputs: Mapping[str, Draft]
    resolution: int = 480
    seed: int = -1
    prompt: str = ""
    webhook: str = ""
    name: str = ""
    speaking_order: SpeakingOrder = "meanwhile"
    engine: str = ""  # its name, where there is a choice; empty for the first one that works


# --- Submission ------------------------------------------------------------------------


def submit(
    user: User,
    order: Order,
    wallet_kind: WalletKind,
    *,
    api_key: ApiKey | None = None,
    claim: Claim | None = None,
    showcase: bool = False,
    batch: Batch | None = None,
) -> Job:
    """Make the job, hold its price and tell the queue: all of it or nothing.

    `claim` is the Idempotency-Key that it is made under. Raises Conflict, InsufficientCredits, InvalidInput,
    RateLimited or Unavailable.
    """
    check_makeable(order)
    wallet = credits.wallet_of(user, wallet_kind)
    # Files first, because storage knows no rollback and a transaction should be short.
    kept: dict[str, Media] = {}
    try:
        for field, draft in order.inputs.items():
            kept[field] = media.keep(user, draft)
        with transaction.atomic():
            # The house that owns the examples is nobody's account, and never let in.
            if not showcase:
                _check_active(user)
            if api_key is not None:
                _check_open_jobs(api_key)
            job = Job.objects.create(
                user=user,
                api_key=api_key,
                name=name_of(order),
                showcase=showcase,
                batch=batch,
                model=order.model,
                resolution=order.resolution,
                seed=order.seed if order.seed >= 0 else secrets.randbelow(MAX_SEED),
                prompt=order.prompt,
                webhook=order.webhook,
                speaking_order=order.speaking_order,
                wanted=order.engine,
                wallet=wallet,
                price=quote(order).credits,
            )
            if claim is not None:
                Claim.objects.filter(pk=claim.pk).update(job=job)
            credits.hold(job)
            JobInput.objects.bulk_create(JobInput(job=job, field=field, media=one) for field, one in kept.items())
            _kick(job)
    except BaseException:
        for field, one in kept.items():
            if not order.inputs[field].is_kept:
                media.drop(one)
        raise
    return job


def check_makeable(order: Order) -> None:
    """Raises InvalidInput if no engine of this installation can make this."""
    roster.candidates(
        order.model.value,  # type: ignore[arg-type]  # the choices are the same words
        order.resolution,
        mask=MASK in order.inputs,
        order=order.speaking_order,
        wanted=order.engine,
    )


@dataclass(frozen=True)
class Quote:
    """What a video costs, and for how many seconds."""

    credits: int
    seconds: int


def quote(order: Order) -> Quote:
    """The price of an order: what its submission would hold."""
    seconds = _seconds(order)
    return Quote(credits.price(seconds, order.resolution), credits.billed_seconds(seconds))


def name_of(order: Order) -> str:
    """What its video is called: as somebody wants it, else as the first voice's file is."""
    return order.name or Path(order.inputs[VOICES[order.model][0]].filename).stem[:120]


def _check_active(user: User) -> None:
    """Raises Conflict if the account is suspended. Its row is the lock: a suspension sees the job or comes first."""
    if not User.objects.select_for_update(no_key=True).filter(pk=user.pk, is_active=True).exists():
        raise Conflict(SUSPENDED)


def _check_open_jobs(api_key: ApiKey) -> None:
    """Raises RateLimited if the key has as many unfinished jobs as it may. The key's row is the lock."""
    ApiKey.objects.select_for_update().get(pk=api_key.pk)
    if Job.objects.filter(api_key=api_key, finished=None).count() >= settings.MAX_OPEN_JOBS:
        raise RateLimited(TOO_MANY_OPEN, limit=settings.MAX_OPEN_JOBS, seconds=OPEN_AGAIN_SECONDS)


def _seconds(order: Order) -> float:
    """The seconds that are billed: the voice's; of two, the longer one's if they speak at once, else both.

    A recording that can not be read or used is priced as the shortest: its job will fail.
    """
    lengths = [_usable_seconds(order.inputs[field]) for field in VOICES[order.model]]
    return max(lengths) if order.speaking_order == "meanwhile" else sum(lengths)


def _usable_seconds(voice: Draft) -> float:
    seconds = voice.facts.seconds or 0.0
    return seconds if seconds <= MAX_VOICE_SECONDS else 0.0


# --- Work ----------------------------------------------------------------------------------


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
    name = _engine_for(job)
    if name is None:
        _wait_or_fail(job)
        return
    if _queue_of(name) != queue:
        # Another engine has to step in than the one for which it was put into this queue.
        enqueue(_queue_of(name), "start_job", str(job.pk))
        return
    claimed = _claim(job, name)
    if claimed is None:
        return
    log.info("job %s: attempt %d with %s", claimed.pk, claimed.attempts, name)
    made_by = roster.get(name)
    if isinstance(made_by, RemoteEngine) and settings.CALLBACK_BASE_URL:
        roster.ask_for_keys(name)
    _let(claimed, made_by, made_by.run)


def look(job_id: str) -> None:
    """Ask the machine that has a job how it stands; harmless if somebody does already, or it has ended."""
    job = _claim_look(UUID(job_id))
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
            _hand_back(job)
        except FileNotFoundError:
            finish(job, Failed(FILE_GONE), "")
        except Unavailable as problem:
            # Its lease is the pause before the next attempt.
            log.warning("job %s: attempt %d given up: %s", job.pk, job.attempts, problem)


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


def _mark(job: Job, submitted: bool) -> None:
    """Keep whether another machine may have the job."""
    now = timezone.now() if submitted else None
    Job.objects.filter(pk=job.pk, fence=job.fence).update(submitted=now, heard=now)


def finish(job: Job, outcome: Outcome, made_by: str, beat: media.Beat = media.no_beat) -> None:
    """Apply what the engine answered. Raises Unavailable if its result can not be kept."""
    if roster.is_remote(job.placed_with):
        if isinstance(outcome, Failed) and (outcome.elsewhere or not outcome.permanent):
            roster.gave_out(job.placed_with, outcome.message)
        else:
            roster.answered(job.placed_with)
        job.refresh_from_db(fields=["remote_id", "submitted", "heard"])
    match outcome:
        case Finished():
            _done(job, outcome, made_by, beat)
        case Running():
            _leave(job, outcome)
        case Failed() if (outcome.elsewhere or not outcome.permanent) and job.submitted is None and _others(job):
            log.warning("job %s: %s could not: %s", job.pk, job.placed_with, outcome.message)
            _pass_on(job)
        case Failed(permanent=True):
            with transaction.atomic():
                _fail(job, outcome.message, outcome.params, outcome.source)
        case Failed() if job.submitted is not None:
            _leave_unheard(job)
        case Failed():
            log.warning("job %s: attempt %d failed: %s", job.pk, job.attempts, outcome.message)
            _retry_or_fail(job)


# --- On another machine --------------------------------------------------------------------


def _kick(job: Job) -> None:
    """Tell the queue of the engine that is likely to do it."""
    names = _able(job)
    enqueue(_queue_of(job.placed_with or (names[0] if names else "")), "start_job", str(job.pk))


def _queue_of(name: str) -> Queue:
    return served("remote" if roster.is_remote(name) else "render")


def _able(job: Job) -> tuple[str, ...]:
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


def _engine_for(job: Job) -> str | None:
    """The engine that is to do the job now: the one that has it already, or the first that works."""
    return job.placed_with if job.submitted is not None else roster.choose(_able(job), job.given_up)


def _others(job: Job) -> list[str]:
    """The engines that have not been tried."""
    return [name for name in _able(job) if name != job.placed_with and name not in job.given_up]


def _pass_on(job: Job) -> None:
    """RUNNING → QUEUED for another engine, without counting the attempt."""
    with transaction.atomic():
        _requeue(job, attempts=F("attempts") - 1, given_up=[*job.given_up, job.placed_with], placed_with="")


def _wait_or_fail(job: Job) -> None:
    """No engine works, or all are full: the sweep asks again, but not for ever."""
    if job.created > timezone.now() - timedelta(seconds=settings.WAIT_SECONDS):
        return
    with transaction.atomic():
        _fail(job, NO_ENGINE_WORKS, {}, from_=Status.QUEUED)


def _claim_look(job_id: UUID) -> Job | None:
    """Take a job that is away for the time of one look. None if it has ended, or somebody has it."""
    away = Job.objects.filter(pk=job_id, status=Status.RUNNING, lease_until=None)
    lease_until = timezone.now() + _lease(remote=True)
    if not away.update(fence=F("fence") + 1, lease_until=lease_until, look_at=None):
        return None
    return Job.objects.select_related("wallet", "user").get(pk=job_id)


def _leave(job: Job, running: Running) -> None:
    """Leave a job with the machine that does it, until it is time to ask again."""
    now = timezone.now()
    engine = roster.get(job.placed_with)
    longest = engine.longest_seconds if isinstance(engine, RemoteEngine) else 0.0
    if job.submitted is not None and now - job.submitted > timedelta(seconds=longest):
        with transaction.atomic():
            _fail(job, TOO_SLOW, {})
        recall(str(job.pk))
        return
    progress = min(max(running.progress, 0.0), 0.99)
    _put_away(job, running.pause, heard=now, stage="drawing", progress=progress)


def _leave_unheard(job: Job) -> None:
    """The machine that has the job gave no usable answer: ask again, in growing pauses, but not for ever."""
    silent = timezone.now() - (job.heard or job.submitted or timezone.now())
    if silent.total_seconds() > settings.SILENCE_SECONDS:
        with transaction.atomic():
            _fail(job, SILENT, {})
        recall(str(job.pk))
        return
    _put_away(job, max(FIRST_PAUSE_SECONDS, min(silent.total_seconds(), LONGEST_PAUSE_SECONDS)))


def _put_away(job: Job, pause: float, **fields: object) -> None:
    # A callback that came meanwhile has said when to look already.
    look_at = Coalesce(F("look_at"), Value(timezone.now() + timedelta(seconds=pause)))
    if not _move(job, (Status.RUNNING,), Status.RUNNING, lease_until=None, look_at=look_at, **fields):
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
            enqueue(_queue_of(engine_name), "look", str(job_id))


def recall(job_id: str) -> None:
    """Tell the machine that has a job that nobody wants it any more: once, and only if it has ended here."""
    over = Job.objects.filter(pk=UUID(job_id), status__in=(Status.CANCELLED, Status.FAILED)).exclude(remote_id="")
    if not over.exclude(submitted=None).update(submitted=None):
        return
    job = Job.objects.get(pk=UUID(job_id))
    engine = roster.get(job.placed_with)
    if isinstance(engine, RemoteEngine):
        engine.cancel(job.model, job.remote_id, partial(exchanges.keep, job, job.placed_with))  # type: ignore[arg-type]


# --- What people do with a job -------------------------------------------------------------


def cancel(user: User, job_id: UUID) -> Job:
    """Cancel an open job; one that has ended stays as it is. Raises NotFound."""
    with transaction.atomic():
        # Locked, so that a worker that starts it at this moment can not slip through.
        job = jobs_of(user).select_for_update().filter(pk=job_id).first()
        if job is None:
            raise NotFound(gettext_noop("There is no such job."))
        if _move(job, OPEN, Status.CANCELLED, error_template=CANCELLED, finished=timezone.now(), lease_until=None):
            _settle(job, credits.release)
            if job.submitted is not None:
                enqueue(_queue_of(job.placed_with), "recall", str(job.pk))
    return Job.objects.get(pk=job.pk)


def rename(user: User, job_id: UUID, name: str) -> None:
    """Call a job something else. Raises NotFound."""
    if not jobs_of(user).filter(pk=job_id).update(name=name.strip()[:120], updated=timezone.now()):
        raise NotFound(gettext_noop("There is no such job."))


def again(job_id: UUID) -> Job:
    """Make the video of a job that came to nothing once more, as a new job: same files, same seed, same wallet.

    In a batch it takes the other one's place. Raises NotFound, Conflict, InsufficientCredits or RateLimited.
    """
    job = Job.objects.select_related("user", "api_key", "wallet", "batch").filter(pk=job_id).first()
    if job is None:
        raise NotFound(gettext_noop("There is no such job."))
    if job.status not in (Status.FAILED, Status.CANCELLED):
        raise Conflict(gettext_noop("Only a job that failed or was cancelled can be tried again."))
    inputs = {given.field: media.draft_of(given.media) for given in job.inputs.select_related("media")}
    if not inputs:
        raise Conflict(gettext_noop("The files of this job are gone."))
    order = Order(
        model=Model(job.model),
        inputs=inputs,
        resolution=job.resolution,
        seed=job.seed,
        prompt=job.prompt,
        webhook=job.webhook,
        name=job.name,
        speaking_order=job.speaking_order,  # type: ignore[arg-type]  # the choices are the same words
        engine=job.wanted,
    )
    with transaction.atomic():
        new = submit(job.user, order, WalletKind(job.wallet.kind), api_key=job.api_key, batch=job.batch)
        Job.objects.filter(pk=job.pk).update(batch=None, updated=timezone.now())
    return new


def refund(job_id: UUID, reason: str) -> None:
    """Give back what a finished job has cost; the video stays. Raises NotFound or Conflict."""
    with transaction.atomic():
        job = Job.objects.select_for_update(of=("self",)).select_related("wallet").filter(pk=job_id).first()
        if job is None:
            raise NotFound(gettext_noop("There is no such job."))
        if job.status != Status.DONE:
            raise Conflict(gettext_noop("Only a finished job has cost anything."))
        credits.refund(job, reason)


def suspend(user: User) -> int:
    """Keep an account out: no log-in, no valid key, no shared page; its open jobs are cancelled. How many they were."""
    sharing.unshare_all(user)
    User.objects.filter(pk=user.pk).update(is_active=False)
    still_open = list(jobs_of(user).filter(status__in=OPEN).values_list("pk", flat=True))
    return sum(cancel(user, job_id).status == Status.CANCELLED for job_id in still_open)


def readmit(user: User) -> None:
    """Let a suspended account in again, its keys as they were."""
    User.objects.filter(pk=user.pk).update(is_active=True)


def remove(user: User, job_id: UUID) -> None:
    """Remove a job that has ended, with its files; its movements of credits stay. Raises NotFound or Conflict."""
    with transaction.atomic():
        job = jobs_of(user).select_for_update().filter(pk=job_id).first()
        if job is None:
            raise NotFound(gettext_noop("There is no such job."))
        if job.is_open:
            raise Conflict(NOT_FINISHED)
        files = _erase(job)
    _drop_unused(files)


def hide(user: User, job_ids: Iterable[UUID]) -> int:
    """Remove those of the jobs that have ended, at first so that `bring_back` can undo it. How many they were.

    Nobody sees them from now on, nor their shared pages; their files stay until the sweep erases them after `UNDO`.
    """
    now = timezone.now()
    ended = jobs_of(user).filter(pk__in=list(job_ids)).exclude(status__in=OPEN)
    return ended.update(removed=now, erase_after=now + UNDO, updated=now)


def bring_back(user: User, removed: datetime) -> int:
    """Undo the removal of all the jobs that were hidden at this moment. How many they were: 0 when it is too late."""
    now = timezone.now()
    hidden = Job.objects.filter(user=user, removed=removed, erase_after__gt=now)
    return hidden.update(removed=None, erase_after=None, updated=now)


def _erase(job: Job) -> list[Media]:
    """The end of a removed job: its page goes, and it lets go of its files, which are returned. Called locked."""
    files = [given.media for given in job.inputs.select_related("media")]
    files += [one for one in (job.result, job.poster, job.preview) if one is not None]
    job.inputs.all().delete()
    sharing.unshare(job.pk)
    now = timezone.now()
    Job.objects.filter(pk=job.pk).update(
        result=None, poster=None, preview=None, prompt="", removed=job.removed or now, erase_after=None, updated=now
    )
    return files


def _drop_unused(files: list[Media]) -> None:
    """Last of all: a crash before leaves orphans, which the sweep clears away."""
    for one in files:
        media.drop_unused(one)


def forget(user: User) -> None:
    """Leave of an account's jobs, all of which have ended, only what the ledger is about. Called in a transaction.

    Raises Conflict if one is open. The files are the caller's to drop.
    """
    jobs = Job.objects.filter(user=user)
    if jobs.filter(status__in=OPEN).exists():
        raise Conflict(gettext_noop("This job is not finished. Cancel it first."))
    sharing.unshare_all(user)
    JobInput.objects.filter(job__user=user).delete()
    exchanges.forget(user)
    nothing = {"name": "", "prompt": "", "webhook": "", "remote_id": "", "prompt_used": [], "notes": []}
    said = {"error_template": "", "error_params": {}, "error_source": ""}
    jobs.update(result=None, poster=None, preview=None, erase_after=None, **nothing, **said)
    jobs.filter(removed=None).update(removed=timezone.now())


def _claim(job: Job, engine_name: str) -> Job | None:
    """QUEUED → RUNNING, before the engine is called. None if it is no longer queued."""
    now = timezone.now()
    if not _move(
        job,
        (Status.QUEUED,),
        Status.RUNNING,
        placed_with=engine_name,
        look_at=None,
        fence=F("fence") + 1,
        attempts=F("attempts") + 1,
        lease_until=now + _lease(remote=roster.is_remote(engine_name)),
        started=now,
        progress=0,
        stage="",
    ):
        return None
    return Job.objects.select_related("wallet", "user").get(pk=job.pk)


def _lease(*, remote: bool) -> timedelta:
    """How long a worker may be unheard of. While a call to another machine is unanswered, there is no report."""
    return timedelta(seconds=settings.LEASE_SECONDS + (CALL_SECONDS if remote else 0))


class _Heartbeat:
    """The engine's report: keeps the lease and the progress, and stops the engine when it must."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._lease = _lease(remote=roster.is_remote(job.placed_with))
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


def _done(job: Job, outcome: Finished, made_by: str, beat: media.Beat) -> None:
    """RUNNING → DONE with our own copy of the result."""
    # The file first: a job that is done has its result. Without the job the file is an orphan for the sweep.
    result = media.keep_result(
        job.user, outcome.path, seconds=outcome.seconds, width=outcome.width, height=outcome.height, beat=beat
    )
    poster = None
    if outcome.poster is not None:
        poster = media.keep_poster(job.user, outcome.poster, width=outcome.width, height=outcome.height)
    preview = media.keep_preview(job.user, outcome.preview) if outcome.preview is not None else None
    with transaction.atomic():
        ended = _move(
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
            notes=[{"message": note.message, "params": dict(note.params)} for note in outcome.notes],
            engine=made_by[:40],
        )
        if ended:
            _settle(job, credits.capture)
    if not ended:
        for one in (result, poster, preview):
            if one is not None:
                media.drop(one)
        return
    log.info("job %s: done", job.pk)


def _fail(
    job: Job, template: str, params: Mapping[str, object], source: str = "", from_: Status = Status.RUNNING
) -> None:
    """RUNNING → FAILED, with its sentence. Called in a transaction."""
    if _move(
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


def _retry_or_fail(job: Job) -> None:
    """A worker or an engine gave out: once more, or the end."""
    with transaction.atomic():
        if job.attempts >= settings.MAX_ATTEMPTS:
            _fail(job, NO_LUCK, {"attempts": job.attempts})
        else:
            _requeue(job)


def _hand_back(job: Job) -> None:
    """RUNNING → QUEUED without counting the attempt."""
    with transaction.atomic():
        _requeue(job, attempts=F("attempts") - 1)
    log.info("job %s: handed back", job.pk)


def _requeue(job: Job, **fields: object) -> None:
    if _move(job, (Status.RUNNING,), Status.QUEUED, kicked=timezone.now(), lease_until=None, **fields):
        _kick(Job.objects.get(pk=job.pk))


def _settle(job: Job, settle: Callable[[Job], None]) -> None:
    """The job has just ended: move its credits and announce it. In the transaction of the move."""
    settle(job)
    ended = Job.objects.select_related("result").get(pk=job.pk)
    webhooks.announce(ended, dict(job_object(ended)))


def _move(job: Job, from_: tuple[Status, ...], to: Status, **fields: object) -> bool:
    """Change the status if it still is one of `from_` and nobody has started the job anew; False if not."""
    still = Job.objects.filter(pk=job.pk, status__in=from_, fence=job.fence)
    return still.update(status=to, updated=timezone.now(), **fields) == 1


def _scratch() -> Path:
    folder = Path(settings.DATA_DIR) / "scratch"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


# --- The sweep: what went quiet ----------------------------------------------------------


def sweep() -> None:
    """Take back jobs whose worker is gone, and repeat kicks that got lost. Safe to run anywhere, any time."""
    now = timezone.now()
    quiet = Job.objects.filter(status=Status.RUNNING, lease_until__lt=now).order_by("lease_until")
    for job in quiet.select_related("wallet"):
        log.warning("job %s: worker gone quiet in attempt %d", job.pk, job.attempts)
        _retry_or_fail(job)
    if not any(waiting(queue) for queue in queues() if queue != "default"):
        # Nothing waits in the queues, so a job that still does was forgotten there, or waits for an engine.
        for job in Job.objects.filter(status=Status.QUEUED, kicked__lt=now - KICK_AGAIN).order_by("created"):
            if Job.objects.filter(pk=job.pk, status=Status.QUEUED, kicked=job.kicked).update(kicked=now):
                _kick(job)
    look_around(now)
    if waiting("default") < FEW_WAITING:
        for delivery_id in webhooks.due(now):
            enqueue("default", "deliver", delivery_id)
    for job_id in Job.objects.filter(erase_after__lte=now).values_list("pk", flat=True)[:ERASED_AT_ONCE]:
        _erase_hidden(job_id, now)
    media.tidy(now)
    exchanges.tidy(now)
    idempotency.tidy()


def look_around(now: datetime) -> None:
    """Have those jobs looked at that are away and whose time has come."""
    for job in Job.objects.filter(status=Status.RUNNING, lease_until=None, look_at__lte=now).order_by("look_at"):
        if Job.objects.filter(pk=job.pk, look_at=job.look_at).update(look_at=now + KICK_AGAIN):
            enqueue(_queue_of(job.placed_with), "look", str(job.pk))


def _erase_hidden(job_id: UUID, now: datetime) -> None:
    """The end of a hidden job, unless it was brought back at this moment."""
    with transaction.atomic():
        job = Job.objects.select_for_update().filter(pk=job_id, erase_after__lte=now).first()
        files = _erase(job) if job else []
    _drop_unused(files)
