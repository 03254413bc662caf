"""The gallery and a job's page while things change, in a real browser: seen, and nobody disturbed."""

import re
import time
import zipfile
from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.live.browsing import RENDER_MS
from tests.live.pages import new_key, sign_up
from tests.live.product import Caller, Product

pytestmark = [pytest.mark.live, pytest.mark.browser]


@pytest.fixture
def program(page: Page, product: Product, request: pytest.FixtureRequest) -> Caller:
    """A program of the person whose browser `page` is, at the gallery."""
    email = f"{re.sub('[^a-z0-9]+', '-', request.node.name)[-40:].strip('-')}@example.org"
    sign_up(page, email)
    caller = Caller(product, new_key(page))
    page.goto("/gallery/")
    return caller


def seconds_until(see: Callable[[], None]) -> float:
    start = time.monotonic()
    see()
    return time.monotonic() - start


def card_of(page: Page, job_id: str) -> Locator:
    return page.locator(f"#job-{job_id}")


def test_what_programs_do_is_on_the_page_within_a_second(page: Page, program: Caller) -> None:
    """The quickest of three, because this machine does other things, too."""
    appeared, ended = [], []
    page.evaluate("window.stays = true")
    expect(page.get_by_text("Nothing here yet")).to_be_visible()
    first = program.submit(seed=1)
    expect(card_of(page, first)).to_be_visible()  # the empty page becomes a list
    page.evaluate("window.stays = true")
    for seed in range(3):
        job_id = program.submit(seed=seed)
        appeared.append(seconds_until(lambda: expect(card_of(page, job_id)).to_be_visible()))  # noqa: B023
        program.cancel(job_id)
        ended.append(
            seconds_until(lambda: expect(card_of(page, job_id)).to_have_attribute("data-state", "cancelled"))  # noqa: B023
        )
    assert (min(appeared) < 1, min(ended) < 1) == (True, True), (appeared, ended)
    assert page.evaluate("window.stays")
    # Newest first, and counted.
    assert page.locator("#gallery .card").first.get_attribute("id") == f"job-{job_id}"
    expect(page.locator("#total")).to_have_text("4 videos")


def test_progress_and_the_end_do_not_disturb_who_types(page: Page, program: Caller) -> None:
    program.ended(program.submit(seed=1, audio=program.short_voice()))
    expect(page.locator("#q")).to_be_visible()
    page.locator("#q").focus()

    job_id = program.submit(seed=2)
    expect(card_of(page, job_id)).to_be_visible()
    page.get_by_label("Search by name").press_sequentially("vo")
    expect(card_of(page, job_id)).to_have_attribute("data-state", "done", timeout=RENDER_MS)

    assert page.evaluate("document.activeElement.id") == "q"
    assert page.locator("#q").input_value() == "vo"


# Loops, so that it does not end before the test, and tells what happens to it besides.
WATCH = """() => {
    window.watched = document.querySelector('.card video');
    window.watched.loop = true;
    window.disturbed = [];
    for (const event of ['pause', 'emptied', 'abort', 'ended']) {
        window.watched.addEventListener(event, () => window.disturbed.push(event));
    }
}"""


def test_the_end_leaves_a_playing_video_alone(page: Page, program: Caller) -> None:
    watched = program.submit(seed=1, audio=program.short_voice())
    program.ended(watched)
    expect(card_of(page, watched)).to_have_attribute("data-state", "done")
    card_of(page, watched).locator(".card__screen").click()
    page.wait_for_function("() => document.querySelector('.card video')?.currentTime > 0.2")
    page.evaluate(WATCH)

    job_id = program.submit(seed=2, audio=program.short_voice())
    expect(card_of(page, job_id)).to_have_attribute("data-state", "done", timeout=RENDER_MS)

    assert page.evaluate("window.watched.isConnected && !window.watched.paused && window.disturbed") == []


# Counts what is put into the page, and says when a look that is due while another one waits has come and gone.
SWAPS = "() => { window.swaps = 0; document.body.addEventListener('htmx:afterSwap', () => window.swaps++); }"
TWO_LOOKS_LATER = "() => new Promise((resolve) => setTimeout(resolve, 2 * 400))"


