"""Owns pictures as files: what they are by their first bytes, and their pixels upright, opaque and 8 bit deep."""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from jobs.engines.base import MAX_PIXELS, PICTURE_TOO_LARGE
from jobs.errors import InvalidInput, gettext_noop

if TYPE_CHECKING:
    from jobs.engines.local.shapes import F32, U8

Pixels = TypeVar("Pixels", "F32", "U8")

MAX_ASPECT = 4.0
HEADER_BYTES = 1 << 24  # a JPEG may carry its thumbnail, profile and depth map before its size
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


def check_header(path: Path, field: str = "image") -> Header:
    """The header of a picture that may be decoded; raises `InvalidInput` for one that may not."""
    header = read_header(path)
    if header is None or header.width < 1 or header.height < 1:
        raise InvalidInput(NOT_A_PICTURE, field=field)
    pixels = header.width * header.height
    if pixels > MAX_PIXELS:
        raise InvalidInput(
            PICTURE_TOO_LARGE, field=field, megapixels=round(pixels / 1e6), max_megapixels=MAX_PIXELS // 1_000_000
        )
    if max(header.width, header.height) > MAX_ASPECT * min(header.width, header.height):
        raise InvalidInput(TOO_NARROW, field=field)
    return header


def read(path: Path, field: str = "image", paper: float = PAPER) -> "U8":
    """(h, w, 3) BGR, turned upright as its EXIF data says, transparency on `paper`; raises `InvalidInput`."""
    import cv2
    import numpy as np

    header = check_header(path, field)
    data = np.fromfile(path, np.uint8)
    pixels = _decode(data, cv2.IMREAD_COLOR, field)
    orientation = _webp_orientation(data.tobytes()) if header.format == "webp" else 1
    pixels = np.ascontiguousarray(_upright(pixels, orientation))  # of a WebP alone, OpenCV leaves that to others
    if header.may_be_transparent:
        raw = _decode(data, cv2.IMREAD_UNCHANGED, field)  # this one comes as it is stored
        if raw.ndim == 3 and raw.shape[2] == 4:
            opacity = raw[..., 3:].astype(np.float32) / np.iinfo(raw.dtype).max
            if header.format == "png":
                orientation = _png_orientation(data.tobytes())
            opacity = _upright(opacity, orientation)
            if opacity.shape[:2] == pixels.shape[:2]:
                pixels = np.asarray(pixels * opacity + paper * (1 - opacity) + 0.5, np.uint8)
    return pixels


def _upright(stored: Pixels, orientation: int) -> Pixels:
    """Turn and mirror (h, w, …) as this EXIF orientation asks; 1 is upright."""
    upright = stored.swapaxes(0, 1) if orientation in (5, 6, 7, 8) else stored
    upright = upright[:, ::-1] if orientation in (2, 3, 6, 7) else upright
    return upright[::-1] if orientation in (3, 4, 7, 8) else upright


def _decode(data: "U8", flags: int, field: str) -> "U8":
    import cv2
    import numpy as np

    try:
        pixels = cv2.imdecode(data, flags)
    except cv2.error:
        pixels = None
    if pixels is None:
        raise InvalidInput(NOT_A_PICTURE, field=field)
    return np.asarray(pixels)


def _png(start: bytes) -> Header:
    width, height = struct.unpack_from(">II", start, 16)
    return Header("png", width, height, may_be_transparent=True)


def _png_orientation(data: bytes) -> int:
    """The EXIF orientation of a PNG that could be decoded; 1 if it names none."""
    at = 8
    while data[at + 4 : at + 8] not in (b"IDAT", b""):
        (length,) = struct.unpack_from(">I", data, at)
        if data[at + 4 : at + 8] == b"eXIf":
            return _exif_orientation(data[at + 8 : at + 8 + length])
        at += 12 + length
    return 1


def _webp_orientation(data: bytes) -> int:
    """The EXIF orientation of a WebP that could be decoded; 1 if it names none."""
    at = 12
    while at + 8 <= len(data):
        (length,) = struct.unpack_from("<I", data, at + 4)
        if data[at : at + 4] == b"EXIF":
            # Some writers begin it as in a JPEG.
            return _exif_orientation(data[at + 8 : at + 8 + length].removeprefix(b"Exif\0\0"))
        at += 8 + length + length % 2
    return 1


def _exif_orientation(exif: bytes) -> int:
    order = "<" if exif.startswith(b"II") else ">"
    try:
        (directory,) = struct.unpack_from(order + "I", exif, 4)
        (count,) = struct.unpack_from(order + "H", exif, directory)
        for entry in range(directory + 2, directory + 2 + 12 * count, 12):
            tag, _kind, _count, value = struct.unpack_from(order + "HHIH", exif, entry)
            if tag == 0x0112:
                return int(value)
    except struct.error:
        pass
    return 1


def _jpeg(start: bytes) -> Header | None:
    at = 2
    while start[at] == 0xFF:
        marker = start[at + 1]
        if marker == 0xFF:  # fill byte
            at += 1
            continue
        if marker == 0x01 or 0xD0 <= marker <= 0xD7:  # stands alone, for decoders too: or they would find another size
            at += 2
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
        width, height = ((struct.unpack_from("<I", start, at)[0] >> 8) + 1 for at in (23, 26))
        return Header("webp", width, height, may_be_transparent=True)
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", start, 21)
        return Header("webp", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, may_be_transparent=True)
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", start, 26)
        return Header("webp", width & 0x3FFF, height & 0x3FFF, may_be_transparent=False)
    return None
