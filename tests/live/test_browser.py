"""A person in a real browser, from signing up to the playing video; nothing is simulated."""

import math
import re
from pathlib import Path

import cv2
import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests import files
from tests.live.browsing import RENDER_MS, finished
from tests.live.chromium import SAMPLES
from tests.live.pages import SHORT_VOICE, send, sign_up
from tests.live.product import Caller, Product
from tests.live.voice import SECONDS
from tests.pictures import read_picture

pytestmark = [pytest.mark.live, pytest.mark.browser]
# A fingerprint of what a video shows right now.
PICTURE = """video => {
    const canvas = Object.assign(document.createElement("canvas"), {width: 64, height: 64});
    const pen = canvas.getContext("2d");
    pen.drawImage(video, 0, 0, 64, 64);
    return pen.getImageData(0, 0, 64, 64).data.join();
}"""


def test_sign_up_sample_the_video_plays_is_shared_and_taken_back(page: Page, browser: Browser) -> None:
    sign_up(page, "sample@example.org")
    page.locator("#use-sample").click()
    expect(page.locator("[data-price=total]").first).to_have_text("16 credits")
    page.get_by_text("720p", exact=True).click()
    expect(page.locator("[data-price=total]").first).to_have_text("32 credits")
    page.locator("#generate").click()
    page.wait_for_url("**/gallery/")

    card = page.locator("#gallery .card").first
    expect(card).to_have_class(re.compile("card--(queued|working)"))
    page.evaluate("window.stays = true")
    expect(card).to_have_attribute("data-state", "done", timeout=RENDER_MS)
    assert page.evaluate("window.stays"), "the page was loaded anew"

    card.locator(".card__title a").click()
    video = page.locator("[data-player] video")
    page.wait_for_function("() => document.querySelector('[data-player] video')?.duration > 0")
    assert video.evaluate("video => video.duration") == pytest.approx(7.48, abs=0.05)
    assert video.evaluate("video => [video.videoWidth, video.videoHeight].sort((a, b) => a - b)[0]") == 720
    page.locator("[data-player] [data-play]").click()
    page.wait_for_function("() => document.querySelector('[data-player] video').currentTime > 0.4")
    first = video.evaluate(PICTURE)
    page.wait_for_function("() => document.querySelector('[data-player] video').currentTime > 1.5")
    assert video.evaluate(PICTURE) != first
    with page.expect_download() as download:
        page.locator("#download").click()
    assert download.value.path().read_bytes()[4:8] == b"ftyp"

    page.locator("#share-on").click()
    address = page.locator("#share-address").inner_text()
    visitor = browser.new_context(base_url=address).new_page()
    visitor.goto(address)
    visitor.locator("[data-player] [data-play]").click()
    visitor.wait_for_function("() => document.querySelector('video').currentTime > 0.3")
    expect(visitor.get_by_text("AI-generated", exact=True)).to_be_visible()
    visitor.get_by_text("Report this video").click()
    visitor.get_by_label("What is wrong with it?").fill("Nothing, just trying.")
    visitor.get_by_role("button", name="Tell whoever runs this site").click()
    expect(visitor.get_by_text("has been told")).to_be_visible()
    page.locator("#share-off").click()
    expect(page.locator("#share-on")).to_be_visible()
    gone = visitor.goto(address)
    assert gone is not None
    assert gone.status == 404
    visitor.context.close()


