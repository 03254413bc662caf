"""The first pass over a video: cuts, who is who after them, where the face is, and when nothing of it is to be seen."""

import tracemalloc
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest

from jobs.engines.local import smoothing
from jobs.engines.local.faces.face import FaceFinder, face_width
from jobs.engines.local.faces.tracking import (
    SEARCH_EVERY,
    Landmarks,
    Shot,
    Watched,
    Watcher,
    _Looks,  # only a whole video goes in by the public door: it has no face whose movement is known to a pixel
    _settle,
)
from jobs.engines.local.frames import raster
from jobs.engines.local.shapes import F64, U8, Planes
from tests.engines import clips

pytestmark = pytest.mark.slow

FADE = 3  # frames within which the mouth fades in or out


@dataclass
class Watching:
    """A watcher with all that it was told and says."""

    watched: Watched
    offered: list[int] = field(default_factory=list)  # how many faces it was to choose from, each time
    looked_at: list[int] = field(default_factory=list)

    @property
    def absent(self) -> list[int]:
        return [int(frame) for frame in np.flatnonzero(self.watched.presence == 0)]

    def points(self, frame: int) -> F64:
        return np.asarray(self.watched.landmarks.rows(frame, frame + 1)[0])


@pytest.fixture(scope="module")
def finder() -> FaceFinder:
    return FaceFinder()


def watch(pictures: Iterable[U8], folder: Path, finder: FaceFinder, chosen: int = 0) -> Watching:
    offered: list[int] = []
    looked_at: list[int] = []

    def choose(faces: list[F64]) -> F64:
        offered.append(len(faces))
        return faces[chosen]

    def seen(shot: int, planes: Planes, points: F64) -> None:
        assert points.shape == (478, 3)
        looked_at.append(now)
        in_shot.append(shot)

    watcher = Watcher(folder, finder, choose, seen)
    in_shot: list[int] = []
    for now, picture in enumerate(pictures):  # noqa: B007  # `seen` reads it
        watcher.watch(picture[..., 1], partial(raster.to_planes, picture))
    result = watcher.result()
    for frame, shot in zip(looked_at, in_shot, strict=True):
        assert result.shots[shot].first <= frame < result.shots[shot].stop
    return Watching(result, offered, looked_at)


def shots(*stops: int) -> tuple[Shot, ...]:
    return tuple(Shot(first, stop) for first, stop in zip((0, *stops), stops, strict=False))


def frames(first: int, stop: int) -> list[int]:
    return list(range(first, stop))


# --- Cuts and people -------------------------------------------------------------------


def test_a_moving_face_is_one_shot_and_is_always_there(tmp_path: Path, finder: FaceFinder) -> None:
    seen = watch(clips.moving(51), tmp_path, finder)
    assert seen.watched.shots == shots(51)
    assert (seen.watched.presence == 1).all()
    assert seen.offered == [1]
    assert seen.looked_at == list(range(51))


def before_a_wall(at: Iterable[float]) -> Iterator[U8]:
    """The bundled face, small before a plain wall, its middle at these shares of the width."""
    face = clips.portrait()
    for x in at:
        wall = np.full((clips.HEIGHT, 2 * clips.WIDTH, 3), 150, np.uint8)
        small = cv2.resize(face, (160, 200), interpolation=cv2.INTER_AREA)
        left = round(x * wall.shape[1]) - 80
        wall[60:260, left : left + 160] = small
        yield wall


def test_a_moment_that_was_cut_out_ends_a_shot(tmp_path: Path, finder: FaceFinder) -> None:
    """The same person before the same wall, somewhere else all at once; and no smoothing across it."""
    places = [*np.linspace(0.40, 0.42, 30), *np.linspace(0.47, 0.45, 30)]
    film = list(before_a_wall(places))
    seen = watch(film, tmp_path, finder)
    assert seen.watched.shots == shots(30, 60)
    assert (seen.watched.presence == 1).all()
    for frame in (29, 30):
        (found,) = finder.find(film[frame])
        assert np.abs((seen.points(frame) - found)[:, 0].mean()) < 1.5


def test_a_head_that_is_quick_is_in_one_shot(tmp_path: Path, finder: FaceFinder) -> None:
    places = 0.45 + 0.04 * np.sin(np.arange(60) / 3) * np.linspace(0, 1, 60)
    assert watch(before_a_wall(places), tmp_path, finder).watched.shots == shots(60)


def test_the_other_person_is_left_alone_and_the_speaker_found_again(tmp_path: Path, finder: FaceFinder) -> None:
    film = list(clips.moving(70))
    film[23:44] = [clips.another(picture) for picture in film[23:44]]
    seen = watch(film, tmp_path, finder)
    assert seen.watched.shots == shots(23, 44, 70)
    assert seen.absent == frames(23, 44)
    assert (seen.watched.presence[[*frames(0, 23), *frames(44, 70)]] == 1).all()
    assert seen.offered == [1]  # nobody is asked again


