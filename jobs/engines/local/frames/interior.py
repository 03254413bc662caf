"""Owns what is seen between the lips: cavity, tongue and teeth, in the colours and light of the face."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from jobs.engines.local.frames import raster, teeth
from jobs.engines.local.landmarks import EYES, LIP_SAMPLES, SKIN_SAMPLES
from jobs.engines.local.shapes import F32, F64, U8, Contours, FaceFrame, MouthShape, RestingMouth

# The cavity is never black: this much of the skin's light, BGR.
CAVITY = (0.126, 0.117, 0.2115)
CAVITY_FLOOR = (3.0, 2.0, 6.0)
TONGUE_LIGHT = (0.035, 0.028, 0.105)
TOOTH_TINT = (0.90, 1.0, 1.03)
TOOTH_LIGHT = (40.0, 215.0)
SKIN_TINT = 0.28  # how much of the skin's hue teeth show: they share its light, and in a painting its palette
EYE_WHITE_SHARE = 0.65  # of the tooth's colour, where the eye white is fit to be seen
LOWER_TEETH_LIGHT, LOWER_TEETH_OPACITY = 0.66, 0.85
TOOTH_EDGE = 0.022  # of S below the lip line
ROUNDED_SHADE = (0.62, 0.60, 0.52)  # a rounded mouth hides its upper teeth in shadow

SHADE_OF_LIPS, SHADED_OPENINGS = 0.78, (0.1, 0.4)  # little light falls on teeth between lips that hardly part


@dataclass(frozen=True)
class Palette:
    """Colours (3,) BGR 0 to 255."""

    cavity: F32
    tongue: F32
    tooth: F32
    lip: F32
    skin: F32
    skin_brightness: float


@dataclass(frozen=True)
class Interior:
    """One face's mouth from inside: colours, and its own upper teeth if the picture shows them."""

    palette: Palette
    own_teeth: teeth.Texture | None
    tooth_edge: float


