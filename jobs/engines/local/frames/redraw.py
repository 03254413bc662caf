"""Owns the frames of a video: one mouth redrawn in each, everything else left as it is."""

import numpy as np

from jobs.engines.local.frames import lips, raster
from jobs.engines.local.frames.interior import Region
from jobs.engines.local.frames.lips import Moment, Source
from jobs.engines.local.mouths.warp import Block, Fields, Grid
from jobs.engines.local.shapes import F32, Planes

CHROMA_FACTOR = 2  # enlarged anew for each frame: as good as needed, no more
CUBIC_REACH = 3  # pixels round a place that have a say in its enlargement
# Pixels: skin that moves no further than the first stays as it is, from the second on all of it is drawn. More, and
# lips that are nearly closed would not be closed.
STILL, MOVING = 0.01, 0.05


def redraw(frame: Planes, moment: Moment, grid: Grid, strength: float = 1.0) -> Planes:
    """The frame with its mouth as `moment` has it; `strength` below 1 fades towards the frame itself.

    Pixels outside the reach of the mouth are those of `frame`.
    """
    out = Planes(frame.luma.copy(), frame.chroma.copy())
    face, fields = moment.face, moment.fields
    box = lips.mouth_box(moment, face.frame, grid, frame.width, frame.height)
    moves = _movement(fields)
    block = _moving(moves, face.block, box)
    if block is None:
        return out
    region = lips.block_region(block, grid, frame.width, frame.height)
    if region.width < 2 or region.height < 2:
        return out
    seam, here = lips.seams(moment), grid.points[face.block.slices]
    nodes = _part(here + lips.both_layers(moment, seam), face.block, block)
    layers = _part(np.concatenate([here + fields.upper, here + fields.lower], 2), face.block, block)
    source = _source(frame, _reach(np.concatenate([nodes, layers], 2), frame))
    source.read(nodes, grid.cell, Planes(out.luma[region.luma], out.chroma[region.chroma]))
    _keep_still(out, frame, region, _part(moves, face.block, block), grid)
    if box is not None:
        lips.draw(out, source, moment, grid, _part(layers, block, box), _part(seam, face.block, box), face.frame, box)
    if strength < 1:
        _fade(out, frame, lips.block_region(face.block, grid, frame.width, frame.height), strength)
    return out


def _movement(fields: Fields) -> F32:
    """(ny, nx) 0 where neither layer moves, 1 where one surely does."""
    furthest = np.maximum((fields.upper**2).sum(2), (fields.lower**2).sum(2))
    return np.asarray(np.clip((np.sqrt(furthest) - np.float32(STILL)) * np.float32(1 / (MOVING - STILL)), 0, 1))


def _moving(moves: F32, block: Block, box: Block | None) -> Block | None:
    """What is to be drawn of a face's block: where it moves, and the box round the lips."""
    active = moves > 0
    if not active.any():
        return box
    moving = Block.around(active).moved(block.top, block.left)
    return moving.joined(box) if box else moving


def _keep_still(out: Planes, frame: Planes, region: Region, moves: F32, grid: Grid) -> None:
    """Put back, in place, what hardly moves."""
    drawn = np.ascontiguousarray(raster.between(moves, grid.cell, region.height, region.width))
    part = Planes(out.luma[region.luma], out.chroma[region.chroma])
    untouched = Planes(frame.luma[region.luma], frame.chroma[region.chroma])
    raster.keep_outside(part, untouched, drawn, raster.halved(drawn))


def _fade(out: Planes, frame: Planes, region: Region, strength: float) -> None:
    """Mix the frame itself into the region, in place."""
    for plane, drawn, part in ((frame.luma, out.luma, region.luma), (frame.chroma, out.chroma, region.chroma)):
        drawn[part] = raster.mixed(plane[part], drawn[part], strength)


def _reach(positions: F32, frame: Planes) -> Region:
    """The part of the frame that is read at positions (…, 2k)."""
    across, down = positions[..., 0::2], positions[..., 1::2]
    low = np.floor([across.min(), down.min()]).astype(int) - CUBIC_REACH
    high = np.ceil([across.max(), down.max()]).astype(int) + CUBIC_REACH + 1
    x0, y0 = np.clip(low, 0, [frame.width - 2, frame.height - 2]) & ~1
    x1, y1 = np.minimum([frame.width, frame.height], (np.maximum(high, [x0 + 2, y0 + 2]) + 1) & ~1)
    return Region(int(x0), int(y0), int(x1 - x0), int(y1 - y0))


def _source(frame: Planes, part: Region) -> Source:
    return Source(
        raster.enlarged_luma(frame.luma[part.luma]),
        raster.enlarged_chroma(frame.chroma[part.chroma], CHROMA_FACTOR),
        CHROMA_FACTOR,
        (part.x, part.y),
    )


def _part(field: F32, block: Block, box: Block) -> F32:
    """What a field on `block` says on `box`, which lies inside."""
    return field[box.top - block.top : box.bottom - block.top, box.left - block.left : box.right - block.left]
