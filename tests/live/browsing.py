"""What a person does in a browser to have a video made, for the tests that watch one do it."""

import pytest
from playwright.sync_api import Page, expect

from tests.live.product import until

RENDER_MS = 120_000
GIVES_UP_SECONDS = 40  # the page waits 13 s between its attempts, if its clock is left alone


def finished(page: Page, seconds: float) -> None:
    """Generate; the newest card becomes a video of so many seconds."""
    page.locator("#consent").check()
    page.locator("#generate").click()
    made(page, seconds)


def made(page: Page, seconds: float) -> None:
    """What was sent becomes the newest card, and a video of so many seconds."""
    page.wait_for_url("**/gallery/")
    card = page.locator("#gallery .card").first
    expect(card).to_have_attribute("data-state", "done", timeout=RENDER_MS)
    card.locator(".card__title a").click()
    page.wait_for_function("() => document.querySelector('[data-player] video')?.duration > 0")
    assert page.locator("[data-player] video").evaluate("video => video.duration") == pytest.approx(seconds, abs=0.1)


def generate_in_vain(page: Page) -> None:
    """Generate, until the page gives up sending a file; its clock is put forward over its pauses."""
    page.clock.install()
    page.locator("#generate").click()

    def given_up() -> bool:
        page.clock.fast_forward(9_000)
        return page.locator("#unsent").is_visible()

    until(given_up, GIVES_UP_SECONDS)
    page.clock.resume()
