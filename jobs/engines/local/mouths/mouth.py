"""Owns the lips' geometry: a face's mouth at rest, and where its lips are in a given pose. Face units throughout."""

from dataclasses import replace
from typing import TypeVar

import numpy as np

from jobs.engines.local.landmarks import LOWER_INNER, LOWER_OUTER, UPPER_INNER, UPPER_OUTER
from jobs.engines.local.shapes import F64, Contours, MouthPose, MouthShape, RestingMouth

# Measured on real talkers: of each unit of gap the upper lip rises .2 and the lower drops .8; at rest the mouth is
# .50 to .56 wide.
WIDEST_GAP = 0.215
GAP_POWER = 0.8
TOUCHING = 0.03  # lips are soft: a jaw that has opened so far does not part them yet
UPPER_SHARE, LOWER_SHARE = 0.20, 0.80
LIFT = 0.035
CORNER_FOLLOWS_JAW = 0.10
TUCK_RISE = 0.012
LIP_ROLLS_IN = 0.50  # of what is seen of the lower lip, behind the teeth
TUCK_HOLDS = 0.50  # of the lower lip's way down: F and V keep it at the upper teeth, whatever the jaw does
MEETING_HEIGHT = 0.42  # of an open gap: where the lips of an open mouth would meet
NEUTRAL_WIDTH = 0.56
SMILE_GAP, SMILE_WIDTH = 0.02, 0.60
SMILE_RELAX, SMILE_FLATTEN = 0.65, 0.6
MIN_LIP = 0.004
# Lips that are parted in the picture close firmly: the lower one is pressed so much thinner, or they look as if they
# hardly touched. From a picture with so wide a gap on, and up to an opening of so much.
FIRM, FIRM_FROM_GAP, FIRM_UNTIL = 0.02, 0.03, 0.12
# A smile that the prompt asks for: the corners' way up, in S, and how much wider the mouth gets.
ASKED_LIFT, ASKED_WIDTH = 0.030, 0.05

Opening = TypeVar("Opening", float, F64)

# A turned head moves its mouth less, for the picture gives less to work with.
FRONTAL_YAW, YAW_FADE, LEAST_AMPLITUDE = 26.0, 40.0, 0.5


def contours(face: F64) -> Contours:
    """The lip lines of landmarks (478, 2) in face units."""
    return Contours(face[list(UPPER_OUTER)], face[list(UPPER_INNER)], face[list(LOWER_INNER)], face[list(LOWER_OUTER)])


def at_rest(face: F64) -> RestingMouth:
    """The closed mouth of landmarks (478, 2) in face units, which may show an open or a smiling one."""
    seen = contours(face)
    gap = np.clip(seen.gaps, 0, None)
    line = np.stack(
        [
            0.5 * (seen.upper_inner[:, 0] + seen.lower_inner[:, 0]),
            seen.upper_inner[:, 1] + MEETING_HEIGHT * gap,
        ],
        1,
    )
    width = seen.width
    smiles = float(gap.max()) > SMILE_GAP or width > SMILE_WIDTH
    return RestingMouth(
        seen=seen,
        line=line,
        upper_thickness=np.clip(seen.upper_inner[:, 1] - seen.upper_outer[:, 1], MIN_LIP, None),
        lower_thickness=np.clip(seen.lower_outer[:, 1] - seen.lower_inner[:, 1], MIN_LIP, None),
        gap=float(gap.max()),
        width=width,
        centre_x=float(seen.upper_outer[0, 0] + seen.upper_outer[-1, 0]) / 2,
        relax_width=float(np.clip(1 - SMILE_RELAX * (1 - NEUTRAL_WIDTH / width), 0.8, 1)) if smiles else 1.0,
        relax_curve=SMILE_FLATTEN if smiles else 1.0,
    )


def amplitude(yaw_degrees: float) -> float:
    """How much of its movement a mouth turned this far makes."""
    return float(np.clip(1 - (abs(yaw_degrees) - FRONTAL_YAW) / YAW_FADE, LEAST_AMPLITUDE, 1))


def damped(pose: MouthPose, amount: float) -> MouthPose:
    """The same pose with `amount` (0 to 1) of its movement; closing stays whole."""
    return replace(
        pose,
        opening=pose.opening * amount**1.25,
        width=1 + (pose.width - 1) * amount,
        rounding=pose.rounding * amount,
        lift=pose.lift * amount,
    )


def _within(value: float, most: float = 1.0) -> float:
    """Between 0 and `most`: on single numbers `np.clip` takes ten times as long."""
    return min(max(value, 0.0), most)


def parting(opening: Opening) -> Opening:
    """How far the lips part, 1 for wide open, for an opening that the voice asks for; below 0 they touch."""
    return (opening - TOUCHING) / (1 - TOUCHING)


