"""Accounts: signing up, logging in and out, confirming an address, a forgotten password."""

import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.mail import EmailMessage
from django.test import Client
from pytest_django import Settings

from jobs import credits
from jobs.models import User, Wallet, WalletKind
from tests.people import PASSWORD
from tests.web.reading import GERMAN, problem, source, words

SIGN_UP, LOG_IN, LOG_OUT = "/accounts/signup/", "/accounts/login/", "/accounts/logout/"
RESET = "/accounts/password/reset/"
NEW = "dora@example.org"


def sign_up(client: Client, email: str = NEW, password: str = PASSWORD, **headers: str) -> Any:
    return client.post(SIGN_UP, {"email": email, "password1": password}, headers=headers)


def log_in(client: Client, email: str, password: str = PASSWORD, **more: str) -> Any:
    return client.post(LOG_IN, {"login": email, "password": password} | more)


def is_in(client: Client) -> bool:
    return client.get("/studio/").status_code == 200


def link_in(mail: EmailMessage) -> str:
    """The path of the one link in a mail that leads further than the front page."""
    (found,) = re.findall(rf"{re.escape(settings.PUBLIC_BASE_URL)}(/\S+)", str(mail.body))
    return str(found)


# --- Signing up ------------------------------------------------------------------------------


def test_what_a_password_has_to_be_is_said_beside_it_alone(client: Client) -> None:
    assert source(client.get(SIGN_UP)).count("At least eight characters") == 1


def test_signing_up_takes_an_address_and_a_password_and_leads_to_the_studio(anybody: Client) -> None:
    answer = sign_up(anybody, "Dora@Example.org")

    assert (answer.status_code, answer["Location"]) == (302, "/studio/")
    user = User.objects.get()
    assert user.email == NEW
    assert user.check_password(PASSWORD)
    assert not user.is_staff
    assert "500 credits" in words(anybody.get("/studio/"))
    for kind in WalletKind:
        assert credits.wallet_of(user, kind).available == 500
    assert Wallet.objects.count() == 2


def test_signing_up_leads_back_to_where_one_was(anybody: Client) -> None:
    form = {"email": NEW, "password1": PASSWORD}

    assert anybody.post(SIGN_UP, form | {"next": "/api-keys/"})["Location"] == "/api-keys/"