def test_a_cut_to_another_view_of_the_speaker_goes_on_there(tmp_path: Path, finder: FaceFinder) -> None:
    near = [clips.placed(picture, (0.62, 0.35), 1.7) for picture in clips.moving(20)]
    seen = watch([*clips.moving(20), *near], tmp_path, finder)
    assert seen.watched.shots == shots(20, 40)
    assert seen.absent == []
    assert face_width(seen.points(20)) == pytest.approx(1.7 * face_width(seen.points(19)), rel=0.1)


def test_cuts_of_one_frame_are_found(tmp_path: Path, finder: FaceFinder) -> None:
    film = list(clips.moving(30))
    film[12] = np.full_like(film[12], 255)
    seen = watch(film, tmp_path, finder)
    assert seen.watched.shots == shots(12, 13, 30)
    assert seen.absent == [12]


def test_a_fade_to_black_and_back_is_no_cut(tmp_path: Path, finder: FaceFinder) -> None:
    def fading() -> Iterator[U8]:
        for number, picture in enumerate(clips.moving(60)):
            light = abs(number - 30) / 30
            yield np.asarray(cv2.convertScaleAbs(picture, alpha=light), np.uint8)

    assert watch(fading(), tmp_path, finder).watched.shots == shots(60)


@pytest.mark.parametrize("chosen", [0, 1])
def test_of_two_the_chosen_one_is_followed_through_the_cut(chosen: int, tmp_path: Path, finder: FaceFinder) -> None:
    """Even when they change places."""
    pairs = [(picture, clips.another(picture)) for picture in clips.moving(40)]
    film = [np.hstack(pair if number < 20 else pair[::-1]) for number, pair in enumerate(pairs)]
    seen = watch(film, tmp_path, finder, chosen)
    assert seen.offered == [2]
    assert seen.watched.shots == shots(20, 40)
    sides = [bool(seen.points(frame)[:, 0].mean() > clips.WIDTH) for frame in (5, 15, 25, 35)]
    assert sides in ([False, False, True, True], [True, True, False, False])
    assert seen.absent == []
    larger, _ = finder.find(film[0])
    assert sides[0] == (bool(chosen) == (larger[:, 0].mean() < clips.WIDTH))


# --- Leaving, returning, covered -------------------------------------------------------


def test_a_face_that_leaves_and_returns_fades_out_and_in(tmp_path: Path, finder: FaceFinder) -> None:
    seen = watch(clips.passing_by(110, 20, 90), tmp_path, finder)
    assert seen.watched.shots == shots(110)
    gone = seen.absent
    assert gone == frames(gone[0], gone[-1] + 1)
    assert 20 < gone[0] < 45
    assert 65 < gone[-1] < 90 + SEARCH_EVERY
    rising = seen.watched.presence[gone[-1] :][: FADE + 1]
    falling = seen.watched.presence[: gone[0] + 1][::-1][: FADE + 1]
    for side in (rising, falling):
        assert list(side) == sorted(side)
        assert 0 < side[1] < 1 == side[FADE]
    assert seen.offered == [1]


def test_a_video_that_begins_without_a_face_waits_for_it(tmp_path: Path, finder: FaceFinder) -> None:
    film = [*([np.full((clips.HEIGHT, clips.WIDTH, 3), 120, np.uint8)] * 20), *clips.moving(30)]
    seen = watch(film, tmp_path, finder)
    assert seen.absent == frames(0, 20)
    assert seen.looked_at[0] == 20


def test_without_any_face_nothing_is_present(tmp_path: Path, finder: FaceFinder) -> None:
    seen = watch([np.full((48, 64, 3), 120, np.uint8)] * 15, tmp_path, finder)
    assert (seen.offered, seen.looked_at, seen.absent) == ([], [], frames(0, 15))
    assert len(seen.watched.landmarks) == len(seen.watched) == 15


@pytest.mark.parametrize(("first", "stop"), [(0, 13), (30, 43), (62, 75)])
def test_what_is_held_over_the_mouth_is_left_alone(first: int, stop: int, tmp_path: Path, finder: FaceFinder) -> None:
    seen = watch(clips.covered(clips.moving(75), first, stop), tmp_path, finder)
    assert seen.watched.shots == shots(75)
    assert set(frames(first, stop)) <= set(seen.absent)
    assert set(seen.absent) <= set(frames(first - 1, stop + 1))
    for beside in (first - 2, stop + 1):
        if 0 <= beside < 75:
            assert 0 < seen.watched.presence[beside] < 1 or 0 < seen.watched.presence[beside - 1] < 1
    assert (seen.watched.presence == 1).sum() >= 75 - (stop - first) - 2 * (1 + FADE)


