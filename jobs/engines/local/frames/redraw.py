"""Owns the frames of a video: one mouth redrawn in each, everything else left as it is."""

import numpy as np

from jobs.engines.local.frames import lips, raster
from jobs.engines.local.frames.lips import Moment, Source
from jobs.engines.local.mouths.warp import Block, Grid
from jobs.engines.local.shapes import F32, Planes


def redraw(frame: Planes, moment: Moment, grid: Grid, strength: float = 1.0) -> Planes:
    """The frame with its mouth as `moment` has it; `strength` below 1 fades towards the frame itself.

    Pixels outside the reach of the mouth are those of `frame`.
    """
    block = moment.face.block
    region = lips.block_region(block, grid, frame.width, frame.height)
    out = Planes(frame.luma.copy(), frame.chroma.copy())
    if region.width < 2 or region.height < 2:
        return out
    source = Source(frame.luma, frame.chroma, bicubic=True)
    nodes = grid.points[block.slices] + lips.both_layers(moment)
    out.luma[region.luma] = source.luma_at(nodes, grid.cell, region.height, region.width)
    out.chroma[region.chroma] = source.chroma_at(nodes, grid.cell, region.height, region.width)
    box = lips.mouth_box(moment, moment.face.frame, grid, frame.width, frame.height)
    if box is not None:
        layers = np.concatenate([moment.fields.upper, moment.fields.lower], 2)
        layers = _part(layers, block, box) + np.tile(grid.points[box.slices], 2)
        seam = _part(np.stack(lips.seams(moment), 2), block, box)
        lips.draw(out, source, moment, grid, layers, seam, moment.face.frame, box)
    if strength < 1:
        for plane, drawn, part in (
            (frame.luma, out.luma, region.luma),
            (frame.chroma, out.chroma, region.chroma),
        ):
            drawn[part] = raster.mixed(plane[part], drawn[part], strength)
    return out


def _part(field: F32, block: Block, box: Block) -> F32:
    """What a field on `block` says on `box`, which lies inside."""
    return field[box.top - block.top : box.bottom - block.top, box.left - block.left : box.right - block.left]
