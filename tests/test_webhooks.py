"""Webhooks: what is sent and signed, when it is tried again, when it is given up. The servers are real."""

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from django_q.models import OrmQ
from pytest_django import Settings
from standardwebhooks import Webhook

from jobs import lifecycle, tasks, webhooks, wire
from jobs.errors import InvalidInput, RateLimited
from jobs.models import Attempt, Delivery, DeliveryStatus, SigningSecret, User
from jobs.models.webhook import new_secret
from jobs.net import Answer, post_public
from jobs.webhooks import delivery as delivering
from jobs.webhooks.delivery import AT_ONCE, CLAIM, MAX_TESTS, SCHEDULE, TESTS_WITHIN, next_wait
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


def test_every_attempt_keeps_what_it_was_sent_with(delivery: Delivery, hooks: HookServer) -> None:
    attempt(delivery)

    kept = delivery.attempts.get().headers
    assert set(kept) == {"Content-Type", "User-Agent", "webhook-id", "webhook-timestamp", "webhook-signature"}
    assert {name.lower(): value for name, value in kept.items()}.items() <= dict(hooks.received[0].headers).items()


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
    assert (only.code, only.sentence) == (None, "this URL did not answer within 0.3 seconds.")
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


def test_what_is_older_than_thirty_days_is_not_sent_again(delivery: Delivery) -> None:
    attempt(delivery)
    age = timezone.now() - timedelta(days=30)
    Delivery.objects.update(created=age + timedelta(minutes=1))
    assert webhooks.resend(delivery)
    Delivery.objects.update(created=age, due=timezone.now() + timedelta(hours=1))
    delivery.refresh_from_db()

    assert not webhooks.resend(delivery)
    assert not webhooks.is_recent(delivery)


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
    assert after.begun is None
    assert (after.status, after.tries) == (DeliveryStatus.DELIVERED, 1)


def test_a_job_is_announced_with_the_state_in_which_it_ended(delivery: Delivery) -> None:
    job = delivery.job
    assert job is not None

    assert json.loads(delivery.body)["status"] == "failed"
    assert json.loads(delivery.body)["error"] == job.error == "Cancelled"


# --- Secrets -----------------------------------------------------------------------------


def test_after_a_rotation_the_old_secret_signs_for_a_day(delivery: Delivery, hooks: HookServer, alice: User) -> None:
    old = webhooks.current_secret(alice)

    assert webhooks.rotate(alice, old.pk)

    new = webhooks.current_secret(alice)
    assert new.secret != old.secret
    retiring = webhooks.retiring_secret(alice)
    assert retiring == old
    assert retiring.retires is not None
    assert 86_390 < (retiring.retires - timezone.now()).total_seconds() <= 86_400
    attempt(delivery)
    (received,) = hooks.received
    for secret in (old.secret, new.secret):
        Webhook(secret).verify(received.body, dict(received.headers))
    SigningSecret.objects.filter(pk=old.pk).update(retires=timezone.now())
    assert webhooks.retiring_secret(alice) is None


def test_a_second_rotation_ends_the_oldest_secret_at_once(alice: User, delivery: Delivery, hooks: HookServer) -> None:
    secrets = [webhooks.current_secret(alice)]
    for _ in range(2):
        assert webhooks.rotate(alice, secrets[-1].pk)
        secrets.append(webhooks.current_secret(alice))

    attempt(delivery)

    headers = dict(hooks.received[0].headers)
    assert len(headers["webhook-signature"].split()) == 2
    Webhook(secrets[1].secret).verify(hooks.received[0].body, headers)
    with pytest.raises(Exception, match="No matching signature"):
        Webhook(secrets[0].secret).verify(hooks.received[0].body, headers)


def test_a_rotation_that_is_asked_for_twice_happens_once(alice: User, bob: User) -> None:
    old = webhooks.current_secret(alice)
    assert webhooks.rotate(alice, old.pk)

    assert not webhooks.rotate(alice, old.pk)
    assert not webhooks.rotate(bob, webhooks.current_secret(alice).pk)
    assert SigningSecret.objects.filter(user=alice).count() == 2


