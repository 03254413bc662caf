"""What tests ask about processes."""

import os
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def at_work(parent: str = "self") -> list[str]:
    """The numbers of a process's children, those of its fork servers in place of the servers."""
    numbers = " ".join(path.read_text() for path in Path(f"/proc/{parent}/task").glob("*/children")).split()
    return [one for number in numbers for one in (at_work(number) if is_server(number) else [number])]


def is_server(number: str) -> bool:
    """Whether a process is a fork server; not what has been forked there and wears its name."""
    try:
        words = Path(f"/proc/{number}/cmdline").read_bytes().split(b"\0")
        return b"forkserver" in words and os.getpgid(int(number)) == os.getsid(int(number))
    except (FileNotFoundError, ProcessLookupError):
        return False


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
