"""Owns the frame: moved skin, the two lip layers and the mouth's inside put together into the encoder's planes.

A frame is drawn with one resampling: head and mouth movement are added on the coarse grid first. Luma is read from a
copy of twice the size, which is sharper than a bicubic read and costs half. The mouth itself is drawn once more in its
box, each lip from its own layer, with a hard seam between them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from jobs.engines.local import eyelids, interior, raster
from jobs.engines.local.interior import Interior, Region
from jobs.engines.local.shapes import F32, F64, U8, FaceFrame, MouthShape, Planes, RestingMouth
from jobs.engines.local.warp import Block, Fields, Grid

SEAM = 0.05  # of S: width of the layers' blend beside the mouth
SEAM_AT_LIPS = 0.004
SPAN_END, SPAN_BLEND = 0.96, 10.0  # where along the lips the hard seam gives way to the soft one, and how fast
MOUTH_MARGIN = 0.06
LEAST_GAP = 0.004  # below it the lips touch
CONTACT_GAP, CONTACT_SHADE, CONTACT_WIDTH = 0.02, 0.50, 0.010  # the dark line of nearly closed lips
LOGISTIC = 1.702  # makes a logistic curve of a Gaussian's width


@dataclass(frozen=True)
class Face:
    """What is known of one face in the picture: constant for a still, one for each frame of a video."""

    frame: FaceFrame
    rest: RestingMouth
    interior: Interior
    block: Block  # of nodes that its mouth can move
    nodes: F32  # (n, 2) those nodes in face units
    outline: F64 | None = None  # (36, 2) pixels: clips the inside of a turned face's mouth
    paints_inside: bool = True


@dataclass(frozen=True)
class Moment:
    """One face in one frame."""

    face: Face
    shape: MouthShape
    fields: Fields


class StillBase:
    """A still picture, ready to be sampled: its planes, luma at twice the size, and its blinking eyes."""

    def __init__(self, picture: U8, blinkers: Sequence[tuple[F64, FaceFrame]]) -> None:
        planes = raster.to_planes(picture)
        self.luma, self.chroma = planes.luma, planes.chroma
        self.double = _doubled(planes.luma)
        self._lids: list[list[list[tuple[Region, U8, U8, U8]]]] = []
        self._level = [0] * len(blinkers)
        for points, frame in blinkers:
            boxes = _even_boxes(eyelids.eye_boxes(points, frame, planes.width, planes.height), planes)
            pictures = [picture, *(eyelids.closed(picture, points, frame, level) for level in eyelids.LEVELS)]
            self._lids.append([self._cut(each, boxes) for each in pictures])

    def blink(self, face: int, level: int) -> None:
        """Show one face's eyes at a level of `still.blinks`."""
        if level == self._level[face]:
            return
        self._level[face] = level
        for region, luma, double, chroma in self._lids[face][level]:
            self.luma[region.luma], self.chroma[region.chroma] = luma, chroma
            rows, columns = region.luma
            self.double[2 * rows.start : 2 * rows.stop, 2 * columns.start : 2 * columns.stop] = double

    @staticmethod
    def _cut(picture: U8, boxes: Sequence[Region]) -> list[tuple[Region, U8, U8, U8]]:
        planes = raster.to_planes(picture)
        double = _doubled(planes.luma)
        return [
            (
                box,
                planes.luma[box.luma].copy(),
                double[2 * box.y : 2 * (box.y + box.height), 2 * box.x : 2 * (box.x + box.width)].copy(),
                planes.chroma[box.chroma].copy(),
            )
            for box in boxes
        ]


def _doubled(luma: U8) -> U8:
    return np.asarray(cv2.resize(luma, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC), np.uint8)


def _even_boxes(boxes: Sequence[tuple[int, int, int, int]], planes: Planes) -> list[Region]:
    """The boxes with two pixels more round them, on even corners, for the cubic enlargement reaches that far."""
    regions = []
    for x0, y0, x1, y1 in boxes:
        left, top = max(0, x0 - 2) & ~1, max(0, y0 - 2) & ~1
        right, bottom = min(planes.width, x1 + 3) & ~1, min(planes.height, y1 + 3) & ~1
        if right > left and bottom > top:
            regions.append(Region(left, top, right - left, bottom - top))
    return regions


