"""Makes static/samples/pair.jpg: both people beside each other before the same wall.

Run: python tools/samples/make_pair.py  (numpy, scipy, opencv; Debian: apt-get install blender)
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import cv2
import make_face
import numpy as np
from finish import Array, background, develop, read_lit
from people import BRUNO, CLARA

HERE = Path(__file__).resolve().parent
HEIGHT_MM, WIDTH_MM, CENTRE_MM = 400.0, 532.0, -40.0
APART_MM, LOWER_MM = 240.0, 16.0  # she sits in front of him, and a little lower
DENOISE = 0.13


def placed(picture: Array, width: int, right: int, down: int) -> Array:
    """A square picture's middle put `right` of the middle of a wider one of the same height, and `down`."""
    height = picture.shape[0]
    move = np.array([[1, 0, width / 2 - height / 2 + right], [0, 1, down]], np.float32)
    return np.asarray(cv2.warpAffine(picture, move, (width, height), flags=cv2.INTER_NEAREST)).reshape(
        height, width, -1
    )


def main() -> None:
    """Render each alone, lay them over each other in linear light, finish."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=HERE.parents[1] / "static" / "samples" / "pair.jpg")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir(), "mundwerk-pair"))
    parser.add_argument("--height", type=int, default=640)
    parser.add_argument("--samples", type=int, default=32)
    parser.add_argument("--hairs", type=int, default=80000)
    parser.add_argument("--finish-only", action="store_true")
    options = parser.parse_args()
    pixels_a_mm = options.height / HEIGHT_MM
    width = round(WIDTH_MM * pixels_a_mm)
    picture = background(options.height, width)
    for name, person, side, down in (("bruno", BRUNO, -1, 0.0), ("clara", CLARA, 1, LOWER_MM)):
        work = options.work / name
        exr = work / "render.exr"
        if not options.finish_only:
            view = (HEIGHT_MM, CENTRE_MM, 1.0)
            make_face.render(work, person, options.height, options.samples, options.hairs, ["0", "0", "1", "1"], view)
        colour, alpha = read_lit(exr, DENOISE)
        at = (width, round(side * APART_MM / 2 * pixels_a_mm), round(down * pixels_a_mm))
        picture = placed(colour, *at) + picture * (1 - placed(alpha, *at))
    develop(picture, options.out)


if __name__ == "__main__":
    main()
