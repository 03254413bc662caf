"""The faces in a picture, as a person sees and chooses them: the one that was tapped is the one that speaks."""

import io
from pathlib import Path

import av
import cv2
import httpx
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from tests import files
from tests.live.browsing import finished
from tests.live.chromium import SAMPLES, person_at
from tests.live.pages import SHORT_VOICE, sign_up
from tests.live.product import Product
from tests.live.voice import SECONDS
from tests.pictures import read_picture

pytestmark = [pytest.mark.live, pytest.mark.browser]
LOOK_MS = 60_000


def row(path: Path, *widths: int) -> Path:
    """The bundled face in these widths, side by side."""
    face = read_picture(SAMPLES / "face.jpg")
    faces = [cv2.resize(face, (width, width * 5 // 4), interpolation=cv2.INTER_AREA) for width in widths]
    tall = max(one.shape[0] for one in faces)
    cv2.imwrite(
        str(path),
        cv2.hconcat([cv2.copyMakeBorder(one, tall - one.shape[0], 0, 0, 0, cv2.BORDER_REPLICATE) for one in faces]),
    )
    return path


def motion(page: Page, parts: int) -> list[float]:
    """How much each of so many parts of the video changes, from left to right."""
    url = page.locator("[data-player] video").evaluate("video => video.currentSrc")
    with av.open(io.BytesIO(httpx.get(url).content), "r") as video:
        frames = np.stack([frame.to_ndarray(format="gray").astype(float) for frame in video.decode(video=0)])
    return [float(part.std(axis=0).max()) for part in np.array_split(frames, parts, axis=2)]


def mask_name(page: Page) -> str | None:
    """The file that is in the form as the mask."""
    fields = "['drawn_mask', 'mask_image'].flatMap((id) => [...document.getElementById(id).files])"
    name: str | None = page.evaluate(f"() => {fields}[0]?.name ?? null")
    return name


def test_the_face_that_was_tapped_is_the_one_that_speaks(page: Page, tmp_path: Path) -> None:
    sign_up(page, "faces@example.org")
    slot = page.locator("[data-slot=image]")
    page.locator("#image").set_input_files(row(tmp_path / "two.png", 300, 380))
    expect(slot.locator("[data-found]")).to_contain_text("2 faces are found.", timeout=LOOK_MS)
    left, right = slot.get_by_role("button", name="Face 1 of 2"), slot.get_by_role("button", name="Face 2 of 2")
    expect(right).to_have_attribute("aria-pressed", "true")
    assert mask_name(page) is None
    left.focus()
    page.keyboard.press("Enter")
    expect(left).to_have_attribute("aria-pressed", "true")
    expect(left).to_be_focused()
    expect(right).to_have_attribute("aria-pressed", "false")
    assert mask_name(page) == "mask.png"
    page.get_by_text("More settings").click()
    expect(page.locator("[data-mask-set]")).to_contain_text("Set in the picture: only the face that you tapped speaks.")
    assert page.locator("#mask_image").evaluate("input => input.files.length") == 0
    page.locator("#audio").set_input_files(SHORT_VOICE)
    finished(page, SECONDS)
    speaks, listens = motion(page, 2)
    assert speaks > 4 * listens


def test_two_speakers_are_left_and_right_and_the_voices_can_be_swapped(page: Page, tmp_path: Path) -> None:
    sign_up(page, "sides@example.org")
    page.get_by_text("Two speakers", exact=True).click()
    slot = page.locator("[data-slot=image]")
    page.locator("#image").set_input_files(row(tmp_path / "three.png", 300, 380, 240))
    tags = slot.locator(".mark-face__tag")
    expect(tags).to_have_text(["Left", "Right"], timeout=LOOK_MS)
    expect(slot.get_by_role("button", name="Face 3 of 3")).to_have_attribute("aria-pressed", "false")
    slot.get_by_role("button", name="Face 3 of 3").click()
    for number, pressed in ((1, "true"), (2, "false"), (3, "true")):
        expect(slot.get_by_role("button", name=f"Face {number} of 3")).to_have_attribute("aria-pressed", pressed)
    page.locator("#left_audio").set_input_files(SHORT_VOICE | {"name": "other.wav"})
    page.locator("#right_audio").set_input_files(SHORT_VOICE)
    page.locator("#swap").click()
    expect(page.locator("[data-slot=left_audio] [data-name]")).to_have_text("voice.wav")
    expect(page.locator("[data-slot=right_audio] [data-name]")).to_have_text("other.wav")
    finished(page, SECONDS)
    left, bystander, _ = motion(page, 3)
    assert left > 4 * bystander


def test_what_is_wrong_with_the_faces_is_said_at_once(page: Page, tmp_path: Path) -> None:
    sign_up(page, "noface@example.org")
    said = page.locator("[data-slot=image] [data-found]")
    page.locator("#image").set_input_files(files.write_png(tmp_path / "grey.png", 640, 640))
    expect(said).to_have_text(
        "No face was found in the picture. Choose one that shows a face from the front.", timeout=LOOK_MS
    )
    page.get_by_text("Two speakers", exact=True).click()
    page.locator("#image").set_input_files(SAMPLES / "face.jpg")
    expect(said).to_contain_text("only one face was found", timeout=LOOK_MS)
    page.get_by_text("Photo", exact=True).click()
    expect(said).to_have_text("The face is found.")
    small = cv2.copyMakeBorder(read_picture(row(tmp_path / "small.png", 195)), 500, 456, 450, 555, cv2.BORDER_REPLICATE)
    cv2.imwrite(str(tmp_path / "small.png"), small)
    page.locator("#image").set_input_files(tmp_path / "small.png")
    expect(said).to_have_text("The face is too small for 480p. Choose 720p, or cut closer to it.", timeout=LOOK_MS)
    page.get_by_text("720p", exact=True).click()
    expect(said).to_have_text("The face is found.")


def test_the_first_frame_of_a_video_is_looked_at(page: Page, tmp_path: Path) -> None:
    sign_up(page, "frame@example.org")
    face = cv2.resize(read_picture(SAMPLES / "face.jpg"), (320, 400))
    with av.open(str(tmp_path / "film.webm"), "w") as film:
        stream = film.add_stream("libvpx", rate=25)
        stream.width, stream.height, stream.pix_fmt = 320, 400, "yuv420p"
        for _ in range(25):
            film.mux(stream.encode(av.VideoFrame.from_ndarray(np.asarray(face, np.uint8), format="bgr24")))
        film.mux(stream.encode())
    page.get_by_text("Video", exact=True).first.click()
    slot = page.locator("[data-slot=video]")
    page.locator("#video").set_input_files(tmp_path / "film.webm")
    expect(slot.locator("[data-found]")).to_have_text("The face is found.", timeout=LOOK_MS)
    expect(slot.locator(".mark-face")).to_be_visible()
    slot.locator("video").evaluate("video => video.play()")
    expect(slot.locator(".mark-face")).to_be_hidden()


def test_a_file_comes_before_a_face_that_was_tapped(page: Page, tmp_path: Path) -> None:
    sign_up(page, "fileoverface@example.org")
    slot = page.locator("[data-slot=image]")
    page.locator("#image").set_input_files(row(tmp_path / "two.png", 300, 380))
    slot.get_by_role("button", name="Face 1 of 2").click(timeout=LOOK_MS)
    assert mask_name(page) == "mask.png"
    cv2.imwrite(str(tmp_path / "own.png"), np.full((50, 40), 255, np.uint8))
    page.locator("#mask_image").set_input_files(tmp_path / "own.png")
    page.get_by_text("Video", exact=True).first.click()
    page.get_by_text("Photo", exact=True).click()
    assert mask_name(page) == "own.png"
    page.get_by_text("More settings").click()
    expect(page.locator("[data-mask-set]")).to_contain_text("own.png")
    page.locator("[data-mask-remove]").click()
    assert mask_name(page) is None
    expect(page.locator("#mask_image")).to_be_focused()


def test_where_no_engine_takes_a_mask_none_is_made(browser: Browser, tmp_path: Path) -> None:
    # Nobody answers there, and nobody has to: it is about what is sent to us.
    elsewhere = {"FAL_KEY": "key", "FAL_URL": "http://localhost:9", "FAL_KEYS_URL": "http://localhost:9"}
    product = Product(tmp_path / "data", ENGINE_MULTI="fal", ALLOW_PRIVATE_NETWORK="1", **elsewhere)
    product.start()
    with person_at(browser, product) as person:
        page = person.new_page()
        sign_up(page, "maskless@example.org")
        slot = page.locator("[data-slot=image]")
        paint = slot.get_by_role("button", name="Paint the mask")
        page.locator("#image").set_input_files(row(tmp_path / "three.png", 300, 380, 240))
        slot.get_by_role("button", name="Face 3 of 3").click(timeout=LOOK_MS)
        paint.click()
        assert mask_name(page) == "mask.png"

        page.get_by_text("Two speakers", exact=True).click()
        expect(slot.locator("[data-brush]")).to_be_hidden()
        expect(slot.locator("[data-canvas]")).to_be_hidden()
        expect(paint).to_be_hidden()
        expect(slot.locator("[data-found]")).to_contain_text("Who of them speaks cannot be chosen")
        expect(slot.get_by_role("button", name="Face")).to_have_count(0)
        assert mask_name(page) is None

        page.get_by_text("Photo", exact=True).click()
        expect(paint).to_be_visible()
        cv2.imwrite(str(tmp_path / "own.png"), np.full((50, 40), 255, np.uint8))
        page.locator("#mask_image").set_input_files(tmp_path / "own.png")
        page.get_by_text("Two speakers", exact=True).click()
        expect(page.locator("#mask_image")).to_be_disabled()
        for side in ("left", "right"):
            page.locator(f"#{side}_audio").set_input_files(SAMPLES / "voice.wav")
        page.locator("#consent").check()
        page.locator("#generate").click()
        page.wait_for_url("**/gallery/")
    assert product.stop() == 0
