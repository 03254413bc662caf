"""The drawn teeth: single ones, no two alike, and no denture's even row."""

from itertools import pairwise

import numpy as np
import pytest

from jobs.engines.local.frames import teeth
from jobs.engines.local.shapes import F64

CLOSE = 400.0  # pixels per face unit: as in a large portrait
ROWS = pytest.mark.parametrize("row", [teeth.UPPER, teeth.LOWER], ids=["upper", "lower"])


def biting_edge(row: teeth.Row) -> F64:
    """Of each column, in S: how far the row reaches beyond its baseline, towards the other one."""
    opaque = teeth.drawn(row, CLOSE).opacity > 0.5
    assert opaque.any(0).sum() > 0.9 * opaque.shape[1]
    columns = opaque[:, opaque.any(0)]
    end = len(columns) - columns[::-1].argmax(0) if row.upwards else columns.argmax(0)
    towards = 1 if row.upwards else -1
    return np.asarray(towards * (end / teeth.TEXELS - row.baseline), np.float64)


def lights(row: teeth.Row) -> F64:
    """How bright the middle of each tooth is, (12,) from left to right."""
    shade = teeth.drawn(row, CLOSE).paint[..., 0]
    middles = np.cumsum(row.widths) - np.array(row.widths) / 2
    x = (teeth.ROW_WIDTH / 2 + np.concatenate([-middles[::-1], middles])) * teeth.TEXELS
    y = (row.baseline + (-0.04 if row.upwards else 0.04)) * teeth.TEXELS
    return np.asarray(shade[round(y), x.round().astype(int)], np.float64)


@ROWS
def test_neighbouring_teeth_do_not_end_in_one_line(row: teeth.Row) -> None:
    """Among the six in front, at the size of a portrait."""
    edge = biting_edge(row)
    front = edge[len(edge) // 2 - 80 : len(edge) // 2 + 80]
    assert np.ptp(front) > 0.006
    assert np.abs(np.diff(front)).max() < 0.02  # but none stands out alone


@ROWS
def test_the_left_is_not_the_right_mirrored(row: teeth.Row) -> None:
    light = lights(row)
    assert np.abs(light - light[::-1]).max() > 0.02
    assert np.abs(light - light[::-1]).max() < 0.08


@ROWS
def test_canines_are_darker_than_the_teeth_between_them(row: teeth.Row) -> None:
    light = lights(row)
    assert max(light[3], light[8]) < 0.95 * light[4:8].min()


def test_there_is_a_shade_between_two_front_teeth() -> None:
    """A soft one: black gaps look like braces."""
    shade = teeth.drawn(teeth.UPPER, CLOSE).paint[round((teeth.UPPER.baseline - 0.04) * teeth.TEXELS), :, 0]
    middles = np.round((teeth.ROW_WIDTH / 2 + np.array([-0.121, -0.044, 0.044, 0.121])) * teeth.TEXELS).astype(int)
    for left, right in pairwise(middles):
        assert 0.6 < shade[left:right].min() / min(shade[left], shade[right]) < 0.97
