"""Owns the life of a still picture: when the eyes blink and how the head moves, from the seed and the voice."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jobs.engines.local.faces.face import face_frame
from jobs.engines.local.shapes import F32, F64, FaceFrame
from jobs.engines.local.smoothing import gaussian

# Lid levels of one blink, frame by frame: 0 open to 3 closed; see `eyelids.LEVELS`.
BLINK = (1, 3, 3, 2, 1)
FIRST_BLINK_SECONDS = (0.8, 2.2)
BETWEEN_BLINKS_SECONDS = (2.0, 5.2)
DOUBLE_BLINK_CHANCE, DOUBLE_BLINK_SECONDS = 0.12, 0.45
BLINK_MARGIN_FRAMES = 6  # none begins at the very end

# Amplitudes of the head: shifts and turns in face units, roll in radians.
SWAY, BOB, NOD_SHIFT, ROLL, TURN, TILT, NOD_TILT = 0.016, 0.008, 0.022, np.deg2rad(1.1), 0.028, 0.016, 0.030
QUIET_SHARE = 0.45  # how much of it is left in silence
BREATH, BREATHS_HZ = 0.006, (0.20, 0.27)
# What `head` reaches at the most, its sines at their common peak: where even that shows nothing, nothing moves.
LARGEST_MOVE = 2.3 * np.array([SWAY, BOB + NOD_SHIFT / 2, ROLL, TURN, TILT + NOD_TILT / 2])


@dataclass(frozen=True)
class Liveliness:
    """How much of each movement; all 1 by default."""

    head: float = 1.0
    blinks: bool = True


def blinks(frames: int, fps: float, rng: np.random.Generator, liveliness: Liveliness) -> F64:
    """(frames,) lid levels 0 to 3."""
    lids = np.zeros(frames)
    at = rng.uniform(*FIRST_BLINK_SECONDS)
    while liveliness.blinks and at * fps < frames - BLINK_MARGIN_FRAMES:
        start = int(at * fps)
        lids[start : start + len(BLINK)] = BLINK[: frames - start]
        double = rng.random() < DOUBLE_BLINK_CHANCE
        at += DOUBLE_BLINK_SECONDS if double else rng.uniform(*BETWEEN_BLINKS_SECONDS)
    return lids


def head(loudness: F64, fps: float, rng: np.random.Generator, liveliness: Liveliness) -> F64:
    """(frames, 5): shift right, shift down, roll, turn, tilt: slow wandering, nods on loud syllables, breath."""
    seconds = np.arange(len(loudness)) / fps
    syllables = gaussian(loudness, fps * 0.12) - gaussian(loudness, fps * 0.8)
    speaking = np.clip(gaussian(loudness, fps * 0.5) * 1.5, 0, 1)
    activity = QUIET_SHARE + (1 - QUIET_SHARE) * speaking
    breath = np.sin(2 * np.pi * rng.uniform(*BREATHS_HZ) * seconds + rng.uniform(0, 2 * np.pi))
    columns = [
        SWAY * _wander(seconds, 0.08, 0.35, rng) * activity,
        (BOB * _wander(seconds, 0.10, 0.40, rng) + NOD_SHIFT * syllables) * activity + BREATH * breath,
        ROLL * _wander(seconds, 0.07, 0.30, rng) * activity,
        TURN * _wander(seconds, 0.08, 0.33, rng) * activity,
        (TILT * _wander(seconds, 0.10, 0.40, rng) + NOD_TILT * syllables) * activity,
    ]
    return np.asarray(np.stack(columns, 1) * liveliness.head)


def _wander(seconds: F64, lowest_hz: float, highest_hz: float, rng: np.random.Generator) -> F64:
    """A sum of five slow sines of random pitch, about −1 to 1."""
    pitch = rng.uniform(lowest_hz, highest_hz, 5)[:, None]
    phase = rng.uniform(0, 2 * np.pi, 5)[:, None]
    weight = rng.uniform(0.5, 1, 5)
    waves = np.sin(2 * np.pi * pitch * seconds + phase)
    return np.asarray(weight @ waves / np.linalg.norm(weight))


# The part of the picture that goes with the head: an ellipse round the face, fading into hair and shoulders.
HEAD_CENTRE, HEAD_RADII, HEAD_CORE, HEAD_FADE = (0.0, -0.25), (1.25, 1.45), 0.75, 1.5
NECK = (0.0, 1.0)  # the head rolls about it
TERRITORY_BORDER = 0.6  # between two heads, in head radii: where neither moves the other's
BORDER = 0.12  # of the shorter side: the picture's borders stay put


def head_basis(points: F32, frame: FaceFrame, width: int, height: int) -> F32:
    """(ny, nx, 2, 5): pixel displacement (result → picture) at each node for each unit of `head`'s columns."""
    pixels = points.astype(np.float64)
    at = frame.to_face(pixels)
    weight = head_weight(at) * _off_borders(pixels, width, height)
    near = _nearness(at)
    from_neck = at - NECK
    zero = np.zeros_like(weight)
    across = np.stack([weight, zero, -from_neck[..., 1] * weight, near * weight, zero], -1)
    down = np.stack([zero, weight, from_neck[..., 0] * weight, zero, near * weight], -1)
    moved = np.stack([across, down], -2)
    return np.asarray(-np.einsum("ij,...jk->...ik", frame.axes, moved), np.float32)


def territories(points: F32, faces: Sequence[F64]) -> list[F32]:
    """For each of the faces (478, 3), (ny, nx) 1 at nodes that are its own, 0 at those nearer to another face."""
    if len(faces) == 1:
        return [np.ones(points.shape[:2], np.float32)]
    frames = [face_frame(face) for face in faces]
    distances = np.stack(
        [
            np.sqrt((((frame.to_face(points.astype(np.float64)) - HEAD_CENTRE) / HEAD_RADII) ** 2).sum(-1))
            for frame in frames
        ]
    )
    own = []
    for i in range(len(faces)):
        nearest_other = np.delete(distances, i, 0).min(0)
        share = np.clip((nearest_other - distances[i]) / TERRITORY_BORDER, 0, 1)
        own.append((share * share * (3 - 2 * share)).astype(np.float32))
    return own


def head_weight(at: F64) -> F64:
    """1 on the face, 0 far from it, smooth between; `at` (…, 2) in face units."""
    distance = np.sqrt((((at - HEAD_CENTRE) / HEAD_RADII) ** 2).sum(-1))
    weight = np.clip(1 - (distance - HEAD_CORE) / HEAD_FADE, 0, 1)
    return np.asarray(weight * weight * (3 - 2 * weight))


def _off_borders(pixels: F64, width: int, height: int) -> F64:
    """0 at the left, right and upper border, 1 inside; the lower border may move with the shoulders' skin."""
    nearest = np.minimum(np.minimum(pixels[..., 0], pixels[..., 1]), width - 1 - pixels[..., 0])
    return np.asarray(np.clip(nearest / (BORDER * min(width, height)), 0, 1))


def _nearness(at: F64) -> F64:
    """How far a point of the face stands out towards the viewer: an egg, and the nose on it."""
    x, y = at[..., 0], at[..., 1]
    egg = np.sqrt(np.clip(1 - (x / 0.95) ** 2 - ((y + 0.15) / 1.25) ** 2, 0, 1))
    nose = np.exp(-((x / 0.18) ** 2 + ((y + 0.08) / 0.22) ** 2))
    return np.asarray(0.55 * egg + 0.2025 * nose)
