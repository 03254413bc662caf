"""Makes static/samples/face.jpg: sculpts, lets Blender render, finishes like a print.

Run: python tools/samples/make_face.py  (numpy, scipy, opencv; Debian: apt-get install blender)
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
from pathlib import Path

import numpy as np

os.environ["OPENCV_IO_ENABLE_OPENEXR"] = "1"

HERE = Path(__file__).resolve().parent


def geometry(path: Path, hairs: int) -> None:
    """Write everything Blender needs."""
    import strands
    from sculpt import EYE_RADIUS, EYE_X, EYE_Y, EYE_Z, sculpt

    head = sculpt()
    rng = np.random.default_rng(3)
    hair, hair_radius = strands.scalp(rng, head, hairs)
    brow, brow_radius = strands.brows(rng, head)
    lash, lash_radius = strands.lashes(rng, head)
    beard, beard_radius = strands.stubble(rng, head)
    np.savez(
        path,
        places=head.places,
        colours=head.colours,
        roughness=head.roughness,
        eye=[EYE_X, EYE_Y, EYE_Z, EYE_RADIUS],
        scalp=hair,
        scalp_radius=hair_radius,
        brows=brow,
        brows_radius=brow_radius,
        stubble=beard,
        stubble_radius=beard_radius,
        lashes=lash,
        lashes_radius=lash_radius,
    )


def main() -> None:
    """Build, render, finish."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=HERE.parents[1] / "static" / "samples" / "face.jpg")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir(), "mundwerk-face"))
    parser.add_argument("--width", type=int, default=960)
    parser.add_argument("--samples", type=int, default=96)
    parser.add_argument("--hairs", type=int, default=80000)
    parser.add_argument("--crop", nargs=4, default=["0", "0", "1", "1"], help="left bottom right top, 0 to 1")
    parser.add_argument("--denoise", type=float, default=0.13)
    parser.add_argument("--finish-only", action="store_true")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    exr, npz = options.work / "render.exr", options.work / "geometry.npz"
    if not options.finish_only:
        geometry(npz, options.hairs)
        command = ["blender", "-b", "--factory-startup", "-P", str(HERE / "scene.py"), "--", str(npz), str(exr)]
        subprocess.run(
            [*command, str(options.width), str(options.samples), *options.crop],
            check=True,
            stdout=subprocess.DEVNULL if "MUNDWERK_LOG" not in os.environ else None,
        )
    from finish import finish

    finish(exr, options.out, options.denoise)


if __name__ == "__main__":
    main()