@dataclass(frozen=True)
class Region:
    """A rectangle of pixels with even corners."""

    x: int
    y: int
    width: int
    height: int

    @property
    def luma(self) -> tuple[slice, slice]:
        return slice(self.y, self.y + self.height), slice(self.x, self.x + self.width)

    @property
    def chroma(self) -> tuple[slice, slice]:
        x, y = self.x // 2, self.y // 2
        return slice(y, y + self.height // 2), slice(x, x + self.width // 2)


def learn(picture: U8, points: F64, frame: FaceFrame, rest: RestingMouth) -> Interior:
    """What the picture tells about the inside of this mouth; `points` are the landmarks in its pixels."""
    palette = _palette(picture, points, frame.scale)
    own = teeth.own(picture, frame, rest, palette.skin_brightness)
    if own is not None:
        return Interior(palette, own[0], own[1])
    return Interior(palette, None, TOOTH_EDGE)


# Looks into an open mouth in a video.
LEAST_INSIDE = 20  # pixels
DARKEST_SHARE = BRIGHTEST_SHARE = 0.125  # of them: cavity, and teeth
FEWEST_LOOKS = 3
TOOTH_OVER_CAVITY, TOOTH_GAIN, TOOTH_PERCENTILE = 2.0, 1.06, 70
TONGUE_SHARE = 0.45
TOOTH_GREYER = 0.7  # than the lip, in saturation
TOOTH_SATURATION = 0.5  # of the skin's, at most
YELLOW_SATURATION = 0.8  # or of a yellow eye white's


def look_inside(picture: U8, frame: FaceFrame, seen: Contours) -> U8 | None:
    """(n, 3) BGR of what is between open lips; None if it is too little."""
    inwards = 0.12 * (seen.lower_inner - seen.upper_inner)
    edge = np.concatenate([(seen.upper_inner + inwards)[1:-1], (seen.lower_inner - inwards)[1:-1][::-1]])
    points = frame.to_pixels(edge)
    x0, y0 = np.maximum(0, np.floor(points.min(0))).astype(int)
    x1, y1 = np.minimum(picture.shape[1::-1], np.ceil(points.max(0)) + 1).astype(int)
    if x1 - x0 < 2 or y1 - y0 < 2:
        return None
    inside = raster.polygon_mask(points - [x0, y0], x1 - x0, y1 - y0, 0) > 0.7
    return picture[y0:y1, x0:x1][inside] if inside.sum() >= LEAST_INSIDE else None


def with_looks(known: Interior, looks: Sequence[U8]) -> Interior:
    """The same mouth, its colours those that were seen in open moments (n, 3) of the video: the largest single gain."""
    if len(looks) < FEWEST_LOOKS:
        return known
    dark, bright = [], []
    for pixels in looks:
        colours = pixels.astype(np.float32)
        light = colours @ raster.BRIGHTNESS.astype(np.float32)
        grey = 1.2 - np.clip(np.ptp(colours, axis=1) / (light + 1), 0, 1)
        count = max(3, int(len(colours) * DARKEST_SHARE))
        dark.append(colours[np.argsort(light)[:count]].mean(0))
        bright.append(colours[np.argsort(light * grey)[-count:]].mean(0))
    cavity = np.median(dark, 0).astype(np.float32)
    tooth = np.percentile(bright, TOOTH_PERCENTILE, axis=0).astype(np.float32)
    learnt = known.palette
    return replace(
        known,
        palette=replace(
            learnt,
            cavity=cavity,
            tooth=_greyed(tooth * TOOTH_GAIN, learnt.skin) if _is_tooth(tooth, cavity, learnt.lip) else learnt.tooth,
            tongue=(1 - TONGUE_SHARE) * learnt.tongue + TONGUE_SHARE * (cavity + 0.5 * (learnt.lip - cavity)),
        ),
    )


def _is_tooth(colour: F32, cavity: F32, lip: F32) -> bool:
    """Whether the brightest inside is a tooth: much brighter than the cavity, and greyer than a lip."""
    brighter = bool(colour.mean() > TOOTH_OVER_CAVITY * cavity.mean())
    return brighter and _saturation(colour) < TOOTH_GREYER * _saturation(lip)


def _is_yellow(colour: F64) -> bool:
    """Rather than red."""
    return bool(colour[1] - colour[0] > colour[2] - colour[1])


def _saturation(colour: F32 | F64) -> float:
    return float(np.ptp(colour) / (colour.max() + 1))


def _greyed(tooth: F32, skin: F32, white: F64 | None = None) -> F32:
    """The tooth, no more colourful than its share of the skin's colour: gums and lips shine on it, eyes are red.

    Where the eye `white` is yellow, the picture's white is: under old varnish, or in warm light.
    """
    most, own = TOOTH_SATURATION * _saturation(skin), _saturation(tooth)
    if white is not None and _is_yellow(white):
        most = max(most, YELLOW_SATURATION * _saturation(white))
    if own <= most:
        return tooth
    grey = np.float32(tooth @ raster.BRIGHTNESS)
    return np.asarray(grey + (tooth - grey) * np.float32(most / own), np.float32)


def _palette(picture: U8, points: F64, scale: float) -> Palette:
    reach = max(2, int(scale * 0.03))
    patches = [_patch(picture, points[i], reach) for i in SKIN_SAMPLES]
    skin = np.median(np.concatenate(patches), axis=0)
    lip = np.median(np.concatenate([_patch(picture, points[i], 1) for i in LIP_SAMPLES]), axis=0)
    light = float(skin @ raster.BRIGHTNESS)
    white = eye_white(picture, points)
    tooth = (
        np.clip(light * 1.05 + 8, *TOOTH_LIGHT) * np.array(TOOTH_TINT) * (1 + SKIN_TINT * (skin / max(light, 1) - 1))
    )
    return Palette(
        cavity=(np.array(CAVITY) * light + CAVITY_FLOOR).astype(np.float32),
        tongue=(0.62 * lip + np.array(TONGUE_LIGHT) * light).astype(np.float32),
        tooth=_greyed(_with_eye_white(tooth, white, light).astype(np.float32), skin, white),
        skin=skin.astype(np.float32),
        lip=lip.astype(np.float32),
        skin_brightness=light,
    )


def _with_eye_white(tooth: F64, white: F64 | None, skin_light: float) -> F64:
    """Hue and saturation from the eye white, which shares the teeth's light and palette; brightness between both."""
    if white is None:
        return tooth
    brightness, own = float(white @ raster.BRIGHTNESS), float(tooth @ raster.BRIGHTNESS)
    if brightness < 0.70 * skin_light or (_saturation(white) > 0.55 and not _is_yellow(white)):
        return tooth
    lit = white * (np.clip(brightness * 1.06, 0.92 * own, 1.22 * own) / brightness)
    return np.asarray((1 - EYE_WHITE_SHARE) * tooth + EYE_WHITE_SHARE * np.clip(lit, 0, 235))


def eye_white(picture: U8, points: F64) -> F64 | None:
    """Mean BGR of the brightest spots between iris and eye corners; None if the eyes hide them."""
    spots = []
    for eye in EYES:
        iris = points[list(eye["iris"]), :2]
        radius = float(np.linalg.norm(iris[1] - iris[3])) / 2
        for corner in points[list(eye["corners"]), :2]:
            towards = iris[0] - corner
            distance = float(np.linalg.norm(towards))
            if distance < radius * 1.25:
                continue
            start, stop = corner + towards * 0.30, iris[0] - towards / distance * radius * 1.15
            spots += [np.median(_patch(picture, start + (stop - start) * t, 1), axis=0) for t in np.linspace(0, 1, 5)]
    if len(spots) < 4:
        return None
    colours = np.array(spots)
    brightest = np.argsort(-(colours @ raster.BRIGHTNESS))[: max(3, len(colours) // 4)]
    return np.asarray(colours[brightest].mean(0))


def _patch(picture: U8, at: F64, reach: int) -> U8:
    """(n, 3) pixels round a point, at least one."""
    height, width = picture.shape[:2]
    x, y = int(np.clip(at[0], 0, width - 1)), int(np.clip(at[1], 0, height - 1))
    return picture[max(0, y - reach) : y + reach + 1, max(0, x - reach) : x + reach + 1].reshape(-1, 3)


def paint(
    interior: Interior, rest: RestingMouth, shape: MouthShape, frame: FaceFrame, region: Region, opening: F32
) -> F32:
    """(h, w, 3) BGR of what is inside; `opening` is the region's mask of the gap between the lips."""
    x, y = _face_coordinates(frame, region)
    from_middle, below_line = x - np.float32(rest.centre_x), y - np.float32(rest.line_y)
    colours = interior.palette
    depth = np.clip(below_line * np.float32(1 / 0.22), 0, 1) * np.float32(0.45)
    canvas = _flat(colours.cavity) + depth * _flat(colours.tongue * np.float32(0.40) - colours.cavity)
    _add_tongue(canvas, colours, shape, from_middle, below_line)
    _add_lower_teeth(canvas, colours, rest, shape, frame, region)
    _add_upper_teeth(canvas, interior, rest, shape, frame, region)
    canvas *= _shading(shape, frame.scale, opening, x, y, from_middle)
    return np.asarray(cv2.merge(list(canvas)), np.float32)


def _flat(colour: F32) -> F32:
    """(3,) → (3, 1, 1). A canvas is painted as (3, h, w): three planes in a row take about half the time of triples."""
    return colour[:, None, None]


def _face_coordinates(frame: FaceFrame, region: Region) -> tuple[F32, F32]:
    to_face = np.linalg.inv(frame.axes).astype(np.float32)
    px = (np.arange(region.width) + region.x - frame.origin[0]).astype(np.float32)[None]
    py = (np.arange(region.height) + region.y - frame.origin[1]).astype(np.float32)[:, None]
    return to_face[0, 0] * px + to_face[0, 1] * py, to_face[1, 0] * px + to_face[1, 1] * py


def _add_tongue(canvas: F32, colours: Palette, shape: MouthShape, from_middle: F32, below_line: F32) -> None:
    """It lies on the jaw; L, TH and D lift its tip."""
    tip = shape.pose.tongue
    height = np.float32(shape.drop * (1 - 0.40 * tip) - 0.008)
    half_width = np.float32(0.17 * shape.width)
    mound = np.clip(
        np.float32(1.1)
        - (from_middle / half_width) ** 2
        - ((below_line - height) * np.float32(1 / (0.06 + 0.015 * tip))) ** 2,
        0,
        1,
    )
    opacity = mound * mound * (3 - 2 * mound) * np.float32(0.80)
    light = np.clip(np.float32(0.55) + np.float32(0.5 / 0.12) * (below_line - height + np.float32(0.06)), 0.35, 1)
    light = light * (1 - np.float32(0.12) * np.exp(-((from_middle * np.float32(1 / 0.012)) ** 2)))
    canvas += (light * _flat(colours.tongue) - canvas) * opacity


def _add_lower_teeth(
    canvas: F32, colours: Palette, rest: RestingMouth, shape: MouthShape, frame: FaceFrame, region: Region
) -> None:
    at = np.array([rest.centre_x, rest.line_y + shape.drop * 0.96 - 0.004 - 0.012 * shape.pose.opening])
    row = teeth.drawn(teeth.LOWER, frame.scale)
    shade, opacity = _placed(row, at, _arch_width(shape), frame, region)
    paint = shade * _flat(colours.tooth * np.float32(LOWER_TEETH_LIGHT))
    canvas += (paint - canvas) * (opacity * np.float32(LOWER_TEETH_OPACITY))


def _add_upper_teeth(
    canvas: F32, interior: Interior, rest: RestingMouth, shape: MouthShape, frame: FaceFrame, region: Region
) -> None:
    """Fixed to the skull: the upper lip rises off them."""
    shadow = (1 - shape.pose.rounding * np.array(ROUNDED_SHADE)).astype(np.float32)
    at = np.array([rest.centre_x, rest.line_y + interior.tooth_edge - 0.022 * shape.pose.rounding])
    if interior.own_teeth is not None:
        paint, opacity = _placed(interior.own_teeth, at, 1.0, frame, region)
    else:
        row = teeth.drawn(teeth.UPPER, frame.scale)
        shade, opacity = _placed(row, at, _arch_width(shape), frame, region)
        paint = shade * _flat(interior.palette.tooth)
        bared = shape.pose.opening + shape.pose.tuck  # F and V show them on the lower lip
        shadow = shadow * np.float32(np.interp(bared, SHADED_OPENINGS, (SHADE_OF_LIPS, 1)))
    canvas += (paint * _flat(shadow) - canvas) * opacity


def _arch_width(shape: MouthShape) -> float:
    """Seen teeth follow the mouth's width a little, or a rounded mouth would show half a tooth at its corner."""
    return 0.86 + 0.14 * shape.width


def _placed(texture: teeth.Texture, at: F64, stretch: float, frame: FaceFrame, region: Region) -> tuple[F32, F32]:
    """The texture with its anchor at a point of the face: paint (c, h, w) and opacity (h, w) over the region."""
    axes = frame.axes @ np.diag([stretch, 1.0]) / teeth.TEXELS
    corner = frame.to_pixels(at) - [region.x, region.y] - axes @ np.array(texture.anchor)
    matrix = np.column_stack([axes, corner])
    paint = raster.warp_affine(texture.paint, matrix, region.width, region.height)
    return np.stack(cv2.split(paint)), raster.warp_affine(texture.opacity, matrix, region.width, region.height)


def _shading(shape: MouthShape, scale: float, opening: F32, x: F32, y: F32, from_middle: F32) -> F32:
    """(3, h, w) light: lips shade from above, corners and edges are darker, and what light there is is warm."""
    upper = raster.dense(shape.lips.upper_inner)
    edge = np.asarray(cv2.GaussianBlur(opening, (0, 0), max(1.0, 0.030 * scale)), np.float32)
    lip_y = np.interp(x.ravel(), upper[:, 0], upper[:, 1]).astype(np.float32).reshape(x.shape)
    top = np.clip((y - lip_y) * np.float32(1 / 0.022), 0, 1)
    half = np.float32(0.5 * (upper[-1, 0] - upper[0, 0]))
    corner = np.clip((half - np.abs(from_middle)) / (np.float32(0.30) * half), 0, 1)
    light = (0.5 + 0.5 * corner) * (0.70 + 0.30 * top) * (0.72 + 0.28 * np.minimum(edge / np.float32(0.85), 1))
    log = np.log(np.maximum(light.astype(np.float32), np.float32(1e-3)))
    return np.stack([np.exp(np.float32(1.25) * log), np.exp(np.float32(1.12) * log), np.exp(log)])
