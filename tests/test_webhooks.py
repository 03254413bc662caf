"""Webhooks: what is sent and signed, when it is tried again, when it is given up. The servers are real."""

import base64
import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from django_q.models import OrmQ
from pytest_django import Settings
from standardwebhooks import Webhook

from jobs import lifecycle, webhooks
from jobs.models import Attempt, Delivery, DeliveryStatus, Job, SigningSecret, User
from jobs.models.webhook import new_secret
from jobs.net import Answer, post_public
from jobs.webhooks import delivery as delivering
from jobs.webhooks.delivery import CLAIM, SCHEDULE, next_wait
from tests.conftest import MakeJob
from tests.engine import FakeEngine
from tests.hook_server import HookServer, Reply, hook_server

Deliver = Callable[[], Delivery]


@pytest.fixture
def hooks(settings: Settings) -> Iterator[HookServer]:
    settings.ALLOW_PRIVATE_NETWORK = True
    with hook_server() as server:
        yield server


@pytest.fixture
def delivery(alice: User, make_job: MakeJob, hooks: HookServer) -> Delivery:
    """The delivery of a cancelled job: not yet sent."""
    job = make_job(alice, webhook=hooks.url)
    lifecycle.cancel(alice, job.pk)
    return Delivery.objects.get(job=job)


def attempt(delivery: Delivery) -> Delivery:
    """Make the next attempt as if its time had come."""
    Delivery.objects.filter(pk=delivery.pk).update(due=timezone.now())
    webhooks.deliver(delivery.pk)
    return Delivery.objects.get(pk=delivery.pk)


def wait_of(delivery: Delivery) -> float:
    """Seconds until the next attempt."""
    assert delivery.due is not None
    return (delivery.due - timezone.now()).total_seconds()


# --- What is sent ----------------------------------------------------------------------


def test_the_message_is_the_job_and_is_sent_once(
    alice: User, make_job: MakeJob, hooks: HookServer, fake_engine: type[FakeEngine]
) -> None:
    job = make_job(alice, webhook=hooks.url)
    lifecycle.start(str(job.pk))
    delivery = Delivery.objects.get(job=job)

    webhooks.deliver(delivery.pk)
    webhooks.deliver(delivery.pk)  # kicked twice

    (received,) = hooks.received
    message = json.loads(received.body)
    assert (message["id"], message["status"], message["error"]) == (str(job.pk), "completed", "")
    assert message["output"].startswith("http://localhost:8000/media/")
    assert received.headers["content-type"] == "application/json"
    assert received.headers["user-agent"].startswith("Mundwerk/")
    delivery.refresh_from_db()
    assert (delivery.status, delivery.tries, delivery.due) == (DeliveryStatus.DELIVERED, 1, None)
    assert delivery.delivered is not None
    (only,) = delivery.attempts.all()
    assert (only.code, only.answer, only.error) == (200, "thank you", "")


def test_the_signature_satisfies_the_standard_library(delivery: Delivery, hooks: HookServer, alice: User) -> None:
    attempt(delivery)

    (received,) = hooks.received
    secret = SigningSecret.objects.get(user=alice).secret
    assert Webhook(secret).verify(received.body, dict(received.headers)) == json.loads(delivery.body)
    assert received.headers["webhook-id"] == delivery.pk
    with pytest.raises(Exception, match="No matching signature"):
        Webhook(new_secret()).verify(received.body, dict(received.headers))


def test_while_a_secret_retires_both_sign(delivery: Delivery, hooks: HookServer, alice: User) -> None:
    now = timezone.now()
    secrets = {
        name: SigningSecret.objects.create(user=alice, retires=retires).secret
        for name, retires in (("old", now + timedelta(hours=1)), ("new", None), ("gone", now - timedelta(hours=1)))
    }

    attempt(delivery)

    (received,) = hooks.received
    for name in ("old", "new"):
        Webhook(secrets[name]).verify(received.body, dict(received.headers))
    assert len(received.headers["webhook-signature"].split()) == 2


def test_each_account_has_its_own_secret(
    delivery: Delivery, hooks: HookServer, alice: User, bob: User, make_job: MakeJob
) -> None:
    bobs = make_job(bob, webhook=hooks.url)
    lifecycle.cancel(bob, bobs.pk)
    attempt(delivery)
    attempt(Delivery.objects.get(job=bobs))

    secrets = {secret.user: secret.secret for secret in SigningSecret.objects.all()}
    assert len(base64.b64decode(secrets[alice].removeprefix("whsec_"))) == 32
    assert secrets[alice] != secrets[bob]
    Webhook(secrets[bob]).verify(hooks.received[1].body, dict(hooks.received[1].headers))


