"""Owns what a video's own mouth does, frame by frame, so that it can be undone."""

from dataclasses import dataclass

import numpy as np

from jobs.engines.local.faces import face
from jobs.engines.local.faces.tracking import Watched, Window
from jobs.engines.local.landmarks import CHIN_PAD, STEADY
from jobs.engines.local.mouths import mouth, warp
from jobs.engines.local.shapes import F64, Bools
from jobs.engines.local.smoothing import gaussian

# The mesh that follows a face reads what a moving mouth and chin do this much too small: teeth would stay between lips
# that close.
UNDER_READ = 0.25
PLACE_SIGMA = 4.0  # frames: the mouth's place in the face, without the source's own speech
LINE_OF_GAP = 0.22  # where the closed lips would be, below the upper lip
# What the chin drops of each unit of gap, slowly, in three talkers (.30 to .50). Faster, it is measured: told by the
# gap alone, the speech of the source would show.
CHIN_OF_GAP, CHIN_SIGMA = 0.42, 10.0
MOTION_SIGMA = 2.0  # frames


@dataclass(frozen=True)
class Talk:
    """The source's own mouth, frame by frame, each (n,): gap, width, turn of the head, where the mouth and jaw are."""

    gap: F64
    width: F64
    yaw: F64
    centre_x: F64
    line_y: F64
    jaw: F64  # how far it has dropped, in S
    motion: F64  # of the face, in S a frame


def measure(watched: Watched) -> Talk:
    """Measure it in every frame that shows the face; 0 elsewhere, but places, which are as in the frames around."""
    count = len(watched)
    gap, width, yaw, centre_x, line_y, chin, scale = np.zeros((7, count))
    landmarks = Window(watched)
    for frame in np.flatnonzero(watched.present):
        points = landmarks[int(frame)]
        where = face.face_frame(points)
        measured = where.to_face(points)
        seen = mouth.contours(measured)
        gap[frame], width[frame], yaw[frame] = seen.gap, seen.width, face.yaw_degrees(points)
        centre_x[frame] = (seen.upper_outer[0, 0] + seen.upper_outer[-1, 0]) / 2
        line_y[frame] = seen.upper_inner[5, 1] + LINE_OF_GAP * max(0.0, seen.gap)
        chin[frame], scale[frame] = measured[list(CHIN_PAD), 1].mean(), where.scale
    closed_chin = chin - CHIN_OF_GAP * np.clip(gap, 0, None)
    for shot in watched.shots:
        span = slice(shot.first, shot.stop)
        present = watched.present[span]
        if present.any():
            for place, sigma in ((centre_x, PLACE_SIGMA), (line_y, PLACE_SIGMA), (closed_chin, CHIN_SIGMA)):
                place[span] = _calm(place[span], present, sigma)
    jaw = np.where(watched.present, (1 + UNDER_READ) * (chin - closed_chin) / warp.CHIN_FALLS, 0)
    return Talk(gap, width, yaw, centre_x, line_y, jaw, _motion(watched, landmarks, scale))


def _calm(values: F64, present: Bools, sigma: float) -> F64:
    """Values (n,) where present, those between made up, blurred along time."""
    return gaussian(np.interp(np.arange(len(values)), np.flatnonzero(present), values[present]), sigma)


def _motion(watched: Watched, landmarks: Window, scale: F64) -> F64:
    """(n,) how far the head moves from frame to frame, in S."""
    moved = np.zeros(len(watched))
    last: F64 | None = None
    for frame in range(len(watched)):
        now = landmarks[frame][STEADY, :2] if watched.present[frame] else None
        if now is not None and last is not None:
            moved[frame] = float(np.abs(now - last).mean()) / max(1.0, scale[frame])
        last = now
    return gaussian(moved, MOTION_SIGMA)
