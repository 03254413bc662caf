"""The sculpted head: a parametric relief of an invented man, in millimetres, with the colour of every point.

Axes: x to the viewer's right, y up, z to the viewer; the origin lies between the pupils, in the plane of the ears.
The relief is a grid of rows (y) and columns (x), each row stretched to the outline of the face, so that it needs no
undercut: seen from the front none would show.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from people import BRUNO, Person
from scipy.interpolate import PchipInterpolator
from scipy.ndimage import gaussian_filter

Array = NDArray[np.float64]

EYE_X, EYE_Y, EYE_Z, EYE_RADIUS = 31.8, 0.0, 75.0, 12.2
LIP_Y = -70.0
MOUTH_HALF_WIDTH = 26.5

# Half the width of the head at a height: (y, x).
OUTLINE = [
    (-119.0, 0.0), (-117.5, 14.0), (-115.0, 22.5), (-110.0, 32.0), (-104.0, 39.0), (-96.0, 45.0), (-86.0, 51.5),
    (-72.0, 58.0), (-55.0, 63.0), (-38.0, 66.8), (-20.0, 69.2), (-5.0, 69.6), (12.0, 69.8), (30.0, 72.0),
    (45.0, 73.6), (60.0, 72.5), (75.0, 68.0), (88.0, 60.0), (100.0, 48.0), (109.0, 34.0), (115.0, 18.0), (118.0, 0.0),
]  # fmt: skip
# The profile without nose, lips: (y, z).
PROFILE = [
    (-119.0, 72.0), (-117.5, 80.0), (-114.0, 88.0), (-108.0, 94.0), (-100.0, 96.5), (-88.0, 95.5), (-74.0, 97.0),
    (-60.0, 97.5), (-48.0, 97.0), (-30.0, 94.5), (-12.0, 93.0), (4.0, 94.0), (20.0, 99.0), (32.0, 100.0),
    (48.0, 98.5), (64.0, 93.5), (78.0, 85.0), (92.0, 71.0), (103.0, 54.0), (111.0, 36.0), (116.0, 20.0), (118.0, 2.0),
]  # fmt: skip
# The depth of the outline itself: (y, z).
EDGE = [
    (-119.0, 70.0),
    (-112.0, 52.0),
    (-104.0, 36.0),
    (-92.0, 16.0),
    (-70.0, 4.0),
    (-20.0, 6.0),
    (40.0, 4.0),
    (118.0, 1.0),
]


def curve(points: list[tuple[float, float]], y: Array) -> Array:
    """Interpolate (place, value) pairs without overshoot."""
    places, values = np.array(sorted(points)).T
    return np.asarray(PchipInterpolator(places, values)(np.clip(y, places[0], places[-1])))


def smoothstep(low: float, high: float, value: Array) -> Array:
    """0 below low, 1 above high, smooth between (low may be the larger)."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t))


def hill(x: Array, y: Array, at: tuple[float, float], size: tuple[float, float], power: float = 2.0) -> Array:
    """A smooth bump of height 1; power above 2 makes it flatter on top."""
    r = np.sqrt(((x - at[0]) / size[0]) ** 2 + ((y - at[1]) / size[1]) ** 2)
    return np.asarray(np.exp(-(r**power)))


def outline_width(y: Array) -> Array:
    """Half the width of the head at a height; squares are interpolated so that both ends are round."""
    places, values = np.array(OUTLINE).T
    return np.sqrt(np.maximum(PchipInterpolator(places, values**2)(np.clip(y, places[0], places[-1])), 0))


def lip_line(x: Array) -> Array:
    """The height of the closed line between the lips."""
    a = np.abs(x)
    middle = -0.9 * np.exp(-((a / 5.0) ** 2)) + 0.5 * np.exp(-(((a - 11) / 6.0) ** 2))
    return np.asarray(LIP_Y + middle + 2.7 * smoothstep(12, 28, a))


def lip_heights(x: Array) -> tuple[Array, Array]:
    """Thickness of the red of the upper and of the lower lip."""
    a = np.clip(np.abs(x) / MOUTH_HALF_WIDTH, 0, 1)
    upper = (
        8.4
        * (1 - a**1.9) ** 0.95
        * (1 - 0.17 * np.exp(-((x / 3.4) ** 2)))
        * (1 + 0.05 * np.exp(-(((np.abs(x) - 6.5) / 3) ** 2)))
    )
    lower = 10.8 * (1 - a**2.3) ** 0.85
    return np.asarray(upper), np.asarray(lower)


