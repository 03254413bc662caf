"""Looking for faces before anything is submitted: what is found, what is refused, and how often one may ask."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from jobs.media import SAMPLES, faces
from jobs.media.faces import AT_ONCE
from tests.engines import clips
from tests.pictures import read_picture

FACES = "/studio/faces/"


def look(client: Client, picture: bytes, width: int, height: int) -> Any:
    file = SimpleUploadedFile("copy.jpg", picture, "image/jpeg")
    return client.post(FACES, {"picture": file, "width": width, "height": height})


def encoded(picture: Any) -> bytes:
    return bytes(cv2.imencode(".png", picture)[1])


@pytest.mark.slow
def test_a_face_is_found_and_where_its_mouth_is(alices: Client) -> None:
    answer = look(alices, (SAMPLES / "face.jpg").read_bytes(), 960, 1200)

    assert answer.status_code == 200
    (face,) = answer.json()["faces"]
    x0, y0, x1, y1 = face["box"]
    assert 0.4 < x1 - x0 < 0.55
    mouth = face["mouth"]
    assert x0 < mouth[0] < mouth[2] < x1
    assert (y0 + y1) / 2 < mouth[1] < mouth[3] < y1
    assert face["too_small"] == []


@pytest.mark.slow
def test_two_faces_are_found_largest_first(alices: Client) -> None:
    large = clips.placed(clips.portrait())
    small = cv2.resize(clips.another(large), None, fx=0.6, fy=0.6)
    picture = cv2.hconcat(
        [cv2.copyMakeBorder(small, 0, large.shape[0] - small.shape[0], 0, 0, cv2.BORDER_REPLICATE), large]
    )

    found = look(alices, encoded(picture), picture.shape[1], picture.shape[0]).json()["faces"]

    assert [face["box"][0] > 0.3 for face in found] == [True, False]


@pytest.mark.slow
@pytest.mark.parametrize(("width", "too_small"), [(0.06, [480, 720]), (0.076, [480]), (0.2, [])])
def test_a_face_may_be_too_small_for_a_resolution(alices: Client, width: float, too_small: list[int]) -> None:
    """So many pixels it would have in the video, of 44."""
    face = read_picture(SAMPLES / "face.jpg")
    side = 1200
    inside = cv2.resize(face, None, fx=width * side / 442, fy=width * side / 442, interpolation=cv2.INTER_AREA)
    height, across = inside.shape[:2]
    picture = cv2.copyMakeBorder(inside, 300, side - 300 - height, 400, side - 400 - across, cv2.BORDER_REPLICATE)

    (found,) = look(alices, encoded(picture), side, side).json()["faces"]

    assert found["box"][2] - found["box"][0] == pytest.approx(width, rel=0.15)
    assert found["too_small"] == too_small


@pytest.mark.slow
def test_what_holds_no_face_and_what_is_no_picture(alices: Client, png: Path) -> None:
    assert look(alices, png.read_bytes(), 8, 6).json() == {"faces": []}
    refused = look(alices, b"Dear diary", 8, 6)
    assert (refused.status_code, list(refused.json())) == (422, ["problem"])
    assert "not a picture" in refused.json()["problem"]


@pytest.mark.parametrize("size", [(0, 6), (8, 200_000)])
def test_a_size_that_no_picture_has_is_refused(alices: Client, png: Path, size: tuple[int, int]) -> None:
    assert look(alices, png.read_bytes(), *size).status_code == 422


def test_a_copy_that_is_none_is_refused(alices: Client, data_dir: Path) -> None:
    answer = look(alices, bytes(5_000_001), 8, 6)

    assert (answer.status_code, answer.json()["problem"]) == (
        422,
        "The copy of the picture is too large to be looked at.",
    )
    assert list((data_dir / "incoming").iterdir()) == []


@pytest.mark.slow
def test_one_may_ask_so_often_a_minute(
    alices: Client, charlies: Client, png: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MAX_LOOKS_A_MINUTE = 1
    now = 1_000_000.0
    monkeypatch.setattr("jobs.limits.time", SimpleNamespace(time=lambda: now))

    assert [look(alices, png.read_bytes(), 8, 6).status_code for _ in range(2)] == [200, 429]
    assert look(charlies, png.read_bytes(), 8, 6).status_code == 200
    now += 60
    assert look(alices, png.read_bytes(), 8, 6).status_code == 200


def test_when_too_many_look_at_once_it_is_said(alices: Client, png: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faces, "WAIT_SECONDS", 0.01)
    for _ in range(AT_ONCE):
        faces._room.acquire()
    try:
        answer = look(alices, png.read_bytes(), 8, 6)
    finally:
        for _ in range(AT_ONCE):
            faces._room.release()

    assert answer.status_code == 503
    assert answer.json()["problem"].startswith("The server is busy.")
