"""Looking: faces are found, large and small, and measured in a frame of their own."""

from itertools import pairwise

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.engines.local.faces import face
from jobs.engines.local.faces.face import FaceFinder, face_frame, face_width, tiles, yaw_degrees
from jobs.engines.local.landmarks import CHIN, FOREHEAD, LEFT_EYE_OUTER, RIGHT_EYE_OUTER, SUBNASALE
from jobs.engines.local.mouths import mouth
from jobs.engines.local.shapes import F64, U8
from tests.engines import samples
from tests.pictures import read_picture

SOME = settings(max_examples=100, deadline=None, database=None)


@pytest.fixture(scope="module")
def portrait() -> U8:
    return read_picture(samples.FACE)


@pytest.fixture(scope="module")
def finder() -> FaceFinder:
    return FaceFinder()


@pytest.fixture(scope="module")
def found(finder: FaceFinder, portrait: U8) -> F64:
    (points,) = finder.find(portrait)
    return points


# --- Finding ---------------------------------------------------------------------------


def test_the_bundled_face_is_found_upright(found: F64) -> None:
    assert found.shape == (478, 3)
    assert 300 < face_width(found) < 700
    assert found[:, :2].min() > 0
    assert (found[:, :2].max(0) < (960, 1200)).all()
    assert found[LEFT_EYE_OUTER, 0] < found[RIGHT_EYE_OUTER, 0]
    assert found[FOREHEAD, 1] < found[SUBNASALE, 1] < found[CHIN, 1]
    assert abs(yaw_degrees(found)) < 10


def test_the_bundled_mouth_is_closed(found: F64) -> None:
    """In the frame of the face, its eyes are one unit apart and its mouth is about half as wide."""
    measured = face_frame(found).to_face(found)
    assert np.ptp(measured[[LEFT_EYE_OUTER, RIGHT_EYE_OUTER], 0]) == pytest.approx(1, abs=0.03)
    rest = mouth.at_rest(measured)
    assert rest.gap < 0.03
    assert 0.4 < rest.width < 0.7