def lid_edges(x: Array) -> tuple[Array, Array, Array]:
    """Height of the upper and lower lid edges over |x|, and where they bound an opening (1) or not (0)."""
    inner, outer = 16.9, 47.2
    t = (np.abs(x) - inner) / (outer - inner)
    s = np.clip(t, 0, 1)
    axis = -1.9 + 3.0 * s
    upper = axis + 4.55 * (1 - np.abs(2 * s**0.86 - 1) ** 2.25) ** 0.92
    lower = axis - 4.45 * (1 - np.abs(2 * s**1.12 - 1) ** 2.3) ** 0.95
    return np.asarray(upper), np.asarray(lower), ((t > 0) & (t < 1)).astype(float)


@dataclass(frozen=True)
class Head:
    """The relief: places (rows, columns, 3) in mm, linear RGB, and roughness, all over the same grid."""

    places: Array
    colours: Array
    roughness: Array
    hair: Array


def noise(shape: tuple[int, int], sigma: float, seed: int) -> Array:
    """Smooth noise with mean 0 and deviation 1."""
    field = gaussian_filter(np.random.default_rng(seed).standard_normal(shape), sigma, mode="wrap")
    return np.asarray((field - field.mean()) / field.std())


def base(x: Array, y: Array, w: Array) -> Array:
    """The head without features."""
    front, edge = curve(PROFILE, y), curve(EDGE, y)
    p = 2.0 + 0.55 * smoothstep(-100, -20, y) + 0.1 * smoothstep(20, 60, y)
    u = np.clip(np.abs(x) / np.maximum(w, 1e-6), 0, 1)
    return np.asarray(edge + (front - edge) * np.maximum(1 - u**p, 0) ** (1 / 2.0))


def nose(x: Array, y: Array, z: Array) -> Array:
    """Add bridge, tip, wings and nostrils."""
    a = np.abs(x)
    height = curve(
        [
            (-56, 0),
            (-52, 0.8),
            (-49.5, 3.2),
            (-47, 8.0),
            (-44, 14),
            (-40.5, 18.0),
            (-36.5, 19.6),
            (-30, 17.6),
            (-18, 12.2),
            (-8, 8.2),
            (2, 4.2),
            (9, 1.8),
            (18, 0),
            (19, 0),
        ],
        y + 1.3 * np.exp(-((a / 4.6) ** 2)) - 0.9 * np.exp(-(((a - 8.2) / 3.0) ** 2)),
    )
    width = curve([(-50, 12.0), (-40, 10.6), (-30, 9.6), (-18, 9.0), (-6, 7.6), (4, 7.6), (20, 11)], y)
    # Seen from the front the base of the nose is a gull: low in the middle, high over each nostril.
    z = z + height * np.exp(-((a / width) ** 2.15))
    z = z + 3.8 * hill(x, y, (0, -38.5), (9.0, 8.0), 2.2)
    # Wings: an egg beside the tip, cut sharply against the cheek.
    wing = hill(a, y, (13.0, -42.0), (6.2, 7.0), 2.6)
    z = z + 7.6 * wing
    ring = np.sqrt(((a - 12.6) / 7.2) ** 2 + ((y + 42) / 8.6) ** 2)
    z = z - 1.9 * np.exp(-(((ring - 1) / 0.20) ** 2)) * smoothstep(9, 15, a) * smoothstep(-52, -46, y)
    z = z - 6.2 * hill(a, y, (7.2, -47.6), (4.3, 2.0), 2.6)
    z = z - 1.0 * hill(a, y, (8.4, -38), (2.2, 4))
    return np.asarray(z)


