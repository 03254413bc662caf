"""Progress: in proportion to the work, never backwards, whole at the end."""

from collections.abc import Mapping
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.engines.base import STAGES
from jobs.engines.local import pacing
from jobs.engines.local.pacing import Pace, Paces

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


class Clock:
    """Says what time it is to whoever asks."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True)
class Ran:
    """(seconds gone, share told) of a run, and its paces."""

    told: list[tuple[float, float]]
    paces: Paces


def run(
    foretold: Mapping[str, float],
    taken: Mapping[str, float],
    steps: int = 20,
    paces: Paces | None = None,
    loaded: float = 0.0,
    waited: float = 0.0,
) -> Ran:
    """A run whose stages take other times than foretold, evenly, and whose models took `loaded` seconds to load.

    It begins so long after it was asked for.
    """
    clock = Clock()
    told: list[tuple[float, float]] = []
    clock.now = waited
    pace = Pace(lambda done, stage: told.append((clock.now, done)), foretold, paces or {}, 0, loaded, clock)
    for stage in STAGES:
        say = pace.stage(stage)
        for step in range(steps):
            clock.now += taken[stage] / steps
            say((step + 1) / steps)
    return Ran(told, pace.paces())


@SOME
@given(costs, st.floats(0.2, 20), st.floats(0, 3))
def test_a_machine_of_any_speed_is_foretold(foretold: dict[str, float], slower: float, waited: float) -> None:
    """By how long its models took to load, from the beginning."""
    seconds = waited + slower * sum(foretold.values())
    taken = {stage: slower * cost for stage, cost in foretold.items()}
    ran = run(foretold, taken, loaded=slower * pacing.LOADING, waited=waited)
    assert ran.paces["loading"] == pytest.approx(slower)
    assert ran.told[0][1] == 0
    assert [done for _, done in ran.told[1:]] == pytest.approx([gone / seconds for gone, _ in ran.told[1:]])


def test_drawing_is_as_far_as_the_drawn_and_the_heard() -> None:
    drawing = pacing.picture_costs(30, 750, PIXELS)["drawing"]
    steps = ((0, 0), (0.1, 0), (0.1, 0.5), (0.5, 1), (1, 1))
    shares = [pacing.while_listening(drawn, heard, drawing, 30) for drawn, heard in steps]
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert shares[-1] == pytest.approx(1)


@SOME
@given(st.floats(20, 600), st.floats(0.5, 2))
def test_a_stage_that_takes_longer_than_foretold_is_soon_told_by_its_own_pace(seconds: float, longer: float) -> None:
    """How long the saving after it takes is still told by the pace of all, and so nearly as wrong."""
    foretold = pacing.picture_costs(seconds, round(25 * seconds), PIXELS)
    taken = {**foretold, "drawing": longer * foretold["drawing"]}
    saving = pacing.FINISHING * abs(longer - 1) + 0.05
    whole, drawn_from = sum(taken.values()), taken["looking"] + taken["listening"]
    for gone, done in run(foretold, taken, steps=100).told:
        if gone > drawn_from + 0.25 * taken["drawing"] and done < 1:
            assert gone * (1 - done) / done == pytest.approx(whole - gone, rel=0.25, abs=saving)


@SOME
@given(costs, costs, st.lists(st.floats(0.2, 20), min_size=4, max_size=4))
def test_what_a_run_took_is_what_the_next_one_is_foretold(
    one: dict[str, float], next_one: dict[str, float], slower: list[float]
) -> None:
    """Each stage may be slower than foretold in a way of its own."""
    factors = dict(zip(one, slower, strict=True))
    paces = run(one, {stage: factors[stage] * cost for stage, cost in one.items()}).paces
    assert paces == pytest.approx(factors)
    taken = {stage: factors[stage] * cost for stage, cost in next_one.items()}
    seconds = sum(taken.values())
    told = run(next_one, taken, paces=paces).told
    assert [done for _, done in told[1:]] == pytest.approx([gone / seconds for gone, _ in told[1:]])


@SOME
@given(costs, st.dictionaries(st.sampled_from(STAGES), st.sampled_from([0.0, 1e-9, 1.0, 1e6])))
def test_no_pace_of_before_is_too_strange(given: dict[str, float], paces: Paces) -> None:
    """A stage that was over at once, and one for which a machine slept."""
    told = [done for _, done in run(given, given, paces=paces).told]
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1, abs=0.01)


def test_a_face_is_found_before_the_first_frame_is_over() -> None:
    shares = [pacing.while_watching(watched, 5 * pacing.FINDING) for watched in (0, 0.5, 1)]
    assert shares == pytest.approx([0.2, 0.6, 1])


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
    assert long == pytest.approx(10 * short)
    assert short < large < 4 * short
    assert short < two < 2 * short


def video(watched: int = 125, frames: int = 125, source_pixels: int = 2_000_000, kept: int = 500) -> dict[str, float]:
    return dict(pacing.video_costs(5, watched, frames, PIXELS, source_pixels, kept))


def test_a_video_takes_longer_to_look_at_than_a_picture() -> None:
    picture = pacing.picture_costs(5, 125, PIXELS)
    assert video()["looking"] > picture["looking"]
    assert video(source_pixels=8_000_000)["looking"] > video()["looking"]
    assert video()["listening"] <= picture["listening"]


def test_frames_that_were_not_kept_take_a_second_decoding() -> None:
    whole, part, none = (video(kept=kept)["drawing"] for kept in (200, 60, 0))
    assert whole < part < none
    assert none - whole == pytest.approx(video()["looking"] - video(watched=0)["looking"] - 125 * pacing.WATCHING)
    assert video(frames=250, kept=0)["drawing"] - video(frames=250)["drawing"] == pytest.approx(2 * (none - whole))
