"""Owns pictures as files: what they are by their first bytes, and their pixels upright, opaque and 8 bit deep."""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from jobs.engines.base import MAX_PIXELS, PICTURE_TOO_LARGE
from jobs.errors import InvalidInput, gettext_noop

if TYPE_CHECKING:
    from jobs.engines.local.shapes import U8

MAX_ASPECT = 4.0
HEADER_BYTES = 1 << 20  # a JPEG may carry its thumbnail and profile before its size
PAPER = 255.0  # transparent pixels are shown on white

NOT_A_PICTURE = gettext_noop("This file is not a picture that can be read. Choose a JPEG, PNG or WebP file.")
TOO_NARROW = gettext_noop("The picture is too long and narrow. Cut it to the face and shoulders.")


@dataclass(frozen=True)
class Header:
    """What the first bytes say; the size is that of the stored pixels, before any turning."""

    format: str
    width: int
    height: int
    may_be_transparent: bool


def read_header(path: Path) -> Header | None:
    """The picture's header, or None if the file is not a JPEG, PNG or WebP. Decodes nothing."""
    with path.open("rb") as file:
        start = file.read(HEADER_BYTES)
    try:
        if start.startswith(b"\x89PNG\r\n\x1a\n"):
            return _png(start)
        if start.startswith(b"\xff\xd8\xff"):
            return _jpeg(start)
        if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
            return _webp(start)
    except (struct.error, IndexError):
        pass
    return None


def check_header(path: Path) -> Header:
    """The header of a picture that may be decoded; raises `InvalidInput` for one that may not."""
    header = read_header(path)
    if header is None or header.width < 1 or header.height < 1:
        raise InvalidInput(NOT_A_PICTURE, field="image")
    pixels = header.width * header.height
    if pixels > MAX_PIXELS:
        raise InvalidInput(
            PICTURE_TOO_LARGE, field="image", megapixels=round(pixels / 1e6), max_megapixels=MAX_PIXELS // 1_000_000
        )
    if max(header.width, header.height) > MAX_ASPECT * min(header.width, header.height):
        raise InvalidInput(TOO_NARROW, field="image")
    return header


def read(path: Path) -> "U8":
    """(h, w, 3) BGR, turned upright as its EXIF data says; raises `InvalidInput`."""
    import cv2
    import numpy as np

    header = check_header(path)
    data = np.fromfile(path, np.uint8)
    pixels = _decode(data, cv2.IMREAD_COLOR)
    if header.may_be_transparent:
        raw = _decode(data, cv2.IMREAD_UNCHANGED)
        if raw.ndim == 3 and raw.shape[2] == 4 and raw.shape[:2] == pixels.shape[:2]:
            opacity = raw[..., 3:].astype(np.float32) / np.iinfo(raw.dtype).max
            pixels = np.asarray(pixels * opacity + PAPER * (1 - opacity) + 0.5, np.uint8)
    return pixels


def _decode(data: "U8", flags: int) -> "U8":
    import cv2
    import numpy as np

    try:
        pixels = cv2.imdecode(data, flags)
    except cv2.error:
        pixels = None
    if pixels is None:
        raise InvalidInput(NOT_A_PICTURE, field="image")
    return np.asarray(pixels)


def _png(start: bytes) -> Header:
    width, height = struct.unpack_from(">II", start, 16)
    return Header("png", width, height, may_be_transparent=True)


def _jpeg(start: bytes) -> Header | None:
    at = 2
    while start[at] == 0xFF:
        marker = start[at + 1]
        if marker == 0xFF:  # fill byte
            at += 1
            continue
        (length,) = struct.unpack_from(">H", start, at + 2)
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):  # a start of frame
            height, width = struct.unpack_from(">HH", start, at + 5)
            return Header("jpeg", width, height, may_be_transparent=False)
        at += 2 + length
    return None


def _webp(start: bytes) -> Header | None:
    kind = start[12:16]
    if kind == b"VP8X":
        width, height = (int.from_bytes(start[at : at + 3], "little") + 1 for at in (24, 27))
        return Header("webp", width, height, may_be_transparent=True)
    if kind == b"VP8L":
        bits = int.from_bytes(start[21:25], "little")
        return Header("webp", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, may_be_transparent=True)
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", start, 26)
        return Header("webp", width & 0x3FFF, height & 0x3FFF, may_be_transparent=False)
    return None
