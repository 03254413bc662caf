"""API keys on their page: made, shown once, revoked."""

import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from jobs import keys
from jobs.models import ApiKey, User
from jobs.web import words as in_words
from tests.conftest import MakeJob
from tests.web.reading import GERMAN, HTMX, element, problem, source, words

PAGE = "/api-keys/"


def shown_key(answer: Any) -> str:
    """The key in an answer; empty if it shows none."""
    found = re.search(r'id="secret">([^<]*)</code>', source(answer))
    return found[1] if found else ""


@pytest.mark.parametrize("part", [False, True])
def test_a_new_key_is_shown_once(alices: Client, alice: User, part: bool) -> None:
    answer = alices.post(PAGE, {"name": " laptop "}, headers=HTMX if part else {})

    assert answer.status_code == 200
    assert ("<html" in source(answer)) != part
    key = shown_key(answer)
    row = keys.recognise(key)
    assert row is not None
    assert (row.user, row.name, row.expires) == (alice, "laptop", None)
    assert "Copy “laptop” now." in words(answer)
    assert source(answer).count(f"Bearer {key}") == 2  # the requests below work as they stand
    assert "no-store" in answer["Cache-Control"]
    again = alices.get(PAGE)
    assert key not in source(again)
    assert "$MUNDWERK_KEY" in source(again)
    assert f"sk_{row.public_id}_…" in words(again)


# --- Until when it counts ----------------------------------------------------------------


@pytest.mark.parametrize("days", [30, 90, 365])
def test_a_key_may_expire_after_some_days(alices: Client, days: int) -> None:
    answer = alices.post(PAGE, {"name": "laptop", "expires": str(days)})

    row = ApiKey.objects.get()
    assert row.expires is not None
    assert abs(row.expires - timezone.now() - timedelta(days=days)) < timedelta(minutes=1)
    assert in_words.day(timezone.localdate(row.expires)) in words(answer)


def test_a_key_may_expire_at_the_end_of_a_day(alices: Client) -> None:
    today = timezone.localdate()
    answer = alices.post(PAGE, {"expires": "day", "day": f"{today:%Y-%m-%d}"})

    assert keys.recognise(shown_key(answer)) is not None  # it counts all day
    expires = ApiKey.objects.get().expires
    assert expires is not None
    assert timezone.localtime(expires).strftime("%Y-%m-%d %H:%M:%S") == f"{today:%Y-%m-%d} 23:59:59"
    assert in_words.day(today) in words(answer)


@pytest.mark.parametrize("day", ["", "tomorrow", "2020-01-01", "2999-01-01", "9999-12-31", "31.12.2030", "-1"])
@pytest.mark.parametrize("part", [False, True])
def test_a_day_that_makes_no_sense_makes_no_key(alices: Client, day: str, part: bool) -> None:
    answer = alices.post(PAGE, {"name": "laptop", "expires": "day", "day": day}, headers=HTMX if part else {})

    assert answer.status_code == 422
    assert problem(answer, "day") == "Choose a day from today to ten years from now."
    assert 'value="laptop"' in element(answer, "key-name")
    assert '<option value="day" selected>' in source(answer)
    assert not ApiKey.objects.exists()


def test_a_lifetime_that_is_not_offered_makes_no_key(alices: Client) -> None:
    answer = alices.post(PAGE, {"expires": "31"})

    assert (answer.status_code, problem(answer, "expires")) == (422, "Choose one from the list.")
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize("sent", [{}, {"expires": ""}, {"expires": "", "day": "2030-01-01"}])
def test_without_a_lifetime_a_key_counts_for_ever(alices: Client, sent: dict[str, str]) -> None:
    alices.post(PAGE, sent)

    assert ApiKey.objects.get().expires is None


# --- The list ----------------------------------------------------------------------------


def test_a_key_needs_no_name(alices: Client) -> None:
    alices.post(PAGE, {})

    row = ApiKey.objects.get()
    assert row.name == ""
    assert f"Revoke {row}" in source(alices.get(PAGE))


