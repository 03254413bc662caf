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
    x = np.maximum(linear, 0) * 1.0
    x = x * (1 + x / 6.0) / (1 + x * 0.62) * 1.12
    x = np.clip(x, 0, 1)
    return np.where(x <= 0.0031308, 12.92 * x, 1.055 * np.power(np.maximum(x, 1e-8), 1 / 2.4) - 0.055).astype(np.float32)


def finish(source: Path, target: Path) -> None:
    """Compose and write."""
    raw = cv2.imread(str(source), cv2.IMREAD_UNCHANGED).astype(np.float32)
    colour, alpha = raw[..., :3], raw[..., 3:4]
    height, width = colour.shape[:2]
    picture = tone(colour + background(height, width) * (1 - alpha))
    eight = np.clip(picture * 255, 0, 255).astype(np.uint8)
    picture = cv2.fastNlMeansDenoisingColored(eight, None, 2.2, 4, 5, 15).astype(np.float32) / 255
    rng = np.random.default_rng(5)
    grain = cv2.GaussianBlur(rng.standard_normal((height, width, 1)).astype(np.float32), (0, 0), 0.7)[..., None]
    picture = picture + grain * 0.016 * (0.4 + picture * (1 - picture) * 2.4)
    out = np.clip(picture * 255 + 0.5, 0, 255).astype(np.uint8)
    parameters = [cv2.IMWRITE_JPEG_QUALITY, 92] if target.suffix == ".jpg" else [cv2.IMWRITE_PNG_COMPRESSION, 9]
    cv2.imwrite(str(target), out, parameters)
