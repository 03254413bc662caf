"""Debian's browser, as a person uses it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page

from tests.live.product import Product

SAMPLES = Path(__file__).resolve().parents[2] / "static" / "samples"
# As root, and on machines without a graphics card or a way to the vendor's servers.
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required",
    # A microphone that hears the bundled voice over and over.
    "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
    f"--use-file-for-fake-audio-capture={SAMPLES / 'voice.wav'}",
]  # fmt: skip


@contextmanager
def person_at(browser: Browser, product: Product) -> Iterator[BrowserContext]:
    """A person's browser. At the end: no script failed and the security policy had nothing to refuse."""
    complaints: list[str] = []
    person = browser.new_context(base_url=product.url, locale="en-GB", viewport={"width": 1280, "height": 900})
    person.set_default_timeout(20_000)

    def listen(page: Page) -> None:
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console", lambda message: complaints.append(message.text) if "Content Security" in message.text else None
        )

    person.on("page", listen)
    yield person
    person.close()
    assert complaints == []
