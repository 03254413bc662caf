"""Owns the two ways in which a child begins: as a fresh Python, or forked from one that has its libraries loaded."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from jobs.process import forkserver

# Passed on from our own environment; everything else (keys, database addresses) stays here.
PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH")
PYTHON = (sys.executable, "-P", "-s", "-m")

Environment = Mapping[str, str]


class Child(Protocol):
    """A process at the head of a group of its own."""

    def has_ended(self) -> bool:
        """Whether it is dead; until `end` nobody else can have its group's number."""

    def end(self) -> int:
        """SIGKILL for it and all that it started, wait for it; its exit status as of `Popen`."""


Start = Callable[[int, int, int], Child]  # with descriptors for its stdin, stdout and stderr


def environment(home: str = "/") -> dict[str, str]:
    """What a child sees of ours, its caches and temporary files at `home`."""
    return {
        **{name: os.environ[name] for name in PASSED_ON if name in os.environ},
        "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
        "PYTHONUTF8": "1",
        # Numeric libraries would start a thread for each core: no gain on our small matrices, and no good to fork.
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "PYTHONFAULTHANDLER": "1",
        "HOME": home,
        "TMPDIR": home,
        # glibc reserves 64 MB of address space per arena and thread, which RLIMIT_AS counts.
        "MALLOC_ARENA_MAX": "2",
    }


def executed(argv: Sequence[str], environment: Environment) -> Start:
    """A program of its own. It is told with a signal when the *thread* that starts it ends, if it asks for that."""

    def start(stdin: int, stdout: int, stderr: int) -> Child:
        process = subprocess.Popen(  # noqa: S603 - our own Python
            argv, stdin=stdin, stdout=stdout, stderr=stderr, cwd="/", env=dict(environment), start_new_session=True
        )
        return _Executed(process)

    return start


class _Executed:
    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def has_ended(self) -> bool:
        return has_ended(self._process.pid)

    def end(self) -> int:
        return end_group(self._process)


def forked(preload: str, module: str, environment: Environment) -> Start:
    """`module` as the main program, forked from a process that has imported the module `preload`.

    That process is started when it is needed, and ends with ours, or when it was idle for long.
    """
    order = forkserver.order(module, environment)

    def start(*streams: int) -> Child:
        with _starting:
            if preload in _servers:
                with contextlib.suppress(OSError):  # it has ended
                    return _servers[preload].fork(order, streams)
            _servers[preload] = _Server(preload)
            return _servers[preload].fork(order, streams)

    return start


class _Server:
    """A fork server of ours; see `jobs.process.forkserver`."""

    def __init__(self, preload: str) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            process = subprocess.Popen(  # noqa: S603 - our own Python
                [*PYTHON, "jobs.process", "forkserver", preload, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                cwd="/",
                env=environment(),
                start_new_session=True,
            )
        self._orders = ours
        threading.Thread(target=process.wait, name="undertaker", daemon=True).start()

    def fork(self, order: bytes, streams: Sequence[int]) -> Child:
        """Ask for a child; OSError if the server takes no orders any more. What becomes of it is told over a line."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            try:
                socket.send_fds(self._orders, [order], [*streams, theirs.fileno()])
            except OSError:
                ours.close()
                self._orders.close()
                raise
        return _Forked(ours)


class _Forked:
    """The server tells its exit status over `line`, and ends it when that is closed from here."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._status: int | None = None

    def has_ended(self) -> bool:
        if self._status is None:
            self._hear(socket.MSG_DONTWAIT)
        return self._status is not None

    def end(self) -> int:
        with self._line:
            if self._status is None:
                with contextlib.suppress(OSError):
                    self._line.shutdown(socket.SHUT_WR)
                self._hear()
        return self._status or 0

    def _hear(self, flags: int = 0) -> None:
        with contextlib.suppress(BlockingIOError):
            # Nothing but an end: the server is gone, and its children with it.
            self._status = forkserver.told(self._line.recv(forkserver.MOST_BYTES, flags))


_servers: dict[str, _Server] = {}
_starting = threading.Lock()
# A fork of ours has servers of its own: it would keep those of its parent from noticing that parent's end.
os.register_at_fork(after_in_child=_servers.clear)


def has_ended(pid: int) -> bool:
    """Whether our child is dead, without burying it: until then its process group's number is not reused."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def end_group(process: subprocess.Popen[bytes]) -> int:
    """SIGKILL for a group's leader and all the others, wait for the leader; its exit status as of `Popen`."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    return process.wait()
