"""Two-factor: switched on with an app, asked for at every door that takes a password, switched off again."""

import base64
import html
import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.core.mail import EmailMessage
from django.test import Client
from pytest_django import Settings

from jobs.models import User
from tests import totp
from tests.people import PASSWORD
from tests.web.reading import problem, source, words
from tests.web.test_accounts import LOG_IN, is_in, log_in

ON, OFF = "/accounts/2fa/totp/activate/", "/accounts/2fa/totp/deactivate/"
CODES, CODE = "/accounts/2fa/recovery-codes/", "/accounts/2fa/authenticate/"
CONFIRM = "/accounts/reauthenticate/"


def test_the_oracle_says_what_the_standard_says() -> None:
    secret = base64.b32encode(b"12345678901234567890").decode()

    assert [totp.code(secret, at) for at in (59, 1111111109, 20000000000)] == ["287082", "081804", "353130"]


def confirm(client: Client, wanted: str) -> Any:
    """Ask for a page that wants to know first that it is still you, and say so."""
    asked = client.get(wanted)
    assert asked.status_code == 302
    assert asked["Location"].startswith(CONFIRM)
    return client.post(asked["Location"], {"password": PASSWORD, "next": wanted}, follow=True)


def switch_on(client: Client) -> tuple[str, list[str]]:
    """The app's key, and the recovery codes."""
    page = confirm(client, ON)
    secret = re.search(r'id="totp-secret">([A-Z2-7]+)<', source(page))
    assert secret
    done = client.post(ON, {"code": totp.code(secret[1])}, follow=True)
    return secret[1], re.findall(r"<li>([\w-]+)</li>", source(done))


@pytest.fixture
def app(alices: Client, alice: User) -> tuple[str, list[str]]:
    """Alice's two-factor is on: the key in her app, and her recovery codes."""
    EmailAddress.objects.create(user=alice, email=alice.email, primary=True, verified=True)
    return switch_on(alices)


def test_it_is_switched_on_by_the_code_that_the_app_shows(alices: Client, alice: User) -> None:
    page = confirm(alices, ON)
    assert "Switch two-factor on" in words(page)
    assert re.search(r'<img class="qr" src="data:image/svg\+xml;base64,', source(page))

    refused = alices.post(ON, {"code": "000000"})
    assert problem(refused, "code") != ""
    assert not Authenticator.objects.exists()

    secret, codes = switch_on_again(alices, refused)
    assert len(codes) == len(set(codes)) == 10
    assert set(Authenticator.objects.values_list("user", "type")) == {(alice.pk, "totp"), (alice.pk, "recovery_codes")}
    assert "on 10 recovery codes are left." in words(alices.get("/account/"))
    # What is stored is of no use without the installation's own key.
    assert secret not in str(list(Authenticator.objects.values_list("data", flat=True)))


def switch_on_again(client: Client, page: Any) -> tuple[str, list[str]]:
    """With the key that a refused page still shows."""
    secret = re.search(r'id="totp-secret">([A-Z2-7]+)<', source(page))
    assert secret
    done = client.post(ON, {"code": totp.code(secret[1])}, follow=True)
    return secret[1], re.findall(r"<li>([\w-]+)</li>", source(done))


def test_the_picture_holds_the_key_the_address_and_our_name(alices: Client, alice: User) -> None:
    page = confirm(alices, ON)

    assert page.context["totp_url"].startswith("otpauth://totp/alice%40example.org?secret=")
    assert page.context["totp_url"].endswith("&issuer=Mundwerk")


def test_an_address_that_was_not_confirmed_comes_first(alices: Client, alice: User, settings: Settings) -> None:
    EmailAddress.objects.create(user=alice, email=alice.email, primary=True)

    answer = alices.get(ON, follow=True)

    assert "Confirm your e-mail address first" in words(answer)
    settings.MFA_ALLOW_UNVERIFIED_EMAIL = True  # where addresses are never confirmed
    assert len(switch_on(alices)[1]) == 10


def test_logging_in_then_takes_both(anybody: Client, alice: User, app: tuple[str, list[str]]) -> None:
    secret, _ = app

    assert log_in(anybody, alice.email)["Location"] == CODE
    assert not is_in(anybody)
    assert problem(anybody.post(CODE, {"code": "123456"}), "code") != ""
    assert not is_in(anybody)

    assert anybody.post(CODE, {"code": totp.code(secret)})["Location"] == "/studio/"
    assert is_in(anybody)


def test_a_recovery_code_opens_once(anybody: Client, alice: User, app: tuple[str, list[str]]) -> None:
    _, codes = app
    log_in(anybody, alice.email)
    anybody.post(CODE, {"code": codes[3]})
    assert is_in(anybody)
    anybody.logout()

    log_in(anybody, alice.email)
    assert problem(anybody.post(CODE, {"code": codes[3]}), "code") != ""
    assert not is_in(anybody)


