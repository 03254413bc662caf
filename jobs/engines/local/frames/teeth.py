"""Owns teeth: a drawn row for faces that show none, and a smiling face's own upper row."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from jobs.engines.local.frames import raster
from jobs.engines.local.shapes import F32, F64, U8, FaceFrame, RestingMouth
from jobs.engines.local.smoothing import gaussian, median

TEXELS = 420.0  # texture pixels per face unit


@dataclass(frozen=True)
class Row:
    """Table of one side's teeth from the middle outwards, in face units; `edges` lower than 0 recede upwards.

    `corners` say how far an edge recedes at its tooth's sides, `points` how early: 3.5 is a chisel, 2 a canine's tip.
    """

    widths: Sequence[float]
    heights: Sequence[float]
    edges: Sequence[float]
    corners: Sequence[float]
    points: Sequence[float]
    shades: Sequence[float]
    baseline: float  # where the biting edge is in the texture
    brightness: float
    upwards: bool


UPPER = Row(
    (0.088, 0.066, 0.066, 0.052, 0.044, 0.034),
    (0.115, 0.105, 0.110, 0.095, 0.085, 0.070),
    (0, -0.008, -0.004, -0.012, -0.017, -0.023),
    (0.011, 0.014, 0.016, 0.014, 0.012, 0.010),
    (3.5, 2.8, 2.2, 2.6, 3.0, 3.5),
    (1.0, 0.97, 0.91, 0.93, 0.95, 0.95),
    baseline=0.13,
    brightness=1.0,
    upwards=True,
)
LOWER = Row(
    (0.054, 0.058, 0.064, 0.056, 0.050, 0.050),
    (0.090, 0.090, 0.092, 0.085, 0.080, 0.070),
    (0, 0.002, -0.001, 0.004, 0.008, 0.012),
    (0.006, 0.007, 0.009, 0.008, 0.006, 0.006),
    (3.5, 3.0, 2.2, 2.6, 3.5, 3.5),
    (1.0, 0.98, 0.93, 0.95, 0.95, 0.95),
    baseline=0.03,
    brightness=0.82,
    upwards=False,
)
ROW_WIDTH, ROW_HEIGHT = 0.70, 0.20
# No row is even: what each tooth from left to right is longer (S), and brighter than its table says.
LONGER = (0.0, 0.002, -0.002, 0.001, -0.003, 0.001, -0.001, 0.001, 0.002, -0.002, -0.001, 0.002)
BRIGHTER = (0.0, 0.02, -0.03, 0.02, -0.03, 0.01, -0.02, 0.02, -0.01, -0.04, 0.02, 0.0)
GAP_SHADE = 0.72  # gaps are only a little darker: black ones look like braces
SHARPEST = 0.6  # screen pixels per texel above which the texture needs no more blur


@dataclass(frozen=True)
class Texture:
    """Paint (h, w, c) and its opacity (h, w); `anchor` is the texel that stands at the row's place in the face."""

    paint: F32
    opacity: F32
    anchor: tuple[float, float]


def drawn(row: Row, pixels_per_unit: float) -> Texture:
    """A row in shades of 0 to 1 (h, w, 1), blurred for the size at which it will be seen."""
    return _drawn(row is UPPER, round(min(pixels_per_unit / TEXELS, SHARPEST) * 20) / 20)


@lru_cache(maxsize=64)
def _drawn(upper: bool, scale: float) -> Texture:
    row = UPPER if upper else LOWER
    shade, opacity = _draw(row)
    if scale < SHARPEST:
        blur = 0.45 / max(scale, 0.1)
        shade, opacity = raster.softened(shade, blur), raster.softened(opacity, blur)
    return Texture(shade[..., None], opacity, (ROW_WIDTH / 2 * TEXELS, row.baseline * TEXELS))


def _draw(row: Row) -> tuple[F32, F32]:
    height, width = int(ROW_HEIGHT * TEXELS), int(ROW_WIDTH * TEXELS)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32) / np.float32(TEXELS)
    shade, opacity = np.zeros((height, width), np.float32), np.zeros((height, width), np.float32)
    for side in (-1, 1):
        start = 0.0
        for number, tooth_width in enumerate(row.widths):
            one = len(row.widths) + (number if side > 0 else -1 - number)
            edge, tooth_height = row.edges[number], row.heights[number]
            middle = start + tooth_width / 2
            across = np.abs(x - (ROW_WIDTH / 2 + side * middle)) / (tooth_width / 2)
            corner = row.corners[number] * across ** row.points[number]
            if row.upwards:
                along = (row.baseline + edge + LONGER[one] - corner - y) / tooth_height
            else:
                along = (y - row.baseline - edge + LONGER[one] - corner) / tooth_height
            inside = np.clip((1 - across) * tooth_width / 2 * TEXELS / 1.4, 0, 1)
            inside *= np.clip(along * tooth_height * TEXELS / 2, 0, 1)
            curve = 0.88 + 0.12 * np.clip(1 - across**3, 0, 1)
            translucent_edge = 0.88 + 0.12 * np.clip(along / 0.25, 0, 1)
            recede = 1 - 0.62 * np.clip(middle / 0.33, 0, 1) ** 1.5
            light = row.shades[number] * (1 + BRIGHTER[one]) * row.brightness
            shade = np.where(inside > opacity, curve * translucent_edge * recede * light, shade)
            opacity = np.maximum(opacity, inside)
            start += tooth_width
    whole = np.asarray(cv2.morphologyEx(opacity, cv2.MORPH_CLOSE, np.ones((3, 9), np.uint8)), np.float32)
    shade = shade * opacity + (1 - opacity) * GAP_SHADE * np.asarray(cv2.blur(shade, (15, 3)), np.float32)
    return raster.softened(shade.astype(np.float32), 1.3), raster.softened(np.maximum(opacity, whole), 1.2)


