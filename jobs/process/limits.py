"""Owns what a limited child may use, and how it can fail."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypedDict, cast

Reason = Literal["timeout", "memory", "crashed"]


class ProcessFailed(Exception):
    """The child gave no result; it and all that it started are gone.

    `timeout`: out of wall-clock or CPU seconds. `memory`: out of its own limit or of
    the machine's. `crashed`: anything else, including a child that did not keep to
    the protocol. `stderr_tail` is the end of what it wrote there, for the log only:
    an untrusted child may have written anything.
    """

    def __init__(self, reason: Reason, stderr_tail: str) -> None:
        super().__init__(reason, stderr_tail)
        self.reason = reason
        self.stderr_tail = stderr_tail

    def __str__(self) -> str:
        return f"{self.reason}: {self.stderr_tail[-300:]}" if self.stderr_tail else self.reason


class LimitsDict(TypedDict):
    """`Limits` as it travels to the child in JSON."""

    wall_seconds: float
    cpu_seconds: int
    memory_bytes: int
    file_bytes: int
    open_files: int
    readable: list[str]
    writable: list[str]


@dataclass(frozen=True)
class Limits:
    """What a child may use. It never has a network, nor children of its own.

    `memory_bytes` is address space (RLIMIT_AS), of which the engine's libraries map
    far more than they touch (about 1 GB for a video of 720p). `file_bytes` is the largest file it may write.
    `readable` and `writable` are files or folders beyond the Python installation;
    they must exist. What is writable is also readable. The first that is writable,
    if it is a folder, is the child's HOME and TMPDIR: libraries put their caches there.
    """

    wall_seconds: float
    cpu_seconds: int
    memory_bytes: int
    file_bytes: int
    open_files: int = 256
    readable: tuple[Path, ...] = ()
    writable: tuple[Path, ...] = ()

    def as_dict(self) -> LimitsDict:
        """For JSON. Paths become absolute, for a child that works elsewhere; FileNotFoundError if one is not there."""
        return {
            "wall_seconds": self.wall_seconds,
            "cpu_seconds": self.cpu_seconds,
            "memory_bytes": self.memory_bytes,
            "file_bytes": self.file_bytes,
            "open_files": self.open_files,
            "readable": [str(path.resolve(strict=True)) for path in self.readable],
            "writable": [str(path.resolve(strict=True)) for path in self.writable],
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, object]) -> "Limits":
        """The other way round; our own parent wrote it, so nothing is checked."""
        plain = cast(LimitsDict, values)
        return cls(
            wall_seconds=plain["wall_seconds"],
            cpu_seconds=plain["cpu_seconds"],
            memory_bytes=plain["memory_bytes"],
            file_bytes=plain["file_bytes"],
            open_files=plain["open_files"],
            readable=tuple(map(Path, plain["readable"])),
            writable=tuple(map(Path, plain["writable"])),
        )
