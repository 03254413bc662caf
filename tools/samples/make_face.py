"""Makes a portrait, static/samples/face.jpg unless told otherwise: sculpts, lets Blender render, finishes like a print.

Run: python tools/samples/make_face.py  (numpy, scipy, opencv; Debian: apt-get install blender)
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from people import PEOPLE, Person

os.environ["OPENCV_IO_ENABLE_OPENEXR"] = "1"

HERE = Path(__file__).resolve().parent


# What is seen: the height in millimetres, its middle, and height by width.
PORTRAIT = (356.0, -26.0, 1.25)


def geometry(path: Path, hairs: int, person: Person, view: tuple[float, float, float]) -> None:
    """Write everything Blender needs."""
    import strands
    from sculpt import EYE_RADIUS, EYE_X, EYE_Y, EYE_Z, sculpt

    head = sculpt(person)
    rng = np.random.default_rng(3)
    hair, hair_radius = (strands.cropped if person.cropped else strands.scalp)(rng, head, hairs)
    brow, brow_radius = strands.brows(rng, head, person.brows)
    lash, lash_radius = strands.lashes(rng, head)
    stubble = {}
    if person.beard:
        lines, stubble_radius = strands.stubble(rng, head)
        stubble = {"stubble": person.shaped(lines), "stubble_radius": stubble_radius}
    np.savez(
        path,
        view=view,
        person=[person.turn, person.tilt, person.build, person.beard],
        pigment=[person.melanin, person.redness],
        skin=person.skin,
        iris=person.iris,
        jumper=person.jumper,
        shirt=person.shirt,
        places=person.shaped(head.places),
        colours=head.colours,
        roughness=head.roughness,
        eye=[EYE_X, EYE_Y, EYE_Z, EYE_RADIUS],
        scalp=person.shaped(hair),
        scalp_radius=hair_radius,
        brows=person.shaped(brow),
        brows_radius=brow_radius,
        lashes=person.shaped(lash),
        lashes_radius=lash_radius,
        **stubble,
    )


def render(
    work: Path, person: Person, width: int, samples: int, hairs: int, crop: list[str], view: tuple[float, float, float]
) -> Path:
    """Let Blender render a person; the EXR file in `work`, its guides beside it."""
    work.mkdir(parents=True, exist_ok=True)
    exr, npz = work / "render.exr", work / "geometry.npz"
    geometry(npz, hairs, person, view)
    command = ["blender", "-b", "--factory-startup", "-P", str(HERE / "scene.py"), "--", str(npz), str(exr)]
    subprocess.run(
        [*command, str(width), str(samples), *crop],
        check=True,
        stdout=subprocess.DEVNULL if "MUNDWERK_LOG" not in os.environ else None,
    )
    return exr


def main() -> None:
    """Build, render, finish."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=HERE.parents[1] / "static" / "samples" / "face.jpg")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir(), "mundwerk-face"))
    parser.add_argument("--person", choices=PEOPLE, default="bruno")
    parser.add_argument("--width", type=int, default=960)
    parser.add_argument("--samples", type=int, default=96)
    parser.add_argument("--hairs", type=int, default=80000)
    parser.add_argument("--crop", nargs=4, default=["0", "0", "1", "1"], help="left bottom right top, 0 to 1")
    parser.add_argument("--denoise", type=float, default=0.13)
    parser.add_argument("--finish-only", action="store_true")
    options = parser.parse_args()
    exr = options.work / "render.exr"
    if not options.finish_only:
        person = PEOPLE[options.person]
        render(options.work, person, options.width, options.samples, options.hairs, options.crop, PORTRAIT)
    from finish import finish

    finish(exr, options.out, options.denoise)


if __name__ == "__main__":
    main()
