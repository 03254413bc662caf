"""Sessions: seen where they are used, ended one by one or all at once, and by a new password."""

from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.test import Client
from django.utils import timezone, translation
from pytest_django import Settings

from jobs.models import User
from jobs.web.devices import device
from tests.people import PASSWORD
from tests.web.reading import source, words
from tests.web.test_accounts import LOG_IN, is_in

SESSIONS = "/account/sessions/"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.5 Mobile/15E148 Safari/604.1"
)


def logged_in(user: User, agent: str = FIREFOX, address: str = "203.0.113.5") -> Client:
    client = Client(HTTP_USER_AGENT=agent, REMOTE_ADDR=address)
    client.post(LOG_IN, {"login": user.email, "password": PASSWORD})
    assert is_in(client)
    return client


def session_of(client: Client) -> UserSession:
    return UserSession.objects.get(session_key=client.session.session_key)


@pytest.mark.parametrize(
    ("agent", "said"),
    [
        (FIREFOX, "Firefox on Linux"),
        (IPHONE, "Safari on iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/138.0 Safari/537.36 Edg/138.0", "Edge on Windows"),
        ("Mozilla/5.0 (Linux; Android 15) Chrome/138.0 Mobile Safari/537.36", "Chrome on Android"),
        ("curl/8.5", "curl/8.5"),
        ("", "Unknown browser"),
    ],
)
def test_a_device_is_called_by_its_name(agent: str, said: str) -> None:
    with translation.override("en"):
        assert device(agent) == said


def test_each_session_is_listed_with_its_device_and_address(alice: User, bob: User) -> None:
    here = logged_in(alice)
    logged_in(alice, IPHONE, "198.51.100.7")
    logged_in(bob, IPHONE, "192.0.2.99")

    page = words(here.get(SESSIONS))

    assert "Firefox on Linux 203.0.113.5 just now" in page
    assert "Safari on iPhone 198.51.100.7 just now" in page
    assert page.index("This one") < page.index("Safari on iPhone")
    assert "192.0.2.99" not in page
    assert "Logged in on 2 devices" in words(here.get("/account/"))


def test_the_last_use_is_kept_but_not_at_every_request(alice: User) -> None:
    here = logged_in(alice)
    UserSession.objects.update(last_seen_at=timezone.now() - timedelta(minutes=20))
    here.get("/gallery/")
    assert "20 min ago" in words(here.get(SESSIONS))

    session = here.session
    session["seen"] -= 300
    session.save()
    here.get("/gallery/", REMOTE_ADDR="198.51.100.9")

    assert "198.51.100.9 just now" in words(here.get(SESSIONS))


def test_one_session_is_ended_and_the_others_go_on(alice: User) -> None:
    here, phone, tablet = logged_in(alice), logged_in(alice, IPHONE), logged_in(alice)

    answer = here.post(f"{SESSIONS}{session_of(phone).pk}/end/", follow=True)

    assert "The session has ended." in words(answer)
    assert [is_in(client) for client in (here, phone, tablet)] == [True, False, True]
    assert UserSession.objects.count() == 2


def test_all_others_are_ended_at_once(alice: User, bob: User) -> None:
    here, phone, tablet, bobs = logged_in(alice), logged_in(alice, IPHONE), logged_in(alice), logged_in(bob)

    here.post(f"{SESSIONS}end/")

    assert [is_in(client) for client in (here, phone, tablet, bobs)] == [True, False, False, True]
    assert 'id="end-others"' not in source(here.get(SESSIONS))


def test_ending_this_one_is_logging_out(alice: User) -> None:
    here = logged_in(alice)

    answer = here.post(f"{SESSIONS}{session_of(here).pk}/end/")

    assert answer["Location"] == "/accounts/logout/"
    assert is_in(here)


def test_a_session_of_somebody_else_is_not_there(alice: User, bob: User) -> None:
    here, bobs = logged_in(alice), logged_in(bob)

    assert here.post(f"{SESSIONS}{session_of(bobs).pk}/end/").status_code == 404
    assert is_in(bobs)


def test_a_new_password_ends_the_others(alice: User) -> None:
    here, phone = logged_in(alice), logged_in(alice, IPHONE)
    new = "another long walk"

    answer = here.post(
        "/accounts/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new}, follow=True
    )

    assert answer.request["PATH_INFO"] == "/account/"
    assert (is_in(here), is_in(phone)) == (True, False)
    assert "Logged in on 1 device" in words(answer)


def test_behind_a_proxy_the_address_is_the_one_that_the_proxy_saw(alice: User, settings: Settings) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    here = Client(HTTP_X_FORWARDED_FOR="10.9.8.7, 203.0.113.77", REMOTE_ADDR="127.0.0.1")

    here.post(LOG_IN, {"login": alice.email, "password": PASSWORD})

    assert session_of(here).ip == "203.0.113.77"
