"""Progress: in proportion to the work, never backwards, whole at the end."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.engines.base import STAGES
from jobs.engines.local import pacing
from jobs.engines.local.pacing import Pace

SOME = settings(max_examples=100, deadline=None, database=None)
PIXELS = 480 * 600

costs = st.one_of(
    st.builds(
        pacing.picture_costs,
        st.floats(0.3, 600),
        st.integers(1, 15_000),
        st.integers(10_000, 900_000),
        st.integers(1, 2),
    ),
    st.builds(
        pacing.video_costs,
        st.floats(0.3, 600),
        st.integers(0, 18_000),
        st.integers(1, 18_000),
        st.integers(10_000, 900_000),
        st.integers(10_000, 9_000_000),
        st.integers(0, 1000),
    ),
)


class Listener:
    """Keeps what is reported."""

    def __init__(self) -> None:
        self.heard: list[tuple[float, str]] = []

    def __call__(self, progress: float, stage: str) -> None:
        self.heard.append((progress, stage))

    @property
    def progress(self) -> list[float]:
        return [progress for progress, _ in self.heard]


@SOME
@given(costs, st.lists(st.floats(-0.5, 2), max_size=8))
def test_it_rises_from_nothing_to_the_whole_whatever_the_stages_say(
    given: dict[str, float], shares: list[float]
) -> None:
    listener = Listener()
    pace = Pace(listener, given)
    for stage in STAGES:
        done = pace.stage(stage)
        for share in shares:
            done(share)
    done(1.0)
    assert listener.progress == sorted(listener.progress)
    assert listener.heard[0] == (0, "looking")
    assert listener.progress[-1] == pytest.approx(1)
    assert [stage for _, stage in listener.heard] == sorted((stage for _, stage in listener.heard), key=STAGES.index)


@SOME
@given(costs)
def test_a_stage_has_the_share_that_it_costs(given: dict[str, float]) -> None:
    whole = sum(given.values())
    listener = Listener()
    pace = Pace(listener, given)
    for stage in STAGES:
        done = pace.stage(stage)
        begin = listener.progress[-1]
        done(0.5)
        middle = listener.progress[-1]
        done(1.0)
        assert middle - begin == pytest.approx(given[stage] / whole / 2, abs=1e-9)
        assert listener.progress[-1] - begin == pytest.approx(given[stage] / whole, abs=1e-9)


def test_the_next_stage_begins_where_the_last_one_ends() -> None:
    listener = Listener()
    pace = Pace(listener, pacing.picture_costs(5, 125, PIXELS))
    pace.stage("looking")(1.0)
    pace.stage("listening")
    assert listener.progress[-1] == pytest.approx(listener.progress[-2])


def test_a_longer_voice_and_a_larger_picture_take_more_drawing() -> None:
    short, long, large, two = (
        pacing.picture_costs(seconds, round(25 * seconds), pixels, speakers)["drawing"]
        for seconds, pixels, speakers in ((5, PIXELS, 1), (50, PIXELS, 1), (5, 4 * PIXELS, 1), (5, PIXELS, 2))
    )
    assert 8 * short < long < 10 * short
    assert short < large < 4 * short
    assert short < two < 2 * short


def video(watched: int = 125, frames: int = 125, source_pixels: int = 2_000_000, kept: int = 500) -> dict[str, float]:
    return dict(pacing.video_costs(5, watched, frames, PIXELS, source_pixels, kept))


def test_a_video_takes_longer_to_look_at_than_a_picture() -> None:
    picture = pacing.picture_costs(5, 125, PIXELS)
    assert video()["looking"] > picture["looking"]
    assert video(source_pixels=8_000_000)["looking"] > video()["looking"]
    assert video()["listening"] == picture["listening"]


def test_frames_that_were_not_kept_take_a_second_decoding() -> None:
    whole, part, none = (video(kept=kept)["drawing"] for kept in (200, 60, 0))
    assert whole < part < none
    assert none - whole == pytest.approx(video()["looking"] - video(watched=0)["looking"] - 125 * pacing.WATCHING)
    assert video(frames=250, kept=0)["drawing"] - video(frames=250)["drawing"] == pytest.approx(2 * (none - whole))
