"""Of a recording only the chosen part is played, priced and sent."""

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.live.browsing import finished, generate_in_vain, made
from tests.live.chromium import SAMPLES
from tests.live.pages import sign_up

pytestmark = [pytest.mark.live, pytest.mark.browser]
BUILD_MS = 30_000
WHOLE_SECONDS = 7.48
# How far it was played.
LATEST = """audio => {
    window.latest = 0;
    audio.ontimeupdate = () => { window.latest = Math.max(window.latest, audio.currentTime); };
}"""


def test_a_part_is_chosen_by_keyboard_and_becomes_the_video(page: Page) -> None:
    sign_up(page, "trim@example.org")
    page.goto("/studio/?sample=1")
    voice = page.locator("[data-slot=audio]")
    start, stop = voice.get_by_label("From"), voice.get_by_label("to", exact=True)
    expect(start).to_be_visible(timeout=BUILD_MS)
    expect(page.locator("[data-price=total]").first).to_have_text("16 credits")
    start.fill("1.2")
    stop.focus()
    stop.press("ArrowDown")
    stop.fill("6.9")
    stop.press("Tab")
    expect(page.locator("[data-price=total]").first).to_have_text("12 credits")
    expect(voice.locator("[data-time]")).to_have_text("0:06")

    audio = voice.locator("audio")
    assert audio.evaluate("audio => audio.currentTime") == pytest.approx(1.2, abs=0.05)
    audio.evaluate(
        "audio => { window.latest = 0; audio.ontimeupdate = () => latest = Math.max(latest, audio.currentTime) }"
    )
    voice.get_by_role("button", name="Listen").click()
    page.wait_for_function("() => document.querySelector('[data-slot=audio] audio').currentTime > 1.4")
    audio.evaluate("audio => { audio.currentTime = 6.5 }")
    page.wait_for_function("() => document.querySelector('[data-slot=audio] audio').paused")
    assert audio.evaluate("audio => audio.currentTime") == pytest.approx(1.2, abs=0.05)
    assert page.evaluate("window.latest") < 7.2

    finished(page, 5.7)


def test_a_part_that_ends_before_it_begins_is_set_right_and_that_is_said(page: Page) -> None:
    sign_up(page, "inverted@example.org")
    page.goto("/studio/?sample=1")
    voice = page.locator("[data-slot=audio]")
    start, stop, note = (
        voice.get_by_label("From"),
        voice.get_by_label("to", exact=True),
        voice.locator("[data-trim-note]"),
    )
    expect(start).to_be_visible(timeout=BUILD_MS)
    start.fill("5")
    expect(note).to_be_hidden()
    stop.fill("3")
    stop.press("Tab")
    expect(note).to_have_text("The end has to come after the start, at least 0.5 s later: 5.0 to 5.5 s are taken now.")
    stop.fill("6")
    stop.press("Tab")
    expect(note).to_be_hidden()


def test_a_part_is_chosen_by_its_handles_and_goes_with_the_voice(page: Page, tmp_path: Path) -> None:
    sign_up(page, "handles@example.org")
    page.get_by_text("Two speakers", exact=True).click()
    left, right = page.locator("[data-slot=left_audio]"), page.locator("[data-slot=right_audio]")
    page.locator("#left_audio").set_input_files(SAMPLES / "voice.wav")
    page.locator("#right_audio").set_input_files(shutil.copy(SAMPLES / "voice.wav", tmp_path / "other.wav"))
    expect(left.get_by_label("From")).to_be_visible(timeout=BUILD_MS)
    handle = left.locator("[part~=region-handle-left]")
    box = handle.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 4, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 104, box["y"] + 20, steps=8)
    page.mouse.up()
    taken = float(left.get_by_label("From").input_value())
    assert taken > 1
    expect(page.locator("[data-price=total]").first).to_have_text("16 credits")
    page.locator("#swap").click()
    expect(right.get_by_label("From")).to_have_value(f"{taken:.1f}", timeout=BUILD_MS)
    expect(left.get_by_label("From")).to_have_value("0.0", timeout=BUILD_MS)
    expect(right.locator("[data-name]")).to_have_text("voice.wav")


def test_what_was_cut_is_whole_again_when_it_is_refused(page: Page) -> None:
    sign_up(page, "uncut@example.org")
    voice = page.locator("[data-slot=audio]")
    page.locator("#audio").set_input_files(SAMPLES / "voice.wav")
    expect(voice.get_by_label("From")).to_be_visible(timeout=BUILD_MS)
    voice.get_by_label("From").fill("2")
    voice.get_by_label("From").press("Tab")
    page.locator("#consent").check()
    page.locator("#generate").click()
    expect(page.locator("#problem-image")).to_have_text("Choose a picture.")
    assert page.locator("#audio").evaluate("input => input.files[0].size") == (SAMPLES / "voice.wav").stat().st_size
    expect(voice.get_by_label("From")).to_have_value("2.0")
    expect(page.locator("#generate")).to_be_enabled()


def begin_at(page: Page, second: str) -> None:
    """Take the recording from there to its end; "0" for all of it."""
    start = page.locator("[data-slot=audio]").get_by_label("From")
    expect(start).to_be_visible(timeout=BUILD_MS)
    start.fill(second)
    start.press("Tab")


def choose_files(page: Page) -> None:
    page.locator("#image").set_input_files(SAMPLES / "face.jpg")
    page.locator("#audio").set_input_files(SAMPLES / "voice.wav")
    page.locator("#consent").check()


def is_whole(page: Page) -> bool:
    """Whether the form holds the recording as it was chosen."""
    size: int = page.locator("#audio").evaluate("input => input.files[0].size")
    return size == (SAMPLES / "voice.wav").stat().st_size


def test_after_a_lost_connection_what_is_shown_is_sent(page: Page) -> None:
    sign_up(page, "lostpart@example.org")
    choose_files(page)
    begin_at(page, "2")
    page.route("**/studio/uploads/", lambda route: route.abort("connectionreset"))
    generate_in_vain(page)
    expect(page.locator("#generate")).to_be_enabled()
    assert is_whole(page)
    page.unroute("**/studio/uploads/")
    begin_at(page, "0")
    finished(page, WHOLE_SECONDS)


def test_what_was_sent_and_then_refused_is_whole_again(page: Page) -> None:
    sign_up(page, "refusedpart@example.org")
    tickets: list[str] = []
    page.on("request", lambda request: tickets.append(request.url) if "/studio/uploads/" in request.url else None)
    choose_files(page)
    page.get_by_text("More settings").click()
    page.locator("#seed").fill("any")
    for start, sent in (("2", 2), ("2", 2), ("0", 3), ("0", 3)):  # what has arrived is not sent again
        begin_at(page, start)
        with page.expect_response(lambda answer: answer.status == 422):
            page.locator("#generate").click()
        expect(page.locator("#problem-seed")).to_be_visible()
        expect(page.locator("#generate")).to_be_enabled()
        assert is_whole(page)
        assert len(tickets) == sent
    page.locator("#seed").fill("7")
    finished(page, WHOLE_SECONDS)
    assert len(tickets) == 3


def test_a_handle_that_is_moved_during_the_upload_counts(page: Page) -> None:
    sign_up(page, "movedpart@example.org")
    choose_files(page)
    begin_at(page, "2")
    held: list[Route] = []
    page.route("**/studio/uploads/", lambda route: held.append(route), times=1)
    with page.expect_request("**/studio/uploads/"):
        page.locator("#generate").click()
    begin_at(page, "4")
    held.pop().continue_()
    made(page, WHOLE_SECONDS - 4)