def test_a_slow_answer_that_ends_the_looking_leaves_one_part(page: Page, program: Caller) -> None:
    """The next look, which waited behind it, brings the same once more."""
    job_id = program.submit(seed=1)
    page.goto(f"/jobs/{job_id}/")
    page.evaluate(SWAPS)
    held: list[Route] = []
    looks, slow = re.compile(r"/jobs/[^/]+/\?since="), True
    page.route(looks, lambda route: held.append(route) if slow else route.continue_())
    with page.expect_request(looks):
        pass
    page.evaluate(TWO_LOOKS_LATER)
    before = page.evaluate("window.swaps")
    program.cancel(job_id)
    slow = False
    for route in held:
        route.continue_()

    page.wait_for_function("(before) => window.swaps >= before + 2", arg=before)

    expect(page.locator("#live")).to_have_count(1)
    expect(page.locator("#live")).to_have_attribute("data-state", "cancelled")


def test_a_name_that_is_being_typed_stays_while_the_video_is_made(page: Page, program: Caller) -> None:
    job_id = program.submit(seed=1)
    page.goto(f"/jobs/{job_id}/")
    page.get_by_text("Rename", exact=True).click()
    page.get_by_label("Name", exact=True).fill("Good mor")

    expect(page.locator("#live")).to_have_attribute("data-state", "done", timeout=RENDER_MS)

    assert page.evaluate("document.activeElement.id") == "name"
    page.keyboard.type("ning")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Good morning")).to_be_visible()


def test_a_page_that_nobody_sees_does_not_ask(page: Page, program: Caller) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "changes" in request.url else None)
    page.evaluate("Object.defineProperty(document, 'hidden', {get: () => window.unseen, configurable: true})")
    page.evaluate("window.unseen = true")
    asked.clear()
    job_id = program.submit(seed=1, audio=program.short_voice())
    program.ended(job_id)
    assert asked == []

    page.evaluate("() => { window.unseen = false; document.dispatchEvent(new Event('visibilitychange')); }")

    expect(card_of(page, job_id)).to_have_attribute("data-state", "done")


def cancelled(program: Caller, count: int) -> list[str]:
    """So many jobs that have ended, oldest first."""
    ids = [program.submit(seed=seed) for seed in range(count)]
    for job_id in ids:
        program.cancel(job_id)
    return ids


def test_several_are_selected_with_the_keyboard_deleted_and_brought_back(page: Page, program: Caller) -> None:
    ids = cancelled(program, 4)
    for job_id in ids:
        expect(card_of(page, job_id)).to_have_attribute("data-state", "cancelled")
    page.evaluate("window.stays = true")
    bar, cards = page.locator("#picked"), page.locator("#gallery .card")
    expect(bar).to_be_hidden()

    card_of(page, ids[3]).locator(".card__screen").focus()
    page.keyboard.press("x")
    expect(bar).to_contain_text("1 selected")
    card_of(page, ids[1]).locator(".card__screen").focus()
    page.keyboard.press("Shift+X")
    expect(bar).to_contain_text("3 selected")
    page.keyboard.press("Delete")

    expect(cards).to_have_count(1)
    expect(bar).to_be_hidden()
    expect(page.get_by_text("3 videos deleted")).to_be_visible()
    expect(page.locator("#total")).to_have_text("1 video")
    expect(page.get_by_role("button", name="Undo")).to_be_focused()
    page.keyboard.press("Enter")
    expect(cards).to_have_count(4)
    expect(page.locator("#undo form")).to_have_count(0)
    assert [card.get_attribute("id") for card in cards.all()] == [f"job-{job_id}" for job_id in reversed(ids)]
    assert page.evaluate("window.stays")


def test_a_selection_stays_while_other_things_change(page: Page, program: Caller) -> None:
    (picked,) = cancelled(program, 1)
    card_of(page, picked).hover()
    card_of(page, picked).get_by_role("checkbox").check()
    going = program.submit(seed=5)
    card_of(page, going).hover()
    card_of(page, going).get_by_role("checkbox").check()
    expect(page.locator("#picked")).to_contain_text("2 selected")

    expect(card_of(page, going)).to_have_attribute("data-state", "done", timeout=RENDER_MS)

    expect(page.locator("#picked")).to_contain_text("2 selected")
    expect(card_of(page, going).get_by_role("checkbox")).to_be_checked()
    with page.expect_download() as download:
        page.locator("#picked").get_by_role("button", name="Download").click()
    assert zipfile.ZipFile(download.value.path()).namelist() == ["face – voice.mp4"]
    expect(page.locator("#picked")).to_contain_text("2 selected")
    page.keyboard.press("Escape")
    expect(page.locator("#picked")).to_be_hidden()