@pytest.fixture(scope="module")
def talker(product: Product, caller: Caller, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video with a face: one that the product made itself."""
    path = tmp_path_factory.mktemp("talker") / "talker.mp4"
    path.write_bytes(httpx.get(caller.ended(caller.submit(seed=1, audio=caller.short_voice()))["output"]).content)
    return path


def test_a_video_gets_a_new_voice_and_another_like_it_is_made_of_the_same_files(page: Page, talker: Path) -> None:
    sign_up(page, "video@example.org")
    page.get_by_text("Video", exact=True).first.click()
    page.locator("#video").set_input_files(talker)
    page.locator("#audio").set_input_files(SHORT_VOICE)
    expect(page.locator("[data-price=total]").first).to_have_text("10 credits")
    finished(page, SECONDS)
    page.locator("#another").click()
    expect(page.locator("[data-slot=video] video")).to_be_visible()
    expect(page.locator("[data-price=total]").first).to_have_text("10 credits")
    finished(page, SECONDS)


def test_two_people_talk_one_with_a_voice_from_the_microphone(page: Page, tmp_path: Path) -> None:
    sign_up(page, "two@example.org")
    page.context.grant_permissions(["microphone"])
    page.get_by_text("Two speakers", exact=True).click()
    pair = cv2.hconcat([cv2.resize(read_picture(SAMPLES / "face.jpg"), (360, 360))] * 2)
    cv2.imwrite(str(tmp_path / "pair.png"), pair)
    page.locator("#image").set_input_files(tmp_path / "pair.png")
    page.locator("#left_audio").set_input_files(SHORT_VOICE)
    right = page.locator("[data-slot=right_audio]")
    right.get_by_role("button", name="Record", exact=True).click()
    page.wait_for_function("() => document.querySelector('[data-slot=right_audio] meter').value > 0.05")
    expect(right.locator("[data-record-time]")).to_have_text("0:03", timeout=10_000)
    right.get_by_role("button", name="Stop").click()
    expect(right.locator(".voice")).to_be_visible()
    page.wait_for_function("() => document.querySelector('[data-slot=right_audio] audio').duration > 0")
    seconds = right.locator("audio").evaluate("audio => audio.duration")
    assert 2.4 < seconds < 5
    page.get_by_text("First left, then right", exact=True).click()
    expect(page.locator("[data-price=total]").first).to_have_text(f"{2 * max(5, math.ceil(SECONDS + seconds))} credits")
    page.locator("#swap").click()
    expect(page.locator("[data-slot=left_audio] [data-name]")).to_have_text("recording.wav")
    expect(right.locator("[data-name]")).to_have_text("voice.wav")
    page.locator("#consent").check()
    page.locator("#generate").click()
    page.wait_for_url("**/gallery/")
    expect(page.locator("#gallery .card").first).to_have_attribute("data-state", "done", timeout=RENDER_MS)


def test_every_kind_has_a_sample_in_one_click_and_they_do_not_mix(page: Page) -> None:
    sign_up(page, "kinds@example.org")
    sample, total = page.locator("#use-sample"), page.locator("[data-price=total]").first
    sample.click()
    expect(page.locator("[data-slot=image] [data-preview]")).to_have_attribute("src", "/samples/face.jpg")
    page.get_by_text("Two speakers", exact=True).click()
    # What stood in for a photo of one is now the picture of two.
    expect(page.locator("[data-slot=image] [data-preview]")).to_have_attribute("src", "/samples/pair.jpg")
    sample.click()
    page.get_by_text("First left, then right", exact=True).click()
    expect(total).to_have_text("26 credits")
    page.locator("#swap").click()
    expect(page.locator("[data-slot=left_audio] [data-name]")).to_have_text("reply.wav")
    expect(page.locator("[data-slot=right_audio] [data-name]")).to_have_text("voice.wav")
    expect(total).to_have_text("26 credits")
    page.get_by_text("Video", exact=True).first.click()
    sample.click()
    expect(total).to_have_text("12 credits")
    page.locator("#generate").click()
    page.wait_for_url("**/gallery/")
    expect(page.locator("#gallery .card").first).to_have_attribute("data-state", "done", timeout=RENDER_MS)


def test_what_is_wrong_is_said_beside_its_field_and_the_files_stay(page: Page, tmp_path: Path) -> None:
    sign_up(page, "wrong@example.org")
    page.locator("#image").set_input_files(files.write_png(tmp_path / "huge.png", 10_000, 6_000))
    damaged = tmp_path / "damaged.wav"  # what is no sound at all, the page itself sends back
    damaged.write_bytes(b"RIFF\x24\0\0\0WAVEfmt " + bytes(40))
    page.locator("#audio").set_input_files(damaged)
    page.locator("#consent").check()
    page.locator("#generate").click()
    expect(page.locator("#problem-image")).to_contain_text("megapixel")
    expect(page.locator("#problem-audio")).to_contain_text("sound")
    assert page.locator("#audio").evaluate("input => input.files.length") == 1
    page.goto("/gallery/")
    expect(page.get_by_text("Nothing here yet")).to_be_visible()


def test_a_picture_without_a_face_fails_with_a_sentence(page: Page, tmp_path: Path, product: Product) -> None:
    """Where the studio could not look for one beforehand."""
    page.route("**/studio/faces/", lambda route: route.abort())
    sign_up(page, "faceless@example.org")
    page.goto("/studio/?sample=1")
    page.locator("#image").set_input_files(files.write_png(tmp_path / "grey.png", 640, 640))
    page.locator("#consent").check()
    page.locator("#generate").click()
    page.wait_for_url("**/gallery/")
    card = page.locator("#gallery .card").first
    expect(card).to_have_attribute("data-state", "failed", timeout=RENDER_MS)
    expect(card).to_contain_text("face")
    expect(page.locator("#purse")).to_contain_text("484")
    page.reload()
    expect(page.locator("#purse")).to_contain_text("500")
    product.manage("check_ledger")


def test_a_video_is_cancelled_and_made_after_all(page: Page) -> None:
    sign_up(page, "undecided@example.org")
    page.goto("/studio/?sample=1")
    page.locator("#generate").click()
    page.wait_for_url("**/gallery/")
    page.locator("#gallery .card .card__title a").first.click()
    page.locator("#cancel").click()
    expect(page.locator("#live")).to_have_attribute("data-state", "cancelled")
    expect(page.locator(".topbar")).to_contain_text("500 credits")  # all of them are back
    page.locator("#again").click()
    expect(page.locator("#live")).to_have_attribute("data-state", "done", timeout=RENDER_MS)
    expect(page.locator("[data-player] video")).to_be_visible()
    expect(page.locator(".topbar")).to_contain_text("484 credits")


def test_videos_are_found_renamed_and_deleted(page: Page) -> None:
    sign_up(page, "tidy@example.org")
    for _ in range(2):
        send(page)
    cards = page.locator("#gallery .card")
    expect(cards).to_have_count(2)
    expect(cards.first).to_have_attribute("data-state", "done", timeout=RENDER_MS)
    cards.first.locator(".card__title a").click()
    page.get_by_text("Rename", exact=True).click()
    page.get_by_label("Name", exact=True).fill("Good morning")
    page.get_by_role("button", name="Keep this name").click()
    expect(page.get_by_role("heading", name="Good morning")).to_be_visible()

    page.goto("/gallery/")
    page.get_by_label("Search by name").fill("morning")
    expect(cards).to_have_count(1)
    assert page.evaluate("document.activeElement.id") == "q"
    page.get_by_text("Video", exact=True).click()
    expect(page.get_by_text("No video found")).to_be_visible()
    assert "kind=lipsync-video" in page.url
    page.get_by_text("Photo", exact=True).click()
    expect(cards).to_have_count(1)
    cards.first.locator(".card__title a").click()
    page.locator("#delete").click()
    page.wait_for_url("**/gallery/")
    expect(cards).to_have_count(1)
    expect(page.get_by_text("1 video deleted")).to_be_visible()
    page.evaluate("window.stays = true")
    page.get_by_role("button", name="Undo").click()
    expect(cards).to_have_count(2)
    expect(page.get_by_text("1 video deleted")).to_have_count(0)
    expect(page.get_by_role("heading", name="Good morning")).to_be_visible()
    assert page.evaluate("window.stays")


def test_a_key_is_shown_once_and_can_be_revoked(page: Page) -> None:
    sign_up(page, "keys@example.org")
    page.goto("/api-keys/")
    page.get_by_label("Name").fill("My script")
    page.get_by_role("button", name="Create key").click()
    key = page.locator("#secret").inner_text()
    assert key.startswith("sk_")
    page.reload()
    expect(page.locator("body")).not_to_contain_text(key)
    page.get_by_role("link", name="Revoke My script").click()
    page.get_by_role("button", name="Revoke key").click()
    expect(page.get_by_text("Revoked", exact=True)).to_be_visible()


def test_without_script_the_sample_still_becomes_a_job(browser: Browser, product: Product) -> None:
    person = browser.new_context(base_url=product.url, locale="en-GB", java_script_enabled=False)
    page = person.new_page()
    sign_up(page, "plain@example.org")
    page.locator("#use-sample").click()
    page.locator("#generate").click()
    page.wait_for_url("**/gallery/")
    expect(page.locator("#gallery .card")).to_have_count(1)
    person.close()


def test_the_home_page_plays_what_this_installation_made(page: Page) -> None:
    page.goto("/")
    expect(page.locator("#showcase video")).to_be_visible(timeout=RENDER_MS)
    page.wait_for_function("() => document.querySelector('#showcase video').duration > 7")


@pytest.mark.parametrize("width", [360, 1440])
def test_nothing_scrolls_sideways(page: Page, width: int) -> None:
    sign_up(page, f"width{width}@example.org")
    page.set_viewport_size({"width": width, "height": 800})
    for path in ("/", "/studio/", "/studio/?sample=1", "/batches/new/", "/gallery/", "/api-keys/", "/nothing-here"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


def test_the_interactive_page_sends_a_request_with_a_key(page: Page, product: Product) -> None:
    key = product.manage("create_api_key", "trying@example.org")
    page.goto("/api/v1/docs")
    page.get_by_role("button", name="Authorize").first.click()
    page.get_by_label("auth-bearer-value").fill(key)
    page.locator(".auth-btn-wrapper button[type=submit]").click()
    page.locator(".auth-btn-wrapper .btn-done").click()

    block = page.locator("#operations-Credits-estimate_image")
    block.locator(".opblock-summary-control").click()
    block.get_by_role("button", name="Try it out").click()
    block.get_by_role("button", name="Execute").click()
    answer = block.locator(".live-responses-table .response").first
    expect(answer.locator(".response-col_status")).to_contain_text("200")
    expect(answer).to_contain_text('"credits": 16')


def test_the_languages_of_the_api_page_go_together_and_are_kept(page: Page) -> None:
    page.goto("/docs/")
    first, second = page.locator("[data-tabs]").nth(0), page.locator("[data-tabs]").nth(1)
    first.get_by_role("tab", name="curl").focus()
    page.keyboard.press("ArrowRight")
    for group in (first, second):
        expect(group.get_by_role("tab", name="Python")).to_have_attribute("aria-selected", "true")
        expect(group.get_by_role("tabpanel")).to_have_count(1)
    expect(first.locator("[data-copy]")).to_have_attribute("data-copy", "submit-py")
    page.reload()
    expect(second.get_by_role("tab", name="Python")).to_have_attribute("aria-selected", "true")


def test_without_script_the_api_page_shows_every_language(browser: Browser, product: Product) -> None:
    person = browser.new_context(base_url=product.url, java_script_enabled=False)
    page = person.new_page()
    page.goto("/docs/")
    for panel in page.locator("[role=tabpanel]").all():
        expect(panel).to_be_visible()
    expect(page.locator("[role=tablist]").first).to_be_hidden()
    person.close()
