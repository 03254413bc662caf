"""What the studio knows to be wrong: said at once, and not sent; what it only supposes, it asks about."""

import wave
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from tests import files
from tests.live.browsing import made
from tests.live.chromium import SAMPLES
from tests.live.pages import sign_up
from tests.pictures import read_picture

pytestmark = [pytest.mark.live, pytest.mark.browser]
LOOK_MS = 60_000
NO_FACE = "No face was found in the picture. Choose one that shows a face from the front."
MISSES = "The mask covers no mouth. Paint over the mouth of the face that is to speak."
SILENT = "The recording holds no voice. Choose another one."


def silence(path: Path) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(bytes(64000))
    return path


def generate(page: Page) -> Locator:
    """Press; what is said at the button."""
    page.locator("#consent").check()
    page.locator("#generate").click()
    return page.locator("#stopped")


def test_a_text_is_no_picture_and_no_recording_whatever_it_is_called(page: Page, tmp_path: Path) -> None:
    sign_up(page, "renamed@example.org")
    for field, name, sentence in (
        ("image", "text.jpg", "This is not a picture. Choose a JPEG, PNG or WebP file."),
        ("audio", "text.mp3", "This is not a sound recording. Choose a WAV, MP3, M4A, FLAC or OGG file."),
    ):
        (tmp_path / name).write_text("Dear diary, größer ist nicht besser.")
        page.locator(f"#{field}").set_input_files(tmp_path / name)
        expect(page.locator(f"#problem-{field}")).to_have_text(sentence)
        assert page.locator(f"#{field}").evaluate("input => input.files.length") == 0
        (tmp_path / name).write_bytes(bytes(range(256)) * 100)
        page.locator(f"#{field}").set_input_files(tmp_path / name)
        expect(page.locator(f"#problem-{field}")).to_be_hidden()
        expect(page.locator(f"[data-slot={field}]")).to_contain_text("This browser cannot")


def test_what_can_not_become_a_video_is_not_sent(page: Page, tmp_path: Path) -> None:
    sign_up(page, "findings@example.org")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    slot, voice = page.locator("[data-slot=image]"), page.locator("[data-slot=audio]")
    page.locator("#image").set_input_files(files.write_png(tmp_path / "grey.png", 640, 640))
    page.locator("#audio").set_input_files(silence(tmp_path / "silent.wav"))
    expect(slot.locator("[data-found]")).to_have_text(NO_FACE, timeout=LOOK_MS)
    expect(page.locator("#problem-audio")).to_have_text(SILENT)

    for _ in range(2):  # it is certain, so pressing again changes nothing
        expect(generate(page)).to_have_text(NO_FACE)
        expect(slot.locator("button[data-choose]")).to_be_focused()
    page.locator("#image").set_input_files(SAMPLES / "face.jpg")
    expect(page.locator("#stopped")).to_be_hidden()
    expect(slot.locator("[data-found]")).to_have_text("The face is found.", timeout=LOOK_MS)
    expect(generate(page)).to_have_text(SILENT)
    expect(voice.locator("[data-choose]")).to_be_focused()

    page.locator("#audio").set_input_files(SAMPLES / "voice.wav")
    expect(page.locator("#problem-audio")).to_be_hidden()
    mask = np.zeros((50, 40), np.uint8)
    mask[:5] = 255
    cv2.imwrite(str(tmp_path / "top.png"), mask)
    page.get_by_text("More settings").click()
    page.locator("#mask_image").set_input_files(tmp_path / "top.png")
    expect(page.locator("#problem-mask_image")).to_have_text(MISSES)
    page.get_by_text("More settings").click()
    expect(generate(page)).to_have_text(MISSES)
    expect(page.locator("[data-mask-remove]")).to_be_focused()

    assert [url for url in sent if not url.endswith("/faces/")] == []
    page.locator("[data-mask-remove]").click()
    generate(page)
    made(page, 7.48)