def test_undo_goes_by_itself_and_is_not_offered_again(page: Page, program: Caller) -> None:
    first, second = cancelled(program, 2)
    expect(card_of(page, second)).to_have_attribute("data-state", "cancelled")
    page.clock.install()
    card_of(page, first).hover()
    card_of(page, first).get_by_role("checkbox").check()
    page.locator("#picked").get_by_role("button", name="Delete").click()
    page.clock.run_for(2_000)
    offer = page.get_by_role("button", name="Undo")
    expect(offer).to_be_focused()
    page.clock.run_for(20_000)
    expect(offer).to_be_visible()  # as long as it has the keyboard

    page.locator("#q").focus()
    page.clock.run_for(11_000)

    expect(offer).to_have_count(0)


def test_deleting_works_without_script(page: Page, program: Caller, product: Product) -> None:
    (job_id,) = cancelled(program, 1)
    assert page.context.browser
    plain = page.context.browser.new_context(
        base_url=product.url, java_script_enabled=False, storage_state=page.context.storage_state()
    ).new_page()
    plain.goto("/gallery/")
    card_of(plain, job_id).get_by_role("checkbox").check()
    plain.locator("#picked").get_by_role("button", name="Delete").click()
    expect(card_of(plain, job_id)).to_have_count(0)
    plain.get_by_role("button", name="Undo").click()
    expect(card_of(plain, job_id)).to_be_visible()
    plain.context.close()


def test_a_glance_plays_the_small_preview_and_a_click_the_video(page: Page, program: Caller) -> None:
    job_id = program.submit(seed=1)
    program.ended(job_id)
    screen = card_of(page, job_id).locator(".card__screen")
    expect(card_of(page, job_id)).to_have_attribute("data-state", "done")
    small = str(screen.get_attribute("data-preview"))
    assert len(httpx.get(program.base + small).content) <= 150_000
    playing = """source => {
        const video = document.querySelector(".card video");
        return video?.getAttribute("src") === source && video.currentTime > 0.2;
    }"""

    page.locator("#q").focus()
    screen.hover()
    page.wait_for_function(playing, arg=small)
    assert page.locator(".card video").evaluate("video => [video.muted, video.duration <= 3.1]") == [True, True]
    page.locator("#q").hover()
    expect(page.locator(".card video")).to_have_count(0)

    while not screen.evaluate("screen => screen === document.activeElement"):
        page.keyboard.press("Tab")
    page.wait_for_function(playing, arg=small)
    page.keyboard.press("Enter")
    page.wait_for_function(playing, arg=screen.get_attribute("data-video"))
    assert not page.locator(".card video").evaluate("video => video.muted")

    page.reload()
    page.emulate_media(reduced_motion="reduce")
    screen.hover()
    screen.focus()
    expect(page.locator(".card video")).to_have_count(0)


# Keeps what the page tells the system; the system is told all the same.
LISTEN = """() => {
    window.told = [];
    const real = window.Notification;
    window.Notification = class extends real {
        constructor(title, options) {
            super(title, options);
            window.told.push([title, options.body, options.tag]);
        }
    };
}"""


@pytest.mark.parametrize("where", ["/gallery/", "/jobs/{id}/"])
def test_the_end_is_told_to_who_asked_and_allowed_it(page: Page, program: Caller, where: str) -> None:
    page.context.grant_permissions(["notifications"], origin=program.base)
    page.context.add_init_script(f"({LISTEN})()")
    job_id = program.submit(seed=1)
    page.goto(where.format(id=job_id))
    button = page.get_by_role("button", name="Tell me when it is done")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")

    page.wait_for_function("() => window.told.length", timeout=RENDER_MS)

    assert page.evaluate("window.told") == [["face – voice", "Your video is ready.", job_id]]
    expect(button).to_be_hidden()  # nothing is open any more
    page.reload()
    later = program.submit(seed=2)
    page.goto(f"/jobs/{later}/")
    expect(button).to_have_attribute("aria-pressed", "true")  # kept in this browser
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false")
    program.cancel(later)
    expect(page.locator("#live")).to_have_attribute("data-state", "cancelled")
    assert page.evaluate("window.told") == []


def test_who_does_not_allow_it_is_not_told(page: Page, program: Caller) -> None:
    page.context.clear_permissions()
    page.context.add_init_script("Notification.requestPermission = async () => 'denied'")
    page.context.add_init_script(f"({LISTEN})()")
    job_id = program.submit(seed=1)
    page.goto("/gallery/")
    button = page.locator("#notify")
    if button.is_visible():  # where the browser itself refuses, it is not even offered
        button.click()
        expect(button).to_have_attribute("aria-pressed", "false")
    expect(card_of(page, job_id)).to_have_attribute("data-state", "done", timeout=RENDER_MS)
    assert page.evaluate("window.told") == []