def test_a_job_without_a_webhook_is_not_announced(alice: User, make_job: MakeJob) -> None:
    lifecycle.cancel(alice, make_job(alice).pk)

    assert not Delivery.objects.exists()
    assert not OrmQ.objects.filter(key="default").exists()


# --- When it does not arrive -------------------------------------------------------------


def test_what_fails_is_tried_again_on_schedule_until_it_arrives(delivery: Delivery, hooks: HookServer) -> None:
    hooks.replies = [Reply(500, body=b"out of order"), Reply(503), Reply(200)]

    after = attempt(delivery)
    assert (after.status, after.tries) == (DeliveryStatus.PENDING, 1)
    assert SCHEDULE[1] * 0.8 - 1 <= wait_of(after) <= SCHEDULE[1] * 1.2
    after = attempt(delivery)
    assert (after.status, after.tries) == (DeliveryStatus.PENDING, 2)
    assert SCHEDULE[2] * 0.8 - 1 <= wait_of(after) <= SCHEDULE[2] * 1.2
    after = attempt(delivery)

    assert (after.status, after.tries) == (DeliveryStatus.DELIVERED, 3)
    assert [(one.number, one.code) for one in after.attempts.all()] == [(1, 500), (2, 503), (3, 200)]
    assert after.attempts.all()[0].answer == "out of order"
    assert {received.headers["webhook-id"] for received in hooks.received} == {delivery.pk}
    assert {received.body for received in hooks.received} == {delivery.body.encode()}


def test_after_the_last_attempt_it_is_given_up(delivery: Delivery, hooks: HookServer) -> None:
    hooks.replies = [Reply(500)]

    for tries in range(1, len(SCHEDULE)):
        assert attempt(delivery).status == DeliveryStatus.PENDING, tries
    after = attempt(delivery)

    assert (after.status, after.tries, after.due) == (DeliveryStatus.GIVEN_UP, 10, None)
    assert len(hooks.received) == 10
    attempt(delivery)
    assert len(hooks.received) == 10


def test_a_server_that_says_gone_is_left_alone(delivery: Delivery, hooks: HookServer) -> None:
    hooks.replies = [Reply(410)]

    after = attempt(delivery)

    assert (after.status, after.tries, after.due) == (DeliveryStatus.GIVEN_UP, 1, None)


def test_a_redirect_is_not_followed(delivery: Delivery, hooks: HookServer) -> None:
    hooks.replies = [Reply(307, {"Location": hooks.url + "/elsewhere"}), Reply(200)]

    after = attempt(delivery)

    assert [received.path for received in hooks.received] == ["/hook"]
    assert (after.status, after.attempts.get().code) == (DeliveryStatus.PENDING, 307)


