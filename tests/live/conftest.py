"""One running product, and one browser, for the tests that only use them."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.live.chromium import ARGUMENTS, person_at
from tests.live.pages import WALKER, Furnished, furnish
from tests.live.product import Caller, Product


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture(scope="session")
def product(launched: Product) -> Iterator[Product]:
    launched.await_start()
    yield launched
    assert launched.stop() == 0
    assert launched.processes() == []


@pytest.fixture(scope="session")
def caller(product: Product) -> Caller:
    return Caller(product, product.manage("create_api_key", "program@example.org"))


@pytest.fixture(scope="session")
def furnished(browser: Browser, product: Product) -> Furnished:
    """What WALKER's account has, for who looks at it and leaves it as it is."""
    return furnish(browser, product, WALKER)


@pytest.fixture
def context(browser: Browser, product: Product) -> Iterator[BrowserContext]:
    """A person's browser."""
    with person_at(browser, product) as person:
        yield person


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()
