"""Webhooks on their page: what was sent and what came back, sending again, a test, and the secret."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings
from standardwebhooks import Webhook

from jobs import lifecycle, webhooks
from jobs.models import Attempt, Delivery, DeliveryStatus, SigningSecret, User
from jobs.web.webhooks import PAGE as PAGE_SIZE
from jobs.webhooks.delivery import CLAIM, MAX_TESTS
from tests.conftest import MakeJob
from tests.hook_server import HookServer, Reply, hook_server
from tests.web.reading import HTMX, element, problem, source, words

PAGE = "/webhooks/"
HOOK = "https://alice.example.org/hook?team=4"

Deliver = Callable[..., Delivery]


@pytest.fixture
def hooks(settings: Settings) -> Iterator[HookServer]:
    settings.ALLOW_PRIVATE_NETWORK = True
    with hook_server() as server:
        yield server


@pytest.fixture
def announce(make_job: MakeJob) -> Deliver:
    """Ends a job of an account, so that there is a delivery; `fields` of it are changed."""

    def make(user: User, name: str = "Hello", url: str = HOOK, **fields: object) -> Delivery:
        job = make_job(user, name=name, webhook=url)
        lifecycle.cancel(user, job.pk)
        Delivery.objects.filter(job=job).update(**fields)
        return Delivery.objects.get(job=job)

    return make


def listed(answer: Any) -> list[str]:
    """The ids of the deliveries in the list, in their order."""
    return re.findall(r'<tr id="(msg_\w+)"', source(answer))


def said_of(answer: Any, delivery: Delivery) -> str:
    row = source(answer).partition(f'<tr id="{delivery.pk}"')[2].partition("</tr>")[0]
    return " ".join(re.sub(r"<[^>]*>", " ", row.partition(">")[2]).split())


def page_of(delivery: Delivery) -> str:
    return f"{PAGE}{delivery.pk}/"


# --- The list ----------------------------------------------------------------------------


def test_nothing_yet(alices: Client) -> None:
    answer = alices.get(PAGE)

    assert "Nothing sent yet" in words(answer)
    assert 'href="#test-url"' in source(answer)  # the first step
    assert element(answer, "test-url")
    assert "hx-trigger" not in element(answer, "deliveries")
    assert not SigningSecret.objects.exists()  # looking makes nothing


def test_each_delivery_says_where_it_stands(alices: Client, alice: User, announce: Deliver) -> None:
    now = timezone.now()
    cases = {
        "Waiting": announce(alice, due=now),
        "Being sent": announce(alice, begun=now, due=now + CLAIM),
        "To be tried again": announce(alice, tries=2, due=now + timedelta(minutes=5, seconds=30)),
        "Delivered": announce(alice, status=DeliveryStatus.DELIVERED, tries=1, due=None),
        "Given up": announce(alice, status=DeliveryStatus.GIVEN_UP, tries=10, due=None),
    }

    answer = alices.get(PAGE)

    assert listed(answer) == [delivery.pk for delivery in reversed(cases.values())]
    next_try = {"Waiting": "now", "To be tried again": "in 5 min"}
    for state, delivery in cases.items():
        expected = f"Hello {state} {HOOK} {delivery.tries} {next_try.get(state, '–')} just now Details"
        assert said_of(answer, delivery) == expected
        assert f'href="/jobs/{delivery.job_id}/"' in source(answer)
        assert f'href="{page_of(delivery)}"' in source(answer)


def test_own_deliveries_only(charlies: Client, alice: User, announce: Deliver) -> None:
    delivery = announce(alice)

    assert listed(charlies.get(PAGE)) == []
    for answer in (charlies.get(page_of(delivery)), charlies.post(f"{page_of(delivery)}send/")):
        assert answer.status_code == 404
        assert HOOK not in source(answer)


def test_the_list_is_filtered_by_state(alices: Client, alice: User, announce: Deliver) -> None:
    sent = announce(alice, status=DeliveryStatus.DELIVERED, due=None)
    waiting = announce(alice)

    assert listed(alices.get(f"{PAGE}?state=delivered")) == [sent.pk]
    assert listed(alices.get(f"{PAGE}?state=pending")) == [waiting.pk]
    none = alices.get(f"{PAGE}?state=given_up")
    assert listed(none) == []
    assert "None in this state" in words(none)
    assert 'href="/webhooks/?state=given_up" aria-current="true"' in source(none)
    assert len(listed(alices.get(f"{PAGE}?state=else"))) == 2


def test_the_list_comes_a_page_at_a_time_and_keeps_its_filter(alices: Client, alice: User) -> None:
    made = [
        Delivery.objects.create(user=alice, url=HOOK, body="{}", status="given_up", due=None).pk
        for _ in range(PAGE_SIZE + 2)
    ]

    first = alices.get(f"{PAGE}?state=given_up")

    assert listed(first) == made[:1:-1]
    (address,) = re.findall(r'<a href="([^"]*)" aria-label="Page 2">', source(first))
    assert listed(alices.get(address.replace("&amp;", "&"))) == made[1::-1]
    assert "Test event" in words(first)


def test_a_long_list_is_not_asked_for_line_by_line(alices: Client, alice: User, announce: Deliver) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            alices.get(PAGE)
        return len(captured)

    announce(alice)
    alices.get(PAGE)
    before = queries()
    for _ in range(6):
        announce(alice)

    assert queries() == before


# --- Alive while something is open ---------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "seconds"),
    [
        ({}, "2s"),
        ({"tries": 1, "due": timedelta(seconds=30)}, "2s"),
        ({"tries": 4, "due": timedelta(hours=2)}, "30s"),
        ({"status": DeliveryStatus.DELIVERED, "due": None}, ""),
        ({"status": DeliveryStatus.GIVEN_UP, "due": None}, ""),
    ],
)
def test_list_and_page_ask_again_only_while_something_is_open(
    alices: Client, alice: User, announce: Deliver, fields: dict[str, Any], seconds: str
) -> None:
    if isinstance(fields.get("due"), timedelta):
        fields = fields | {"due": timezone.now() + fields["due"]}
    delivery = announce(alice, **fields)

    for address, name in ((f"{PAGE}?state={delivery.status}", "deliveries"), (page_of(delivery), "delivery")):
        for headers in ({}, HTMX):
            answer = alices.get(address, headers=headers)
            tag = element(answer, name)
            assert ("hx-get" in tag) == ("hx-trigger" in tag) == bool(seconds)
            if seconds:
                assert f'hx-get="{address}" hx-trigger="every {seconds}"' in tag
            assert ("<html" in source(answer)) == (not headers)


# --- One delivery ------------------------------------------------------------------------


def test_every_attempt_is_shown_with_what_came_back(
    alices: Client, alice: User, hooks: HookServer, announce: Deliver
) -> None:
    hooks.replies = [Reply(503, body=b"<script>alert(1)</script>" + b"x" * 9000), Reply(200, body=b"")]
    delivery = announce(alice, url=hooks.url)
    webhooks.deliver(delivery.pk)
    Delivery.objects.update(due=timezone.now())
    webhooks.deliver(delivery.pk)
    Attempt.objects.filter(number=1).update(milliseconds=1234)

    answer = alices.get(page_of(delivery))

    assert re.findall(r'id="attempt-(\d)"( open)?', source(answer)) == [("2", " open"), ("1", "")]
    said = words(answer)
    assert "503 Service Unavailable" in said
    assert "200 OK" in said
    assert "1.2 s" in said
    assert "The answer had no body." in said
    assert "<script>alert" not in source(answer)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in source(answer)
    assert 4000 <= source(answer).count("x") < 4300
    for name, value in hooks.received[0].headers.items():
        if name.startswith("webhook-") or name == "host":
            assert value in said


def test_an_attempt_that_nothing_answered_says_why(
    alices: Client, alice: User, hooks: HookServer, announce: Deliver, settings: Settings
) -> None:
    delivery = announce(alice, url=hooks.url)
    settings.ALLOW_PRIVATE_NETWORK = False
    webhooks.deliver(delivery.pk)

    answer = alices.get(page_of(delivery))

    assert "No answer" in words(answer)
    assert delivery.attempts.get().sentence[1:] in words(answer)


def test_what_was_sent_is_laid_out_and_also_shown_as_it_is_signed(
    alices: Client, alice: User, announce: Deliver
) -> None:
    delivery = announce(alice)

    answer = alices.get(page_of(delivery))

    said = source(answer).replace("&quot;", '"').replace("&#x27;", "'")
    assert json.dumps(json.loads(delivery.body), indent=2) in said
    assert delivery.body in said
    assert "None yet. The first one begins by itself." in words(answer)


def test_a_removed_video_is_named_but_leads_nowhere(alices: Client, alice: User, announce: Deliver) -> None:
    delivery = announce(alice)
    assert delivery.job_id is not None
    lifecycle.remove(alice, delivery.job_id)

    for address in (PAGE, page_of(delivery)):
        assert "Hello" in words(alices.get(address))
        assert f"/jobs/{delivery.job_id}/" not in source(alices.get(address))


# --- Sending again -----------------------------------------------------------------------


def test_a_delivery_is_sent_again_under_the_same_id(
    alices: Client, alice: User, hooks: HookServer, announce: Deliver
) -> None:
    delivery = announce(alice, url=hooks.url)
    webhooks.deliver(delivery.pk)

    answer = alices.post(f"{page_of(delivery)}send/")

    assert (answer.status_code, answer["Location"]) == (303, page_of(delivery))
    webhooks.deliver(delivery.pk)
    assert [received.headers["webhook-id"] for received in hooks.received] == [delivery.pk] * 2
    assert "It is being sent again." in words(alices.get(page_of(delivery)))


def test_what_is_being_sent_is_not_sent_beside_itself(alices: Client, alice: User, announce: Deliver) -> None:
    delivery = announce(alice, begun=timezone.now(), due=timezone.now() + CLAIM)
    assert "disabled" in source(alices.get(page_of(delivery))).partition("send/")[2].partition("</form>")[0]

    assert "It is being sent already." in words(alices.post(f"{page_of(delivery)}send/", follow=True))


def test_after_thirty_days_it_is_not_sent_again(alices: Client, alice: User, announce: Deliver) -> None:
    old = timezone.now() - timedelta(days=30, minutes=1)
    delivery = announce(alice, status=DeliveryStatus.GIVEN_UP, due=None, created=old)

    assert f"{page_of(delivery)}send/" not in source(alices.get(page_of(delivery)))
    answer = alices.post(f"{page_of(delivery)}send/", follow=True)

    assert "is not sent again" in words(answer)
    delivery.refresh_from_db()
    assert delivery.status == DeliveryStatus.GIVEN_UP


# --- Test events -------------------------------------------------------------------------


@pytest.mark.parametrize("part", [False, True])
def test_a_test_event_goes_to_the_address_and_is_shown(
    alices: Client, alice: User, hooks: HookServer, part: bool
) -> None:
    answer = alices.post(f"{PAGE}test/", {"url": f" {hooks.url} "}, headers=HTMX if part else {})

    sent = Delivery.objects.get(user=alice)
    assert answer.headers["HX-Redirect" if part else "Location"] == page_of(sent)
    webhooks.deliver(sent.pk)
    (received,) = hooks.received
    assert json.loads(received.body)["test"] is True
    Webhook(SigningSecret.objects.get(user=alice).secret).verify(received.body, dict(received.headers))
    page = alices.get(page_of(sent))
    assert "Test event" in words(page)
    assert "200 OK" in words(page)
    assert said_of(alices.get(PAGE), sent).startswith("Test event Delivered")


@pytest.mark.parametrize("part", [False, True])
@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("", "Type the address of your server."),
        ("ftp://example.org/", "This URL does not begin with https:// or http://."),
        ("http://example.org/hook", "This URL does not begin with https://."),
        ("https://x.example.org/" + "x" * 2100, "Use at most 2048 characters."),
    ],
)
def test_an_address_that_can_not_be_used_is_said_beside_its_field(
    alices: Client, url: str, sentence: str, part: bool
) -> None:
    answer = alices.post(f"{PAGE}test/", {"url": url}, headers=HTMX if part else {})

    assert answer.status_code == 422
    assert problem(answer, "url") == sentence
    assert 'aria-invalid="true"' in element(answer, "test-url")
    assert ("<html" in source(answer)) != part
    assert not Delivery.objects.exists()


@pytest.mark.parametrize("url", ["https://127.0.0.1/", "https://[::1]/", "https://10.1.2.3/", "https://localhost/"])
def test_a_test_event_does_not_go_to_the_own_network(alices: Client, url: str) -> None:
    assert alices.post(f"{PAGE}test/", {"url": url}).status_code == 422
    assert not Delivery.objects.exists()


def test_too_many_test_events_are_refused_with_the_time_to_wait(alices: Client, alice: User) -> None:
    for _ in range(MAX_TESTS):
        webhooks.send_test(alice, HOOK, {})

    answer = alices.post(f"{PAGE}test/", {"url": HOOK})

    assert answer.status_code == 422
    assert re.fullmatch(r"You may send 10 test events in 10 minutes\. Try again in \d+ s\.", problem(answer, "url"))
    assert Delivery.objects.count() == MAX_TESTS


def test_after_a_refusal_the_page_still_leads_to_itself(alices: Client, alice: User, announce: Deliver) -> None:
    for _ in range(PAGE_SIZE + 1):
        announce(alice)

    for answer in (alices.post(f"{PAGE}test/", {"url": ""}), alices.post(f"{PAGE}secret/")):
        assert f'hx-get="{PAGE}"' in element(answer, "deliveries")
        assert 'href="/webhooks/?page=2"' in source(answer)


# --- The secret --------------------------------------------------------------------------


@pytest.mark.parametrize("part", [False, True])
def test_the_secret_is_shown_when_asked_for_and_then_hidden_again(alices: Client, alice: User, part: bool) -> None:
    assert "whsec_•" in source(alices.get(PAGE))

    answer = alices.post(f"{PAGE}secret/", headers=HTMX if part else {})

    secret = webhooks.current_secret(alice).secret
    assert answer.status_code == 200
    assert f">{secret}</code>" in source(answer).replace("&#x2B;", "+")
    assert ("<html" in source(answer)) != part
    assert "no-store" in answer["Cache-Control"]
    assert secret not in source(alices.get(PAGE))
    assert "whsec_•" in source(alices.get(PAGE))


def test_nobody_is_shown_the_secret_of_another(charlies: Client, alice: User) -> None:
    secret = webhooks.current_secret(alice).secret

    assert secret not in source(charlies.post(f"{PAGE}secret/"))


def test_the_secret_is_rotated_after_a_question(alices: Client, alice: User) -> None:
    old = webhooks.current_secret(alice)
    address = f"{PAGE}secret/rotate/"
    part = source(alices.get(address, headers=HTMX))
    assert part.startswith('<form class="dialog__in" id="rotate" method="post"')
    assert "<html" in source(alices.get(address))
    assert webhooks.current_secret(alice) == old

    answer = alices.post(address, {"secret": old.pk})

    assert (answer.status_code, answer["Location"]) == (303, PAGE)
    assert webhooks.current_secret(alice) != old
    page = words(alices.get(PAGE))
    assert "The old one signs beside it for 24 hours." in page
    assert "It ends in 24 h." in page
    alices.post(address, {"secret": old.pk})  # sent twice
    assert SigningSecret.objects.filter(user=alice).count() == 2


@pytest.mark.parametrize("named", ["", "x", "-1", "²", "9" * 40])
def test_without_the_secret_that_is_meant_nothing_is_rotated(alices: Client, alice: User, named: str) -> None:
    old = webhooks.current_secret(alice)

    assert alices.post(f"{PAGE}secret/rotate/", {"secret": named}).status_code == 303
    assert webhooks.current_secret(alice) == old


def test_nobody_rotates_the_secret_of_another(charlies: Client, alice: User) -> None:
    old = webhooks.current_secret(alice)

    charlies.post(f"{PAGE}secret/rotate/", {"secret": old.pk})

    assert webhooks.current_secret(alice) == old


def test_where_there_is_no_secret_there_is_nothing_to_rotate(alices: Client) -> None:
    answer = alices.get(f"{PAGE}secret/rotate/")

    assert "There is none yet." in words(answer)
    assert "Rotate secret" not in words(answer)
    assert not SigningSecret.objects.exists()