# A smile's own teeth.
PATCH_WIDTH, PATCH_HEIGHT = 0.8, 0.45
PATCH_ORIGIN = (0.4, 0.15)  # left of and above the middle of the lip line
LEAST_GAP = 0.035
LEAST_BRIGHTNESS = 0.55  # of the skin's
LEAST_SHARE = 0.25  # of the opening that is teeth
DARK, DARK_SPAN = 0.42, 0.22  # of the brightest: what is no tooth, and the soft step above it
LONGEST = 0.105
LEAST_WIDTH = 0.45  # of the mouth's; a shorter row is a glint, or a beard's shadow beside it
GUM = 0.06  # the row is continued upwards by this, behind the lip


def own(picture: U8, frame: FaceFrame, rest: RestingMouth, skin_brightness: float) -> tuple[Texture, float] | None:
    """The upper row seen in a smiling picture (colours BGR), and how far its edge is below the lip line; or None.

    Only the upper row is taken: the first bright run of each column, its edges made smooth.
    """
    if rest.gap < LEAST_GAP:
        return None
    origin = np.array([rest.centre_x - PATCH_ORIGIN[0], rest.line_y - PATCH_ORIGIN[1]])
    width, height = int(PATCH_WIDTH * TEXELS), int(PATCH_HEIGHT * TEXELS)
    matrix = np.column_stack([frame.axes / TEXELS, frame.to_pixels(origin)])
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    colour = np.asarray(cv2.warpAffine(picture, matrix, (width, height), flags=flags), np.float32)
    opening = _opening(rest, origin, width, height)
    bright = _bright(colour, opening, skin_brightness)
    if bright is None:
        return None
    columns = _columns(bright)
    if columns is None or columns[0][-1] - columns[0][0] < LEAST_WIDTH * rest.width * TEXELS:
        return None
    opacity = np.zeros((height, width), np.float32)
    extend = int(GUM * TEXELS)
    for x, first, last in zip(*columns, strict=True):
        if last <= first + 1:
            continue
        start = max(0, first - extend)
        edge = colour[first : min(first + 5, last), x].mean(0)
        colour[start:first, x] = edge * np.linspace(0.80, 1, first - start)[:, None]
        opacity[start:last, x] = 1
    blurred = raster.softened(opacity, 0.006 * TEXELS) * (raster.softened(opacity, 1) > 0.02)
    middle = np.flatnonzero(blurred[:, width // 2 - 40 : width // 2 + 40].max(1) > 0.5)
    edge_y = float(middle.max() if len(middle) else 0.17 * TEXELS) / TEXELS + origin[1] - rest.line_y
    anchor = (PATCH_ORIGIN[0] * TEXELS, (PATCH_ORIGIN[1] + edge_y) * TEXELS)
    return Texture(colour, blurred.astype(np.float32), anchor), edge_y


def _opening(rest: RestingMouth, origin: F64, width: int, height: int) -> F32:
    """Mask of what is between the lips in the picture."""
    inwards = 0.06 * (rest.seen.lower_inner - rest.seen.upper_inner)
    edge = np.concatenate(
        [
            raster.dense(rest.seen.upper_inner + inwards),
            raster.dense(rest.seen.lower_inner - 2 * inwards)[::-1],
        ]
    )
    return raster.polygon_mask((edge - origin) * TEXELS, width, height, 0)


def _bright(colour: F32, opening: F32, skin_brightness: float) -> F32 | None:
    """0 to 1: bright and grey enough for a tooth; None if there is too little of it."""
    inside = opening > 0.5
    if inside.sum() < 50:
        return None
    brightness = colour @ raster.BRIGHTNESS.astype(np.float32)
    saturation = colour.max(-1) - colour.min(-1)
    top = float(np.percentile(brightness[inside], 85))
    if top < LEAST_BRIGHTNESS * skin_brightness:
        return None
    bright = np.clip((brightness - DARK * top) / (DARK_SPAN * top), 0, 1)
    bright *= np.clip((DARK * top - saturation + 20) / 20, 0, 1)
    closed = cv2.morphologyEx(bright.astype(np.float32), cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))
    result = np.asarray(closed, np.float32) * opening
    return result if result[inside].mean() >= LEAST_SHARE else None


def _columns(bright: F32) -> tuple[list[int], list[int], list[int]] | None:
    """x, first and last row of the upper teeth in each column, smooth; None if the row is too short."""
    runs = []
    for x, column in enumerate((bright > 0.45).T):
        if not column.any():
            continue
        first = int(column.argmax())
        rest = column[first:]
        length = len(rest) if rest.all() else int(rest.argmin())
        if length >= 0.012 * TEXELS:
            runs.append((x, first, first + length))
    if len(runs) < 0.10 * TEXELS:
        return None
    xs, firsts, lasts = np.array(runs, np.float64).T
    top = _parabola(xs, gaussian(median(firsts, 9), 4))
    bottom = _parabola(xs, gaussian(median(lasts, 9), 4))
    bottom = np.clip(bottom, top, top + LONGEST * TEXELS)
    return (
        [int(x) for x in xs],
        [int(y) + 1 for y in np.round(top).clip(0)],
        [int(y) for y in np.round(bottom).clip(0)],
    )


def _parabola(x: F64, y: F64) -> F64:
    """A quadratic through most of the points, fitted again without those far off it."""
    good = np.ones(len(x), bool)
    fitted = y
    for _ in range(5):
        fitted = np.polyval(np.polyfit(x[good], y[good], 2), x)
        miss = np.abs(fitted - y)
        good = miss <= max(2.0, 1.5 * float(np.median(miss)))
    return np.asarray(fitted)
