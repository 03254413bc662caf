"""Owns the mouth in a frame: both lips from their layers, what is between them, and the shadow where they meet.

Each lip is read from its own layer of the warp, with a hard seam between them; the planes are changed in place.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from jobs.engines.local.frames import interior, raster, shading
from jobs.engines.local.frames.interior import Interior, Region
from jobs.engines.local.mouths.warp import Block, Fields, Grid
from jobs.engines.local.shapes import F32, F64, U8, U16, FaceFrame, MouthShape, Planes, RestingMouth

SEAM = 0.05  # of S: width of the layers' blend beside the mouth
SEAM_AT_LIPS = 0.004
SPAN_END, SPAN_BLEND = 0.96, 10.0  # where along the lips the hard seam gives way to the soft one, and how fast
MOUTH_MARGIN = 0.06
LEAST_GAP = 0.004  # below it the lips touch
DARK_LINE, PARTED = 0.015, 0.03  # S: height of the line between closed lips; lips so far apart have none
CONTACT_GAP, CONTACT_SHADE, CONTACT_WIDTH = (
    0.02,
    0.25,
    0.010,
)  # the dark line of nearly closed lips; darker reads as a gap
LOGISTIC = 1.702  # makes a logistic curve of a Gaussian's width


@dataclass(frozen=True)
class Face:
    """What is known of one face in the picture: constant for a still, one for each frame of a video."""

    frame: FaceFrame
    rest: RestingMouth
    interior: Interior
    parted: float  # S; how far its lips are apart in the picture
    block: Block  # of nodes that its mouth can move
    nodes: F32  # (n, 2) those nodes in face units
    reach: F32  # (n,) how much of the movement is left there, 1 to 0
    outline: F64 | None = None  # (36, 2) pixels: clips the inside of a turned face's mouth
    paints_inside: bool = True


@dataclass(frozen=True)
class Moment:
    """One face in one frame."""

    face: Face
    shape: MouthShape
    fields: Fields


@dataclass(frozen=True)
class Source:
    """The picture that skin is read from, or the part of it from `corner` (x, y) on, enlarged for quick sharp reading.

    See `raster.enlarged_luma` and `raster.enlarged_chroma`.
    """

    luma: U8
    chroma: U16
    chroma_factor: int
    corner: tuple[int, int] = (0, 0)

    def read(self, nodes: F32, cell: int, out: Planes) -> None:
        """Fill planes with what is at positions known on nodes (ny, nx, 2), as `raster.sample` has them."""
        here = nodes - np.array(self.corner, np.float32)
        raster.sample(self.luma, here * np.float32(2) + np.float32(0.5), cell, out.luma)
        # A chroma sample is in the middle of four pixels.
        factor = self.chroma_factor / 2
        raster.sample(
            self.chroma, here * np.float32(factor) + np.float32(factor / 2 - 0.5), cell // 2, raster.paired(out.chroma)
        )


def block_region(block: Block, grid: Grid, width: int, height: int) -> Region:
    """The pixels between a block's nodes, less its border cells, in a picture of this size (even)."""
    x, y = grid.x + block.left * grid.cell, grid.y + block.top * grid.cell
    right = min(grid.x + (block.right - 2) * grid.cell, width)
    bottom = min(grid.y + (block.bottom - 2) * grid.cell, height)
    return Region(x, y, right - x, bottom - y)


REACH_EDGE = np.float32(12)  # how fast the drawn skin takes over from the frame, at the edge of the mouth's reach


def reach_mask(face: Face, grid: Grid, region: Region) -> F32:
    """(h, w) of a face's `block_region`: 1 where its mouth moves the skin, 0 where it moves nothing."""
    reach = np.minimum(REACH_EDGE * face.reach, 1).reshape(face.block.shape)
    return np.ascontiguousarray(raster.between(reach, grid.cell, region.height, region.width))


def _below_seam(moment: Moment) -> F32:
    """(n,) 0 above to 1 below the line through the mouth's corners, soft."""
    nodes, corners = moment.face.nodes, moment.shape.lips.upper_outer[[0, -1]]
    line = np.interp(nodes[:, 0], corners[:, 0], corners[:, 1]).astype(np.float32)
    return np.asarray(1 / (1 + np.exp(np.clip(-LOGISTIC / SEAM * (nodes[:, 1] - line), -30, 30))), np.float32)


