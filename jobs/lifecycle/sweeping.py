"""The sweep: what went quiet is picked up."""

import logging
from datetime import datetime, timedelta

from django.utils import timezone

from jobs import exchanges, idempotency, media, webhooks
from jobs.enqueue import enqueue, waiting
from jobs.lifecycle.acts import erase_hidden
from jobs.lifecycle.choice import kick, likely_queue, queue_of
from jobs.lifecycle.steps import retry_or_fail
from jobs.models import Job, Status

log = logging.getLogger(__name__)

# A kick that no worker took within this is repeated; one that was taken is protected by the lease.
KICK_AGAIN = timedelta(seconds=30)
FEW_WAITING = 20
ERASED_AT_ONCE = 100
KICKED_AT_ONCE = 200


def sweep() -> bool:
    """Take back jobs whose worker is gone, and repeat kicks that got lost. Safe to run anywhere, any time.

    False if the storage of files does not answer: it was asked once, and is better not asked again in this round.
    """
    now = timezone.now()
    quiet = Job.objects.filter(status=Status.RUNNING, lease_until__lt=now).order_by("lease_until")
    for job in quiet.select_related("wallet"):
        log.warning("job %s: worker gone quiet in attempt %d", job.pk, job.attempts)
        retry_or_fail(job)
    _kick_again(now)
    look_around(now)
    if waiting("default") < FEW_WAITING:
        for delivery_id in webhooks.due(now):
            enqueue("default", "deliver", delivery_id)
    exchanges.tidy(now)
    idempotency.tidy()
    hidden = Job.objects.filter(erase_after__lte=now).values_list("pk", flat=True)[:ERASED_AT_ONCE]
    # Whoever waits for a storage that does not answer can not look after workers meanwhile.
    return all(erase_hidden(job_id, now) for job_id in hidden) and media.tidy(now)


def _kick_again(now: datetime) -> None:
    """Tell the queues again of jobs that were forgotten there, or that wait for an engine.

    In `render` only what is in the queue waits, so an empty one has forgotten a job that still does. In `remote` looks
    come and go all the time, and a job may wait for room at its engine.
    """
    room = {"render": not waiting("render"), "remote": waiting("remote") < FEW_WAITING}
    if not any(room.values()):
        return
    for job in Job.objects.filter(status=Status.QUEUED, kicked__lt=now - KICK_AGAIN).order_by("created")[
        :KICKED_AT_ONCE
    ]:
        if not room[likely_queue(job)]:
            continue
        if Job.objects.filter(pk=job.pk, status=Status.QUEUED, kicked=job.kicked).update(kicked=now):
            kick(job)


def look_around(now: datetime) -> None:
    """Have those jobs looked at that are away and whose time has come."""
    for job in Job.objects.filter(status=Status.RUNNING, lease_until=None, look_at__lte=now).order_by("look_at"):
        if Job.objects.filter(pk=job.pk, look_at=job.look_at).update(look_at=now + KICK_AGAIN):
            enqueue(queue_of(job.placed_with), "look", str(job.pk))