@pytest.mark.parametrize("part", [False, True])
def test_a_name_that_is_too_long_makes_no_key(alices: Client, part: bool) -> None:
    answer = alices.post(PAGE, {"name": "x" * 81}, headers=HTMX if part else {})

    assert answer.status_code == 422
    assert problem(answer, "name") == "Use at most 80 characters."
    assert "x" * 81 in element(answer, "key-name")
    assert shown_key(answer) == ""
    assert not ApiKey.objects.exists()


def test_a_name_is_only_a_name(alices: Client) -> None:
    answer = alices.post(PAGE, {"name": "<script>alert(1)</script>"})

    assert "<script>alert" not in source(answer)
    assert "<script>alert" not in source(alices.get(PAGE))


def test_a_key_is_revoked_after_a_question(alices: Client, alice: User) -> None:
    row, key = keys.create(alice, "laptop")
    address = f"{PAGE}{row.public_id}/revoke/"

    question = alices.get(address)
    assert "Revoke “laptop”?" in words(question)
    assert "<html" in source(question)
    part = source(alices.get(address, headers=HTMX))
    assert part.startswith('<form class="dialog__in" id="revoke" method="post"')
    assert "<html" not in part
    assert keys.recognise(key) is not None

    answer = alices.post(address)

    assert (answer.status_code, answer["Location"]) == (303, PAGE)
    assert keys.recognise(key) is None
    page = alices.get(PAGE)
    assert "is-off" in element(page, f"key-{row.public_id}")
    assert address not in source(page)
    assert "Revoked" in words(page)


def test_with_htmx_the_browser_is_sent_back_to_the_list(alices: Client, alice: User) -> None:
    row, _ = keys.create(alice)

    assert alices.post(f"{PAGE}{row.public_id}/revoke/", headers=HTMX)["HX-Redirect"] == PAGE


def test_nobody_sees_or_revokes_the_key_of_another(charlies: Client, alice: User) -> None:
    row, key = keys.create(alice, "laptop")

    assert row.public_id not in source(charlies.get(PAGE))
    assert charlies.post(f"{PAGE}{row.public_id}/revoke/").status_code == 404
    assert keys.recognise(key) is not None


def test_a_key_that_has_expired_says_so(alices: Client, alice: User) -> None:
    now = timezone.now()
    gone, _ = keys.create(alice, "old", expires=now - timedelta(seconds=1))
    valid, _ = keys.create(alice, "new", expires=now.replace(year=2099, month=3, day=1))

    page = alices.get(PAGE)

    assert "is-off" in element(page, f"key-{gone.public_id}")
    assert "is-off" not in element(page, f"key-{valid.public_id}")
    assert "Expired" in words(page)
    assert "1 Mar 2099" in words(page)
    assert "1. März 2099" in words(alices.get(PAGE, headers=GERMAN))


def test_the_page_tells_the_api_wallet(alices: Client, alice: User, make_job: MakeJob, settings: Settings) -> None:
    settings.GRANT_API_CREDITS = 2010
    assert "more" not in words(alices.get(PAGE)).partition("API credits, available")[2].partition("A first")[0]
    make_job(alice)

    assert "2,000" in words(alices.get(PAGE))
    assert "10 more are held by unfinished videos." in words(alices.get(PAGE))
    assert "2.000" in words(alices.get(PAGE, headers=GERMAN))


def test_who_is_not_logged_in_is_told_to(anybody: Client) -> None:
    answer = anybody.get(PAGE)

    assert "Log in to create and manage API keys." in words(answer)
    assert "/accounts/login/?next=/api-keys/" in source(answer)
    assert "Melde dich an" in words(anybody.get(PAGE, headers=GERMAN))


@pytest.mark.parametrize("part", [False, True])
def test_who_was_logged_out_meanwhile_makes_no_key_and_is_sent_to_log_in(anybody: Client, part: bool) -> None:
    came_from = f"http://testserver{PAGE}"
    answer = anybody.post(
        PAGE, {"name": "x"}, headers=HTMX | {"HX-Current-URL": came_from} if part else {"Referer": came_from}
    )

    target = urlsplit(answer.headers["HX-Redirect" if part else "Location"])
    assert (target.path, parse_qs(target.query)) == ("/accounts/login/", {"next": [PAGE]})
    assert not ApiKey.objects.exists()