def both_layers(moment: Moment, seam: F32) -> F32:
    """The field outside the mouth's span, where both layers agree but for the seam, `seams`' second."""
    return np.asarray(moment.fields.upper + (moment.fields.lower - moment.fields.upper) * seam[..., 1:], np.float32)


def seams(moment: Moment) -> F32:
    """(ny, nx, 2) on the face's block: how much beside the mouth's span (0 within), and the soft seam."""
    shape = moment.face.block.shape
    from_middle = np.abs(moment.face.nodes[:, 0] - np.float32(moment.face.rest.centre_x))
    beside = np.clip((from_middle - np.float32(moment.shape.half_width * SPAN_END)) * np.float32(SPAN_BLEND), 0, 1)
    return np.stack([beside.reshape(shape), _below_seam(moment).reshape(shape)], 2)


def draw(
    out: Planes, source: Source, moment: Moment, grid: Grid, layers: F32, seam: F32, frame: FaceFrame, box: Block
) -> None:
    """Draw one mouth into `out`, over `box` of the grid's nodes.

    `layers` (…, 4) are the upper and the lower layer's positions in the source, `seam` (…, 2) what `seams` says, both
    on the box's nodes; `frame` is where the face is in the result.
    """
    region = block_region(box, grid, out.width, out.height)
    _blend_lips(out, source, moment, frame, region, layers, seam, grid.cell)
    shading.shade(out, moment.shape, frame)
    if moment.face.paints_inside:
        _paint_inside(out, moment, frame, region)
        _shade_contact(out, moment, frame, region)


