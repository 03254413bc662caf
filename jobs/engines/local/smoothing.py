"""Owns the filters along time that the stages share, by OpenCV: importing scipy for them takes .2 s of each run."""

import cv2
import numpy as np

from jobs.engines.local.shapes import F64


def reach(sigma: float) -> int:
    """How many values on each side have a say in `gaussian`'s."""
    return int(4 * sigma + 0.5)


def gaussian(values: F64, sigma: float) -> F64:
    """Blur along the first axis; the ends are held."""
    rows = np.ascontiguousarray(values.reshape(len(values), -1), np.float64)
    size = 2 * reach(sigma) + 1
    blurred = cv2.GaussianBlur(rows, (1, size), sigmaX=1, sigmaY=sigma, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(blurred, np.float64).reshape(values.shape)


def median(values: F64, size: int) -> F64:
    """The running median of (n,) over an odd number of values; the ends are mirrored."""
    padded = np.pad(values, size // 2, mode="symmetric")
    return np.asarray(np.median(np.lib.stride_tricks.sliding_window_view(padded, size), axis=1))


def maximum(values: F64, size: int) -> F64:
    """The running maximum of (n,) over an odd number of values."""
    return np.asarray(cv2.dilate(values.reshape(-1, 1), np.ones((size, 1), np.uint8)), np.float64).ravel()