def shape(rest: RestingMouth, pose: MouthPose) -> MouthShape:
    """Where the lips of this mouth are in this pose."""
    gap = WIDEST_GAP * _within(parting(pose.opening), 1.2) ** GAP_POWER
    rounding = _within(pose.rounding)
    opened = _within(pose.opening)
    width = rest.relax_width * pose.width * (1 + ASKED_WIDTH * rest.smile)
    drop = LOWER_SHARE * gap
    rise = UPPER_SHARE * gap + LIFT * pose.lift * _within(pose.opening * 2.5 + pose.tuck)

    profile = _opening_profile(rest, rounding)
    line_y = _relaxed_line(rest, rounding)
    sides = CORNER_FOLLOWS_JAW * drop * (1 - profile)
    upper_y = line_y - rise * profile + sides
    lower_y = line_y + (drop * (1 - TUCK_HOLDS * pose.tuck) - TUCK_RISE * pose.tuck) * profile + sides
    # Lips thin when pressed or stretched open, and swell when rounded.
    upper_lip = rest.upper_thickness * (1 - 0.22 * pose.press + 0.10 * rounding - 0.10 * opened)
    hidden = 0.25 * pose.press + LIP_ROLLS_IN * pose.tuck * (1 - pose.press)
    lower_lip = rest.lower_thickness * (1 - hidden + 0.15 * rounding - 0.05 * opened)

    firm = FIRM * _within(rest.gap / FIRM_FROM_GAP) * (1 - _within(pose.opening / FIRM_UNTIL))
    lower_lip = np.maximum(lower_lip - firm * profile, np.minimum(lower_lip, MIN_LIP))

    def across(x: F64) -> F64:
        return rest.centre_x + (x - rest.centre_x) * width

    x = across(rest.line[:, 0])
    lips = Contours(
        upper_outer=np.stack([across(rest.seen.upper_outer[:, 0]), upper_y - upper_lip], 1),
        upper_inner=np.stack([x, upper_y], 1),
        lower_inner=np.stack([x, lower_y], 1),
        lower_outer=np.stack([across(rest.seen.lower_outer[:, 0]), lower_y + lower_lip], 1),
    )
    _join_corners(lips, rest)
    return MouthShape(lips, drop, rise, width, replace(pose, rounding=rounding))


# A profile whose mouth is open in the picture can not be closed: its jaw moves a little round where it is.
HALF_OPEN = 0.35
TURNED_GAIN, TURNED_MOST = 1.6, 0.05


def shape_around(rest: RestingMouth, pose: MouthPose) -> MouthShape:
    """Like `shape`, for an open mouth seen from the side: the lower lip moves relative to the picture, nothing else."""
    wanted = shape(rest, pose)
    seen = rest.seen
    jaw = seen.jaw
    move = float(np.clip(wanted.drop * TURNED_GAIN - HALF_OPEN * jaw, -HALF_OPEN * jaw, TURNED_MOST))
    profile = np.clip(1 - np.abs(np.linspace(-1, 1, 11)) ** 2.2, 0, 1)
    down = np.stack([np.zeros(11), move * profile], 1)
    lips = Contours(seen.upper_outer, seen.upper_inner, seen.lower_inner + down, seen.lower_outer + down)
    return MouthShape(lips, jaw + move, 0.0, 1.0, pose)


def _opening_profile(rest: RestingMouth, rounding: float) -> F64:
    """(11,) 1 at the philtrum, 0 at the corners: a lens, over the true distance, each side on its own."""
    offset = rest.line[:, 0] - rest.line[5, 0]
    left, right = float(offset[0]), float(offset[-1])
    if left < -1e-3 and right > 1e-3:
        distance = np.clip(np.where(np.arange(11) < 5, offset / left, offset / right), 0, 1)
    else:
        distance = np.abs(np.linspace(-1, 1, 11))
    lens = np.clip(1 - distance ** (2.2 - 0.3 * rounding), 0, 1)
    return np.asarray(lens ** (0.95 - 0.2 * rounding))


def _relaxed_line(rest: RestingMouth, rounding: float) -> F64:
    """(11,) heights of the closed line, a smile flattened, more so when rounding."""
    across = np.linspace(-1, 1, 11)
    curve = rest.line[:, 1] - rest.line_y - ASKED_LIFT * rest.smile * (1 - rounding) * across**2
    flatter = curve * (1 - 0.5 * rounding) * rest.relax_curve
    return np.asarray(rest.line_y + flatter + (1 - rest.relax_curve) * 0.25 * curve.mean())


def _join_corners(lips: Contours, rest: RestingMouth) -> None:
    """All four lines end in the corners, as far from the inner corner as in the picture. Changes `lips`."""
    for corner in (0, -1):
        inner = 0.5 * (lips.upper_inner[corner] + lips.lower_inner[corner])
        lips.upper_inner[corner] = lips.lower_inner[corner] = inner
        outer = inner + rest.seen.upper_outer[corner] - rest.seen.upper_inner[corner]
        lips.upper_outer[corner] = lips.lower_outer[corner] = outer
