"""Masks: of any size, soft on their inside, saying nothing when they say everything, and choosing who speaks."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.engines.local.faces import mask
from jobs.engines.local.faces.face import FaceFinder
from jobs.engines.local.faces.mask import Mask
from jobs.engines.local.landmarks import LIPS
from jobs.engines.local.shapes import F64, U8
from jobs.errors import InvalidInput
from tests.engines import clips, drawings

SOME = settings(max_examples=60, deadline=None, database=None)
WIDTH, HEIGHT = 240, 300


def written(path: Path, grey: U8) -> Path:
    path.write_bytes(drawings.encoded(".png", grey))
    return path


def read(path: Path, grey: U8) -> Mask:
    limits = mask.read(written(path, grey), WIDTH, HEIGHT)
    assert limits is not None
    return limits


def spot(width: int = WIDTH, height: int = HEIGHT) -> U8:
    """Black, white in the middle third of each side."""
    grey = np.zeros((height, width), np.uint8)
    grey[height // 3 : 2 * height // 3, width // 3 : 2 * width // 3] = 255
    return grey


# --- Where pixels may change -----------------------------------------------------------


@pytest.mark.parametrize("size", [(240, 300), (24, 30), (1200, 1500), (300, 240), (999, 333)])
def test_a_mask_of_any_size_is_laid_over_the_whole_picture(size: tuple[int, int], tmp_path: Path) -> None:
    limits = read(tmp_path / "mask", spot(*size))
    assert (limits.luma.shape, limits.chroma.shape, limits.hard.shape) == ((300, 240), (150, 120), (300, 240))
    assert limits.luma.mean() == pytest.approx(1 / 9, abs=0.025)
    assert min(limits.luma[150, 120], limits.chroma[75, 60]) == pytest.approx(1)
    assert limits.luma[:80].max() == limits.luma[:, :60].max() == 0


def test_it_is_feathered_inwards(tmp_path: Path) -> None:
    limits = read(tmp_path / "mask", spot())
    assert limits.luma[spot() == 0].max() == 0
    across = limits.luma[150, 80:120]
    assert (np.diff(across) >= 0).all()
    assert across[0] < 0.2
    assert ((across > 0.05) & (across < 0.95)).sum() >= 3
    assert across[-20:].min() == pytest.approx(1)


def test_even_a_speck_of_black_stays_black(tmp_path: Path) -> None:
    grey = spot()
    grey[150:152, 120:122] = 0
    limits = read(tmp_path / "mask", grey)
    assert limits.luma[grey == 0].max() == 0
    assert limits.luma[146, 120] > 0.5


@SOME
@given(st.integers(0, 1000), st.floats(0.1, 0.9))
def test_black_is_never_touched(tmp_path_factory: pytest.TempPathFactory, seed: int, share: float) -> None:
    blocks = (np.random.default_rng(seed).random((10, 8)) < share).astype(np.uint8) * 255
    grey = np.asarray(blocks.repeat(30, 0).repeat(30, 1), np.uint8)
    limits = mask.read(written(tmp_path_factory.getbasetemp() / "blocks.png", grey), WIDTH, HEIGHT)
    if limits is not None:
        assert limits.luma[grey == 0].max(initial=0) == 0
        assert 0 <= limits.luma.min() <= limits.luma.max() <= 1
        assert 0 <= limits.chroma.min() <= limits.chroma.max() <= 1


LIMITS_NOTHING = {
    "all black": np.zeros((30, 24), np.uint8),
    "all white": np.full((30, 24), 255, np.uint8),
    "dark grey": np.full((30, 24), 100, np.uint8),
    "transparent": np.zeros((30, 24, 4), np.uint8),
    "transparent white": np.full((30, 24, 4), (255, 255, 255, 0), np.uint8),
    "white but for a speck": np.where(np.arange(3000).reshape(60, 50) == 5, 0, 255).astype(np.uint8),
}


@pytest.mark.parametrize("name", LIMITS_NOTHING)
def test_a_mask_that_says_nothing_limits_nothing(name: str, tmp_path: Path) -> None:
    assert mask.read(written(tmp_path / "mask", LIMITS_NOTHING[name]), WIDTH, HEIGHT) is None


def test_what_was_painted_on_nothing_counts(tmp_path: Path) -> None:
    """White strokes on a transparent ground, as a drawing program leaves them."""
    painted = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    painted[spot() > 0] = 255
    limits = read(tmp_path / "mask", painted)
    assert np.array_equal(limits.luma, read(tmp_path / "other", spot()).luma)


def test_what_is_no_picture_is_refused_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "mask"
    path.write_text("white, mostly")
    with pytest.raises(InvalidInput) as refusal:
        mask.read(path, WIDTH, HEIGHT)
    assert refusal.value.field == "mask_image"


# --- Who speaks ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def faces() -> list[F64]:
    """The bundled face twice, on the left and, smaller, on the right of a picture of 240 × 300."""
    (points,) = FaceFinder().find(clips.placed(clips.portrait()))
    return [points * 0.45 + [0, 60, 0], points * 0.35 + [130, 80, 0]]


def over(points: F64, reach: float) -> U8:
    """White round the lips of one face."""
    lips = points[list(LIPS), :2]
    grey = np.zeros((HEIGHT, WIDTH), np.uint8)
    (x0, y0), (x1, y1) = np.floor(lips.min(0) - reach).astype(int), np.ceil(lips.max(0) + reach).astype(int)
    grey[y0:y1, x0:x1] = 255
    return grey


@pytest.mark.parametrize("chosen", [0, 1])
def test_of_two_faces_the_one_whose_mouth_is_white_speaks(chosen: int, faces: list[F64], tmp_path: Path) -> None:
    limits = read(tmp_path / "mask", over(faces[chosen], 8))
    assert [points is faces[chosen] for points in limits.chosen(faces)] == [True]


def test_both_speak_when_both_are_white_the_larger_first(faces: list[F64], tmp_path: Path) -> None:
    limits = read(tmp_path / "mask", np.maximum(over(faces[0], 8), over(faces[1], 8)))
    assert [id(points) for points in limits.chosen(faces)] == [id(points) for points in faces]


@pytest.mark.parametrize("where", ["a corner", "half of a mouth", "a mouth beside the picture"])
def test_a_mask_that_misses_every_mouth_is_refused(where: str, faces: list[F64], tmp_path: Path) -> None:
    grey = over(faces[0], 8)
    if where == "a corner":
        grey = np.roll(spot(), (-100, -80), (0, 1))
    elif where == "half of a mouth":
        grey[:, : int(faces[0][list(LIPS), 0].mean()) + 4] = 0
    else:
        faces = [faces[0] + [500.0, 0, 0]]
    with pytest.raises(InvalidInput) as refusal:
        read(tmp_path / "mask", grey).chosen(faces)
    assert refusal.value.field == "mask_image"
    assert "covers no mouth" in refusal.value.sentence
