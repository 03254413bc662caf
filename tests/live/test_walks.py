"""Whole ways through the product: without script, with a keyboard alone, in two languages, over every page."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.live.pages import PASSWORD, RENDER_SECONDS, SHORT_VOICE, WALKER, Furnished, log_in, sign_up
from tests.live.product import ROOT, Product, until

pytestmark = [pytest.mark.live, pytest.mark.browser]
SAMPLES = ROOT / "static" / "samples"
MOST_TABS = 150
# What tells the page's reader where the keyboard is: of what has the focus, or of the part that stands for it.
FOCUS_IS_SEEN = """() => {
    const focused = document.activeElement;
    const seen = (element) => {
        const style = getComputedStyle(element);
        const box = element.getBoundingClientRect();
        return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 && box.width > 0 && box.height > 0;
    };
    return [focused, ...(focused.labels ?? []), focused.closest("label")].some((element) => element && seen(element));
}"""
LISTEN = """addEventListener("securitypolicyviolation", (event) => {
    window.refused = [...(window.refused ?? []), `${event.violatedDirective}: ${event.blockedURI} ${event.sample}`];
});"""


@pytest.fixture
def open_as(browser: Browser, product: Product) -> Iterator[Callable[..., BrowserContext]]:
    """A person's browser with the settings that a test names."""
    opened: list[BrowserContext] = []

    def new(**settings: object) -> BrowserContext:
        person = browser.new_context(**({"base_url": product.url, "locale": "en-GB"} | settings))  # type: ignore[arg-type]
        opened.append(person)
        return person

    yield new
    for person in opened:
        person.close()


@pytest.fixture
def walker(furnished: Furnished, open_as: Callable[..., BrowserContext]) -> BrowserContext:
    """The browser of the account that has something to show everywhere."""
    person = open_as()
    page = person.new_page()
    log_in(page, WALKER)
    page.close()
    return person


def submitted(page: Page) -> str:
    """Send two files by the plain form; the address of the new job."""
    page.goto("/studio/")
    page.locator("#image").set_input_files(SAMPLES / "face.jpg")
    page.locator("#audio").set_input_files(SHORT_VOICE)
    page.locator("#consent").check()
    page.locator("#generate").click()
    page.wait_for_url("**/gallery/")
    return str(page.locator("#gallery .card .card__title a").first.get_attribute("href"))


def test_without_script_everything_can_be_done(open_as: Callable[..., BrowserContext]) -> None:
    page = open_as(java_script_enabled=False).new_page()
    sign_up(page, "noscript@example.org")
    job = submitted(page)

    def done() -> bool:
        page.goto(job)
        return page.locator("#live").get_attribute("data-state") == "done"

    until(done, RENDER_SECONDS)
    expect(page.locator("video[controls]").first).to_be_visible()
    page.get_by_text("Rename", exact=True).click()
    page.get_by_label("Name", exact=True).fill("Said without a script")
    page.get_by_role("button", name="Keep this name").click()
    expect(page.get_by_role("heading", name="Said without a script")).to_be_visible()
    page.locator("#share-on").click()
    shared = page.locator("#share-address").inner_text()
    visitor = open_as(java_script_enabled=False).new_page()
    visitor.goto(shared)
    expect(visitor.get_by_role("heading", name="Said without a script")).to_be_visible()
    page.locator("#share-off").click()
    gone = visitor.goto(shared)
    assert gone is not None
    assert gone.status == 404

    page.goto(submitted(page))
    page.locator("#cancel").click()
    expect(page.locator("#live")).to_have_attribute("data-state", "cancelled")
    page.locator("#delete").click()
    page.wait_for_url("**/gallery/")
    expect(page.locator("#gallery .card")).to_have_count(1)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#gallery .card")).to_have_count(2)

    page.goto("/api-keys/")
    page.get_by_label("Name").fill("Plain")
    page.get_by_role("button", name="Create key").click()
    assert page.locator("#secret").inner_text().startswith("sk_")
    page.goto("/api-keys/")
    page.get_by_role("link", name="Revoke Plain").click()
    page.get_by_role("button", name="Revoke key").click()
    expect(page.get_by_text("Revoked", exact=True)).to_be_visible()


