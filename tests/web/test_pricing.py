"""The page of prices: what the code charges is what it says."""

import re

import pytest
from django.test import Client

from jobs import credits
from tests.web.reading import source, words

PAGE = "/pricing/"


def test_the_two_worked_examples(anybody: Client) -> None:
    said = words(anybody.get(PAGE))

    assert "3 seconds at 720p Billed, 5 at least 5 s Credits a second × 4 Price 20 credits" in said
    assert "10 seconds at 480p Billed 10 s Credits a second × 2 Price 20 credits" in said
    assert credits.price(3, 720) == credits.price(10, 480) == 20


def test_the_rates_are_those_of_the_code(anybody: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credits, "CREDITS_PER_SECOND", {480: 3, 720: 7})
    monkeypatch.setattr(credits, "MIN_BILLED_SECONDS", 6)

    answer = anybody.get(PAGE)

    assert re.findall(r'<span class="eyebrow">(\w+)</span><b>(\d+)</b>', source(answer)) == [
        ("480p", "3"),
        ("720p", "7"),
    ]
    assert "6 at least" in words(answer)
    assert "Price 42 credits" in words(answer)


def test_every_kind_of_video_has_its_rule(anybody: Client) -> None:
    said = words(anybody.get(PAGE))

    for rule in (
        "Photo The voice",
        "Video The voice A longer video is trimmed, a shorter one plays back and forth",
        "Two speakers, at once The longer voice",
        "Two speakers, in turn Both voices together",
    ):
        assert rule in said


def test_the_wallets_are_said_to_be_two(anybody: Client, alices: Client) -> None:
    assert "They are independent and cannot be exchanged." in words(anybody.get(PAGE))
    assert "See yours" not in words(anybody.get(PAGE))
    assert '<a href="/credits/">See yours</a>' in source(alices.get(PAGE))


@pytest.mark.parametrize("address", ["/", "/pricing/", "/nothing-here"])
def test_prices_are_in_the_menu_and_in_the_footer(anybody: Client, address: str) -> None:
    page = source(anybody.get(address))

    assert page.count('href="/pricing/"') >= 3  # top bar, menu, footer
    assert ('<a href="/pricing/" aria-current="page">' in page) == (address == PAGE)
    assert "/webhooks/" not in page  # for members
