"""Owns the curve: an intended opening and the one that was measured, as a small SVG that needs nothing else."""

import numpy as np
from numpy.typing import NDArray

from jobs.engines.local.shapes import F64

WIDTH, HEIGHT, MARGIN, LABELS = 900, 170, 8, 18
INTENDED, MEASURED, AXIS = "#9aa3ad", "#c2410c", "#7a838c"


def svg(gap: F64, wanted: F64, fps: float) -> str:
    """`gap` (frames,) in S as measured, NaN where unknown, over `wanted` (frames,) in S; seconds below."""
    count = min(len(gap), len(wanted))
    top = max(0.05, float(np.nanmax(np.concatenate([gap[:count], wanted[:count], [0.0]]))))
    seconds = count / fps

    def line(values: F64, colour: str, width: float) -> str:
        return "".join(
            f'<polyline fill="none" stroke="{colour}" stroke-width="{width}" stroke-linejoin="round" points="'
            + " ".join(f"{_x(i, count):.1f},{_y(values[i], top):.1f}" for i in part)
            + '"/>'
            for part in _known(values[:count])
        )

    ticks = "".join(
        f'<text x="{_x(second * fps, count):.0f}" y="{HEIGHT - 4}" font-size="11" fill="{AXIS}">{second} s</text>'
        for second in range(int(seconds) + 1)
        if _x(second * fps, count) < WIDTH - 20
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>'
        f'<line x1="{MARGIN}" x2="{WIDTH - MARGIN}" y1="{_y(0, top):.1f}" y2="{_y(0, top):.1f}" stroke="{AXIS}" '
        f'stroke-width=".5"/>{ticks}{line(wanted, INTENDED, 3)}{line(gap, MEASURED, 1.4)}'
        f'<text x="{WIDTH - 230}" y="14" font-size="11" fill="{AXIS}">intended</text>'
        f'<text x="{WIDTH - 170}" y="14" font-size="11" fill="{MEASURED}">measured in the video</text></svg>\n'
    )


def _x(frame: float, count: int) -> float:
    return MARGIN + (WIDTH - 2 * MARGIN) * frame / max(1, count - 1)


def _y(value: float, top: float) -> float:
    return HEIGHT - LABELS - MARGIN - (HEIGHT - LABELS - 2 * MARGIN) * float(value) / top


def _known(values: F64) -> list[NDArray[np.intp]]:
    """Frame numbers of each stretch without NaN."""
    at = np.flatnonzero(~np.isnan(values))
    return [np.asarray(part) for part in np.split(at, np.flatnonzero(np.diff(at) > 1) + 1) if len(part)]