def tab_to(page: Page, target: Locator) -> None:
    """Press Tab until `target` has the focus; at every stop on the way it can be seen where the keyboard is."""
    target.wait_for(state="attached")
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        assert page.evaluate(FOCUS_IS_SEEN), page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
        if target.evaluate("element => element === document.activeElement"):
            return
    pytest.fail(f"{MOST_TABS} times Tab did not reach {target}")


def test_a_keyboard_is_enough(open_as: Callable[..., BrowserContext]) -> None:
    page = open_as(viewport={"width": 1280, "height": 900}).new_page()
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to content")).to_be_focused()
    tab_to(page, page.get_by_role("link", name="Sign up"))
    page.keyboard.press("Enter")
    page.wait_for_url("**/accounts/signup/")
    tab_to(page, page.get_by_label("E-mail"))
    page.keyboard.type("keyboard@example.org")
    tab_to(page, page.get_by_label("Password"))
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/studio/")

    tab_to(page, page.locator("#use-sample"))
    page.keyboard.press("Enter")
    expect(page.locator("#generate")).to_be_focused()
    page.keyboard.press("Space")
    page.wait_for_url("**/gallery/")
    card = page.locator("#gallery .card").first
    expect(card).to_have_attribute("data-state", "done", timeout=RENDER_SECONDS * 1000)
    tab_to(page, card.locator(".card__title a"))
    page.keyboard.press("Enter")
    page.wait_for_url("**/jobs/**")

    tab_to(page, page.locator("[data-player] [data-play]"))
    page.keyboard.press("Space")
    page.wait_for_function("() => document.querySelector('[data-player] video').currentTime > 0.2")
    page.keyboard.press("Space")
    assert page.locator("[data-player] video").evaluate("video => video.paused")
    tab_to(page, page.locator("#share-on"))
    page.keyboard.press("Enter")
    expect(page.locator("#share-address")).to_be_visible()
    tab_to(page, page.locator("#delete"))
    page.keyboard.press("Enter")
    page.wait_for_url("**/gallery/")
    expect(page.locator("#gallery .card")).to_have_count(0)
    tab_to(page, page.get_by_role("button", name="Undo"))
    page.keyboard.press("Enter")
    expect(page.locator("#gallery .card")).to_have_count(1)


def test_the_language_can_be_changed_anywhere_and_stays(walker: BrowserContext, furnished: Furnished) -> None:
    page = walker.new_page()
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto("/gallery/?q=zzz")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.locator(".topbar form:visible button[name=language]").click()

    assert page.url.endswith("/gallery/?q=zzz")
    for path in ("/", "/studio/", *furnished.own, *furnished.shared[:1], "/nothing-here"):
        page.goto(path)
        expect(page.locator("html")).to_have_attribute("lang", "de")
    page.goto("/studio/")
    expect(page.locator("#generate")).to_have_text("Video erzeugen")
    page.locator(".topbar form:visible button[name=language]").click()
    expect(page.locator("#generate")).to_have_text("Generate video")


# A file's name can be this long, without a gap, and videos and batches are called after their files.
LONG_NAME = "a_portrait_that_somebody_has_called_after_everything_that_it_shows_07_final_final_2"
CALLED_AFTER_FILES = ("/jobs/", "/s/", "/batches/")
CALLED = """title => {
    if (title) document.querySelector("h1").textContent = title;
    return document.documentElement.scrollWidth;
}"""


def test_no_page_scrolls_sideways_on_a_small_phone(walker: BrowserContext, furnished: Furnished) -> None:
    page = walker.new_page()
    page.set_viewport_size({"width": 360, "height": 740})
    wide = []
    for path in furnished.pages:
        page.goto(path)
        titles = ("", LONG_NAME) if path.startswith(CALLED_AFTER_FILES) else ("",)
        for title in titles:
            width = page.evaluate(CALLED, title)
            wide += [f"{path} {title}: {width} px"] if width > 360 else []
    assert wide == []


def test_no_page_wants_what_its_policy_forbids(walker: BrowserContext, furnished: Furnished) -> None:
    page = walker.new_page()
    page.add_init_script(LISTEN)
    refused: dict[str, list[str]] = {}
    for path in furnished.pages:
        page.goto(path, wait_until="load")
        if found := page.evaluate("window.refused ?? []"):
            refused[path] = found
    assert refused == {}

    # … and what is forbidden would have been noticed.
    page.evaluate("document.body.setAttribute('style', 'color: red')")
    noticed = page.wait_for_function("() => window.refused").json_value()
    assert re.match("style-src", noticed[0])
