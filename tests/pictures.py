"""Picture files, read; needs nothing of the site."""

from pathlib import Path

import cv2
import numpy as np

from jobs.engines.local.shapes import U8


def read_picture(path: Path) -> U8:
    """A picture file → BGR."""
    picture = cv2.imread(str(path))
    assert picture is not None, path
    return np.asarray(picture, np.uint8)
