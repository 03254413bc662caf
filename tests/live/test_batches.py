"""Several videos at once, in a real browser and with real renders: many voices for a face, and a table."""

import re
import wave
import zipfile
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from tests import files
from tests.live.chromium import SAMPLES
from tests.live.pages import RENDER_SECONDS, sign_up
from tests.live.product import Product

pytestmark = [pytest.mark.live, pytest.mark.browser]
RENDER_MS = RENDER_SECONDS * 1000
FACE = SAMPLES / "face.jpg"


@pytest.fixture
def voices(tmp_path: Path) -> Sequence[Path]:
    """Three recordings: the beginning, the middle and the end of the bundled one."""
    with wave.open(str(SAMPLES / "voice.wav")) as whole:
        parameters, second = whole.getparams(), whole.getframerate()
        frames = [whole.readframes(2 * second) for _ in range(3)]
    paths = [tmp_path / f"{name}.wav" for name in ("one", "two", "three")]
    for path, part in zip(paths, frames, strict=True):
        with wave.open(str(path), "wb") as file:
            file.setparams(parameters)
            file.writeframes(part)
    return paths


def unpacked(page: Page) -> dict[str, bytes]:
    """What is in the archive of all results."""
    with page.expect_download() as download:
        page.locator("#results").click()
    with zipfile.ZipFile(BytesIO(download.value.path().read_bytes())) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_three_voices_become_three_videos_of_one_face(page: Page, voices: Sequence[Path], product: Product) -> None:
    sign_up(page, "several@example.org")
    page.locator("#several").click()
    page.locator("#face").set_input_files(FACE)
    page.locator("#voices").set_input_files(voices)
    expect(page.locator(".drop:has(#voices) [data-chosen]")).to_have_text("one.wav, two.wav, three.wav")
    page.locator("#check").click()
    expect(page.locator("#problem-consent")).to_be_visible()
    assert page.locator("#voices").evaluate("input => input.files.length") == 3
    page.locator("#consent").check()
    page.get_by_label("Name of the batch").fill("Greetings")
    page.locator("#check").click()
    expect(page.get_by_role("heading", name="3 videos, 30 credits")).to_be_visible()
    expect(page.locator("#purse")).to_contain_text("500")
    page.locator("#make").dblclick()

    expect(page.get_by_role("heading", name="Greetings")).to_be_visible()
    expect(page.locator("#purse")).to_contain_text("470")
    page.evaluate("window.stays = true")
    expect(page.locator("#gallery .card")).to_have_count(3)
    expect(page.locator("#batch-live")).to_contain_text(re.compile("about .* left"), timeout=RENDER_MS)
    expect(page.locator("#count")).to_have_text("3 of 3 done", timeout=RENDER_MS)
    for card in page.locator("#gallery .card").all():
        expect(card).to_have_attribute("data-state", "done")
    assert page.evaluate("window.stays"), "the page was loaded anew"

    videos = unpacked(page)
    assert list(videos) == ["one.mp4", "two.mp4", "three.mp4"]
    assert {video[4:8] for video in videos.values()} == {b"ftyp"}

    page.goto("/gallery/")
    page.locator("#gallery .card").first.get_by_role("link", name="Greetings").click()
    page.get_by_role("link", name="Search them in the gallery").click()
    page.get_by_label("Search by name").fill("two")
    expect(page.locator("#gallery .card")).to_have_count(1)
    assert "batch=" in page.url
    product.manage("check_ledger")


