"""Owns the filters along time that the stages share, by OpenCV: importing scipy for them takes .2 s of each run."""

import cv2
import numpy as np

from jobs.engines.local.shapes import F64


def gaussian(values: F64, sigma: float) -> F64:
    """Blur along the first axis; the ends are held."""
    rows = np.ascontiguousarray(values.reshape(len(values), -1), np.float64)
    size = 2 * int(4 * sigma + 0.5) + 1
    blurred = cv2.GaussianBlur(rows, (1, size), sigmaX=1, sigmaY=sigma, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(blurred, np.float64).reshape(values.shape)
