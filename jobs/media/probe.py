"""A look into a file that somebody sent, by a limited process: what is it, how long, how large."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from jobs.engines.base import MAX_PIXELS, MAX_VOICE_SECONDS, PICTURE_TOO_LARGE, VOICE_TOO_LONG
from jobs.engines.local.engine import CHILD, LIBRARIES
from jobs.errors import InvalidInput, Problem, gettext_noop
from jobs.models import MediaKind
from jobs.process import Limits, ProcessFailed, run_module

LOOK = Limits(
    wall_seconds=10,
    cpu_seconds=8,
    memory_bytes=1_500_000_000,
    file_bytes=0,
    open_files=64,
)
WRONG_KIND: Mapping[MediaKind, str] = {
    MediaKind.IMAGE: gettext_noop("This is not a picture. Choose a JPEG, PNG or WebP file."),
    MediaKind.VIDEO: gettext_noop("This is not a video. Choose an MP4, MOV or WebM file."),
    MediaKind.AUDIO: gettext_noop("This is not a sound recording. Choose a WAV, MP3, M4A, FLAC or OGG file."),
}


@dataclass(frozen=True)
class Facts:
    """What is in a file: a `kind` that is UNKNOWN if nothing of ours could read it."""

    kind: MediaKind
    seconds: float | None = None
    width: int | None = None
    height: int | None = None

    def unfit(self, wanted: MediaKind) -> Problem | None:
        """What is wrong with the file if a `wanted` one is needed; None if nothing that can be told so far."""
        if self.kind != wanted:
            return InvalidInput(WRONG_KIND[wanted])
        if wanted == MediaKind.VIDEO:
            return None  # its limits are the engine's
        pixels, seconds = (self.width or 0) * (self.height or 0), self.seconds or 0.0
        if pixels > MAX_PIXELS:
            return InvalidInput(
                PICTURE_TOO_LARGE, megapixels=round(pixels / 1_000_000), max_megapixels=MAX_PIXELS // 1_000_000
            )
        if seconds > MAX_VOICE_SECONDS:
            return InvalidInput(VOICE_TOO_LONG, minutes=round(seconds / 60, 1), max_minutes=MAX_VOICE_SECONDS // 60)
        return None


def probe(path: Path) -> Facts:
    """What is in the file at `path`. Never raises for what the file contains."""
    request = {"do": "probe", "path": str(path)}
    try:
        answer = run_module(CHILD, request, limits=replace(LOOK, readable=(path,)), preload=LIBRARIES)
    except ProcessFailed:
        return Facts(MediaKind.UNKNOWN)
    found = answer.get("probe")
    if not isinstance(found, Mapping) or found.get("kind") not in MediaKind.values:
        return Facts(MediaKind.UNKNOWN)
    return Facts(
        MediaKind(str(found["kind"])),
        seconds=_number(found.get("seconds")),
        width=_whole(found.get("width")),
        height=_whole(found.get("height")),
    )


def _number(value: object) -> float | None:
    return float(value) or None if isinstance(value, int | float) else None


def _whole(value: object) -> int | None:
    return int(value) or None if isinstance(value, int | float) else None
