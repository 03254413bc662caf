"""Credits: what a video costs, and the only code that moves credits.

Each function is called inside the transaction of the thing it pays for. A move is
a conditional UPDATE of the wallet, exact under any number of parallel writers on
every database, and one immutable `Movement`.
"""

import math
from collections.abc import Mapping

from django.conf import settings
from django.db import transaction
from django.db.models import F

from jobs.errors import InsufficientCredits, gettext_noop
from jobs.models import Bucket, Job, Movement, MovementKind, User, Wallet, WalletKind

CREDITS_PER_SECOND: Mapping[int, int] = {480: 2, 720: 4}  # by resolution
MIN_BILLED_SECONDS = 5

# Which bucket a movement takes from, and into which it puts.
BUCKETS: Mapping[MovementKind, tuple[Bucket, Bucket]] = {
    MovementKind.GRANT: (Bucket.ISSUED, Bucket.AVAILABLE),
    MovementKind.HOLD: (Bucket.AVAILABLE, Bucket.HELD),
    MovementKind.CAPTURE: (Bucket.HELD, Bucket.EARNED),
    MovementKind.RELEASE: (Bucket.HELD, Bucket.AVAILABLE),
}
FIRST_GRANT = "New account"


def price(seconds: float, resolution: int) -> int:
    """Credits for a video of `seconds` at `resolution`; seconds are rounded up, at least five are billed."""
    return max(math.ceil(seconds), MIN_BILLED_SECONDS) * CREDITS_PER_SECOND[resolution]


def wallet_of(user: User, kind: WalletKind) -> Wallet:
    """The wallet, made with the new account's grant when it is first looked at."""
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
