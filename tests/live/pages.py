"""Every page by its address, and an account that has something to show on each of them."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from playwright.sync_api import Browser, FilePayload, Page

from tests.live.chromium import SAMPLES
from tests.live.product import Product, until
from tests.live.voice import short_voice

CHROMIUM = "/usr/bin/chromium"
PASSWORD = "a long walk along the river"
WALKER = "walker@example.org"  # has something to show everywhere
RENDER_SECONDS = 120
SHORT_VOICE = FilePayload(name="voice.wav", mimeType="audio/wav", buffer=short_voice())

# For whoever comes, logged in or not.
ANYBODYS = (
    *("/", "/pricing/", "/docs/", "/api/v1/docs", "/api-keys/", "/nothing-here"),
    *("/accounts/login/", "/accounts/signup/", "/accounts/password/reset/"),
)
# Of an account.
OWN = (
    *("/studio/", "/studio/?model=lipsync-video", "/studio/?model=lipsync-image-multi", "/studio/?sample=1"),
    *("/batches/", "/batches/new/", "/batches/new/?way=table"),
    *("/gallery/", "/gallery/?q=zzz", "/api-keys/", "/webhooks/", "/webhooks/secret/rotate/", "/credits/"),
    *("/account/", "/account/sessions/", "/accounts/2fa/"),
    *("/accounts/email/", "/accounts/password/change/", "/accounts/logout/"),
)


@dataclass(frozen=True)
class Furnished:
    """What an account has: the pages of a video, of batches, of a key and a delivery, and of a shared video."""

    own: tuple[str, ...]
    shared: tuple[str, ...]

    @property
    def pages(self) -> tuple[str, ...]:
        """All there is, as the account sees it."""
        return (*ANYBODYS, *OWN, *self.own, *self.shared)


def sign_up(page: Page, email: str) -> None:
    page.goto("/accounts/signup/")
    page.locator("[name=email]").fill(email)
    page.locator("[name=password1]").fill(PASSWORD)
    page.locator("main form button[type=submit]").click()
    page.wait_for_url("**/studio/")


def log_in(page: Page, email: str) -> None:
    page.goto("/accounts/login/")
    page.locator("[name=login]").fill(email)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("main form button[type=submit]").click()
    page.wait_for_url(lambda url: "/accounts/login/" not in url)


def send(page: Page) -> None:
    """Send the sample's face and a short voice, for a video of which any will do; the gallery is there then."""
    page.goto("/studio/?sample=1")
    page.locator("#audio").set_input_files(SHORT_VOICE)
    page.locator("#consent").check()
    page.locator("#generate").click()
    page.wait_for_url("**/gallery/")


def new_key(page: Page) -> str:
    """A key of who is logged in."""
    page.goto("/api-keys/")
    page.get_by_label("Name").fill("My script")
    page.get_by_role("button", name="Create key").click()
    return page.locator("#secret").inner_text()


def plan_batch(page: Page) -> str:
    """The address of a batch of one video that is looked at and not made yet, where the page is then."""
    page.goto("/batches/new/")
    page.locator("#face").set_input_files(SAMPLES / "face.jpg")
    page.locator("#voices").set_input_files([SHORT_VOICE])
    page.locator("#consent").check()
    page.locator("#check").click()
    page.locator("#make").wait_for()
    return urlsplit(page.url).path


def furnish(browser: Browser, product: Product, email: str) -> Furnished:
    """Sign up with `email`, make and share the sample's video, plan two batches and make one; a key, a test event."""
    person = browser.new_context(base_url=product.url, locale="en-GB")
    page = person.new_page()
    sign_up(page, email)
    page.goto("/studio/?sample=1")
    page.locator("#generate").click()
    page.wait_for_url("**/gallery/")
    card = page.locator("#gallery .card").first
    until(lambda: card.get_attribute("data-state") == "done", RENDER_SECONDS)
    job = str(card.locator(".card__title a").get_attribute("href"))
    page.goto(job)
    page.locator("#share-on").click()
    shared = page.locator("#share-address").inner_text().removeprefix(product.url)
    planned, made = plan_batch(page), plan_batch(page)
    page.locator("#make").click()
    page.locator("#batch-live").wait_for()
    new_key(page)
    page.goto("/api-keys/")
    revoke = str(page.get_by_role("link", name="Revoke").first.get_attribute("href"))
    page.goto("/webhooks/")
    page.locator("form[action$='/test/'] [name=url]").fill(f"{product.url}/nowhere")
    page.locator("form[action$='/test/'] button[type=submit]").click()
    page.wait_for_url("**/webhooks/msg_*/")
    sent = page.url.removeprefix(product.url)
    person.close()
    return Furnished((job, planned, made, revoke, sent), (shared, f"{shared}player/"))