# --- Test events -------------------------------------------------------------------------


def test_a_test_event_is_a_signed_example_that_says_so(alice: User, hooks: HookServer) -> None:
    sent = webhooks.send_test(alice, hooks.url, wire.example_object())

    assert OrmQ.objects.get().key == "default"
    webhooks.deliver(sent.pk)
    (received,) = hooks.received
    message = json.loads(received.body)
    assert (message["test"], message["status"], message["error"]) == (True, "completed", "")
    assert set(message) - {"test"} == set(wire.JobObject.__annotations__)
    Webhook(webhooks.current_secret(alice).secret).verify(received.body, dict(received.headers))
    sent.refresh_from_db()
    assert (sent.status, sent.is_test, sent.user) == (DeliveryStatus.DELIVERED, True, alice)


def test_the_example_plays_when_the_installation_has_made_its_own(
    alice: User, make_job: MakeJob, fake_engine: type[FakeEngine]
) -> None:
    lifecycle.start(str(make_job(alice, showcase=True).pk))

    assert "/media/" in str(wire.example_object()["output"])


def test_a_test_event_is_tried_once(alice: User, hooks: HookServer) -> None:
    hooks.replies = [Reply(500)]
    sent = webhooks.send_test(alice, hooks.url, {})

    after = attempt(sent)

    assert (after.status, after.tries, after.due) == (DeliveryStatus.GIVEN_UP, 1, None)
    assert webhooks.resend(after)


