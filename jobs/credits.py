"""Credits: what a video costs, and the only code that moves credits.

Each function is called inside the transaction of the thing it pays for. A move is
a conditional UPDATE of the wallet, exact under any number of parallel writers on
every database, and one immutable `Movement`.
"""

import math
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time

from django.conf import settings
from django.db import transaction
from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce, TruncDate
from django.utils import timezone

from jobs.errors import Conflict, InsufficientCredits, gettext_noop
from jobs.models import Bucket, Job, Movement, MovementKind, Status, User, Wallet, WalletKind
from jobs.models.job import OPEN

CREDITS_PER_SECOND: Mapping[int, int] = {480: 2, 720: 4}  # by resolution
MIN_BILLED_SECONDS = 5

# Which bucket a movement takes from, and into which it puts.
BUCKETS: Mapping[MovementKind, tuple[Bucket, Bucket]] = {
    MovementKind.GRANT: (Bucket.ISSUED, Bucket.AVAILABLE),
    MovementKind.HOLD: (Bucket.AVAILABLE, Bucket.HELD),
    MovementKind.CAPTURE: (Bucket.HELD, Bucket.EARNED),
    MovementKind.RELEASE: (Bucket.HELD, Bucket.AVAILABLE),
    MovementKind.REFUND: (Bucket.EARNED, Bucket.AVAILABLE),
}
FIRST_GRANT = gettext_noop("New account")


def price(seconds: float, resolution: int) -> int:
    """Credits for a video of `seconds` at `resolution`; seconds are rounded up, at least five are billed."""
    return billed_seconds(seconds) * CREDITS_PER_SECOND[resolution]


def billed_seconds(seconds: float) -> int:
    """Rounded up, at least the least."""
    return max(math.ceil(seconds), MIN_BILLED_SECONDS)


def wallet_of(user: User, kind: WalletKind) -> Wallet:
    """The wallet, made with the new account's grant when it is first looked at."""
    # Looked for first: making one takes the write lock, which no page that shows a balance should wait for.
    if (wallet := Wallet.objects.filter(user=user, kind=kind).first()) is not None:
        return wallet
    with transaction.atomic():
        wallet, new = Wallet.objects.get_or_create(user=user, kind=kind)
        first = settings.GRANT_API_CREDITS if kind == WalletKind.API else settings.GRANT_USER_CREDITS
        if new and first:
            grant(wallet, first, FIRST_GRANT)
            wallet.refresh_from_db()
    return wallet


@transaction.atomic
def grant(wallet: Wallet, amount: int, note: str) -> None:
    """Give an account credits, with the reason."""
    _move(wallet, MovementKind.GRANT, amount, note=note)


@transaction.atomic
def hold(job: Job) -> None:
    """Set the job's price aside. Raises InsufficientCredits, and then nothing has moved."""
    if not _move(job.wallet, MovementKind.HOLD, job.price, job=job):
        available = Wallet.objects.get(pk=job.wallet_id).available
        raise InsufficientCredits(
            gettext_noop(
                "This video costs {needed} credits and the wallet has {available}: {missing} are missing. "
                "Choose 480p or a shorter recording, or ask for more credits."
            ),
            needed=job.price,
            available=available,
            missing=job.price - available,
        )


@transaction.atomic
def capture(job: Job) -> None:
    """The job is done: what was held is spent."""
    _settle(job, MovementKind.CAPTURE)


@transaction.atomic
def release(job: Job) -> None:
    """The job came to nothing: what was held goes back to the wallet it came from."""
    _settle(job, MovementKind.RELEASE)


@transaction.atomic
def refund(job: Job, note: str) -> None:
    """Give back what a finished job has cost, to the wallet it came from, with the reason. Once: then Conflict."""
    if Movement.objects.filter(job=job, kind=MovementKind.REFUND).exists():
        raise Conflict(gettext_noop("This job has been refunded already."))
    _move(job.wallet, MovementKind.REFUND, job.price, job=job, note=note)


def _settle(job: Job, kind: MovementKind) -> None:
    if not _move(job.wallet, kind, job.price, job=job):
        raise RuntimeError(f"job {job.pk} has nothing held to {kind}")


