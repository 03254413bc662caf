"""Idempotency: the same request under the same key is done once, however often and however parallel it comes.

begin ─→ Mine      do it, then `keep` the answer, or `give_up` so that it can be tried again
      ─→ Replay    it was done: the same bytes once more
      ─→ Conflict  it is being done right now
      ─→ InvalidInput  the key was used for something else
"""

import hashlib
import time
from dataclasses import dataclass
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from jobs.errors import Conflict, IdempotencyMismatch, gettext_noop
from jobs.models import Claim, Job, User

KEPT = timedelta(hours=24)
# A repeat waits so long for the first to be answered, before it is told that it came too early.
WAIT_SECONDS, LOOK_SECONDS = 10.0, 0.05
# After this the first one is taken for dead: its process was killed before it could answer.
DEAD_AFTER = timedelta(seconds=150)

MISMATCH = gettext_noop("this Idempotency-Key was used for another request; use a new one")
UNDER_WAY = gettext_noop("The first request with this Idempotency-Key is still under way. Try again in a moment.")


@dataclass(frozen=True)
class Mine:
    """Nobody did this yet: do it."""

    claim: Claim


@dataclass(frozen=True)
class Replay:
    """What was answered the first time."""

    status: int
    body: bytes


@dataclass(frozen=True)
class Lost:
    """The job was made, but its maker died before it could answer."""

    claim: Claim
    job: Job


def begin(user: User, key: str, request: bytes) -> Mine | Replay | Lost:
    """Claim a key for `request` (all that makes it what it is). Raises Conflict or IdempotencyMismatch."""
    digest = hashlib.sha256(request).digest()
    Claim.objects.filter(user=user, key=key, created__lt=timezone.now() - KEPT).delete()
    try:
        with transaction.atomic():
            return Mine(Claim.objects.create(user=user, key=key, digest=digest))
    except IntegrityError:
        pass
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        claim = Claim.objects.select_related("job").filter(user=user, key=key).first()
        if claim is None:  # the first gave up meanwhile
            return begin(user, key, request)
        if bytes(claim.digest) != digest:
            raise IdempotencyMismatch(MISMATCH)
        if claim.status is not None:
            return Replay(claim.status, bytes(claim.body))
        if (found := _of_the_dead(claim)) is not None:
            return found
        if time.monotonic() > deadline:
            raise Conflict(UNDER_WAY)
        time.sleep(LOOK_SECONDS)


def keep(claim: Claim, status: int, body: bytes) -> None:
    """Keep an answer for whoever repeats the request."""
    Claim.objects.filter(pk=claim.pk).update(status=status, body=body)


def give_up(claim: Claim) -> None:
    """Nothing was done: the key can be used again."""
    Claim.objects.filter(pk=claim.pk, job=None, status=None).delete()


def tidy() -> None:
    """Forget what is older than a day."""
    Claim.objects.filter(created__lt=timezone.now() - KEPT).delete()


def _of_the_dead(claim: Claim) -> Mine | Lost | None:
    now = timezone.now()
    if claim.created > now - DEAD_AFTER:
        return None
    taken = Claim.objects.filter(pk=claim.pk, created=claim.created, status=None).update(created=now)
    if not taken:
        return None
    return Lost(claim, claim.job) if claim.job else Mine(claim)