@pytest.mark.parametrize("url", ["", "ftp://x.example/", "http://user:pw@x.example/", "http://x .example/", "no"])
def test_a_test_event_goes_only_to_an_address(alice: User, hooks: HookServer, url: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        webhooks.send_test(alice, url, {})

    assert refusal.value.field == "url"
    assert not Delivery.objects.exists()


@pytest.mark.parametrize("url", ["http://example.org/hook", "https://127.0.0.1/hook", "https://10.0.0.1/hook"])
def test_a_public_installation_sends_tests_only_to_public_https(alice: User, settings: Settings, url: str) -> None:
    settings.ALLOW_PRIVATE_NETWORK = False

    with pytest.raises(InvalidInput):
        webhooks.send_test(alice, url, {})


def test_test_events_are_limited_by_account(alice: User, bob: User, hooks: HookServer) -> None:
    sent = [webhooks.send_test(alice, hooks.url, {}) for _ in range(MAX_TESTS)]

    with pytest.raises(RateLimited) as refusal:
        webhooks.send_test(alice, hooks.url, {})

    assert 590 < float(refusal.value.params["seconds"]) <= 600
    webhooks.send_test(bob, hooks.url, {})
    Delivery.objects.filter(pk=sent[0].pk).update(created=timezone.now() - TESTS_WITHIN)
    webhooks.send_test(alice, hooks.url, {})


# --- Servers that hang -------------------------------------------------------------------


def several(user: User, count: int, url: str) -> list[Delivery]:
    return [Delivery.objects.create(user=user, url=url, body="{}") for _ in range(count)]


def test_an_account_has_only_so_many_attempts_under_way(alice: User, bob: User, hooks: HookServer) -> None:
    now = timezone.now()
    for delivery in several(alice, AT_ONCE, hooks.url):
        Delivery.objects.filter(pk=delivery.pk).update(begun=now, due=now + CLAIM)
    (alices,), (bobs,) = several(alice, 1, hooks.url), several(bob, 1, hooks.url)

    for delivery in (alices, bobs):
        webhooks.deliver(delivery.pk)

    assert {received.headers["webhook-id"] for received in hooks.received} == {bobs.pk}
    alices.refresh_from_db()
    assert (alices.status, alices.tries, alices.begun) == (DeliveryStatus.PENDING, 0, None)
    # The places of a dead worker are free again when its claims end.
    Delivery.objects.filter(user=alice, begun=now).update(due=now)
    webhooks.deliver(alices.pk)
    assert len(hooks.received) == 2


def test_an_attempt_that_ends_makes_room_for_one_that_was_turned_away(alice: User, hooks: HookServer) -> None:
    now = timezone.now()
    first, *others, turned_away = several(alice, AT_ONCE + 1, hooks.url)
    for delivery in others:
        Delivery.objects.filter(pk=delivery.pk).update(begun=now, due=now + CLAIM)

    webhooks.deliver(first.pk)

    (kick,) = OrmQ.objects.all()
    assert kick.task["args"] == (turned_away.pk,)


def test_what_would_be_turned_away_is_not_put_before_others(alice: User, hooks: HookServer) -> None:
    sent = [webhooks.send_test(alice, hooks.url, {}).pk for _ in range(MAX_TESTS)]
    Delivery.objects.update(created=timezone.now() - TESTS_WITHIN)
    sent += [webhooks.send_test(alice, hooks.url, {}).pk for _ in range(MAX_TESTS)]

    assert [kick.task["args"] for kick in OrmQ.objects.order_by("pk")] == [(pk,) for pk in sent[:AT_ONCE]]
    # … and yet each has its turn, without the sweep.
    while (kick := OrmQ.objects.order_by("pk").first()) is not None:
        kick.delete()
        webhooks.deliver(*kick.task["args"])
    assert {received.headers["webhook-id"] for received in hooks.received} == set(sent)
    assert len(hooks.received) == len(sent)


def test_the_sweep_begins_some_of_every_account(alice: User, bob: User, charlie: User, hooks: HookServer) -> None:
    several(alice, 300, hooks.url)
    bobs = several(bob, 2, hooks.url)
    now = timezone.now()
    for delivery in several(charlie, AT_ONCE, hooks.url):  # all places taken
        Delivery.objects.filter(pk=delivery.pk).update(begun=now, due=now + CLAIM)
    several(charlie, 1, hooks.url)

    found = webhooks.due(timezone.now())

    assert {delivery.pk for delivery in bobs} <= set(found)
    assert len(found) == AT_ONCE + 2


@pytest.mark.django_db(transaction=True)
def test_a_hundred_servers_that_hang_hold_up_nobody_else(alice: User, bob: User, hooks: HookServer) -> None:
    """One worker does all the tasks, in the order in which they came. tests/bench/bench_webhooks.py has the figures."""
    hooks.replies = [Reply(hang=True)]
    with hook_server() as healthy:
        begun = time.monotonic()
        for delivery in several(alice, 100, hooks.url) + several(bob, 20, healthy.url):
            tasks.deliver(delivery.pk)
            until(lambda: _busy(bob) < AT_ONCE)
        until(lambda: len(healthy.received) == 20)
        took = time.monotonic() - begun
        hooks.stopped.set()
        join_threads()

    assert took < delivering.DEADLINE_SECONDS, "an attempt of another account waited for one that hangs"
    assert Delivery.objects.filter(user=bob, status=DeliveryStatus.DELIVERED).count() == 20
    assert Attempt.objects.filter(delivery__user=alice, code=None).count() == AT_ONCE


def _busy(user: User) -> int:
    return Delivery.objects.filter(user=user, begun__isnull=False).count()


def until(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def join_threads() -> None:
    for thread in threading.enumerate():
        if thread.name.startswith("webhook "):
            thread.join(20)


@pytest.mark.django_db(transaction=True)
def test_what_goes_wrong_in_a_thread_leaves_the_delivery_due(
    alice: User, hooks: HookServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> Answer:
        raise RuntimeError("boom")

    monkeypatch.setattr(delivering, "post_public", fail)
    (delivery,) = several(alice, 1, hooks.url)

    tasks.deliver(delivery.pk)
    join_threads()

    assert "boom" in caplog.text
    delivery.refresh_from_db()
    assert (delivery.status, delivery.tries) == (DeliveryStatus.PENDING, 0)
    assert 0 < wait_of(delivery) <= CLAIM.total_seconds()
