"""A person and their account, in a real browser: second factor, sessions, taking it all along, and going."""

import json
import re
import zipfile
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests import totp
from tests.live.pages import PASSWORD, send, sign_up
from tests.live.product import Product, until

pytestmark = [pytest.mark.live, pytest.mark.browser]
EMAIL = "careful@example.org"


def log_in(page: Page, email: str) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.locator("#login button[type=submit]").click()


def confirm(page: Page) -> None:
    """It is still me."""
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm", exact=True).click()


def type_code(page: Page, secret: str) -> None:
    """The code of now: the one before counts for half a minute more, so it does not matter how long this takes."""
    page.get_by_label("Code").fill(totp.code(secret))
    page.locator("main form button[type=submit]").first.click()


def names_of_files(product: Product, email: str) -> list[str]:
    """The names in storage of an account's files."""
    find = f"Media.objects.filter(owner__email={email!r}).values_list('name', flat=True)"
    code = f"from jobs.models import Media; print('\\n'.join({find}))"
    return product.manage("shell", "--no-imports", "-c", code).splitlines()


@pytest.fixture
def phone(browser: Browser, product: Product) -> Iterator[BrowserContext]:
    """Another browser of the same person, small, without JavaScript."""
    other = browser.new_context(
        base_url=product.url, locale="en-GB", viewport={"width": 390, "height": 800}, java_script_enabled=False
    )
    other.set_default_timeout(20_000)
    yield other
    other.close()


def test_second_factor_sessions_export_and_deletion(page: Page, phone: BrowserContext, product: Product) -> None:
    sign_up(page, EMAIL)
    # Mails are printed where nothing else is set: the address is confirmed by the link in the log.
    link = until(lambda: re.findall(rf"{product.url}(/accounts/confirm-email/\S+)", product.log.read_text()), 20)[-1]
    page.goto(link)
    page.get_by_role("button", name="Confirm").click()

    page.goto("/account/")
    expect(page.get_by_text("confirmed", exact=True)).to_be_visible()
    page.get_by_role("link", name="Switch on").click()
    confirm(page)
    picture = page.locator("img.qr")
    assert picture.evaluate("image => image.complete && image.naturalWidth > 0"), "the policy let no QR code through"
    secret = page.locator("#totp-secret").inner_text()
    type_code(page, secret)
    expect(page.locator("#codes li")).to_have_count(10)
    recovery = page.locator("#codes li").first.inner_text()

    page.goto("/accounts/logout/")
    page.locator("main form button[type=submit]").click()
    log_in(page, EMAIL)
    page.wait_for_url("**/accounts/2fa/authenticate/")
    type_code(page, secret)
    page.wait_for_url("**/studio/")

    other = phone.new_page()
    log_in(other, EMAIL)
    other.get_by_label("Code").fill(recovery)
    other.locator("#second-factor button[type=submit]").click()
    other.wait_for_url("**/studio/")
    page.goto("/account/sessions/")
    expect(page.locator("#sessions tbody tr")).to_have_count(2)
    page.get_by_role("button", name="End the session of").click()
    expect(page.locator("#sessions tbody tr")).to_have_count(1)
    other.goto("/studio/")
    other.wait_for_url("**/accounts/login/**")

    send(page)
    page.goto("/account/")
    with page.expect_download() as download:
        page.locator("#export").click()
    with zipfile.ZipFile(download.value.path()) as taken:
        assert taken.testzip() is None
        (job,) = json.loads(taken.read("jobs.json"))
        assert job["status"] in ("processing", "completed")
        assert taken.read(job["files"]["image"])[:3] == b"\xff\xd8\xff"
        assert secret not in taken.read("account.json").decode()

    own = names_of_files(product, EMAIL)
    assert len(own) >= 2
    page.get_by_role("link", name="Delete account").click()
    page.get_by_label("I know that this cannot be undone.").check()
    page.get_by_role("button", name="Delete my account").click()
    confirm(page)
    expect(page.get_by_text("Your account is deleted.")).to_be_visible()
    media = product.log.parent / "data" / "media"
    until(lambda: not any((media / name).exists() for name in own), 60)
    log_in(page, EMAIL)
    expect(page.get_by_text("not correct")).to_be_visible()
    sign_up(page, EMAIL)
