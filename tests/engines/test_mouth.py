"""The lips' geometry: closed when asked to, joined in the corners, and never through one another."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.engines.local.frames.interior import TOOTH_EDGE
from jobs.engines.local.mouths import mouth
from jobs.engines.local.mouths.mouth import TUCK_RISE
from jobs.engines.local.shapes import F64, Contours, MouthPose, RestingMouth
from jobs.engines.local.voice.visemes import VISEMES
from tests.engines.mouths import landmarks

SOME = settings(max_examples=100, deadline=None, database=None)
TINY = 1e-9


mouths = st.builds(
    landmarks,
    width=st.floats(0.3, 0.85),
    gap=st.floats(0, 0.3),
    smile=st.floats(-0.08, 0.12),
    lips=st.tuples(st.floats(0, 0.12), st.floats(0, 0.15)),
    philtrum=st.floats(-0.1, 0.1),
)
shares = st.one_of(st.sampled_from([0.0, 1.0]), st.floats(0, 1))
poses = st.builds(
    MouthPose,
    opening=st.one_of(st.sampled_from([0.0, 1.25, 1.5]), st.floats(0, 1.5)),
    width=st.floats(0.6, 1.25),
    lift=shares,
    rounding=shares,
    tongue=shares,
    tuck=shares,
    press=shares,
)


def corners_are_joined(lips: Contours) -> bool:
    return all(
        np.array_equal(lips.upper_outer[corner], lips.lower_outer[corner])
        and np.array_equal(lips.upper_inner[corner], lips.lower_inner[corner])
        for corner in (0, -1)
    )


def gap(lips: Contours) -> F64:
    return np.asarray(lips.lower_inner[:, 1] - lips.upper_inner[:, 1])


def rest_of(face: F64) -> RestingMouth:
    return mouth.at_rest(face)


# --- Any mouth in any pose -------------------------------------------------------------


@SOME
@given(mouths, poses)
def test_lips_never_cross_and_end_in_the_corners(face: F64, pose: MouthPose) -> None:
    """But for a lower lip that is tucked under the teeth, which may go up a little behind the upper one."""
    lips = mouth.shape(rest_of(face), pose).lips
    assert corners_are_joined(lips)
    assert gap(lips).min() >= -TUCK_RISE * pose.tuck - TINY
    between = slice(1, -1)
    assert (lips.upper_outer[between, 1] < lips.upper_inner[between, 1]).all()
    assert (lips.lower_inner[between, 1] < lips.lower_outer[between, 1]).all()
    for line in (lips.upper_outer, lips.upper_inner, lips.lower_inner, lips.lower_outer):
        assert np.isfinite(line).all()
        assert (np.diff(line[between, 0]) > 0).all()


@SOME
@given(mouths, poses)
def test_a_mouth_at_opening_0_is_closed_however_open_it_was(face: F64, pose: MouthPose) -> None:
    closed = mouth.shape(rest_of(face), replace(pose, opening=0, tuck=0))
    assert np.abs(gap(closed.lips)).max() <= TINY
    assert (closed.drop, closed.rise) == (0, 0)


@SOME
@given(mouths, poses, st.floats(0, 1.2), st.floats(0, 1.2))
def test_a_wider_opening_is_wider_everywhere(face: F64, pose: MouthPose, one: float, other: float) -> None:
    narrow, wide = (mouth.shape(rest_of(face), replace(pose, opening=opening)) for opening in sorted((one, other)))
    assert (gap(wide.lips) >= gap(narrow.lips) - TINY).all()
    assert wide.drop >= narrow.drop


@SOME
@given(mouths, poses)
def test_an_open_profile_moves_only_its_lower_lip(face: F64, pose: MouthPose) -> None:
    rest = rest_of(face)
    lips = mouth.shape_around(rest, pose).lips
    assert np.array_equal(lips.upper_outer, rest.seen.upper_outer)
    assert np.array_equal(lips.upper_inner, rest.seen.upper_inner)
    assert np.array_equal(lips.lower_inner[[0, -1]], rest.seen.lower_inner[[0, -1]])
    assert gap(lips).min() >= -TINY


@SOME
@given(mouths)
def test_a_resting_mouth_lies_between_the_lips_that_are_seen(face: F64) -> None:
    rest = rest_of(face)
    assert (rest.line[:, 1] >= rest.seen.upper_inner[:, 1] - TINY).all()
    assert (rest.line[:, 1] <= rest.seen.lower_inner[:, 1] + TINY).all()
    assert min(rest.upper_thickness.min(), rest.lower_thickness.min()) > 0
    assert 0.8 <= rest.relax_width <= 1


# --- What is known ---------------------------------------------------------------------


def test_an_open_mouth_has_the_measures_of_real_talkers() -> None:
    """Of the gap the upper lip rises a fifth; .20 to .22 S is as wide as people open it."""
    shape = mouth.shape(rest_of(landmarks()), MouthPose(opening=1))
    assert gap(shape.lips)[5] == pytest.approx(0.215)
    assert shape.rise / (shape.rise + shape.drop) == pytest.approx(0.2)


def test_lips_that_were_parted_close_firmly() -> None:
    """The lower one is pressed thinner in the middle, as far as the mouth is closed; lips that were closed are not."""

    def pressed(gap: float, opening: float) -> float:
        lips = mouth.shape(rest_of(landmarks(gap=gap)), MouthPose(opening=opening)).lips
        return 0.084 * (1 - 0.05 * opening) - float(lips.lower_outer[5, 1] - lips.lower_inner[5, 1])

    assert pressed(0.0, 0.0) == pytest.approx(0)
    assert pressed(0.1, 0.0) == pytest.approx(mouth.FIRM)
    assert 0 < pressed(0.1, mouth.FIRM_UNTIL / 2) < mouth.FIRM
    assert pressed(0.1, mouth.FIRM_UNTIL) == pytest.approx(0)


def test_a_jaw_that_hardly_opens_does_not_part_the_lips() -> None:
    openings = [0, mouth.TOUCHING, mouth.TOUCHING + 0.01, 0.1]
    gaps = [gap(mouth.shape(rest_of(landmarks()), MouthPose(opening=opening)).lips)[5] for opening in openings]
    assert gaps[:2] == pytest.approx([0, 0], abs=TINY)
    assert 0 < gaps[2] < gaps[3] < 0.215 * 0.1**0.8


def test_a_pose_makes_the_mouth_wider_or_narrower() -> None:
    widths = [mouth.shape(rest_of(landmarks()), MouthPose(width=width)).half_width for width in (0.7, 1.0, 1.2)]
    assert widths == sorted(widths)
    assert widths[0] < 0.75 * widths[1] + 0.02


def test_a_smile_is_relaxed_and_a_neutral_mouth_is_not() -> None:
    neutral, smiling = rest_of(landmarks()), rest_of(landmarks(width=0.75, smile=0.06))
    assert (neutral.relax_width, neutral.relax_curve) == (1, 1)
    assert smiling.relax_width < 0.9
    assert np.ptp(mouth.shape(smiling, MouthPose()).lips.upper_inner[:, 1]) < 0.8 * np.ptp(smiling.line[:, 1])


@pytest.mark.parametrize("opening", [0.1, 0.2, 0.3])
def test_f_and_v_show_the_upper_teeth_on_the_lower_lip(opening: float) -> None:
    """However far the vowels beside them open the jaw: nothing dark between teeth and lip, and teeth to be seen."""
    rest = rest_of(landmarks())
    bitten = mouth.shape(rest, MouthPose(opening, lift=VISEMES["F"].lift, tuck=1)).lips
    edge = rest.line_y + TOOTH_EDGE
    assert bitten.lower_inner[5, 1] <= edge
    assert bitten.lower_inner[5, 1] - bitten.upper_inner[5, 1] > 0.025


@pytest.mark.parametrize(("yaw", "amount"), [(0, 1), (26, 1), (-46, 0.5), (36, 0.75), (80, 0.5)])
def test_a_turned_mouth_moves_less(yaw: float, amount: float) -> None:
    assert mouth.amplitude(yaw) == pytest.approx(amount)


def test_damping_keeps_closures_whole() -> None:
    pose = MouthPose(opening=0.8, width=1.2, lift=0.6, rounding=0.4, tongue=0.5, tuck=0.7, press=0.9)
    half = mouth.damped(pose, 0.5)
    assert half == MouthPose(0.8 * 0.5**1.25, 1.1, 0.3, 0.2, 0.5, 0.7, 0.9)
    assert mouth.damped(MouthPose(press=1), 0.5) == MouthPose(press=1)
