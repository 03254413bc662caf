"""Whether the installation works: the database answers, and every queue has a worker that does its tasks."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.conf import settings
from django.db import DatabaseError
from django.db.models import F, Q
from django.utils import timezone

from jobs.enqueue import Queue, enqueue, queues
from jobs.models import Beat, Job, Status

ALIVE = timedelta(seconds=45)
ASK_EVERY = timedelta(seconds=10)


def ask() -> None:
    """Ask each queue for a sign of life, unless it still owes one or gave one just now."""
    now = timezone.now()
    for queue in queues():
        Beat.objects.get_or_create(queue=queue)
        answered = Q(asked=None) | Q(seen__gte=F("asked"), asked__lt=now - ASK_EVERY) | Q(asked__lt=now - ALIVE)
        if Beat.objects.filter(answered, queue=queue).update(asked=now):
            enqueue(queue, "beat", queue)


def forget() -> None:
    """Forget earlier signs of life: at a start, so that only what is started now counts."""
    Beat.objects.all().delete()


def beat(queue: str) -> None:
    """A worker of `queue` gives a sign of life."""
    Beat.objects.filter(queue=queue).update(seen=timezone.now())


def report() -> Mapping[str, bool]:
    """Each part by name, and whether it works."""
    now = timezone.now()
    try:
        seen = dict(Beat.objects.values_list("queue", "seen"))
        return {"database": True, **{f"{queue} worker": _alive(queue, seen.get(queue), now) for queue in queues()}}
    except DatabaseError:
        return {"database": False}


def _alive(queue: Queue, seen: datetime | None, now: datetime) -> bool:
    if seen is not None and seen > now - ALIVE:
        return True
    # A worker that makes a long video answers nothing else, but keeps its lease.
    at_work = Job.objects.filter(status=Status.RUNNING, lease_until__gte=now)
    if queue == "remote":
        return at_work.filter(placed_with__in=settings.REMOTE).exists()
    return queue == "render" and at_work.exclude(placed_with__in=settings.REMOTE).exists()
