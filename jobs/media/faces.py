"""Looking for faces in a picture before it is submitted, by a limited process; few at a time."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import BoundedSemaphore

from jobs.engines.local.engine import CHILD, LIBRARIES
from jobs.errors import InvalidInput, Unavailable, gettext_noop
from jobs.process import Limits, ProcessFailed, run_module

log = logging.getLogger(__name__)

LOOK_SECONDS, LOOK_CPU_SECONDS = 20, 10
MEMORY_BYTES = 4_000_000_000  # address space, most of which the libraries only map
MOST_FACES = 20
# At once in a web process: a look takes half a second of a core, and the renders need the rest.
AT_ONCE = 2
WAIT_SECONDS = 5
_room = BoundedSemaphore(AT_ONCE)

BUSY = gettext_noop("The server is busy. The faces are looked for when the video is made.")
NOT_LOOKED = gettext_noop("The picture could not be looked at. The faces are looked for when the video is made.")

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Face:
    """A face in a picture: its box and its mouth's (x0, y0, x1, y1), as shares of the picture's sides.

    `too_small` are the resolutions for whose videos it is too small.
    """

    box: Box
    mouth: Box
    too_small: tuple[int, ...]


def find_faces(path: Path, size: tuple[int, int], resolutions: Sequence[int]) -> list[Face]:
    """The faces in the picture at `path`, largest first; it may be a smaller copy of one of `size` (width, height).

    Raises InvalidInput if it is no picture that can be used, Unavailable if it was not looked at.
    """
    limits = Limits(
        wall_seconds=LOOK_SECONDS,
        cpu_seconds=LOOK_CPU_SECONDS,
        memory_bytes=MEMORY_BYTES,
        file_bytes=0,
        readable=(path,),
    )
    request = {"do": "faces", "path": str(path.resolve()), "size": list(size), "resolutions": list(resolutions)}
    if not _room.acquire(timeout=WAIT_SECONDS):
        raise Unavailable(BUSY)
    try:
        answer = run_module(CHILD, request, limits=limits, preload=LIBRARIES)
    except ProcessFailed as failure:
        log.warning("No look for faces: %s", failure)
        raise Unavailable(NOT_LOOKED) from failure
    finally:
        _room.release()
    match answer:
        case {"faces": list(found)} if len(found) <= MOST_FACES:
            return [_face(one, resolutions) for one in found]
        case {"failed": {"message": str(template), "params": dict(params)}}:
            raise InvalidInput(template, field="image", **params)
    raise Unavailable(NOT_LOOKED)


def _face(found: object, resolutions: Sequence[int]) -> Face:
    """One face of the child's answer, which is not to be trusted."""
    match found:
        case {"box": list(box), "mouth": list(mouth), "too_small": list(too_small)}:
            return Face(_box(box), _box(mouth), tuple(one for one in resolutions if one in too_small))
    raise Unavailable(NOT_LOOKED)


def _box(found: list[object]) -> Box:
    match found:
        case [int() | float() as x0, int() | float() as y0, int() | float() as x1, int() | float() as y1]:
            return float(x0), float(y0), float(x1), float(y1)
    raise Unavailable(NOT_LOOKED)
