"""Delivering: what is sent, when it is tried again, and when it is given up.

A server that hangs holds its attempt for the whole deadline, but nobody else's: an
attempt waits in a thread of its own, not in the worker that began it, and an
account has only so many under way at once. What is due beyond that stays due; an
attempt that ends begins the account's next one, and the sweep the rest.
"""

import email.utils
import json
import logging
import math
import random
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import connections, transaction
from django.db.models import Count, Q, QuerySet, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from jobs.enqueue import enqueue
from jobs.errors import InvalidInput, Problem, RateLimited, gettext_noop
from jobs.models import Attempt, Delivery, DeliveryStatus, Job, User
from jobs.net import Answer, Policy, check_url, post_public
from jobs.webhooks.secrets import signing
from jobs.webhooks.signing import signed_headers

log = logging.getLogger(__name__)

# Seconds to wait before each attempt: ten in three days.
SCHEDULE = (0, 5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
JITTER = 0.2
DEADLINE_SECONDS = 15
# While an attempt is under way the delivery is not due; if its worker dies, it is again after this.
CLAIM = timedelta(seconds=4 * DEADLINE_SECONDS)
GONE = 410
RESEND_WITHIN = timedelta(days=30)

# Attempts under way at once: of one account, and in one worker.
AT_ONCE = 16
THREADS = 64

# Somebody watches a test, and its address may be a stranger's: it is tried once, and only so often.
MAX_TESTS = 10
TESTS_WITHIN = timedelta(minutes=10)
TOO_MANY_TESTS = gettext_noop("You may send {limit} test events in {minutes} minutes. Try again in {seconds} s.")

_threads = threading.BoundedSemaphore(THREADS)


# --- What is to be sent ------------------------------------------------------------------


def announce(job: Job, message: Mapping[str, object]) -> None:
    """Have `message` sent to the job's webhook, if it has one. Called within the transaction that ends the job."""
    if job.webhook:
        _add(Delivery(user_id=job.user_id, job=job, url=job.webhook), message)


@transaction.atomic
def send_test(user: User, url: str, message: Mapping[str, object]) -> Delivery:
    """Have `message` sent to an address that the user typed. Raises InvalidInput or RateLimited."""
    try:
        check_url(url, _policy(), https_only=not settings.ALLOW_PRIVATE_NETWORK)
    except Problem as problem:
        raise InvalidInput(problem.template, field="url", **problem.params) from problem
    now = timezone.now()
    User.objects.select_for_update().get(pk=user.pk)  # the lock of the count
    recent = Delivery.objects.filter(user=user, job=None, created__gt=now - TESTS_WITHIN).order_by("created")
    times = list(recent.values_list("created", flat=True))
    if len(times) >= MAX_TESTS:
        wait = times[-MAX_TESTS] + TESTS_WITHIN - now
        raise RateLimited(
            TOO_MANY_TESTS,
            field="url",
            limit=MAX_TESTS,
            minutes=TESTS_WITHIN // timedelta(minutes=1),
            seconds=math.ceil(wait.total_seconds()),
        )
    return _add(Delivery(user=user, url=url), message)


@transaction.atomic
def resend(delivery: Delivery) -> bool:
    """Send it once more, now, whatever came of it before; False if it is being sent or about to be, or too old."""
    now = timezone.now()
    idle = Q(begun=None, due__gt=now) | ~Q(status=DeliveryStatus.PENDING)
    found = Delivery.objects.filter(idle, pk=delivery.pk, created__gt=now - RESEND_WITHIN)
    if not found.update(status=DeliveryStatus.PENDING, due=now, begun=None, delivered=None):
        return False
    enqueue("default", "deliver", delivery.pk)
    return True


def is_recent(delivery: Delivery) -> bool:
    """Whether it is young enough to be sent again."""
    return delivery.created > timezone.now() - RESEND_WITHIN


def due(now: datetime) -> list[str]:
    """The ids of deliveries whose next attempt should have begun: some of every account that has a place free."""
    full = _under_way(now).values("user").annotate(count=Count("pk")).filter(count__gte=AT_ONCE).values("user")
    pending = Delivery.objects.filter(status=DeliveryStatus.PENDING, due__lte=now).exclude(user__in=full)
    turns = pending.annotate(turn=Window(RowNumber(), partition_by="user", order_by="due"))
    return list(turns.filter(turn__lte=AT_ONCE).order_by("turn", "due").values_list("pk", flat=True)[:200])


def _add(delivery: Delivery, message: Mapping[str, object]) -> Delivery:
    now = timezone.now()
    delivery.body = json.dumps(message, separators=(",", ":"))
    pending = Delivery.objects.filter(user=delivery.user_id, status=DeliveryStatus.PENDING)
    ahead = pending.filter(Q(begun__isnull=False) | Q(due__lte=now))
    # Behind so many it would be turned away, and a hundred such kicks would stand before those of others.
    kick = ahead[:AT_ONCE].count() < AT_ONCE
    delivery.save()
    if kick:
        enqueue("default", "deliver", delivery.pk)
    return delivery


# --- An attempt --------------------------------------------------------------------------


@dataclass(frozen=True)
class _Sending:
    """An attempt that was claimed and is about to be made: it needs no database until there is an answer."""

    delivery: Delivery
    headers: Mapping[str, str]
    at: datetime


def begin(delivery_id: str) -> None:
    """Make the next attempt in a thread of its own, so that a server that hangs holds up no worker."""
    if not _threads.acquire(blocking=False):
        return  # it stays due, and the sweep comes back to it
    sending = None
    try:
        sending = _claim(delivery_id)
        if sending is not None:
            # Not a daemon: a worker that stops waits for the answer, which the deadline bounds.
            threading.Thread(target=_in_thread, args=(sending,), name=f"webhook {delivery_id}").start()
    except BaseException:
        sending = None
        raise
    finally:
        if sending is None:
            _threads.release()


def deliver(delivery_id: str) -> None:
    """Make the next attempt here, if it is due and nobody else makes it."""
    sending = _claim(delivery_id)
    if sending is not None:
        _make(sending)


def _in_thread(sending: _Sending) -> None:
    try:
        _make(sending)
    except Exception:
        log.exception("delivery %s", sending.delivery.pk)  # it is due again when its claim ends
    finally:
        connections.close_all()
        _threads.release()


def _claim(delivery_id: str) -> _Sending | None:
    """None if it is not due, is being sent, or its account has no place free."""
    now = timezone.now()
    mine = Delivery.objects.filter(pk=delivery_id, status=DeliveryStatus.PENDING, due__lte=now)
    delivery = mine.select_related("user").first()
    if delivery is None or _under_way(now).filter(user=delivery.user).count() >= AT_ONCE:
        return None
    if not mine.update(due=now + CLAIM, begun=now):
        return None
    proof = signed_headers(delivery.pk, int(now.timestamp()), delivery.body.encode(), signing(delivery.user, now))
    agent = f"Mundwerk/{settings.VERSION} (webhook)"
    return _Sending(delivery, {"Content-Type": "application/json", "User-Agent": agent, **proof}, now)


def _under_way(now: datetime) -> QuerySet[Delivery]:
    """The deliveries of which an attempt is being made; those of dead workers do not count."""
    return Delivery.objects.filter(status=DeliveryStatus.PENDING, begun__isnull=False, due__gt=now)


def _make(sending: _Sending) -> None:
    attempt, answer = _attempt(sending)
    # Together: an attempt that is kept without its conclusion would stand in the way of the next one for ever.
    with transaction.atomic():
        attempt.save()
        _conclude(sending.delivery, attempt, answer)
        _begin_next(sending.delivery.user)


def _attempt(sending: _Sending) -> tuple[Attempt, Answer | None]:
    delivery, now = sending.delivery, timezone.now()
    attempt = Attempt(delivery=delivery, number=delivery.tries + 1, at=sending.at, headers=dict(sending.headers))
    answer: Answer | None = None
    try:
        answer = post_public(
            delivery.url, delivery.body.encode(), sending.headers, policy=_policy(), seconds=DEADLINE_SECONDS
        )
    except Problem as problem:
        attempt.error, attempt.error_params = problem.template[:300], dict(problem.params)
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
    tries, last = attempt.number, attempt.number >= (1 if delivery.is_test else len(SCHEDULE))
    if answer is not None and 200 <= answer.status < 300:
        own.update(status=DeliveryStatus.DELIVERED, tries=tries, delivered=now, due=None, begun=None)
    elif last or (answer is not None and answer.status == GONE):
        own.update(status=DeliveryStatus.GIVEN_UP, tries=tries, due=None, begun=None)
    else:
        wait = next_wait(tries, answer.headers if answer else {}, now)
        own.update(tries=tries, due=now + timedelta(seconds=wait), begun=None)


def _begin_next(user: User) -> None:
    """A place became free: it is for the account's longest due delivery."""
    waiting = Delivery.objects.filter(user=user, status=DeliveryStatus.PENDING, due__lte=timezone.now())
    longest = waiting.order_by("due").values_list("pk", flat=True).first()
    if longest is not None:
        enqueue("default", "deliver", longest)


def _policy() -> Policy:
    return Policy(
        allow_private=settings.ALLOW_PRIVATE_NETWORK,
        ca_file=Path(settings.OUTGOING_CA_FILE) if settings.OUTGOING_CA_FILE else None,
    )


# --- When the next one is ----------------------------------------------------------------


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
