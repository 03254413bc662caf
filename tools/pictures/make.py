"""Makes the pictures of docs/engine.md from the bundled sample: `python -m tools.pictures.make [FOLDER]`."""

import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np

from jobs.engines.base import Finished
from jobs.engines.local import photo
from jobs.engines.local.faces.face import face_frame
from jobs.engines.local.landmarks import LOWER_INNER, LOWER_OUTER, UPPER_INNER, UPPER_OUTER
from jobs.engines.local.measuring import closures, curve, expected, mesh, result, sheet
from jobs.engines.local.measuring.__main__ import render
from jobs.engines.local.measuring.cases import Case
from jobs.engines.local.measuring.expected import Speaker
from jobs.engines.local.mouths import warp
from jobs.engines.local.photo import Scene
from jobs.engines.local.shapes import F32, F64, U8, MouthPose

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "static" / "samples"
RESOLUTION = 720
WORD = (0.765, 1.266)  # seconds of the voice: "my na(me)", closed, wide, half open
MOUTHS, SIDE = 8, 190
PANEL = 460
UPPER, LOWER, EDGE = (60, 140, 255), (220, 150, 40), (255, 255, 255)
WIDE = MouthPose(opening=0.9, lift=0.35)


def main() -> None:
    """Render, measure, draw."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "pictures"
    sources = {"image": SAMPLES / "face.jpg", "audio": SAMPLES / "voice.wav"}
    scene, (speaker,) = expected.in_picture(sources, RESOLUTION)
    with tempfile.TemporaryDirectory() as temporary:
        video = Path(temporary) / "result.mp4"
        outcome = render(Case("sample", "lipsync-image", sources), RESOLUTION, video)
        if not isinstance(outcome, Finished):
            raise SystemExit(outcome.message)
        pictures = list(mesh.frames(video))
    (landmarks,) = mesh.watch(pictures, [speaker.anchors])
    _write(folder / "engine-word.jpg", word(pictures, landmarks, speaker.track.fps))
    _write(folder / "engine-layers.jpg", layers(scene, speaker))
    wanted = result.wanted_gap(speaker.track.opening)
    (folder / "engine-curve.svg").write_text(curve.svg(mesh.gaps(landmarks), wanted, speaker.track.fps))


def word(pictures: list[U8], landmarks: F64, fps: float) -> U8:
    """Eight mouths, evenly spread over one word, each with the phone that is said."""
    phones = closures.read_phones(SAMPLES / "voice.phones.txt")
    mouths = []
    for seconds in np.linspace(*WORD, MOUTHS):
        number = int(seconds * fps)
        mouth = sheet.crop(pictures[number], landmarks[number], True, SIDE)
        moment = (number + 0.5) / fps
        said = next((phone.name for phone in phones if phone.start_seconds <= moment < phone.end_seconds), "")
        cv2.putText(mouth, said, (8, SIDE - 10), cv2.FONT_HERSHEY_SIMPLEX, 0.6, EDGE, 2, cv2.LINE_AA)
        mouths.append(mouth)
    return sheet.stacked(mouths, MOUTHS)


def layers(scene: Scene, speaker: Speaker) -> U8:
    """The sample with its lip lines, and the nodes of both layers where they go for an open mouth."""
    (points,) = scene.speakers
    frame = face_frame(points)
    height, width = scene.picture.shape[:2]
    grid = warp.Grid.over(width, height, frame.scale)
    portrait = photo.portray(scene.picture, points, grid)
    fields = portrait.moment(WIDE).fields
    block = portrait.face.block.slices
    nodes = grid.points[block]
    panels = [_lips(scene.picture, points)]
    panels += [
        _net(scene.picture, nodes, field, colour) for field, colour in ((fields.upper, UPPER), (fields.lower, LOWER))
    ]
    anchor = points.copy()
    return sheet.stacked([sheet.crop(panel, anchor, False, PANEL) for panel in panels], len(panels))


def _lips(picture: U8, points: F64) -> U8:
    out = picture.copy()
    for line, colour in ((UPPER_OUTER, UPPER), (UPPER_INNER, UPPER), (LOWER_INNER, LOWER), (LOWER_OUTER, LOWER)):
        at = np.round(points[list(line), :2] * 16).astype(np.int32)
        cv2.polylines(out, [at], False, colour, 2, cv2.LINE_AA, shift=4)
    return out


def _net(picture: U8, nodes: F32, field: F32, colour: tuple[int, int, int]) -> U8:
    """A layer's nodes, each with a line to where its pixel is read; fields run from the result to the picture."""
    out = picture.copy()
    for node, by in zip(nodes.reshape(-1, 2), field.reshape(-1, 2), strict=True):
        if np.abs(by).max() < 0.3:
            continue
        ends = [tuple(int(value) for value in np.round(end * 16)) for end in (node, node + by)]
        cv2.line(out, ends[0], ends[1], colour, 1, cv2.LINE_AA, shift=4)
        cv2.circle(out, ends[0], 24, colour, -1, cv2.LINE_AA, shift=4)
    return out


def _write(path: Path, picture: U8) -> None:
    cv2.imwrite(str(path), picture, [cv2.IMWRITE_JPEG_QUALITY, 84])


if __name__ == "__main__":
    main()