def mouth(x: Array, y: Array, z: Array) -> Array:
    """Add the muzzle, both lips, philtrum and the fold under the lower lip."""
    a = np.abs(x)
    z = z + 5.2 * hill(x, y, (0, -69), (31, 22), 2.4)
    line = lip_line(x)
    up, low = lip_heights(x)
    inside = smoothstep(29, 24.5, a)
    t = np.clip((y - line) / np.maximum(up, 0.6), 0, 2.2)
    rise = (1 - np.exp(-3.2 * t)) * 1.12 * (1 - 0.70 * smoothstep(0.45, 1.2, t)) * smoothstep(2.2, 1.0, t)
    z = z + np.where(y >= line, (1.4 + 3.4 * up / 8.4) * rise * inside, 0)
    t = np.clip((line - y) / np.maximum(low, 0.8), 0, 2.2)
    rise = (1 - np.exp(-4.8 * t)) * np.cos(np.clip(t, 0, 1.35) / 1.35 * np.pi / 2) ** 0.8
    z = z + np.where(y < line, (1.2 + 5.6 * low / 10.8) * rise * inside, 0)
    groove = np.exp(-np.abs(y - line) / 0.9)
    z = z - 2.1 * groove * smoothstep(29.5, 25, a)
    z = z - 1.5 * hill(a, y, (28.6, -68.2), (3.4, 3.4)) + 1.2 * hill(a, y, (34.5, -70), (6, 9))
    z = z + 0.55 * np.exp(-(((y - line - up) / 0.9) ** 2)) * smoothstep(24, 16, a)
    pit = smoothstep(-48, -55, y) * smoothstep(-65.5, -60, y)
    z = z + pit * (-0.75 * np.exp(-((x / 3.6) ** 2)) + 0.35 * np.exp(-(((a - 6.2) / 2.6) ** 2)))
    z = z - 2.9 * hill(x, y, (0, -86), (19, 5.2), 2.2)
    return np.asarray(z)


def eyes(x: Array, y: Array, z: Array) -> tuple[Array, Array]:
    """Set the sockets, stretch the lids over the eyeballs and open them; return the relief and the opening (0 to 1)."""
    a = np.abs(x)
    z = z - 7.0 * hill(a, y, (31, 1), (20, 12.5), 2.4)
    z = z - 4.2 * hill(a, y, (16.5, 3), (7, 9))
    ball2 = (a - EYE_X) ** 2 + (y - EYE_Y) ** 2
    lid = EYE_Z + np.sqrt(np.maximum((EYE_RADIUS + 1.5) ** 2 - ball2, 0)) - 40 * smoothstep(12.2, 17, np.sqrt(ball2))
    upper, lower, span = lid_edges(x)
    # The upper lid is a sheet that ends in a crease under the brow; smooth maximum of sheet and socket.
    k = 2.2
    h = np.clip(0.5 + 0.5 * (lid - z) / k, 0, 1)
    z = z + (lid - z) * h + k * h * (1 - h)
    crease = upper + 3.6 + 1.2 * smoothstep(22, 40, a)
    reach = smoothstep(15, 21, a) * smoothstep(53, 44, a)
    z = z - 2.0 * np.exp(-(((y - crease) / 0.95) ** 2)) * reach
    z = z + 3.0 * np.exp(-(((y - crease - 3.8) / 2.9) ** 2)) * smoothstep(17, 27, a) * smoothstep(58, 46, a)
    z = z + 0.7 * np.exp(-(((y - lower + 2.2) / 1.5) ** 2)) * reach
    z = z - 0.7 * np.exp(-(((y - lower + 6.5 + 0.06 * (a - 30)) / 2.2) ** 2)) * smoothstep(14, 22, a) * smoothstep(
        50, 38, a
    )
    depth = np.minimum(upper - y, y - lower) * span
    opening = smoothstep(-0.25, 0.55, depth) * span
    hole = EYE_Z + np.sqrt(np.maximum((EYE_RADIUS - 1.6) ** 2 - ball2, 0))
    z = z * (1 - opening) + np.minimum(hole, z - 2.5) * opening
    # The caruncle, in the inner corner.
    z = z + 1.6 * hill(a, y, (18.4, -1.4), (1.7, 1.2)) * opening
    return z, opening


