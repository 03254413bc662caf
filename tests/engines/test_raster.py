"""The pixel primitives: what is drawn covers what it should, and no more."""

import cv2
import numpy as np
import pytest

from jobs.engines.local.frames import raster
from jobs.engines.local.shapes import F64

WIDTH, HEIGHT = 60, 34


def slit(gap: float, y: float = 15.3) -> F64:
    """The outline of lips that have parted by `gap` pixels, a lens 44 pixels wide."""
    x = np.linspace(8.3, 52.2, 61)
    lens = gap * (1 - np.abs(np.linspace(-1, 1, 61)) ** 2.2)
    return np.concatenate([np.stack([x, y - 0.2 * lens], 1), np.stack([x, y + 0.8 * lens], 1)[::-1]])


def area(points: F64) -> float:
    x, y = points.T
    return abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2


@pytest.mark.parametrize("gap", [0.1, 0.26, 0.5, 1.0, 3.0, 12.0])
@pytest.mark.parametrize("blur", [0.0, 0.7])
def test_lips_that_hardly_part_show_hardly_anything(gap: float, blur: float) -> None:
    points = slit(gap)
    drawn = raster.polygon_mask(points, WIDTH, HEIGHT, blur)
    assert drawn.sum() == pytest.approx(area(points), abs=0.15 * 44 + 0.05 * area(points))


def test_it_is_drawn_where_it_is() -> None:
    """In the middle of a pixel's rows and between them alike."""
    rows = np.arange(HEIGHT)
    for y in (10.0, 10.25, 10.5, 10.9):
        drawn = raster.polygon_mask(slit(4, y), WIDTH, HEIGHT, 0)
        middle = float((drawn[:, 30] @ rows) / drawn[:, 30].sum())
        assert middle == pytest.approx(y + 0.3 * 4, abs=0.1)


@pytest.mark.parametrize("blur", [0.0, 0.9])
def test_a_polygon_s_share_of_a_pixel_is_the_mean_of_its_finer_rows_in_whole_bytes(blur: float) -> None:
    points = slit(12.0)
    fine = np.zeros((HEIGHT * raster.FINE_ROWS, WIDTH), np.uint8)
    scaled = points * [1, raster.FINE_ROWS] + [0, (raster.FINE_ROWS - 1) / 2]
    units = 1 << raster.SUBPIXEL_BITS
    cv2.fillPoly(fine, [np.round(scaled * units).astype(np.int32)], (255.0,), cv2.LINE_8, raster.SUBPIXEL_BITS)
    plain = np.asarray(cv2.resize(fine, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA), np.uint8)
    assert 0 < (plain > 0).mean() < 1
    np.testing.assert_array_equal(
        raster.polygon_mask(points, WIDTH, HEIGHT, blur), raster.softened(plain, blur), strict=True
    )
