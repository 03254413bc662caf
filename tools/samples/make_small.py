"""Makes static/pictures/*.webp: the sample pictures as the site's own pages show them, a seventh of the bytes.

Run: .venv/bin/python tools/samples/make_small.py
"""

from pathlib import Path

import cv2

STATIC = Path(__file__).resolve().parents[2] / "static"
WIDTH = 720  # pixels: the widest that a page shows one, in CSS pixels
QUALITY = 80


def main() -> None:
    """From the samples as they lie there."""
    for name in ("face", "pair"):
        picture = cv2.imread(str(STATIC / "samples" / f"{name}.jpg"))
        height = round(picture.shape[0] * WIDTH / picture.shape[1])
        small = cv2.resize(picture, (WIDTH, height), interpolation=cv2.INTER_AREA)
        cv2.imwrite(str(STATIC / "pictures" / f"{name}.webp"), small, [cv2.IMWRITE_WEBP_QUALITY, QUALITY])


if __name__ == "__main__":
    main()
