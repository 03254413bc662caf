"""Limits: so many requests a minute of a key, exact under any number of parallel ones on every database; so many looks
of a person, nearly so."""

import time
from dataclasses import dataclass
from typing import Literal

from django.conf import settings
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.db.models import F

from jobs.errors import RateLimited, gettext_noop
from jobs.models import ApiKey, User, Window

Kind = Literal["submissions", "requests"]
WINDOW_SECONDS = 60
TOO_MANY = gettext_noop("This key may send {limit} {kind} a minute. Try again in {seconds} s.")
TOO_MANY_LOOKS = gettext_noop("Too many pictures within a minute. The faces are looked for when the video is made.")


@dataclass(frozen=True)
class Allowance:
    """What is left of a key's window, `remaining` requests in `seconds`; whether the one just counted was granted."""

    kind: Kind
    limit: int
    remaining: int
    seconds: int
    granted: bool

    def refusal(self) -> RateLimited:
        return RateLimited(TOO_MANY, limit=self.limit, kind=self.kind, seconds=self.seconds)


def spend(key: ApiKey, kind: Kind) -> Allowance:
    """Count one request, if the window allows it."""
    limit = settings.RATE_LIMITS[kind]
    now = int(time.time())
    began = now - now % WINDOW_SECONDS
    left = began + WINDOW_SECONDS - now
    own = Window.objects.filter(api_key=key, kind=kind)
    # Each a conditional UPDATE: count on, or begin the new window, or make the first; the loser of a race counts on.
    counted = (
        own.filter(began=began, count__lt=limit).update(count=F("count") + 1)
        or own.filter(began__lt=began).update(began=began, count=1)
        or _first(key, kind, began)
        or own.filter(began=began, count__lt=limit).update(count=F("count") + 1)
    )
    count = own.values_list("count", flat=True).get()
    return Allowance(kind, limit, max(0, limit - count), left, granted=bool(counted))


def _first(key: ApiKey, kind: Kind, began: int) -> bool:
    try:
        with transaction.atomic():
            Window.objects.create(api_key=key, kind=kind, began=began, count=1)
    except IntegrityError:
        return False
    return True


def look(user: User) -> None:
    """Count a look for faces. Raises RateLimited when it is one too many in this minute.

    In the cache, where two at the same moment may count as one: nothing hangs on it but a little work.
    """
    now = int(time.time())
    place = f"limits.looks.{user.pk}.{now // WINDOW_SECONDS}"
    count = int(cache.get(place, 0))
    if count >= settings.MAX_LOOKS_A_MINUTE:
        raise RateLimited(TOO_MANY_LOOKS, seconds=WINDOW_SECONDS - now % WINDOW_SECONDS)
    cache.set(place, count + 1, 2 * WINDOW_SECONDS)
