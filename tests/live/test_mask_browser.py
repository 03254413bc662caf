"""The mask that a person paints over a picture is the one that the video is made with."""

import shutil
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.live.browsing import finished
from tests.live.chromium import SAMPLES
from tests.live.pages import SHORT_VOICE, sign_up
from tests.live.product import Product
from tests.live.voice import SECONDS

pytestmark = [pytest.mark.live, pytest.mark.browser]
MASK = """async () => {
    const [file] = ["drawn_mask", "mask_image"].flatMap((id) => [...document.getElementById(id).files]);
    return file ? [...new Uint8Array(await file.arrayBuffer())] : null;
}"""


def mask(page: Page) -> Any:
    """The mask in the form, 0 to 1, at 96 × 120; None if there is none."""
    found = page.evaluate(MASK)
    if found is None:
        return None
    grey: Any = cv2.imdecode(np.frombuffer(bytes(found), np.uint8), cv2.IMREAD_GRAYSCALE)
    return cv2.resize(grey, (96, 120), interpolation=cv2.INTER_AREA) / 255


def stroke(page: Page, *places: tuple[float, float]) -> None:
    """Draw through these places, in shares of the picture's sides."""
    box = page.locator("[data-canvas]").bounding_box()
    assert box is not None
    points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in places]
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points:
        page.mouse.move(*point, steps=4)
    page.mouse.up()


def test_a_painted_mask_is_sent_and_keeps_the_rest_still(page: Page) -> None:
    sign_up(page, "mask@example.org")
    page.locator("#image").set_input_files(SAMPLES / "face.jpg")
    page.get_by_role("button", name="Paint the mask").click()
    expect(page.get_by_role("button", name="Undo")).to_be_disabled()
    stroke(page, (0.3, 0.2), (0.7, 0.2))
    assert mask(page)[24, 30:66].min() > 0.9
    page.get_by_role("button", name="Undo").click()
    assert mask(page) is None
    page.locator("[data-brush-width]").fill("25")
    stroke(page, (0.35, 0.6), (0.65, 0.6))
    page.get_by_text("Eraser", exact=True).click()
    page.locator("[data-brush-width]").fill("4")
    stroke(page, (0.2, 0.5), (0.8, 0.5))
    painted = mask(page)
    assert painted[70:74, 34:62].min() > 0.9  # about the mouth
    assert painted[60, 34:62].max() < 0.6  # erased
    assert painted[:45].max() == painted[95:].max() == 0
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_role("button", name="Paint the mask")).to_be_focused()
    page.locator("#audio").set_input_files(SHORT_VOICE)
    finished(page, SECONDS)
    url = page.locator("[data-player] video").evaluate("video => video.currentSrc")
    assert httpx.get(url).status_code == 200


def test_a_file_comes_before_a_painted_mask_and_another_picture_needs_another(page: Page, tmp_path: Path) -> None:
    sign_up(page, "maskfile@example.org")
    page.locator("#image").set_input_files(SAMPLES / "face.jpg")
    page.get_by_role("button", name="Paint the mask").click()
    stroke(page, (0.3, 0.6), (0.7, 0.6))
    page.get_by_text("More settings").click()
    cv2.imwrite(str(tmp_path / "own.png"), np.full((50, 40), 255, np.uint8))
    page.locator("#mask_image").set_input_files(tmp_path / "own.png")
    assert mask(page).min() == 1
    expect(page.get_by_role("button", name="Clear")).to_be_disabled()
    stroke(page, (0.3, 0.6), (0.7, 0.6))
    page.locator("#image").set_input_files(shutil.copy(SAMPLES / "face.jpg", tmp_path / "other.jpg"))
    expect(page.locator("[data-brush]")).to_be_hidden()
    assert mask(page) is None


def test_a_finger_paints_without_moving_the_page(browser: Browser, product: Product) -> None:
    person = browser.new_context(
        base_url=product.url, locale="en-GB", viewport={"width": 390, "height": 800}, has_touch=True
    )
    page = person.new_page()
    sign_up(page, "finger@example.org")
    page.locator("#image").set_input_files(SAMPLES / "face.jpg")
    page.get_by_role("button", name="Paint the mask").tap()
    canvas = page.locator("[data-canvas]")
    canvas.scroll_into_view_if_needed()
    before = page.evaluate("scrollY")
    box = canvas.bounding_box()
    assert box is not None
    x, top = box["x"] + box["width"] / 2, box["y"]
    touch = person.new_cdp_session(page)
    for kind, share in (("touchStart", 0.7), ("touchMove", 0.6), ("touchMove", 0.5), ("touchMove", 0.4)):
        touch.send(
            "Input.dispatchTouchEvent",
            {"type": kind, "touchPoints": [{"x": x, "y": top + share * box["height"]}]},
        )
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert page.evaluate("scrollY") == before
    assert mask(page)[50:82, 46:50].min() > 0.9
    person.close()