def test_the_code_can_not_be_guessed_at_length(anybody: Client, alice: User, app: tuple[str, list[str]]) -> None:
    log_in(anybody, alice.email)
    for _ in range(5):
        anybody.post(CODE, {"code": "000000"})

    anybody.post(CODE, {"code": totp.code(app[0])})

    assert not is_in(anybody)


def test_the_second_step_is_nobodys_without_the_first(anybody: Client, app: tuple[str, list[str]]) -> None:
    assert anybody.get(CODE)["Location"].startswith(LOG_IN)
    assert anybody.post(CODE, {"code": totp.code(app[0])})["Location"].startswith(LOG_IN)
    assert not is_in(anybody)


def test_the_operators_door_asks_for_it_too(anybody: Client, alice: User, app: tuple[str, list[str]]) -> None:
    User.objects.filter(pk=alice.pk).update(is_staff=True, is_superuser=True)

    page: Any = anybody.get("/admin/", follow=True)
    assert page.request["PATH_INFO"] == LOG_IN
    # The form that the admin would have of its own takes nothing either.
    assert anybody.post("/admin/login/", {"username": alice.email, "password": PASSWORD})["Location"].startswith(LOG_IN)
    log_in(anybody, alice.email, next="/admin/")
    assert anybody.get("/admin/").status_code == 302

    assert anybody.post(CODE, {"code": totp.code(app[0])})["Location"] == "/admin/"
    assert anybody.get("/admin/").status_code == 200


def test_whoever_is_logged_in_and_no_operator_is_told_so(charlies: Client) -> None:
    answer = charlies.get("/admin/", follow=True)

    assert answer.status_code == 403


def test_a_code_confirms_that_it_is_you(alices: Client, app: tuple[str, list[str]]) -> None:
    session = alices.session
    session["account_authentication_methods"] = []
    session.save()
    page = alices.get(OFF, follow=True)
    way = re.search(r'href="(/accounts/2fa/reauthenticate/\?[^"]+)"', source(page))
    assert way

    answer = alices.post(html.unescape(way[1]), {"code": totp.code(app[0])}, follow=True)

    assert "Switch two-factor off?" in words(answer)


def test_it_is_switched_off_by_whoever_confirms_it_is_them(
    alices: Client, anybody: Client, alice: User, app: tuple[str, list[str]], mailoutbox: list[EmailMessage]
) -> None:
    session = alices.session
    session["account_authentication_methods"] = []
    session.save()
    assert "Switch two-factor off?" in words(confirm(alices, OFF))
    assert Authenticator.objects.count() == 2

    alices.post(OFF)

    assert not Authenticator.objects.exists()
    assert mailoutbox[-1].to == [alice.email]
    log_in(anybody, alice.email)
    assert is_in(anybody)


def test_nobody_switches_it_off_in_a_browser_left_open(alices: Client, app: tuple[str, list[str]]) -> None:
    session = alices.session
    session["account_authentication_methods"] = []
    session.save()

    asked = alices.post(OFF)
    alices.post(asked["Location"], {"password": "wrong", "next": OFF})

    assert asked["Location"].startswith(CONFIRM)
    assert Authenticator.objects.count() == 2


def test_new_recovery_codes_end_the_old_ones(alices: Client, app: tuple[str, list[str]]) -> None:
    assert "Make new recovery codes?" in words(alices.get(f"{CODES}generate/"))

    answer = alices.post(f"{CODES}generate/", follow=True)

    new = re.findall(r"<li>([\w-]+)</li>", source(answer))
    assert len(new) == 10
    assert not set(new) & set(app[1])
    saved = alices.get(f"{CODES}download/")
    assert "recovery-codes.txt" in saved["Content-Disposition"]
    assert all(code in source(saved) for code in new)


def test_a_secret_of_another_installation_matches_no_code(
    anybody: Client, alice: User, app: tuple[str, list[str]], settings: Settings
) -> None:
    before = settings.SECRET_KEY
    settings.SECRET_KEY = "another one"
    log_in(anybody, alice.email)
    assert problem(anybody.post(CODE, {"code": totp.code(app[0])}), "code") != ""

    settings.SECRET_KEY_FALLBACKS = [before]
    anybody.post(CODE, {"code": totp.code(app[0])})
    assert is_in(anybody)


def test_the_operator_switches_it_off_for_who_lost_the_phone(
    client: Client, operator: User, anybody: Client, alice: User, app: tuple[str, list[str]]
) -> None:
    client.force_login(operator)
    form = {"action": "drop_two_factor", "_selected_action": alice.pk, "reason": "showed her passport"}

    assert "Two-factor off: 1." in words(client.post("/admin/jobs/user/", form, follow=True))
    assert "It has none." in words(client.post("/admin/jobs/user/", form, follow=True))

    log_in(anybody, alice.email)
    assert is_in(anybody)