def mouth_box(moment: Moment, frame: FaceFrame, grid: Grid, width: int, height: int) -> Block | None:
    """Nodes round the lips, with one more on each side; None if they are outside the picture."""
    lips, block = moment.shape.lips, moment.face.block
    edge = frame.to_pixels(np.concatenate([lips.upper_outer, lips.lower_outer]))
    margin = MOUTH_MARGIN * frame.scale
    corner, cell = np.array([grid.x, grid.y]), grid.cell
    left, top = np.floor((edge.min(0) - margin - corner) / cell).astype(int)
    right, bottom = np.ceil((edge.max(0) + margin - corner) / cell).astype(int)
    box = Block(
        max(block.top, int(top)),
        min(block.bottom - 2, (height - grid.y) // cell, int(bottom)) + 2,
        max(block.left, int(left)),
        min(block.right - 2, (width - grid.x) // cell, int(right)) + 2,
    )
    return box if box.bottom - box.top > 2 and box.right - box.left > 2 else None


def _blend_lips(
    out: Planes,
    source: Source,
    moment: Moment,
    frame: FaceFrame,
    region: Region,
    layers: F32,
    seam: F32,
    cell: int,
) -> None:
    """Each lip from its own layer, a hard seam between them."""
    height, width = region.height, region.width
    mask = _below_lips(moment, frame, region)
    beside, soft = np.moveaxis(raster.between(seam, cell, height, width), 2, 0)
    mask += (soft - mask) * beside
    upper, lower = Planes.empty(width, height), Planes.empty(width, height)
    source.read(layers[..., :2], cell, upper)
    source.read(layers[..., 2:], cell, lower)
    out.luma[region.luma] = raster.blend(upper.luma, lower.luma, mask)
    out.chroma[region.chroma] = raster.blend(upper.chroma, lower.chroma, raster.halved(mask))


def _below_lips(moment: Moment, frame: FaceFrame, region: Region) -> F32:
    """(h, w) 1 below the middle of the lips, a hard edge prolonged beyond the corners."""
    lips = moment.shape.lips
    middle = 0.5 * (lips.upper_inner + lips.lower_inner)
    left, right = lips.upper_outer[0], lips.upper_outer[-1]
    outline = np.concatenate(
        [
            [[left[0] - 1.2, left[1]], left],
            middle[1:-1],
            [right, [right[0] + 1.2, right[1]], [2.5, 3.0], [-2.5, 3.0]],
        ]
    )
    points = frame.to_pixels(outline) - [region.x, region.y]
    return raster.polygon_mask(points, region.width, region.height, max(0.5, SEAM_AT_LIPS * frame.scale))


def _paint_inside(out: Planes, moment: Moment, frame: FaceFrame, region: Region) -> None:
    upper, lower = raster.dense(moment.shape.lips.upper_inner), raster.dense(moment.shape.lips.lower_inner)
    gaps = lower[:, 1] - upper[:, 1]
    if gaps.max() <= LEAST_GAP:
        return
    upper[:, 1] -= _dark_line(moment.face, gaps)
    edge = frame.to_pixels(np.concatenate([upper, lower[::-1]]))
    blur = max(0.7, 0.008 * frame.scale)
    part = _within(edge, 2.5 * blur + 1, region)
    if part is None:
        return
    opening = raster.polygon_mask(edge - [part.x, part.y], part.width, part.height, blur)
    if moment.face.outline is not None:
        opening *= _outline_mask(moment.face.outline, frame.scale, part)
    paint = interior.paint(moment.face.interior, moment.face.rest, moment.shape, frame, part, opening)
    luma, chroma = raster.paint_to_planes(paint)
    below = out.luma[part.luma]
    below[:] = np.clip(below + (luma - below) * opening + np.float32(0.5), 0, 255)
    under = out.chroma[part.chroma]
    under[:] = np.clip(under + (chroma - under) * raster.halved(opening)[..., None] + np.float32(0.5), 0, 255)


def _dark_line(face: Face, gaps: F64) -> F64:
    """(n,) how far the inside is painted over the upper lip: bits of what was between closed lips would hang on it."""
    return np.asarray(DARK_LINE * max(0.0, 1 - face.parted / PARTED) * np.clip(gaps / PARTED, 0, 1))


def _shade_contact(out: Planes, moment: Moment, frame: FaceFrame, region: Region) -> None:
    """The thin shadow where lips meet: faint if the picture has its own, stronger on a mouth that was closed here."""
    upper, lower = raster.dense(moment.shape.lips.upper_inner), raster.dense(moment.shape.lips.lower_inner)
    near = np.clip(1 - (lower[:, 1] - upper[:, 1]) / CONTACT_GAP, 0, 1)
    if near.max() <= 0.05:
        return
    line = frame.to_pixels(0.5 * (upper + lower))
    part = _within(line, 0.03 * frame.scale + 3, region)
    if part is None:
        return
    strength = near.mean() * CONTACT_SHADE * np.clip(moment.face.parted / 0.03, 0.22, 1)
    width = round(CONTACT_WIDTH * frame.scale)
    mask = raster.line_mask(line - [part.x, part.y], part.width, part.height, width, max(0.7, 0.007 * frame.scale))
    light = 1 - mask * np.float32(strength)
    below = out.luma[part.luma]
    below[:] = (below - np.float32(raster.LUMA_ZERO)) * light + np.float32(raster.LUMA_ZERO + 0.5)
    under = out.chroma[part.chroma]
    grey = np.float32(raster.CHROMA_ZERO)
    under[:] = (under - grey) * raster.halved(light)[..., None] + grey + np.float32(0.5)


def _within(points: F64, margin: float, region: Region) -> Region | None:
    """The even rectangle round points, cut to a region."""
    low, high = np.floor(points.min(0) - margin).astype(int), np.ceil(points.max(0) + margin).astype(int) + 1
    x0, y0 = max(region.x, int(low[0]) & ~1), max(region.y, int(low[1]) & ~1)
    x1 = min(region.x + region.width, (int(high[0]) + 1) & ~1)
    y1 = min(region.y + region.height, (int(high[1]) + 1) & ~1)
    return Region(x0, y0, x1 - x0, y1 - y0) if x1 - x0 >= 2 and y1 - y0 >= 2 else None


def _outline_mask(outline: F64, scale: float, part: Region) -> F32:
    """1 well inside the face's outline: a turned mouth's inside must not spill over the cheek."""
    mask = (raster.polygon_mask(outline - [part.x, part.y], part.width, part.height, 0) * 255).astype(np.uint8)
    size = max(3, int(0.035 * scale)) | 1
    mask = np.asarray(cv2.copyMakeBorder(mask, size, size, size, size, cv2.BORDER_REPLICATE), np.uint8)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    eroded = np.asarray(cv2.erode(mask, kernel), np.uint8)[size:-size, size:-size]
    return raster.softened(eroded, max(0.8, 0.012 * scale))