def test_a_server_that_hangs_is_left_at_the_deadline(
    delivery: Delivery, hooks: HookServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    hooks.replies = [Reply(hang=True)]
    monkeypatch.setattr(delivering, "DEADLINE_SECONDS", 0.3)

    after = attempt(delivery)

    assert (after.status, after.tries) == (DeliveryStatus.PENDING, 1)
    only = after.attempts.get()
    assert (only.code, only.error) == (None, "this URL did not answer within 0.3 seconds.")
    assert only.milliseconds >= 300


def test_an_address_of_the_local_network_is_refused(delivery: Delivery, hooks: HookServer, settings: Settings) -> None:
    settings.ALLOW_PRIVATE_NETWORK = False

    after = attempt(delivery)

    assert hooks.received == []
    assert after.status == DeliveryStatus.PENDING
    only = after.attempts.get()
    assert only.code is None
    assert only.error


def test_an_answer_that_is_not_text_is_kept_as_far_as_it_is(delivery: Delivery, hooks: HookServer) -> None:
    hooks.replies = [Reply(200, body=b"a\0b\xff" + b"x" * 10_000)]

    attempt(delivery)

    answer = Attempt.objects.get().answer
    assert answer.startswith("a�b�x")
    assert 4000 <= len(answer) <= 4096


def test_a_worker_that_dies_in_an_attempt_leaves_it_to_the_next(
    delivery: Delivery, hooks: HookServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It had an answer and died before the row said so: the message may come twice, and then it ends."""

    def die(delivery: Delivery, attempt: Attempt, answer: Answer | None) -> None:
        raise SystemExit

    with monkeypatch.context() as dying:
        dying.setattr(delivering, "_conclude", die)
        with pytest.raises(SystemExit):
            webhooks.deliver(delivery.pk)
    delivery.refresh_from_db()
    assert delivery.status == DeliveryStatus.PENDING
    assert CLAIM.total_seconds() - 5 < wait_of(delivery) <= CLAIM.total_seconds()

    after = attempt(delivery)

    assert (after.status, after.tries) == (DeliveryStatus.DELIVERED, 1)
    assert len(hooks.received) == 2


# --- When the next attempt is ------------------------------------------------------------

NOW = datetime.fromisoformat("2026-03-01T12:00:00+00:00")


def test_the_schedule_has_ten_attempts_in_three_days() -> None:
    assert len(SCHEDULE) == 10
    assert 3 * 86_400 * 0.95 <= sum(SCHEDULE) <= 3 * 86_400 * 1.1


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("450", 450),
        ("0", 300),  # not sooner than the schedule
        ("9" * 400, 600),  # nor for ever
        ("Sun, 01 Mar 2026 12:08:20 GMT", 500),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 300),
    ],
)
@pytest.mark.parametrize("name", ["Retry-After", "retry-after"])
def test_a_server_may_ask_for_time(name: str, value: str, seconds: float) -> None:
    assert next_wait(2, {name: value}, NOW) == seconds


@pytest.mark.parametrize("value", ["", "soon", "-5", "1.5", "Sun, 01 Mar 2026 12:08:20", "٣s", "²"])
def test_what_is_no_time_is_ignored(value: str) -> None:
    assert 240 <= next_wait(2, {"retry-after": value}, NOW) <= 360


def test_retry_after_moves_the_next_attempt(delivery: Delivery, hooks: HookServer) -> None:
    hooks.replies = [Reply(429, {"Retry-After": "9"})]

    assert 8 < wait_of(attempt(delivery)) <= 9


# --- Sending again -----------------------------------------------------------------------


def test_what_was_delivered_or_given_up_can_be_sent_again(delivery: Delivery, hooks: HookServer) -> None:
    hooks.replies = [Reply(410), Reply(200), Reply(200)]
    for status in (DeliveryStatus.DELIVERED, DeliveryStatus.DELIVERED):
        attempt(delivery)
        OrmQ.objects.all().delete()

        assert webhooks.resend(delivery)

        assert OrmQ.objects.get().key == "default"
        after = attempt(delivery)
        assert after.status == status
    assert [received.headers["webhook-id"] for received in hooks.received] == [delivery.pk] * 3


def test_what_was_given_up_after_all_attempts_gets_one_more(delivery: Delivery, hooks: HookServer) -> None:
    hooks.replies = [Reply(500)]
    for _ in SCHEDULE:
        attempt(delivery)

    assert webhooks.resend(delivery)
    webhooks.deliver(delivery.pk)

    delivery.refresh_from_db()
    assert (delivery.status, delivery.tries) == (DeliveryStatus.GIVEN_UP, 11)


def test_what_waits_for_its_next_attempt_is_sent_now(delivery: Delivery, hooks: HookServer) -> None:
    Delivery.objects.filter(pk=delivery.pk).update(due=timezone.now() + timedelta(hours=5))

    assert webhooks.resend(delivery)

    assert webhooks.due(timezone.now()) == [delivery.pk]


def test_what_is_being_sent_is_not_sent_beside_itself(
    delivery: Delivery, hooks: HookServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    resent = []

    def resend_meanwhile(*args: object, **options: object) -> Answer:
        resent.append(webhooks.resend(delivery))
        return post_public(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(delivering, "post_public", resend_meanwhile)

    after = attempt(delivery)

    assert resent == [False]
    assert (after.status, after.tries) == (DeliveryStatus.DELIVERED, 1)


def test_a_job_is_announced_with_the_state_in_which_it_ended(delivery: Delivery) -> None:
    job = Job.objects.get(pk=delivery.job_id)

    assert json.loads(delivery.body)["status"] == "failed"
    assert json.loads(delivery.body)["error"] == job.error == "Cancelled"
