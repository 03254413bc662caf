"""Turns Blender's linear render into the finished picture: background, tone, grain."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


def background(height: int, width: int) -> Array:
    """A neutral grey wall, lighter behind one shoulder (linear light)."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    glow = np.exp(-(((x / width - 0.70) / 0.62) ** 2) - ((y / height - 0.42) / 0.60) ** 2)
    level = 0.115 + 0.21 * glow
    return (level[..., None] * np.array([0.985, 1.003, 0.995], np.float32)[::-1]).astype(np.float32)


def tone(linear: Array) -> Array:
    """A soft shoulder and toe, then sRGB."""
    x = np.maximum(linear, 0) * 1.12
    x = x * (1 + x / 6.0) / (1 + x * 0.62) * 1.12
    x = np.clip(x, 0, 1)
    return np.where(x <= 0.0031308, 12.92 * x, 1.055 * np.power(np.maximum(x, 1e-8), 1 / 2.4) - 0.055).astype(
        np.float32
    )


def shifted(field: Array, dy: int, dx: int) -> Array:
    """The field moved by whole pixels; edges repeat."""
    height, width = field.shape[:2]
    rows = np.clip(np.arange(height) + dy, 0, height - 1)
    columns = np.clip(np.arange(width) + dx, 0, width - 1)
    return np.asarray(field[rows[:, None], columns[None]])


def denoise(colour: Array, albedo: Array, normal: Array, strength: float, reach: int = 8) -> Array:
    """Non-local means over the light alone: colour is divided by albedo, so that painted detail stays.

    Where the normals are busy (hair, wool) almost nothing is averaged.
    """
    light = colour / (albedo + 0.02)
    # Single bright sparks on skin come from too few samples, not from the lamps.
    middle = cv2.medianBlur(light, 5)
    is_skin = albedo.mean(-1, keepdims=True) > 0.13
    light = np.where(is_skin, np.clip(light, middle * 0.6, middle * 1.35), light)
    scale = cv2.GaussianBlur(light, (0, 0), 6).mean(-1) + 0.05
    # The lamps mirrored in the eyes are no noise.
    shine = cv2.dilate((light.max(-1) > 3.2 * scale).astype(np.float32), np.ones((3, 3)))
    total, weights = np.zeros_like(light), np.zeros(light.shape[:2], np.float32)
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            other = shifted(light, dy, dx)
            gap = cv2.boxFilter(((other - light) ** 2).mean(-1), -1, (7, 7)) / scale**2
            bend = ((shifted(normal, dy, dx) - normal) ** 2).sum(-1)
            paint = ((shifted(albedo, dy, dx) - albedo) ** 2).sum(-1)
            near = (dx * dx + dy * dy) / (reach * reach)
            w = np.exp(-np.maximum(gap - 2 * strength**2, 0) / (strength**2 * 0.6) - bend / 0.14 - paint / 0.02 - near)
            total += other * w[..., None]
            weights += w
    calm = total / weights[..., None]
    calm += (light - calm) * shine[..., None] * (albedo.mean(-1, keepdims=True) < 0.16)
    return np.asarray(calm * (albedo + 0.02))


def read(path: Path) -> Array:
    """An EXR file as float32."""
    picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if picture is None:
        raise FileNotFoundError(path)
    return picture.astype(np.float32)


def read_lit(source: Path, strength: float) -> tuple[Array, Array]:
    """Blender's picture of a person, denoised: linear light (on black) and how much of the wall it hides."""
    raw = read(source)
    colour, alpha = raw[..., :3], raw[..., 3:4]
    albedo, normal = (read(source.with_name(f"{source.stem}-{name}0001.exr"))[..., :3] for name in ("albedo", "normal"))
    return denoise(colour, albedo, normal, strength) if strength > 0 else colour, alpha


def develop(linear: Array, target: Path) -> None:
    """Tone, grain, and into the file."""
    picture = tone(linear)
    height, width = picture.shape[:2]
    rng = np.random.default_rng(5)
    grain = cv2.GaussianBlur(rng.standard_normal((height, width, 1)).astype(np.float32), (0, 0), 0.7)[..., None]
    picture = picture + grain * 0.014 * (0.4 + picture * (1 - picture) * 2.4)
    out = np.clip(picture * 255 + 0.5, 0, 255).astype(np.uint8)
    parameters = [cv2.IMWRITE_JPEG_QUALITY, 92] if target.suffix == ".jpg" else [cv2.IMWRITE_PNG_COMPRESSION, 9]
    cv2.imwrite(str(target), out, parameters)


def finish(source: Path, target: Path, strength: float) -> None:
    """One person before the wall."""
    colour, alpha = read_lit(source, strength)
    develop(colour + background(*colour.shape[:2]) * (1 - alpha), target)