def test_a_shadow_that_passes_covers_nothing(tmp_path: Path, finder: FaceFinder) -> None:
    def shaded() -> Iterator[U8]:
        for number, picture in enumerate(clips.moving(60)):
            yield np.asarray(cv2.convertScaleAbs(picture, alpha=1 - 0.3 * (20 <= number < 40)), np.uint8)

    assert watch(shaded(), tmp_path, finder).absent == []


# --- Where it is -----------------------------------------------------------------------


def test_landmarks_lie_where_the_face_is_in_every_frame(tmp_path: Path, finder: FaceFinder) -> None:
    film = list(clips.moving(40))
    seen = watch(film, tmp_path, finder)
    for frame in (0, 9, 20, 39):
        (found,) = finder.find(film[frame])
        apart = np.linalg.norm(seen.points(frame)[:, :2] - found[:, :2], axis=1).mean()
        assert apart < 0.02 * face_width(found)


def points_at(frames_: F64) -> F64:
    """(n, 478, 3): a face that moves steadily, each point in its own direction."""
    random = np.random.default_rng(5)
    begin, step = random.uniform(0, 300, (478, 3)), random.uniform(-2, 2, (478, 3))
    return np.asarray(begin + step * frames_[:, None, None])


def settled(looks_at: list[int], first: int, stop: int, folder: Path) -> tuple[F64, F64]:
    """Landmarks and presence of a shot that was looked at in these frames."""
    skin = [np.zeros((16, 16), np.uint8)] * len(looks_at)
    raw, landmarks = Landmarks(folder), Landmarks(folder)
    raw.append(points_at(np.array(looks_at, np.float64) - first).astype(np.float32))
    presence = _settle(_Looks(0, looks_at, skin), raw, first, stop, landmarks)
    return landmarks.rows(0, stop - first), presence


@pytest.mark.parametrize("count", [41, 301, 701])
def test_a_steady_movement_comes_through_as_it_is(count: int, tmp_path: Path) -> None:
    """Between looks and across the blocks in which it is smoothed; only at its two ends it is held."""
    rows, presence = settled(list(range(100, 100 + count, 2)), 100, 100 + count, tmp_path)
    assert len(rows) == count
    inner = slice(6, -6)
    assert np.abs(rows - points_at(np.arange(count, dtype=np.float64)))[inner].max() < 0.01
    assert (presence == 1).all()


def test_a_short_gap_is_bridged_and_a_long_one_is_not(tmp_path: Path) -> None:
    looks = [frame for frame in range(60) if frame not in (20, 30, 31, 40, 41, 42)]
    _, presence = settled(looks, 0, 60, tmp_path)
    assert list(np.flatnonzero(presence == 0)) == frames(40, 43)


def test_smoothing_keeps_a_line_and_quiets_a_tremble() -> None:
    line = np.arange(50, dtype=np.float64)[:, None] * [1.5, -0.25]
    tremble = np.where(np.arange(50) % 2, 1.0, -1.0)[:, None] * [1, 1]
    smooth = smoothing.gaussian(line + tremble, 1.5)
    assert np.abs(smooth - line)[8:-8].max() < 0.05
    assert np.allclose(smoothing.gaussian(np.full((20, 3), 7.0), 2.0), 7)


# --- Their file ------------------------------------------------------------------------


def test_the_file_returns_what_was_put_into_it(tmp_path: Path) -> None:
    rows = np.random.default_rng(6).normal(100, 50, (30, 478, 3)).astype(np.float32)
    folder = tmp_path / "meanwhile"
    folder.mkdir()
    landmarks = Landmarks(folder)
    for begin, end in ((0, 1), (1, 1), (1, 17), (17, 30)):
        landmarks.append(rows[begin:end])
        assert np.array_equal(landmarks.rows(begin, end), rows[begin:end])
    assert len(landmarks) == 30
    assert np.array_equal(landmarks.rows(5, 25), rows[5:25])
    assert np.array_equal(landmarks.rows(0, 30), rows)
    assert list(folder.iterdir()) == []  # it has no name, so nothing stays behind


def test_memory_does_not_grow_with_length(tmp_path: Path) -> None:
    block = np.ones((256, 478, 3), np.float32)
    landmarks = Landmarks(tmp_path)
    tracemalloc.start()
    try:
        for _ in range(40):  # 58 MB
            landmarks.append(block)
        landmarks.rows(3000, 3064)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(landmarks) == 40 * 256
    assert peak < 3 * block.nbytes
