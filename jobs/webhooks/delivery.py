"""Delivering: what is sent, when it is tried again, and when it is given up."""

import email.utils
import json
import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from jobs.enqueue import enqueue
from jobs.errors import Problem
from jobs.models import Attempt, Delivery, DeliveryStatus, Job, SigningSecret, User
from jobs.net import Answer, Policy, post_public
from jobs.webhooks.signing import signed_headers

# Seconds to wait before each attempt: ten in three days.
SCHEDULE = (0, 5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
JITTER = 0.2
DEADLINE_SECONDS = 15
# While an attempt is under way the delivery is not due; if its worker dies, it is again after this.
CLAIM = timedelta(seconds=4 * DEADLINE_SECONDS)
GONE = 410


def announce(job: Job, message: Mapping[str, object]) -> None:
    """Have `message` sent to the job's webhook, if it has one. Called within the transaction that ends the job."""
    if not job.webhook:
        return
    delivery = Delivery.objects.create(job=job, url=job.webhook, body=json.dumps(message, separators=(",", ":")))
    enqueue("default", "deliver", delivery.pk)


def due(now: datetime) -> list[str]:
    """The ids of deliveries whose next attempt should have begun."""
    pending = Delivery.objects.filter(status=DeliveryStatus.PENDING, due__lte=now)
    return list(pending.order_by("due").values_list("pk", flat=True)[:200])


def deliver(delivery_id: str) -> None:
    """Make the next attempt, if it is due and nobody else makes it."""
    now = timezone.now()
    claimed = Delivery.objects.filter(pk=delivery_id, status=DeliveryStatus.PENDING, due__lte=now)
    if not claimed.update(due=now + CLAIM):
        return
    delivery = Delivery.objects.select_related("job__user").get(pk=delivery_id)
    attempt, answer = _attempt(delivery, now)
    # Together: an attempt that is kept without its conclusion would stand in the way of the next one for ever.
    with transaction.atomic():
        attempt.save()
        _conclude(delivery, attempt, answer)


@transaction.atomic
def resend(delivery: Delivery) -> bool:
    """Send it once more, now, whatever came of it before; False if it is being sent, or about to be."""
    now = timezone.now()
    # What is under way is due within CLAIM: a second sender beside it would make the same attempt.
    idle = Delivery.objects.filter(~Q(status=DeliveryStatus.PENDING) | Q(due__gt=now + CLAIM), pk=delivery.pk)
    if not idle.update(status=DeliveryStatus.PENDING, due=now, delivered=None):
        return False
    enqueue("default", "deliver", delivery.pk)
    return True


def _attempt(delivery: Delivery, now: datetime) -> tuple[Attempt, Answer | None]:
    body = delivery.body.encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"Mundwerk/{settings.VERSION} (webhook)",
        **signed_headers(delivery.pk, int(now.timestamp()), body, _secrets(delivery.job.user, now)),
    }
    policy = Policy(
        allow_private=settings.ALLOW_PRIVATE_NETWORK,
        ca_file=Path(settings.OUTGOING_CA_FILE) if settings.OUTGOING_CA_FILE else None,
    )
    attempt = Attempt(delivery=delivery, number=delivery.tries + 1, at=now)
    answer: Answer | None = None
    try:
        answer = post_public(delivery.url, body, headers, policy=policy, seconds=DEADLINE_SECONDS)
    except Problem as problem:
        attempt.error = problem.sentence[:300]
    else:
        attempt.code = answer.status
        # PostgreSQL's text holds no NUL.
        attempt.answer = answer.body_start.decode(errors="replace").replace("\0", "�")
    attempt.milliseconds = round((timezone.now() - now).total_seconds() * 1000)
    return attempt, answer


def _conclude(delivery: Delivery, attempt: Attempt, answer: Answer | None) -> None:
    """Delivered, given up, or to be tried again: move the delivery on from its claim."""
    now = timezone.now()
    own = Delivery.objects.filter(pk=delivery.pk, status=DeliveryStatus.PENDING, tries=delivery.tries)
    if answer is not None and 200 <= answer.status < 300:
        own.update(status=DeliveryStatus.DELIVERED, tries=attempt.number, delivered=now, due=None)
    elif attempt.number >= len(SCHEDULE) or (answer is not None and answer.status == GONE):
        own.update(status=DeliveryStatus.GIVEN_UP, tries=attempt.number, due=None)
    else:
        wait = next_wait(attempt.number, answer.headers if answer else {}, now)
        own.update(tries=attempt.number, due=now + timedelta(seconds=wait))


def next_wait(tries: int, headers: Mapping[str, str], now: datetime) -> float:
    """Seconds until the attempt after `tries`: the schedule with jitter, or Retry-After within 1 to 2 steps of it."""
    step = float(SCHEDULE[tries])
    asked = _retry_after(headers, now)
    if asked is not None:
        return min(max(asked, step), 2 * step)
    return step * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - spreads load, keeps no secret


def _retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    value = next((value for name, value in headers.items() if name.lower() == "retry-after"), "")
    if value.isdecimal():
        return float(value)
    try:
        return (email.utils.parsedate_to_datetime(value) - now).total_seconds()
    except (ValueError, TypeError):  # no date, or one without a zone
        return None


def _secrets(user: User, now: datetime) -> list[str]:
    """The account's signing secrets, newest first; the first is made when it is first needed."""
    valid = SigningSecret.objects.filter(Q(retires=None) | Q(retires__gt=now), user=user)
    return list(valid.values_list("secret", flat=True)) or [SigningSecret.objects.create(user=user).secret]