def test_a_table_is_put_right_and_made_and_what_failed_is_tried_again(
    page: Page, voices: Sequence[Path], tmp_path: Path, product: Product
) -> None:
    sign_up(page, "table@example.org")
    page.goto("/batches/new/")
    page.get_by_role("link", name="A table").click()
    with page.expect_download() as download:
        page.locator("#template").click()
    header = download.value.path().read_text("utf-8-sig").partition("\n")[0]
    assert header.startswith("image,video,audio")
    grey = files.write_png(tmp_path / "grey.png", 640, 640)
    page.locator("#attached").set_input_files([FACE, grey, *voices])
    page.locator("#consent").check()
    lines = [
        "image;audio;name",
        "face.jpg;one.wav;Grüße",
        f"{product.url}/samples/face.jpg;two.wav;",
        "grey.png;three.wav;",
    ]

    def choose(*rows: str) -> None:
        content = "\r\n".join(rows).encode("cp1252")
        page.locator("#table").set_input_files(FilePayload(name="pairs.csv", mimeType="text/csv", buffer=content))

    choose(*lines, "face.jpg;four.wav;", "face.jpg;grey.png;")
    page.locator("#check").click()
    expect(page.locator("#faults tbody tr")).to_have_count(1)
    expect(page.locator("#faults")).to_contain_text("No file called “four.wav” was sent along.")
    choose(*lines, "face.jpg;grey.png;")
    page.locator("#check").click()
    expect(page.locator("#faults")).to_contain_text("This is not a sound recording.")
    choose(*lines)
    page.locator("#check").click()
    expect(page.get_by_role("heading", name="3 videos, 30 credits")).to_be_visible()
    page.locator("#make").click()

    expect(page.locator("#batch-live")).to_have_attribute("data-open", "0", timeout=RENDER_MS)
    expect(page.locator("#count")).to_have_text("2 of 3 done")
    expect(page.locator("#failures tbody tr")).to_have_count(1)
    expect(page.locator("#failures")).to_contain_text("face")
    assert list(unpacked(page)) == ["Grüße.mp4", "face – two.mp4"]
    page.locator("#retry").click()
    expect(page.locator("#failures")).to_have_count(0)
    expect(page.locator("#failures tbody tr")).to_have_count(1, timeout=RENDER_MS)
    expect(page.locator("#gallery .card")).to_have_count(3)
    product.manage("check_ledger")


def test_files_are_dropped_onto_their_place_one_after_the_other(page: Page) -> None:
    sign_up(page, "drop@example.org")
    page.goto("/batches/new/")
    drop = """(drop, names) => {
        const dataTransfer = new DataTransfer();
        for (const name of names) dataTransfer.items.add(new File(["x"], name));
        drop.dispatchEvent(new DragEvent("drop", {dataTransfer, bubbles: true, cancelable: true}));
    }"""
    voices = page.locator(".drop:has(#voices)")
    voices.evaluate(drop, ["a.wav", "b.wav"])
    voices.evaluate(drop, [f"{n}.wav" for n in range(4)])
    expect(voices.locator("[data-chosen]")).to_have_text("a.wav, b.wav, 0.wav, 1.wav and 2 more")
    face = page.locator(".drop:has(#face)")
    face.evaluate(drop, ["a.jpg"])
    face.evaluate(drop, ["b.jpg"])
    expect(face.locator("[data-chosen]")).to_have_text("b.jpg")


def test_without_script_a_batch_is_made_and_cancelled(
    browser: Browser, product: Product, voices: Sequence[Path]
) -> None:
    person = browser.new_context(base_url=product.url, locale="en-GB", java_script_enabled=False)
    page = person.new_page()
    sign_up(page, "scriptless@example.org")
    page.locator("#several").click()
    page.locator("#face").set_input_files(FACE)
    page.locator("#voices").set_input_files(voices)
    page.locator("#check").click()
    expect(page.locator("#problem-consent")).to_be_visible()
    page.locator("#consent").check()
    page.locator("#face").set_input_files(FACE)
    page.locator("#voices").set_input_files(voices)
    page.locator("#check").click()
    page.locator("#make").click()
    expect(page.locator("#gallery .card")).to_have_count(3)
    page.locator("#cancel").click()
    expect(page.locator("#batch-live")).to_contain_text("cancelled")
    person.close()
