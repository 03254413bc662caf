"""Frames that are kept for a second look: the same ones, so many as there is room for, whatever becomes of the disk."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from jobs.engines.local.files import footage
from jobs.engines.local.files.footage import Footage
from jobs.engines.local.files.spool import Spool
from jobs.engines.local.shapes import Planes
from tests.engines import clips

WIDTH, HEIGHT = 64, 48
FRAME_BYTES = WIDTH * HEIGHT * 3 // 2
COUNT = 40


def noise(seed: int) -> Planes:
    random = np.random.default_rng(seed)
    luma = random.integers(0, 256, (HEIGHT, WIDTH), np.uint8)
    return Planes(luma, random.integers(0, 256, (HEIGHT // 2, WIDTH // 2, 2), np.uint8))


def equal(one: Planes, other: Planes) -> bool:
    return np.array_equal(one.luma, other.luma) and np.array_equal(one.chroma, other.chroma)


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """As on a full disk: writing beyond so many bytes fails."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_it_gives_back_what_it_was_given_from_any_frame_on(tmp_path: Path) -> None:
    kept, given = Spool(tmp_path, WIDTH, HEIGHT), [noise(seed) for seed in range(5)]
    for planes in given:
        kept.append(planes)
    for first in range(6):
        assert all(equal(one, other) for one, other in zip(kept.frames(first), given[first:], strict=True))


def test_parts_of_larger_planes_are_kept_too(tmp_path: Path) -> None:
    whole = np.random.default_rng(1).integers(0, 256, (2 * HEIGHT, 2 * WIDTH), np.uint8)
    part = Planes(whole[::2, ::2], noise(1).chroma[:, ::-1])
    kept = Spool(tmp_path, WIDTH, HEIGHT)
    kept.append(part)
    assert equal(next(kept.frames()), part)


def test_its_file_is_bounded_and_gone_with_it(tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    folder.mkdir()
    kept = Spool(folder, WIDTH, HEIGHT, most_bytes=3 * FRAME_BYTES + 1)
    for seed in range(3):
        assert kept.has_room
        kept.append(noise(seed))
    assert not kept.has_room
    del kept
    assert list(folder.iterdir()) == []


@pytest.fixture
def video(tmp_path: Path) -> Path:
    return clips.write(tmp_path / "video", clips.moving(COUNT))


def opened(video: Path, folder: Path | None) -> Footage:
    return Footage(video, footage.look_into(video), WIDTH, HEIGHT, folder)


@pytest.mark.parametrize("room", [0, 1, 17, COUNT, 2 * COUNT])
def test_later_passes_show_the_same_frames_however_many_were_kept(
    room: int, video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Spool.__init__, "__defaults__", (room * FRAME_BYTES,))
    plain, film = opened(video, None), opened(video, tmp_path)
    assert len(list(film.glimpses())) == COUNT
    for first in (0, 5, 30):
        assert all(equal(one, other) for one, other in zip(film.forwards(first), plain.forwards(first), strict=True))
    assert all(equal(one, other) for one, other in zip(film.backwards(33), plain.backwards(33), strict=True))


def test_a_first_pass_that_ends_early_keeps_what_it_saw(video: Path, tmp_path: Path) -> None:
    plain, film = opened(video, None), opened(video, tmp_path)
    assert len(list(islice(film.glimpses(), 12))) == 12
    assert all(equal(one, other) for one, other in zip(film.forwards(), plain.forwards(), strict=True))


def test_a_full_disk_costs_time_and_not_the_video(video: Path, tmp_path: Path) -> None:
    plain, film = opened(video, None), opened(video, tmp_path)
    with files_of_at_most(7 * FRAME_BYTES + 100):
        assert len(list(film.glimpses())) == COUNT
    assert all(equal(one, other) for one, other in zip(film.forwards(), plain.forwards(), strict=True))
