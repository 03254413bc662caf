"""A look into a file that somebody sent, by a limited process: what is it, how long, how large."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from jobs.errors import InvalidInput, Problem, Value, gettext_noop
from jobs.models import MediaKind
from jobs.process import Limits, ProcessFailed, run_module

LOOK = Limits(
    wall_seconds=10,
    cpu_seconds=8,
    memory_bytes=1_500_000_000,
    file_bytes=0,
    open_files=64,
)
UNREADABLE = gettext_noop("This file could not be read. Send a JPEG, PNG or WebP picture, or a common sound format.")
WRONG_KIND: Mapping[MediaKind, str] = {
    MediaKind.IMAGE: gettext_noop("This is not a picture. Choose a JPEG, PNG or WebP file."),
    MediaKind.AUDIO: gettext_noop("This is not a sound recording. Choose a WAV, MP3, M4A, FLAC or OGG file."),
}


@dataclass(frozen=True)
class Facts:
    """What is in a file. With an unknown `kind`, `problem` (a template) and `params` say why."""

    kind: MediaKind
    seconds: float | None = None
    width: int | None = None
    height: int | None = None
    problem: str = ""
    params: Mapping[str, Value] = field(default_factory=dict)

    def unfit(self, wanted: MediaKind) -> Problem | None:
        """What is wrong with the file if a `wanted` one is needed; None if nothing is."""
        if self.problem:
            return InvalidInput(self.problem, field="", **self.params)
        return None if self.kind == wanted else InvalidInput(WRONG_KIND[wanted])


def probe(path: Path) -> Facts:
    """What is in the file at `path`. Never raises for what the file contains."""
    request = {"do": "probe", "path": str(path)}
    try:
        answer = run_module("jobs.engines.local", request, limits=replace(LOOK, readable=(path,)))
    except ProcessFailed:
        return Facts(MediaKind.UNKNOWN, problem=UNREADABLE)
    found, failed = answer.get("probe"), answer.get("failed")
    if isinstance(found, Mapping) and found.get("kind") in MediaKind.values:
        return Facts(
            MediaKind(str(found["kind"])),
            seconds=_number(found.get("seconds")),
            width=_whole(found.get("width")),
            height=_whole(found.get("height")),
        )
    if isinstance(failed, Mapping) and isinstance(failed.get("message"), str):
        params = failed.get("params")
        return Facts(MediaKind.UNKNOWN, problem=failed["message"], params=params if isinstance(params, dict) else {})
    return Facts(MediaKind.UNKNOWN, problem=UNREADABLE)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _whole(value: object) -> int | None:
    return int(value) if isinstance(value, int | float) else None
