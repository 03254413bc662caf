"""The account's own pages: what they show, and that everything on them leads somewhere."""

import re

from allauth.account.models import EmailAddress
from django.test import Client
from pytest_django import Settings

from jobs.models import User
from tests.web.reading import source, words

ACCOUNT = "/account/"


def test_the_account_shows_its_addresses_and_whether_they_are_confirmed(alices: Client, alice: User) -> None:
    assert "not confirmed" in words(alices.get(ACCOUNT))

    EmailAddress.objects.create(user=alice, email=alice.email, primary=True, verified=True)
    EmailAddress.objects.create(user=alice, email="second@example.org")

    page = words(alices.get(ACCOUNT))
    assert page.index(f"{alice.email} for logging in confirmed") < page.index("second@example.org not confirmed")


def test_two_factor_asks_for_a_confirmed_address_first(alices: Client, alice: User, settings: Settings) -> None:
    needs = "It needs every e-mail address of the account to be confirmed"
    address = EmailAddress.objects.create(user=alice, email=alice.email, primary=True)

    page = alices.get(ACCOUNT)
    assert needs in words(page)
    assert "/accounts/2fa/totp/activate/" not in source(page)
    settings.MFA_ALLOW_UNVERIFIED_EMAIL = True  # where addresses are never confirmed
    assert needs not in words(alices.get(ACCOUNT))

    settings.MFA_ALLOW_UNVERIFIED_EMAIL = False
    address.set_verified()
    page = alices.get(ACCOUNT)
    assert needs not in words(page)
    assert "/accounts/2fa/totp/activate/" in source(page)


def test_every_link_of_the_account_leads_somewhere(alices: Client) -> None:
    main = source(alices.get(ACCOUNT)).partition("<main")[2].partition("</main>")[0]
    links = re.findall(r'href="(/[^"#]*)"', main)

    assert len(links) >= 2
    assert [link for link in links if alices.get(link).status_code not in (200, 302)] == []


def test_language_and_theme_are_chosen_there_and_kept(alices: Client) -> None:
    alices.post("/i18n/setlang/", {"language": "de", "next": ACCOUNT})
    alices.post("/theme/", {"theme": "dark", "next": ACCOUNT})

    page = source(alices.get(ACCOUNT))
    assert '<html lang="de" data-theme="dark">' in page
    assert re.search(r'value="de" lang="de" aria-pressed="true"', page)
    assert re.search(r'value="dark" aria-pressed="true"', page)


def test_the_menu_leads_to_the_account(alices: Client, anybody: Client) -> None:
    assert 'href="/account/"' in source(alices.get("/studio/"))
    assert 'href="/account/"' not in source(anybody.get("/"))