class StillPainter:
    """Draws the frames of a still picture: `head` moves every node, each moment's fields its mouth."""

    def __init__(self, base: StillBase, grid: Grid, faces: Sequence[Face], head_bases: Sequence[F32]) -> None:
        self._base, self._grid = base, grid
        self._head_bases = head_bases
        height, width = base.luma.shape
        moving = np.zeros(grid.points.shape[:2], bool)
        for face, basis in zip(faces, head_bases, strict=True):
            moving |= np.abs(basis).max((2, 3)) > 1e-4
            moving[face.block.slices] = True
        self._block = Block.around(moving)
        self._region = _block_region(self._block, grid.cell, width, height)

    def draw(self, moments: Sequence[Moment], heads: Sequence[F64]) -> Planes:
        """One frame; `heads` (5,) as in `still.head`, one for each face."""
        points = self._grid.points
        moved = points.copy()
        for basis, head in zip(self._head_bases, heads, strict=True):
            moved += basis @ head.astype(np.float32)
        at = moved.copy()
        for moment in moments:
            blended = _both_layers(moment)
            block = moment.face.block.slices
            cells = (moved[block] - points[block][0, 0]) / np.float32(self._grid.cell)
            at[block] += raster.sample_field(blended, cells, outside_is_zero=True)
        frame = self._resample(at)
        for moment in moments:
            self._draw_mouth(frame, moment, moved)
        return frame

    def _resample(self, at: F32) -> Planes:
        base, region, cell = self._base, self._region, self._grid.cell
        nodes = at[self._block.slices]
        frame = Planes(base.luma.copy(), base.chroma.copy())
        inside = (slice(cell, cell + region.height), slice(cell, cell + region.width))
        frame.luma[region.luma] = raster.sample(base.double, raster.enlarged(nodes * 2 + np.float32(0.5), cell)[inside])
        half = cell // 2
        inside = (slice(half, half + region.height // 2), slice(half, half + region.width // 2))
        small = raster.enlarged(nodes * np.float32(0.5) - np.float32(0.25), half)[inside]
        frame.chroma[region.chroma] = raster.sample(base.chroma, small)
        return frame

    def _draw_mouth(self, frame: Planes, moment: Moment, moved: F32) -> None:
        face, cell = moment.face, self._grid.cell
        now = _moved_frame(face, self._grid, moved)
        box = _mouth_box(moment, now, cell, frame)
        if box is None:
            return
        nodes = (slice(box.top, box.bottom), slice(box.left, box.right))
        cells = (moved[nodes] - self._grid.points[face.block.slices][0, 0]) / np.float32(cell)
        layers = np.concatenate([moment.fields.upper, moment.fields.lower], 2)
        layers = raster.sample_field(layers, cells) + np.tile(moved[nodes], 2)
        seams = raster.sample_field(np.stack(_seams(moment), 2), cells, smooth=False)
        region = Region(
            box.left * cell, box.top * cell, (box.right - 2 - box.left) * cell, (box.bottom - 2 - box.top) * cell
        )
        _blend_lips(frame, self._base, moment, now, region, layers, seams, cell)
        if face.paints_inside:
            _paint_inside(frame, moment, now, region)
            _shade_contact(frame, moment, now, region)


def _block_region(block: Block, cell: int, width: int, height: int) -> Region:
    """The pixels between a block's nodes, less its border cells."""
    x, y = block.left * cell, block.top * cell
    right, bottom = min((block.right - 2) * cell, width), min((block.bottom - 2) * cell, height)
    return Region(x, y, right - x, bottom - y)


def _below_seam(moment: Moment) -> F32:
    """(n,) 0 above to 1 below the line through the mouth's corners, soft."""
    nodes, corners = moment.face.nodes, moment.shape.lips.upper_outer[[0, -1]]
    line = np.interp(nodes[:, 0], corners[:, 0], corners[:, 1]).astype(np.float32)
    return np.asarray(1 / (1 + np.exp(np.clip(-LOGISTIC / SEAM * (nodes[:, 1] - line), -30, 30))), np.float32)


def _both_layers(moment: Moment) -> F32:
    """The field outside the mouth's span, where both layers agree but for the seam."""
    soft = _below_seam(moment).reshape(*moment.face.block.shape, 1)
    return np.asarray(moment.fields.upper + (moment.fields.lower - moment.fields.upper) * soft, np.float32)


def _seams(moment: Moment) -> tuple[F32, F32]:
    """On the face's block: how much beside the mouth's span (0 within), and the soft seam."""
    shape = moment.face.block.shape
    from_middle = np.abs(moment.face.nodes[:, 0] - np.float32(moment.face.rest.centre_x))
    beside = np.clip((from_middle - np.float32(moment.shape.half_width * SPAN_END)) * np.float32(SPAN_BLEND), 0, 1)
    return beside.reshape(shape), _below_seam(moment).reshape(shape)


def _moved_frame(face: Face, grid: Grid, moved: F32) -> FaceFrame:
    """The face's frame after the head's movement, near the mouth."""
    step = 0.15
    centre = np.array([face.rest.centre_x, face.rest.line_y])
    cross = centre + step * np.array([[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1]])
    wanted = face.frame.to_pixels(cross).astype(np.float32)
    displacement = moved - grid.points
    at = wanted
    for _ in range(2):  # the displacement is known at the result's points: find those that come from `wanted`
        cells = ((at - grid.points[0, 0]) / np.float32(grid.cell))[None]
        at = wanted - raster.sample_field(displacement, cells, smooth=False)[0]
    found = at.astype(np.float64)
    axes = np.stack([found[1] - found[2], found[3] - found[4]], 1) / (2 * step)
    return FaceFrame(found[0] - axes @ centre, axes, face.frame.scale)


def _mouth_box(moment: Moment, frame: FaceFrame, cell: int, planes: Planes) -> Block | None:
    """Nodes round the lips, with one more on each side; None if they are outside the picture."""
    lips, block = moment.shape.lips, moment.face.block
    edge = frame.to_pixels(np.concatenate([lips.upper_outer, lips.lower_outer]))
    margin = MOUTH_MARGIN * frame.scale
    left, top = np.floor((edge.min(0) - margin) / cell).astype(int)
    right, bottom = np.ceil((edge.max(0) + margin) / cell).astype(int)
    box = Block(
        max(block.top, int(top)),
        min(block.bottom - 2, planes.height // cell, int(bottom)) + 2,
        max(block.left, int(left)),
        min(block.right - 2, planes.width // cell, int(right)) + 2,
    )
    return box if box.bottom - box.top > 2 and box.right - box.left > 2 else None


def _blend_lips(
    out: Planes,
    base: StillBase,
    moment: Moment,
    frame: FaceFrame,
    region: Region,
    layers: F32,
    seams: F32,
    cell: int,
) -> None:
    """Each lip from its own layer; `layers` (…, 4) absolute positions and `seams` (…, 2) on the region's nodes."""
    inside = (slice(cell, cell + region.height), slice(cell, cell + region.width))
    at = raster.enlarged(layers * 2 + np.float32(0.5), cell)[inside]
    mask = _below_lips(moment, frame, region)
    beside, soft = np.moveaxis(raster.enlarged(seams, cell)[inside], 2, 0)
    mask += (soft - mask) * beside
    upper, lower = np.ascontiguousarray(at[..., :2]), np.ascontiguousarray(at[..., 2:])
    out.luma[region.luma] = raster.blend(raster.sample(base.double, upper), raster.sample(base.double, lower), mask)
    half = cell // 2
    inside = (slice(half, half + region.height // 2), slice(half, half + region.width // 2))
    at = raster.enlarged(layers * np.float32(0.5) - np.float32(0.25), half)[inside]
    upper, lower = np.ascontiguousarray(at[..., :2]), np.ascontiguousarray(at[..., 2:])
    out.chroma[region.chroma] = raster.blend(
        raster.sample(base.chroma, upper), raster.sample(base.chroma, lower), raster.halved(mask)
    )


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
    if (lower[:, 1] - upper[:, 1]).max() <= LEAST_GAP:
        return
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
    strength = near.mean() * CONTACT_SHADE * np.clip(moment.face.rest.gap / 0.03, 0.22, 1)
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
