"""Mouths made of numbers: landmarks of lips with any measures."""

import numpy as np

from jobs.engines.local.landmarks import LOWER_INNER, LOWER_OUTER, UPPER_INNER, UPPER_OUTER
from jobs.engines.local.shapes import F64


def landmarks(
    width: float = 0.54,
    gap: float = 0.0,
    smile: float = 0.0,
    lips: tuple[float, float] = (0.06, 0.08),
    philtrum: float = 0.0,
) -> F64:
    """(478, 2) in face units: so wide and open, the corners raised by `smile`, the middle aside by `philtrum`."""
    across = np.linspace(-1, 1, 11)
    x = width / 2 * across + philtrum * (1 - across**2)
    lens = 1 - across**2
    line = 0.3 - smile * across**2
    face = np.zeros((478, 2))
    for indices, y in (
        (UPPER_OUTER, line - lips[0] * lens - 0.004),
        (UPPER_INNER, line),
        (LOWER_INNER, line + gap * lens),
        (LOWER_OUTER, line + gap * lens + lips[1] * lens + 0.004),
    ):
        face[list(indices)] = np.stack([x, y], 1)
    for outer, inner in ((UPPER_OUTER, LOWER_OUTER), (UPPER_INNER, LOWER_INNER)):
        face[[inner[0], inner[-1]]] = face[[outer[0], outer[-1]]]
    face[[UPPER_OUTER[0], UPPER_OUTER[-1]], 0] += (-0.02, 0.02)  # corners outside are a little further out
    return face