@pytest.mark.parametrize(("width", "corner"), [(150, (1400, 700)), (60, (300, 500))])
def test_a_small_face_in_a_large_picture_is_found(
    finder: FaceFinder, portrait: U8, width: int, corner: tuple[int, int]
) -> None:
    """Where it was put, as large as it was made."""
    x, y = corner
    small = cv2.resize(portrait, (width, width * 5 // 4), interpolation=cv2.INTER_AREA)
    canvas = np.full((1080, 1920, 3), 120, np.uint8)
    canvas[y : y + small.shape[0], x : x + width] = small
    (points,) = finder.find(canvas)
    expected = finder.find(portrait)[0][:, :2] * width / 960 + corner
    assert np.abs(points[:, :2] - expected).mean() < 0.02 * width


def test_of_two_faces_the_larger_comes_first(finder: FaceFinder, portrait: U8) -> None:
    canvas = np.full((600, 1000, 3), 120, np.uint8)
    canvas[:300, 40:280] = cv2.resize(portrait, (240, 300), interpolation=cv2.INTER_AREA)
    canvas[:600, 500:980] = cv2.resize(portrait, (480, 600), interpolation=cv2.INTER_AREA)
    first, second = finder.find(canvas)
    assert face_width(first) > 1.7 * face_width(second)
    assert first[:, 0].mean() > 500 > second[:, 0].mean()


def test_where_there_is_no_face_none_is_found(finder: FaceFinder) -> None:
    stripes = np.tile(np.repeat(np.array([40, 200], np.uint8), 20), (400, 8))
    noise = np.random.default_rng(7).integers(0, 256, (300, 400, 3), np.uint8)
    for picture in (np.full((300, 400, 3), 128, np.uint8), np.dstack([stripes] * 3), noise):
        assert finder.find(picture) == []


def test_a_rough_guess_beside_the_picture_finds_nothing(finder: FaceFinder, portrait: U8, found: F64) -> None:
    assert finder.close_up(portrait, found + np.array([5000, 5000, 0])) is None


# --- Tiles -----------------------------------------------------------------------------


def test_a_face_that_only_a_tile_shows_counts_if_a_mirror_shows_it_too(
    finder: FaceFinder, portrait: U8, found: F64, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert finder._in_the_mirror(portrait, found)
    # As if the mesh had seen its face well beside where it is.
    assert not finder._in_the_mirror(portrait, found + np.array([0.2 * face_width(found), 0, 0]))

    wide = np.full((900, 1600, 3), 128, np.uint8)
    small = cv2.resize(portrait, (64, 80), interpolation=cv2.INTER_AREA)
    large = cv2.resize(portrait, (560, 700), interpolation=cv2.INTER_AREA)
    wide[100:800, 100:660], wide[700:780, 1400:1464] = large, small
    assert len(finder.find(wide, at_least=face.MAX_FACES)) == 2
    monkeypatch.setattr(finder, "_in_the_mirror", lambda picture, points: False)
    assert len(finder.find(wide, at_least=face.MAX_FACES)) == 1


@SOME
@given(st.integers(1, 1280), st.integers(1, 1280), st.floats(20, 400))
def test_tiles_of_each_size_cover_the_picture(width: int, height: int, smallest: float) -> None:
    """A face at a border of one lies whole in another: every point is a quarter of a tile from some tile's edge."""
    first, *rest = tiles(width, height, smallest)
    assert first == (0, 0, width, height)
    by_size: dict[tuple[int, int], list[tuple[int, int, int, int]]] = {}
    for x0, y0, x1, y1 in rest:
        assert 0 <= x0 < x1 <= width
        assert 0 <= y0 < y1 <= height
        by_size.setdefault((x1 - x0, y1 - y0), []).append((x0, y0, x1, y1))
    for (across, down), same in by_size.items():
        for size, side, limit in ((across, 0, width), (down, 1, height)):
            starts = sorted({tile[side] for tile in same})
            assert starts[0] == 0
            assert starts[-1] + size == limit
            assert all(after - before <= size // 2 + 1 for before, after in pairwise(starts))


def test_tiles_are_never_smaller_than_a_face_needs() -> None:
    sides = {x1 - x0 for x0, _, x1, _ in tiles(1280, 720, 200)}
    assert sides == {1280, 704, 387, 212}


# --- Measuring -------------------------------------------------------------------------

heads = st.tuples(
    st.floats(20, 400),  # scale
    st.floats(-50, 50),  # yaw
    st.floats(-40, 40),  # tilt in the picture
    st.floats(0, 2000),
    st.floats(0, 2000),
)


def head(scale: float, yaw: float, tilt: float, x: float, y: float) -> F64:
    """(478, 3) landmarks of a flat head: eyes one unit apart, forehead .8 above and chin .8 below the nose."""
    points = np.random.default_rng(8).uniform(-0.5, 0.5, (478, 3))
    for index, place in (
        (LEFT_EYE_OUTER, (-0.5, -0.6, 0)),
        (RIGHT_EYE_OUTER, (0.5, -0.6, 0)),
        (FOREHEAD, (0, -0.8, 0)),
        (CHIN, (0, 0.8, 0)),
        (SUBNASALE, (0, 0, 0)),
    ):
        points[index] = place
    a, b = np.radians(yaw), np.radians(tilt)
    turned = np.array([[np.cos(a), 0, -np.sin(a)], [0, 1, 0], [np.sin(a), 0, np.cos(a)]])
    tilted = np.array([[np.cos(b), -np.sin(b), 0], [np.sin(b), np.cos(b), 0], [0, 0, 1]])
    return np.asarray(points @ turned.T @ tilted.T * scale + [x, y, 0])


@SOME
@given(heads)
def test_a_frame_maps_there_and_back(given: tuple[float, float, float, float, float]) -> None:
    points = head(*given)
    frame = face_frame(points)
    assert np.allclose(frame.to_pixels(frame.to_face(points)), points[:, :2], atol=1e-6)
    assert np.allclose(frame.to_face(frame.to_pixels(points[:, :2])), points[:, :2], atol=1e-6)


@SOME
@given(heads)
def test_a_face_has_the_same_measures_however_it_is_turned(given: tuple[float, float, float, float, float]) -> None:
    scale, yaw, *_ = given
    points = head(*given)
    frame = face_frame(points)
    assert frame.scale == pytest.approx(scale)
    assert yaw_degrees(points) == pytest.approx(yaw, abs=1e-6)
    landmarks = frame.to_face(points)[[SUBNASALE, LEFT_EYE_OUTER, RIGHT_EYE_OUTER, FOREHEAD, CHIN]]
    assert np.allclose(landmarks, [(0, 0), (-0.5, -0.6), (0.5, -0.6), (0, -0.8), (0, 0.8)], atol=1e-6)


@pytest.mark.parametrize("yaw", [65, 80, -80])
def test_a_profile_has_a_frame_too(yaw: float) -> None:
    frame = face_frame(head(100, yaw, 0, 500, 500))
    assert abs(np.linalg.det(frame.axes)) == pytest.approx(face.MIN_ACROSS * 100 * 100)
