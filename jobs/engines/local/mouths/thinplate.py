"""Owns thin-plate interpolation: a smooth displacement field through scattered control points."""

import cv2
import numpy as np

from jobs.engines.local.shapes import F32, F64

STIFFNESS = 1e-4  # lets control points that nearly coincide disagree a little


def interpolate(centres: F64, values: F64, nodes: F32) -> F32:
    """Values (k, 2) known at `centres` (k, 2) → values at `nodes` (n, 2), smooth and affine far away.

    The system is solved in double precision; its evaluation, which is most of the work, runs in single.
    """
    count = len(centres)
    squares = (centres**2).sum(1)
    distance = np.maximum(squares[:, None] + squares[None] - 2 * centres @ centres.T, 0)
    system = np.zeros((count + 3, count + 3))
    system[:count, :count] = 0.5 * distance * np.log(distance + 1e-12)
    system[np.arange(count), np.arange(count)] += STIFFNESS
    system[:count, count] = system[count, :count] = 1
    system[:count, count + 1 :] = centres
    system[count + 1 :, :count] = centres.T
    weights = np.linalg.solve(system, np.concatenate([values, np.zeros((3, 2))]))

    kernel = nodes @ (-2 * centres.T).astype(np.float32)
    kernel += (nodes**2).sum(1)[:, None]
    kernel += squares.astype(np.float32)[None]
    np.maximum(kernel, 1e-9, out=kernel)
    kernel *= np.asarray(cv2.log(kernel))
    bend = (0.5 * weights[:count]).astype(np.float32)
    slope, shift = weights[count + 1 :].astype(np.float32), weights[count].astype(np.float32)
    return np.asarray(kernel @ bend + nodes @ slope + shift, np.float32)