def forms(x: Array, y: Array, z: Array) -> Array:
    """Add brow, cheekbones, hollows, folds and chin."""
    a = np.abs(x)
    brow = 17.5 + 4.2 * smoothstep(8, 36, a) - 3.5 * smoothstep(38, 58, a)
    z = z + 3.9 * np.exp(-(((y - brow) / 6.0) ** 2)) * smoothstep(3, 14, a) * smoothstep(60, 42, a)
    z = z + 3.8 * hill(a, y, (47, -24), (17, 12)) - 2.6 * hill(a, y, (47, -62), (13, 17))
    z = z + 2.2 * hill(a, y, (26, -34), (11, 13)) - 1.8 * hill(a, y, (62, 24), (9, 17))
    # The smile fold runs from the wing of the nose round the corner of the mouth.
    fold = curve([(-80, 38.5), (-70, 36.5), (-60, 31.5), (-50, 24.5), (-42, 19.5)], y)
    along = smoothstep(-82, -68, y) * smoothstep(-38, -45, y)
    z = z + along * (1.5 * np.exp(-(((a - fold - 4.2) / 4.2) ** 2)) - 0.5 * np.exp(-(((a - fold) / 2.3) ** 2)))
    z = z + 3.6 * hill(x, y, (0, -104), (16, 9.5), 2.2) + 1.0 * hill(a, y, (9, -105), (7, 7))
    z = z - 0.5 * hill(x, y, (0, -106), (3, 8))
    z = z + 1.2 * hill(a, y, (24, 52), (17, 14)) - 1.2 * hill(a, y, (46, -100), (8, 8))
    return np.asarray(z)


def hairline(x: Array) -> Array:
    """The height above which hair grows, at the front and side."""
    return curve(
        [
            (0, 67),
            (14, 67.5),
            (30, 68),
            (40, 65),
            (48, 57),
            (54, 45),
            (58, 33),
            (60.5, 18),
            (62.5, 2),
            (64.5, -14),
            (66, -22),
            (80, -26),
        ],
        np.abs(x),
    )


def beard_area(x: Array, y: Array) -> Array:
    """Where a shaved beard grows, 0 to 1: cheeks below a soft line, upper lip, chin; not the lips."""
    a = np.abs(x)
    cheek = smoothstep(-2.0, -13.0, y + 52 - 0.0165 * np.clip(a - 18, 0, 60) ** 2)
    sides = smoothstep(57, 64, a) * smoothstep(-12, -30, y)
    lip = smoothstep(-50.5, -54.5, y) * smoothstep(33, 24, a) * smoothstep(1.8, 4.5, a)
    line = lip_line(x)
    up, low = lip_heights(x)
    bare = smoothstep(0.2, 1.8, np.maximum(y - line - up, line - low - y)) + smoothstep(25.5, 28.5, a)
    under = 1 - 0.75 * hill(x, y, (0, -85), (24, 3.2)) * smoothstep(5, 9, a)
    return np.asarray(np.clip(np.maximum(np.maximum(cheek, sides), lip) * np.clip(bare, 0, 1) * under, 0, 1))


