"""The order of a video's frames under a longer voice: without a jump, and turning where nothing moves."""

from itertools import chain, pairwise
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from jobs.engines.local import playback
from jobs.engines.local.files import footage
from jobs.engines.local.files.footage import Footage
from jobs.engines.local.playback import TURNING_FRAMES, TURNING_SHARE, runs
from jobs.engines.local.shapes import F64
from tests.engines import clips

SOME = settings(max_examples=150, deadline=None, database=None)

motions = st.integers(1, 300).flatmap(lambda frames: arrays(np.float64, frames, elements=st.floats(0, 1, width=16)))


def numbers(frames: int, wanted: int, motion: F64) -> list[int]:
    return list(chain.from_iterable(runs(frames, wanted, motion)))


@SOME
@given(motions, st.integers(1, 2000))
def test_there_are_as_many_as_wanted_and_each_follows_its_neighbour(motion: F64, wanted: int) -> None:
    shown = numbers(len(motion), wanted, motion)
    assert len(shown) == wanted
    assert shown[0] == 0
    assert min(shown) >= 0
    assert max(shown) < len(motion)
    if len(motion) > 1:
        assert all(abs(after - before) == 1 for before, after in pairwise(shown))


@SOME
@given(motions, st.floats(0, 1))
def test_a_video_that_is_long_enough_is_trimmed(motion: F64, share: float) -> None:
    wanted = max(1, round(share * len(motion)))
    assert numbers(len(motion), wanted, motion) == list(range(wanted))


@SOME
@given(motions)
def test_it_turns_in_the_calmest_frames_near_its_ends(motion: F64) -> None:
    count = len(motion)
    shown = numbers(count, 6 * count, motion)
    turns = [now for before, now, after in zip(shown, shown[1:], shown[2:], strict=False) if before == after]
    reach = min(TURNING_FRAMES, max(1, int(count * TURNING_SHARE)))
    for turn in turns[::2]:
        assert turn >= count - reach
        assert motion[turn] == motion[-reach:].min()
    for turn in turns[1::2]:
        assert turn < reach
        assert motion[turn] == motion[:reach].min()
    assert len(turns) >= 5 * (count > 2)


def test_of_frames_equally_calm_the_outermost_turn() -> None:
    shown = numbers(50, 150, np.zeros(50))
    assert shown[:99] == [*range(50), *range(48, -1, -1)]
    assert shown[99] == 1


def test_one_calm_frame_near_the_end_is_where_it_turns() -> None:
    motion = np.ones(100)
    motion[[4, 92]] = 0
    shown = numbers(100, 300, motion)
    assert (max(shown), min(shown[93:])) == (92, 4)
    assert shown[90:96] == [90, 91, 92, 91, 90, 89]


def test_a_single_frame_stands() -> None:
    assert numbers(1, 5, np.zeros(1)) == [0] * 5


def test_frames_are_played_with_their_numbers(tmp_path: Path) -> None:
    path = clips.write(tmp_path / "video", clips.numbered(30))
    film = Footage(path, footage.look_into(path), 64, 48)
    played = list(playback.play(film, runs(30, 100, np.zeros(30))))
    assert len(played) == 100
    assert [number for number, _ in played] == clips.numbers_of(planes for _, planes in played)
