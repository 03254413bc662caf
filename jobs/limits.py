"""Limits of a key: so many requests a minute, exact under any number of parallel ones on every database."""

import time
from dataclasses import dataclass
from typing import Literal

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F

from jobs.errors import RateLimited, gettext_noop
from jobs.models import ApiKey, Window

Kind = Literal["submissions", "requests"]
WINDOW_SECONDS = 60
TOO_MANY = gettext_noop("This key may send {limit} {kind} a minute. Try again in {seconds} s.")


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