def _move(wallet: Wallet, kind: MovementKind, amount: int, *, job: Job | None = None, note: str = "") -> bool:
    """Move `amount` as `kind` says; False, and nothing moved, if the wallet does not have it."""
    source, target = BUCKETS[kind]
    columns = {Bucket.AVAILABLE: "available", Bucket.HELD: "held"}
    enough = {f"{columns[source]}__gte": amount} if source in columns else {}
    moves = {columns[source]: F(columns[source]) - amount} if source in columns else {}
    if target in columns:
        moves[columns[target]] = F(columns[target]) + amount
    if not Wallet.objects.filter(pk=wallet.pk, **enough).update(**moves):
        return False
    Movement.objects.create(wallet=wallet, job=job, kind=kind, amount=amount, source=source, target=target, note=note)
    return True


# --- Looking back ----------------------------------------------------------------------


def movements_of(user: User) -> QuerySet[Movement]:
    """Every movement of the account's wallets, newest first, wallet and job at hand."""
    return Movement.objects.filter(wallet__user=user).select_related("wallet", "job")


def spent(user: User, since: date) -> Mapping[tuple[str, date], int]:
    """Credits spent from each kind of wallet on each day from `since` on; a day on which none were is left out."""
    began = timezone.make_aware(datetime.combine(since, time.min))
    spending = Movement.objects.filter(wallet__user=user, kind=MovementKind.CAPTURE, created__gte=began).order_by()
    sums = spending.annotate(day=TruncDate("created")).values("wallet__kind", "day").annotate(sum=Sum("amount"))
    return {(row["wallet__kind"], row["day"]): row["sum"] for row in sums}


def moved(since: datetime) -> Mapping[str, int]:
    """Credits moved by each kind of movement since then, in all wallets."""
    rows = Movement.objects.filter(created__gte=since).order_by().values("kind").annotate(sum=Sum("amount"))
    return {row["kind"]: row["sum"] for row in rows}


# --- The check: does the ledger say what the rows say? Each is one query, so one moment. ---


def wrong_wallets() -> Iterator[str]:
    """A sentence for each balance that is not the sum of its movements, or is below zero."""

    def moved(side: str, bucket: Bucket) -> Coalesce:
        return Coalesce(Sum("movements__amount", filter=Q(**{f"movements__{side}": bucket})), 0)

    wallets = Wallet.objects.select_related("user").annotate(
        sum_available=moved("target", Bucket.AVAILABLE) - moved("source", Bucket.AVAILABLE),
        sum_held=moved("target", Bucket.HELD) - moved("source", Bucket.HELD),
    )
    wrong = ~Q(available=F("sum_available")) | ~Q(held=F("sum_held")) | Q(available__lt=0) | Q(held__lt=0)
    for wallet in wallets.filter(wrong).order_by("pk"):
        yield (
            f"wallet {wallet.pk} ({wallet}): {wallet.available} available and {wallet.held} held, "
            f"but its movements sum to {wallet.sum_available} and {wallet.sum_held}"
        )


def wrong_jobs() -> Iterator[str]:
    """A sentence for each job whose price was not held once, and captured or released as its status says."""

    def times(kind: MovementKind) -> Count:
        right = Q(movements__kind=kind, movements__amount=F("price"), movements__wallet=F("wallet"))
        return Count("movements", filter=right)

    jobs = Job.objects.annotate(
        moves=Count("movements"),
        holds=times(MovementKind.HOLD),
        captures=times(MovementKind.CAPTURE),
        releases=times(MovementKind.RELEASE),
        refunds=times(MovementKind.REFUND),
    )
    still_held = Q(status__in=OPEN, moves=1)
    spent = Q(status=Status.DONE, captures=1, moves=F("refunds") + 2)
    given_back = Q(status__in=(Status.FAILED, Status.CANCELLED), releases=1, moves=2)
    for job in jobs.exclude(Q(still_held | spent | given_back, holds=1)).order_by("created"):
        yield (
            f"job {job.pk} ({job.status}, {job.price} credits): of {job.moves} movements, "
            f"{job.holds} hold, {job.captures} capture and {job.releases} release its price"
        )
