"""What tests ask about processes."""

import contextlib
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def at_work(parent: str = "self") -> list[str]:
    """The numbers of a process's living children, those of its fork servers in place of the servers."""
    found = [one for child in children(parent) for one in (children(child) if preload_of(child) else [child])]
    return [one for one in found if not is_gone(int(one))]


def servers(preload: str, parent: str = "self") -> list[str]:
    """The numbers of the fork servers that a process has for a module."""
    return [child for child in children(parent) if preload_of(child) == preload]


def children(parent: str = "self") -> list[str]:
    """Their numbers, whichever thread has started them."""
    found = []
    for path in Path(f"/proc/{parent}/task").glob("*/children"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            found += path.read_text().split()
    return found


def preload_of(number: str) -> str:
    """What a fork server has loaded; nothing if a process is none."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        words = Path(f"/proc/{number}/cmdline").read_bytes().decode().split("\0")
        if words[4:6] == ["jobs.process", "forkserver"]:
            return words[6]
    return ""


def wait_until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def is_gone(pid: int) -> bool:
    """Dead and buried, or at least dead: an orphan's burial is up to init."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True