@pytest.mark.parametrize(
    ("email", "password", "field", "sentence"),
    [
        ("", PASSWORD, "email", "required"),
        ("dora", PASSWORD, "email", "valid email"),
        (NEW, "", "password1", "required"),
        (NEW, "short", "password1", "at least 8 characters"),
        (NEW, "password", "password1", "too common"),
        ("alice@example.org", PASSWORD, "email", "already"),
        ("ALICE@example.org", PASSWORD, "email", "already"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(
    anybody: Client, alice: User, email: str, password: str, field: str, sentence: str
) -> None:
    answer = sign_up(anybody, email, password)

    assert answer.status_code == 200
    assert sentence in problem(answer, field)
    assert list(User.objects.all()) == [alice]
    assert not is_in(anybody)


def test_a_refused_password_is_not_sent_back(anybody: Client) -> None:
    answer = sign_up(anybody, "dora", "my secret <3")

    assert "my secret" not in source(answer)
    assert 'value="dora"' in source(answer)


# --- Confirming the address ------------------------------------------------------------------


def test_the_address_is_confirmed_by_the_link_in_the_mail_and_nothing_waits_for_it(
    anybody: Client, mailoutbox: list[EmailMessage]
) -> None:
    sign_up(anybody)
    assert is_in(anybody)

    (mail,) = mailoutbox
    assert mail.to == [NEW]
    assert mail.subject.startswith("Mundwerk: ")
    link = link_in(mail)
    assert f"Is {NEW} your address?" in words(anybody.get(link))
    assert not EmailAddress.objects.get().verified

    answer = anybody.post(link, follow=True)

    assert answer.status_code == 200
    assert EmailAddress.objects.get().verified
    assert "This link is used up" in words(anybody.get(link))


def test_a_link_that_nobody_was_sent_confirms_nothing(anybody: Client) -> None:
    sign_up(anybody)

    assert "This link is used up" in words(anybody.get("/accounts/confirm-email/Mw:x:y/"))
    assert not EmailAddress.objects.get().verified


def test_in_german_the_mail_is_german(anybody: Client, mailoutbox: list[EmailMessage]) -> None:
    sign_up(anybody, **GERMAN)

    (mail,) = mailoutbox
    assert "bestätig" in f"{mail.subject} {mail.body}".lower()


def test_where_it_is_asked_for_the_address_comes_first(
    anybody: Client, settings: Settings, mailoutbox: list[EmailMessage]
) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"

    answer = anybody.post(SIGN_UP, {"email": NEW, "password1": PASSWORD}, follow=True)

    assert "Check your mail" in words(answer)
    assert not is_in(anybody)
    anybody.post(link_in(mailoutbox[0]))
    log_in(anybody, NEW)
    assert is_in(anybody)


@pytest.mark.parametrize("email", ["alice@example.org", NEW])
def test_where_the_address_comes_first_signing_up_tells_nobody_who_has_an_account(
    anybody: Client, alice: User, settings: Settings, mailoutbox: list[EmailMessage], email: str
) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    EmailAddress.objects.create(user=alice, email=alice.email, primary=True, verified=True)

    answer: Any = anybody.post(SIGN_UP, {"email": email, "password1": PASSWORD}, follow=True)

    assert answer.request["PATH_INFO"] == "/accounts/confirm-email/"
    assert [message for message, _ in answer.redirect_chain] == ["/accounts/confirm-email/"]
    assert "Check your mail" in words(answer)
    assert email.partition("@")[0] not in words(answer).replace(f"Confirmation email sent to {email}.", "")
    assert not is_in(anybody)
    (mail,) = mailoutbox
    assert mail.to == [email]
    assert mail.subject == (
        "Mundwerk: Confirm your address" if email == NEW else "Mundwerk: You have an account already"
    )


def test_a_mail_leads_to_our_address_whatever_the_request_said_of_itself(
    alice: User, mailoutbox: list[EmailMessage], settings: Settings
) -> None:
    settings.PUBLIC_BASE_URL = "https://mundwerk.example"
    stranger = Client(headers={"Host": "127.0.0.1"})

    sign_up(stranger)
    stranger.logout()
    stranger.post(RESET, {"email": alice.email})
    stranger.post(RESET, {"email": "nobody@example.org"})

    links = [re.findall(r"https?://\S+", str(mail.body)) for mail in mailoutbox]
    assert len(links) == 3
    assert all(link.startswith("https://mundwerk.example/") for found in links for link in found)


def test_a_change_of_the_way_in_is_told_by_mail_with_where_it_came_from(
    alices: Client, alice: User, mailoutbox: list[EmailMessage], settings: Settings
) -> None:
    new = "another long walk"
    form = {"oldpassword": PASSWORD, "password1": new, "password2": new}

    alices.post("/accounts/password/change/", form, REMOTE_ADDR="203.0.113.5")

    (mail,) = mailoutbox
    assert (mail.to, mail.subject) == ([alice.email], "Mundwerk: Your password was changed")
    assert "from the address 203.0.113.5" in mail.body
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    back = {"oldpassword": new, "password1": PASSWORD, "password2": PASSWORD}
    assert alices.post("/accounts/password/change/", back).status_code == 302


# --- Logging in and out ----------------------------------------------------------------------


@pytest.mark.parametrize("email", ["alice@example.org", "ALICE@Example.org", " alice@example.org "])
def test_logging_in_by_address_and_password(anybody: Client, alice: User, email: str) -> None:
    answer = log_in(anybody, email)

    assert (answer.status_code, answer["Location"]) == (302, "/studio/")
    assert is_in(anybody)


def test_logging_in_leads_back_to_where_one_was_and_never_to_another_site(anybody: Client, alice: User) -> None:
    wanted = anybody.get("/gallery/?after=x")["Location"]
    assert 'name="next" value="/gallery/?after=x"' in source(anybody.get(wanted))

    assert log_in(anybody, alice.email, next="/gallery/?after=x")["Location"] == "/gallery/?after=x"
    anybody.logout()
    assert log_in(anybody, alice.email, next="https://evil.example/")["Location"] == "/studio/"


def test_a_wrong_password_and_an_unknown_address_look_the_same(anybody: Client, alice: User) -> None:
    def told(email: str, password: str) -> str:
        answer = log_in(anybody, email, password)
        assert answer.status_code == 200
        assert not is_in(anybody)
        return words(answer).replace(email, "…")

    assert told(alice.email, "wrong") == told("nobody@example.org", PASSWORD)
    assert "not correct" in told(alice.email, "wrong")


def test_an_account_that_was_suspended_stays_out_and_is_told_so_in_the_words_of_the_desk(
    anybody: Client, alice: User
) -> None:
    User.objects.update(is_active=False)

    answer = anybody.post(LOG_IN, {"login": alice.email, "password": PASSWORD}, follow=True)

    assert "This account is suspended" in words(answer)
    assert not is_in(anybody)


def test_guessing_is_slowed_down_for_that_address_alone(anybody: Client, alice: User, bob: User) -> None:
    for _ in range(5):
        log_in(anybody, alice.email, "wrong")

    assert "Too many failed login attempts" in words(log_in(anybody, alice.email))
    assert not is_in(anybody)
    log_in(anybody, bob.email)
    assert is_in(anybody)


def test_logging_out_is_a_form_and_ends_at_the_front_page(alices: Client) -> None:
    assert "Log out?" in words(alices.get(LOG_OUT))
    assert is_in(alices)

    answer = alices.post(LOG_OUT)

    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert not is_in(alices)


# --- A forgotten password --------------------------------------------------------------------


def test_whether_an_address_has_an_account_is_not_told(anybody: Client, alice: User) -> None:
    def told(email: str) -> tuple[str, str]:
        answer = anybody.post(RESET, {"email": email}, follow=True)
        return answer.request["PATH_INFO"], words(answer)

    assert told(alice.email) == told("nobody@example.org")


def test_a_new_password_is_set_by_the_link_in_the_mail(
    anybody: Client, alice: User, mailoutbox: list[EmailMessage]
) -> None:
    anybody.post(RESET, {"email": alice.email})
    (mail,) = mailoutbox
    assert (mail.to, mail.subject.startswith("Mundwerk: ")) == ([alice.email], True)
    page: Any = anybody.get(link_in(mail), follow=True)
    form = page.request["PATH_INFO"]
    assert "New password" in words(page)

    refused = anybody.post(form, {"password1": "short", "password2": "short"})
    assert "at least 8 characters" in problem(refused, "password1")
    answer = anybody.post(form, {"password1": "another long walk", "password2": "another long walk"}, follow=True)

    assert "The new password is set" in words(answer)
    alice.refresh_from_db()
    assert alice.check_password("another long walk")
    assert "This link is used up" in words(anybody.get(link_in(mail), follow=True))


def test_a_password_is_changed_by_who_knows_the_present_one(alices: Client, alice: User) -> None:
    form = {"oldpassword": "wrong", "password1": "another long walk", "password2": "another long walk"}

    assert problem(alices.post("/accounts/password/change/", form), "oldpassword") != ""
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)

    assert alices.post("/accounts/password/change/", form | {"oldpassword": PASSWORD}).status_code == 302
    alice.refresh_from_db()
    assert alice.check_password("another long walk")
    assert is_in(alices)
