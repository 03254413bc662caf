"""What goes wrong has a page that says what to do, in both languages, with the right status."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from tests.people import PASSWORD
from tests.web.reading import GERMAN, source, words

Provoke = Callable[[Client, dict[str, str]], Any]


def _csrf(client: Client, headers: dict[str, str]) -> Any:
    strict = Client(enforce_csrf_checks=True)
    return strict.post("/theme/", {"theme": "dark"}, headers=headers)


def _too_often(client: Client, headers: dict[str, str]) -> Any:
    form = {"email": "nobody@example.org"}
    answers = [client.post("/accounts/password/reset/", form, headers=headers) for _ in range(6)]
    return answers[-1]


def _too_large(client: Client, headers: dict[str, str]) -> Any:
    return client.post("/theme/", {"theme": "x" * 2_000_000}, headers=headers)


def _wrong_host(client: Client, headers: dict[str, str]) -> Any:
    return client.get("/", headers=headers | {"Host": "a b"})


def _no_right(client: Client, headers: dict[str, str]) -> Any:
    return client.get("/admin/", headers=headers, follow=True)


CASES: dict[str, tuple[int, str, Provoke]] = {
    "wrong host": (400, "could not be read", _wrong_host),
    "form token": (403, "The page was open for too long", _csrf),
    "no right": (403, "Your account has no right to it", _no_right),
    "nowhere": (404, "There is nothing here", lambda client, headers: client.get("/nowhere", headers=headers)),
    "a visit to a form": (405, "It belongs to a form", lambda client, headers: client.get("/theme/", headers=headers)),
    "too large": (413, "larger than a form may be", _too_large),
    "too often": (429, "Wait a minute", _too_often),
}


@pytest.mark.parametrize("name", CASES)
def test_a_page_says_what_happened_and_what_to_do(name: str, charlies: Client) -> None:
    status, sentence, provoke = CASES[name]

    answer = provoke(charlies, {})

    assert answer.status_code == status
    assert sentence in words(answer)
    assert 'href="/"' in source(answer)
    assert "<main" in source(answer)


@pytest.mark.parametrize("name", [name for name in CASES if name != "wrong host"])
def test_it_is_said_in_the_readers_language(name: str, charlies: Client) -> None:
    assert '<html lang="de"' in source(CASES[name][2](charlies, GERMAN))


def test_a_method_that_is_not_taken_still_says_which_are(anybody: Client) -> None:
    assert anybody.get("/theme/")["Allow"] == "POST"


def test_a_program_gets_no_page(anybody: Client) -> None:
    answer = anybody.get("/api/v1/lipsync-image")

    assert answer.status_code == 405
    assert "<main" not in source(answer)


@pytest.mark.django_db
def test_our_own_fault_has_a_page_that_needs_nothing(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client(raise_request_exception=False)
    client.post("/accounts/signup/", {"email": "dora@example.org", "password1": PASSWORD})

    def broken(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("jobs.web.pricing.render", broken)
    answer = client.get("/pricing/")

    assert answer.status_code == 500
    assert "Something broke on our side" in words(answer)
