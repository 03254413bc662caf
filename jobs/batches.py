"""Several videos at once: planned and priced, then submitted, watched, cancelled and tried again as one.

    plan ─→ a Batch with its orders, its files stored once each ─→ submit ─→ its jobs, all or none
                                                              └─→ discard, or forgotten after some hours

What becomes of each job is the story of `jobs.lifecycle`, as of any other.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from jobs import credits, lifecycle, media
from jobs.errors import Conflict, InsufficientCredits, InvalidInput, NotFound, gettext_noop
from jobs.lifecycle import Order
from jobs.models import Batch, Job, Media, Status, User, WalletKind, batches_of, jobs_of, planned_files
from jobs.models.job import OPEN, Model

MAX_JOBS = 100
MAX_PLANS = 5
# Shorter than a file without a job is kept, so that the files of a plan outlive it.
PLAN_KEPT = timedelta(hours=12)
# From less work than this, a guess at the time left would jump about.
GUESS_AFTER_SECONDS = 2.0

NONE_SUCH = gettext_noop("There is no such batch.")
TOO_MANY = gettext_noop("These are {videos} videos; at most {limit} can be made at once.")
TOO_MANY_PLANS = gettext_noop(
    "{limit} batches are waiting to be made, which is the limit. Make or discard one of them first."
)
GONE = gettext_noop("The files of this batch are gone: they are kept for {hours} hours. Choose them again.")
TOO_DEAR = gettext_noop(
    "These {videos} videos cost {needed} credits and the wallet has {available}: {missing} are missing. "
    "Choose 480p or fewer videos, or ask for more credits."
)


@dataclass(frozen=True)
class Total:
    """What all videos of a batch are together."""

    videos: int
    credits: int
    seconds: int


@dataclass(frozen=True)
class Standing:
    """How far the jobs of a batch have come. `share` of the work is 0 to 1; `seconds_left` is None while unknown."""

    done: int
    failed: int
    cancelled: int
    working: int
    waiting: int
    share: float
    seconds_left: float | None

    @property
    def total(self) -> int:
        return self.done + self.failed + self.cancelled + self.open

    @property
    def open(self) -> int:
        return self.working + self.waiting


# --- The plan ----------------------------------------------------------------------------


def check_room(user: User) -> None:
    """Raises Conflict if no further plan would be kept."""
    if batches_of(user).filter(plan__isnull=False).count() >= MAX_PLANS:
        raise Conflict(TOO_MANY_PLANS, limit=MAX_PLANS)


def plan(user: User, name: str, orders: Sequence[Order]) -> Batch:
    """Keep what is wanted until its owner says yes; each file is stored once.

    Raises InvalidInput, Conflict or Unavailable.
    """
    check_room(user)
    if len(orders) > MAX_JOBS:
        raise InvalidInput(TOO_MANY, videos=len(orders), limit=MAX_JOBS)
    for order in orders:
        lifecycle.check_makeable(order)
    drafts = {draft.file: draft for order in orders for draft in order.inputs.values()}
    kept: dict[Path | Media, Media] = {}
    try:
        for file, draft in drafts.items():
            kept[file] = media.keep(user, draft)
        lines = [_line(order, kept) for order in orders]
        with transaction.atomic():
            # Once more, one at a time: others may have been planned while the files were stored.
            User.objects.select_for_update(no_key=True).get(pk=user.pk)
            check_room(user)
            return Batch.objects.create(owner=user, name=name.strip()[:120], plan=lines)
    except BaseException:
        media.drop(*(one for file, one in kept.items() if not drafts[file].is_kept))
        raise


def planned(batch: Batch) -> list[Order]:
    """The orders of a plan. Raises Conflict if a file of theirs is gone."""
    lines = batch.plan or []
    files = Media.objects.filter(owner=batch.owner_id).in_bulk(list(_files_of(lines)))
    try:
        drafts = {media_id: media.draft_of(one) for media_id, one in files.items()}
        return [_order(line, drafts) for line in lines]
    except KeyError:
        raise Conflict(GONE, hours=PLAN_KEPT // timedelta(hours=1)) from None


def total(orders: Iterable[Order]) -> Total:
    """What their submission would hold."""
    quotes = [lifecycle.quote(order) for order in orders]
    return Total(len(quotes), sum(quote.credits for quote in quotes), sum(quote.seconds for quote in quotes))


def discard(user: User, batch_id: UUID) -> None:
    """Forget a plan, with the files that no job needs; what was submitted stays. Raises NotFound."""
    with transaction.atomic():
        batch = _locked(user, batch_id)
        if not batch.is_planned:
            return
        files = _forget(batch)
    media.drop_unused(*files)


def tidy(now: datetime) -> None:
    """Forget plans that nobody said yes to, with their files; the rest next time if their storage does not answer."""
    old = Batch.objects.filter(plan__isnull=False, created__lt=now - PLAN_KEPT)
    for batch_id in list(old.values_list("pk", flat=True)):
        with transaction.atomic():
            # Its owner may say yes at this moment.
            batch = old.select_for_update(of=("self",)).select_related("owner").filter(pk=batch_id).first()
            files = _forget(batch) if batch else []
        if not media.drop_unused(*files):
            return


def _forget(batch: Batch) -> list[Media]:
    """Delete a plan; its files that no other one is about are returned. Called locked."""
    files = _files_of(batch.plan or [])
    batch.delete()
    return list(Media.objects.filter(pk__in=files - planned_files(batch.owner), owner=batch.owner_id))


# --- The jobs ----------------------------------------------------------------------------


def submit(user: User, batch_id: UUID) -> Batch:
    """Make every job of a plan and hold its price, or none; the second time nothing happens.

    Raises NotFound, Conflict, InsufficientCredits, or InvalidInput if no engine can make one of them any more.
    """
    with transaction.atomic():
        batch = _locked(user, batch_id)
        if batch.is_planned:
            orders = planned(batch)
            _check_covered(user, WalletKind.USER, total(orders))
            for order in orders:
                lifecycle.submit(user, order, WalletKind.USER, batch=batch)
            Batch.objects.filter(pk=batch.pk).update(plan=None, created=timezone.now())
    return Batch.objects.get(pk=batch.pk)


def cancel(user: User, batch_id: UUID) -> int:
    """Cancel its open jobs; how many they were. Raises NotFound."""
    batch = _own(user, batch_id)
    # The last first, so that no worker starts one while those before it are cancelled.
    still_open = list(jobs_in(batch).filter(status__in=OPEN).order_by("-created", "-pk").values_list("pk", flat=True))
    return sum(lifecycle.cancel(user, job_id).status == Status.CANCELLED for job_id in still_open)


def retry(user: User, batch_id: UUID) -> int:
    """Make its failed videos once more, all or none: a new job takes the place of each. How many they were.

    Raises NotFound, Conflict, InsufficientCredits or RateLimited.
    """
    with transaction.atomic():
        batch = _locked(user, batch_id)
        failed = list(jobs_in(batch).filter(status=Status.FAILED).select_related("wallet"))
        for kind in WalletKind:
            prices = [job.price for job in failed if job.wallet.kind == kind]
            if prices:
                _check_covered(user, kind, Total(len(prices), sum(prices), 0))
        for job in failed:
            lifecycle.again(job.pk)
    return len(failed)


def jobs_in(batch: Batch) -> QuerySet[Job]:
    """Its jobs in the order of its orders, without those that were removed."""
    return jobs_of(batch.owner).filter(batch=batch).order_by("created", "pk")


def standing(batch: Batch, now: datetime | None = None) -> Standing:
    """How far it has come."""
    return standings([batch], now)[batch.pk]


def standings(batches: Sequence[Batch], now: datetime | None = None) -> Mapping[UUID, Standing]:
    """How far each has come, in one query."""
    jobs = Job.objects.filter(batch__in=batches, removed=None)
    rows: dict[UUID, list[Job]] = {batch.pk: [] for batch in batches}
    for job in jobs.only("batch_id", "status", "price", "progress", "started", "finished"):
        rows[job.batch_id].append(job)  # type: ignore[index]  # filtered by it
    return {pk: _standing(own, now or timezone.now()) for pk, own in rows.items()}


def _standing(jobs: Sequence[Job], now: datetime) -> Standing:
    def count(status: Status) -> int:
        return sum(job.status == status for job in jobs)

    wanted = sum(job.price for job in jobs if job.status in (*OPEN, Status.DONE))
    made = sum(job.price for job in jobs if job.status == Status.DONE)
    made_so_far = made + sum(job.price * job.progress for job in jobs if job.status == Status.RUNNING)
    working = count(Status.RUNNING)
    spent = sum(_seconds_of_work(job, now) for job in jobs)
    left = None
    if working and made_so_far and spent >= GUESS_AFTER_SECONDS:
        # Credits are by the second of video and by its size, and so is the work.
        left = (wanted - made_so_far) * spent / made_so_far / working
    return Standing(
        done=count(Status.DONE),
        failed=count(Status.FAILED),
        cancelled=count(Status.CANCELLED),
        working=working,
        waiting=count(Status.QUEUED),
        share=made_so_far / wanted if wanted else 1.0,
        seconds_left=left,
    )


def _seconds_of_work(job: Job, now: datetime) -> float:
    if job.started is None or job.status not in (Status.RUNNING, Status.DONE):
        return 0.0
    return max(((job.finished or now) - job.started).total_seconds(), 0.0)


def _own(user: User, batch_id: UUID) -> Batch:
    batch = batches_of(user).select_related("owner").filter(pk=batch_id).first()
    if batch is None:
        raise NotFound(NONE_SUCH)
    return batch


def _locked(user: User, batch_id: UUID) -> Batch:
    """The batch, its row locked: whoever comes second sees what the first one did. Raises NotFound."""
    # Not against new jobs in it: one of them may be tried again meanwhile, which has the account's lock already.
    batch = batches_of(user).select_for_update(no_key=True).filter(pk=batch_id).first()
    if batch is None:
        raise NotFound(NONE_SUCH)
    return batch


def _check_covered(user: User, kind: WalletKind, whole: Total) -> None:
    """Raises InsufficientCredits, with the sum of all, if the wallet does not cover it."""
    # Every submission takes this lock first, so none can spend meanwhile what is counted here.
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    available = credits.wallet_of(user, kind).available
    if available < whole.credits:
        raise InsufficientCredits(
            TOO_DEAR,
            videos=whole.videos,
            needed=whole.credits,
            available=available,
            missing=whole.credits - available,
        )


# --- An order as a plan keeps it -------------------------------------------------------------


def _line(order: Order, kept: Mapping[Path | Media, Media]) -> dict[str, Any]:
    return {
        "model": order.model.value,
        "inputs": {field: kept[draft.file].pk.hex for field, draft in order.inputs.items()},
        "resolution": order.resolution,
        "seed": order.seed,
        "prompt": order.prompt,
        "name": order.name,
        "speaking_order": order.speaking_order,
        "engine": order.engine,
    }


def _order(line: Mapping[str, Any], drafts: Mapping[UUID, media.Draft]) -> Order:
    """Raises KeyError if a file is not among `drafts`."""
    return Order(
        model=Model(line["model"]),
        inputs={field: drafts[UUID(media_id)] for field, media_id in line["inputs"].items()},
        resolution=line["resolution"],
        seed=line["seed"],
        prompt=line["prompt"],
        name=line["name"],
        speaking_order=line["speaking_order"],
        engine=line["engine"],
    )


def _files_of(lines: Iterable[Mapping[str, Any]]) -> set[UUID]:
    return {UUID(media_id) for line in lines for media_id in line["inputs"].values()}