def skin(x: Array, y: Array, opening: Array, shape: tuple[int, int], person: Person) -> tuple[Array, Array]:
    """Paint the colour (linear RGB) and the roughness of the skin."""
    a = np.abs(x)
    tone = np.array([0.56, 0.285, 0.180])
    c = np.ones((*x.shape, 3)) * tone

    def tint(amount: Array, colour: tuple[float, float, float]) -> None:
        nonlocal c
        c = c * (1 - amount[..., None]) + np.array(colour) * amount[..., None]

    mottled = (
        noise(shape, 9, 1) * 0.045
        + noise(shape, 3, 2) * 0.035
        + noise(shape, 0.9, 13) * 0.045
        + noise(shape, 28, 3) * 0.04
    )
    c = c * (1 + mottled[..., None] * np.array([0.6, 1.0, 1.0]))
    red = (
        0.34 * hill(a, y, (40, -30), (17, 14))
        + 0.40 * hill(x, y, (0, -38), (12, 9))
        + 0.28 * hill(a, y, (15, -43), (7, 7))
    )
    red += 0.12 * hill(x, y, (0, -104), (16, 12)) + 0.16 * hill(x, y, (0, 45), (40, 20))
    tint(np.clip(red, 0, 0.6), (0.56, 0.19, 0.125))
    tint(0.30 * hill(a, y, (29, -11), (15, 6)), (0.36, 0.165, 0.135))
    tint(0.34 * hill(a, y, (31, 8.5), (17, 4.5)), (0.42, 0.17, 0.12))
    # A shaved beard: cooler and darker, broken up.
    beard = person.beard * beard_area(x, y) * np.clip(1 + 0.35 * noise(shape, 1.2, 4), 0.2, 1.6)
    tint(np.clip(0.27 * beard, 0, 0.6), (0.20, 0.125, 0.105))
    speck = np.clip(noise(shape, 0.8, 5) - 2.2, 0, 1)
    tint(np.clip(0.25 * speck * smoothstep(-60, -20, y), 0, 0.3), (0.28, 0.12, 0.07))
    line = lip_line(x)
    up, low = lip_heights(x)
    soft = 0.75
    upper = smoothstep(-soft, soft, line + up - y) * (y >= line) * smoothstep(-0.2, 1.5, up)
    lower = smoothstep(-soft * 1.4, soft * 1.4, y - line + low) * (y < line) * smoothstep(-0.2, 1.5, low)
    grain = 1 + 0.07 * noise(shape, 1.5, 6)
    tint(0.84 * upper * np.clip(grain, 0.8, 1.15), (0.31, 0.088, 0.076))
    tint(0.78 * lower * np.clip(grain, 0.8, 1.15), (0.45, 0.135, 0.112))
    tint(0.75 * np.exp(-(((y - line) / 0.75) ** 2)) * smoothstep(28.5, 24, a), (0.13, 0.03, 0.026))
    tint(0.8 * hill(a, y, (7.2, -47.8), (3.6, 1.7), 3), (0.08, 0.025, 0.02))
    upper_lid, lower_lid, span = lid_edges(x)
    rim = np.exp(-((np.minimum(np.abs(upper_lid - y), np.abs(y - lower_lid)) / 0.8) ** 2)) * span
    tint(0.55 * rim, (0.30, 0.105, 0.085))
    tint(0.85 * np.exp(-(((y - upper_lid - 0.2) / 0.9) ** 2)) * span, (0.055, 0.03, 0.025))
    tint(np.clip(opening, 0, 1) * 0.6, (0.40, 0.13, 0.10))
    rough = (
        0.50 + 0.03 * noise(shape, 2, 7) - 0.09 * hill(x, y, (0, -25), (10, 28)) - 0.05 * hill(x, y, (0, 45), (40, 25))
    )
    rough = rough - 0.16 * np.maximum(upper, lower)
    return np.clip(c * np.array(person.skin), 0.004, 1), np.clip(rough, 0.25, 0.8)


def sculpt(person: Person = BRUNO, rows: int = 860, columns: int = 640) -> Head:
    """Build the head over a grid. It has the common form, on which hair grows; `Person.shaped` then moves both."""
    v = np.linspace(-1, 1, rows)
    ends = np.sign(v) * (1 - (1 - np.abs(v)) ** 1.35)
    y = np.repeat((-0.5 + 118.5 * ends)[:, None], columns, 1)
    u = np.linspace(-1, 1, columns)[None]
    w = outline_width(y)
    x = w * np.sin(u * np.pi / 2)
    z = base(x, y, w)
    z = forms(x, y, z)
    z = nose(x, y, z)
    z = mouth(x, y, z)
    # No face is its own mirror image: brows, eyes and mouth sit a little differently on the two sides.
    z, opening = eyes(x, y, z)
    shape = (rows, columns)
    # The edge stays even, because the back of the head is joined to it.
    calm = 1 - np.abs(u) ** 10
    z = z + calm * (0.035 * noise(shape, 1.1, 8) + 0.06 * noise(shape, 3, 9) + 0.25 * noise(shape, 26, 10))
    lips = smoothstep(27, 22, np.abs(x)) * smoothstep(13, 8, np.abs(y - LIP_Y + 1))
    z = z + lips * 0.10 * gaussian_filter(np.random.default_rng(11).standard_normal(shape), (7, 0.9)) * 4
    colours, rough = skin(x, y, opening, shape, person)
    hair = smoothstep(0, 9, y - hairline(x) + 2.0 * noise(shape, 8, 12))
    colours = colours * (1 - 0.88 * hair[..., None])
    return Head(np.stack([x, y, z], -1), colours, rough, hair)
