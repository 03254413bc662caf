"""Owns the two ways in which a child begins: as a fresh Python, or forked from one that has its libraries loaded."""

import atexit
import contextlib
import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from jobs.process import forkserver
from jobs.process.limits import ProcessFailed

# Passed on from our own environment; everything else (keys, database addresses) stays here.
PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH")
PYTHON = (sys.executable, "-P", "-s", "-m")

GRACE_SECONDS = 5  # a fork server that says nothing for so long is ended

Environment = Mapping[str, str]


class Child(Protocol):
    """A process at the head of a group of its own."""

    def has_ended(self) -> bool:
        """Whether it is dead."""

    def end(self) -> int:
        """SIGKILL for it and all that it started, wait until it is dead; its exit status as of `Popen`."""


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
                with contextlib.suppress(*_ENDED):
                    return _servers[preload].fork(order, streams)
            _servers[preload] = _Server(preload)
            try:
                return _servers[preload].fork(order, streams)
            except _ENDED as error:
                raise ProcessFailed("crashed", f"{preload} could not be loaded") from error

    return start


def can_fork() -> bool:
    """Whether this host has what a fork server needs (pidfd_open, kernel 5.3)."""
    try:
        os.close(os.pidfd_open(os.getpid()))
    except (AttributeError, OSError):
        return False
    return True


class _Server:
    """A fork server of ours; see `jobs.process.forkserver`."""

    def __init__(self, preload: str) -> None:
        self._orders, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own Python
                [*PYTHON, "jobs.process", "forkserver", preload, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                cwd="/",
                env=environment(),
                start_new_session=True,
            )
        self._orders.settimeout(GRACE_SECONDS)
        threading.Thread(target=self._process.wait, name="undertaker", daemon=True).start()

    def fork(self, order: bytes, streams: Sequence[int]) -> Child:
        """Ask for a child; one of `_ENDED` if the server takes no orders any more."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            try:
                socket.send_fds(self._orders, [order], [*streams, theirs.fileno()])
            except OSError as error:
                ours.close()
                if isinstance(error, _ENDED):
                    self.close()
                if isinstance(error, TimeoutError):
                    self.kill()
                raise
        return _Forked(ours, self)

    def close(self) -> None:
        """No more orders: it ends when its children have."""
        self._orders.close()

    def kill(self) -> None:
        """Its children end with it."""
        self._process.kill()


class _Forked:
    """A child of a server, which tells over `line` that it has begun, and how it has ended."""

    def __init__(self, line: socket.socket, server: _Server) -> None:
        self._line, self._server = line, server
        self._pidfd: int | None = None
        self._status: int | None = None

    def has_ended(self) -> bool:
        while self._status is None and _is_readable(self._line):
            self._hear()
        return self._status is not None

    def end(self) -> int:
        # Not by the server's grace: it may be loading yet, or stopped.
        with self._line:
            while self._pidfd is None and self._status is None:
                if not _is_readable(self._line, GRACE_SECONDS):
                    self._server.kill()
                    break
                self._hear()
        if self._pidfd is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
            _is_readable(self._pidfd, GRACE_SECONDS)
            os.close(self._pidfd)
            self._pidfd = None
        if self._status is None:
            self._status = -signal.SIGKILL
        return self._status

    def _hear(self) -> None:
        message, descriptors, _, _ = socket.recv_fds(self._line, forkserver.MOST_BYTES, 1)
        if descriptors:
            (self._pidfd,) = descriptors
            os.set_inheritable(self._pidfd, False)
        else:
            # Nothing but an end: the server is gone, and its children end with it.
            self._status = int(message) if message else -signal.SIGTERM


def _is_readable(what: int | socket.socket, seconds: float = 0) -> bool:
    with selectors.DefaultSelector() as selector:
        selector.register(what, selectors.EVENT_READ)
        return bool(selector.select(seconds))


_ENDED = (ConnectionError, TimeoutError)  # raised when a server has ended, takes no more orders, or does not answer
_servers: dict[str, _Server] = {}
_starting = threading.Lock()


def _forget() -> None:
    """In a fork of ours, which has servers of its own: it would keep its parent's from noticing that parent's end."""
    global _starting
    _servers.clear()
    _starting = threading.Lock()


os.register_at_fork(after_in_child=_forget)


@atexit.register
def _close() -> None:
    for server in _servers.values():
        server.close()


def has_ended(pid: int) -> bool:
    """Whether our child is dead, without burying it: until then its process group's number is not reused."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def end_group(process: subprocess.Popen[bytes]) -> int:
    """SIGKILL for a group's leader and all the others, wait for the leader; its exit status as of `Popen`."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    return process.wait()