def test_a_voice_on_one_channel_alone_is_a_voice(page: Page, tmp_path: Path) -> None:
    """As recorders with two microphones write it: nothing on the left."""
    with wave.open(str(SAMPLES / "voice.wav")) as file:
        voice = np.frombuffer(file.readframes(file.getnframes()), np.int16)
        rate = file.getframerate()
    with wave.open(str(tmp_path / "right.wav"), "wb") as file:
        file.setparams((2, 2, rate, 0, "NONE", ""))
        file.writeframes(np.column_stack([np.zeros_like(voice), voice]).tobytes())
    sign_up(page, "right@example.org")
    page.locator("#audio").set_input_files(tmp_path / "right.wav")
    expect(page.locator("[data-slot=audio] [data-trim]")).to_be_visible()
    expect(page.locator("#problem-audio")).to_be_hidden()
    page.locator("#image").set_input_files(SAMPLES / "face.jpg")
    expect(page.locator("[data-slot=image] [data-found]")).to_contain_text("found", timeout=LOOK_MS)
    expect(generate(page)).to_be_hidden()
    page.wait_for_url("**/gallery/")


def test_what_is_not_certain_can_be_tried_and_the_page_comes_back_with_its_files(page: Page, tmp_path: Path) -> None:
    sign_up(page, "overrule@example.org")
    small = cv2.resize(read_picture(SAMPLES / "face.jpg"), (80, 100), interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(tmp_path / "small.png"), cv2.copyMakeBorder(small, 200, 500, 200, 320, cv2.BORDER_REPLICATE))
    found = page.locator("[data-slot=image] [data-found]")
    page.locator("#image").set_input_files(tmp_path / "small.png")
    page.locator("#audio").set_input_files(SAMPLES / "voice.wav")
    expect(found).to_contain_text("The face is too small", timeout=LOOK_MS)
    page.get_by_text("More settings").click()
    page.locator("#prompt").fill("calm")

    expect(generate(page)).to_contain_text("Press again to try it all the same.")
    generate(page)
    page.wait_for_url("**/gallery/")

    page.go_back()
    expect(page.locator("[data-slot=audio] [data-name]")).to_have_text("voice.wav")
    expect(page.locator("#prompt")).to_have_value("calm")
    expect(found).to_contain_text("The face is too small", timeout=LOOK_MS)


def test_what_was_typed_and_chosen_comes_back(page: Page) -> None:
    sign_up(page, "memory@example.org")
    page.get_by_text("Two speakers", exact=True).click()
    page.get_by_text("First right, then left", exact=True).click()
    page.get_by_text("720p", exact=True).click()
    page.get_by_text("More settings").click()
    page.locator("#prompt").fill("smiling")
    page.goto("/pricing/")

    page.go_back()

    expect(page.locator("#prompt")).to_have_value("smiling")
    expect(page.locator("#prompt")).to_be_visible()
    for name, value in (("model", "lipsync-image-multi"), ("order", "right_left"), ("resolution", "720")):
        expect(page.locator(f"[name={name}][value='{value}']")).to_be_checked()


def test_a_picture_that_is_too_small_for_the_resolution_is_said(page: Page, tmp_path: Path) -> None:
    sign_up(page, "enlarged@example.org")
    face = cv2.resize(read_picture(SAMPLES / "face.jpg"), (288, 360), interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(tmp_path / "small.png"), face)
    page.locator("#image").set_input_files(tmp_path / "small.png")
    expect(page.locator("#enlarged")).to_be_hidden()
    page.get_by_text("720p", exact=True).click()
    expect(page.locator("#enlarged")).to_have_text(
        "The picture is too small for 720p: the video gets 576 × 720 pixels, at the price of 720p."
    )
    page.locator("#image").set_input_files(SAMPLES / "face.jpg")
    expect(page.locator("#enlarged")).to_be_hidden()
