"""Owns the parent's half: starts a limited child, listens to it without trusting it, and leaves nothing behind."""

import contextlib
import json
import os
import selectors
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from typing import BinaryIO, Literal

from jobs.process import children
from jobs.process.child import EXIT_MEMORY, MEMORY_WORDS
from jobs.process.limits import Limits, ProcessFailed, Reason

MAX_LINE_BYTES = 256 * 1024
MAX_TOTAL_BYTES = 16 * 1024 * 1024
STDERR_TAIL_BYTES = 4096
TICK_SECONDS = 1.0
READ_BYTES = 64 * 1024
PIPE_READS = 16  # a pipe holds 64 KB unless somebody made it larger, 1 MB at most

OnMessage = Callable[[Mapping[str, object]], None]
Tick = Callable[[], None]


def run_module(
    module: str,
    request: Mapping[str, object],
    *,
    limits: Limits,
    on_message: OnMessage | None = None,
    tick: Tick | None = None,
    preload: str = "",
) -> Mapping[str, object]:
    """Run a module that calls `serve` in a limited process; its result. Raises `ProcessFailed`.

    `preload` names a module whose imports it needs: where the host allows it, it is forked
    from a process that has them, which saves loading them each time.

    `on_message` gets each report, `tick` is called about once a second even when the
    child is silent; what either raises passes through, after the child is gone.
    Reports and results come from a process that an attacker may own: check them, and
    do not follow links among the files that it made.

    Blocks, in one thread: an executed child dies with the thread that started it, a forked
    one with this process.
    """
    home = str(limits.writable[0].resolve()) if limits.writable and limits.writable[0].is_dir() else "/"
    if preload and children.can_fork():
        start = children.forked(preload, module, children.environment(home))
    else:
        start = children.executed(
            [*children.PYTHON, "jobs.process", "child", module, str(os.getpid())], children.environment(home)
        )
    message = {"limits": limits.as_dict(), "request": request}
    line = json.dumps(message, allow_nan=False).encode() + b"\n"
    return converse(start, line, limits.wall_seconds, on_message, tick)


def missing_layers() -> tuple[str, ...]:
    """Which layers this host forbids, by name, for a start-up message; empty is well. Starts a throwaway child."""
    limits = Limits(wall_seconds=20, cpu_seconds=10, memory_bytes=1 << 30, file_bytes=0)
    missing = run_module("jobs.process.probe", {}, limits=limits)["missing"]
    return tuple(map(str, missing)) if isinstance(missing, list) else ()


def converse(
    start: children.Start,
    line: bytes,
    wall_seconds: float,
    on_message: OnMessage | None,
    tick: Tick | None,
) -> Mapping[str, object]:
    """`run_module` for any child; apart for the tests, whose children misbehave in ways that ours can not."""
    deadline = time.monotonic() + wall_seconds
    with _started(start, line) as (child, ears):
        try:
            while True:
                result = _deliver(ears.listen(deadline - time.monotonic()), on_message)
                if result is not None:
                    return result
                if time.monotonic() >= deadline:
                    raise ProcessFailed("timeout", ears.tail)
                if child.has_ended():
                    status = child.end()
                    result = _deliver(ears.rest(), on_message)
                    if result is not None:
                        return result
                    raise ProcessFailed(_reason(status, ears.tail), ears.tail)
                if tick is not None and ears.tick_is_due():
                    tick()
        except _NotOurProtocol as error:
            raise ProcessFailed("crashed", f"{ears.tail}\n{error}") from error


def _deliver(messages: "list[_Message]", on_message: OnMessage | None) -> Mapping[str, object] | None:
    """Hand on the reports; the result, once it has come."""
    for kind, value in messages:
        if kind == "result":
            return value
        if on_message is not None:
            on_message(value)
    return None


@contextlib.contextmanager
def _started(start: children.Start, line: bytes) -> "Iterator[tuple[children.Child, _Ears]]":
    with contextlib.ExitStack() as ours:
        said, saying = _pipe(ours)
        complained, complaining = _pipe(ours)
        # A file in memory instead of a pipe: a child that does not read can not block us.
        with (
            open(os.memfd_create("request"), "w+b") as request,  # noqa: PTH123 - a descriptor, not a path
            saying,
            complaining,
        ):
            request.write(line)
            request.seek(0)
            child = start(request.fileno(), saying.fileno(), complaining.fileno())
        ours.callback(child.end)
        yield child, ours.enter_context(_Ears(said.fileno(), complained.fileno()))


def _pipe(ours: contextlib.ExitStack) -> tuple[BinaryIO, BinaryIO]:
    """The end to read from, closed with `ours`, and the one to write to."""
    reading, writing = os.pipe()
    return ours.enter_context(open(reading, "rb", 0)), open(writing, "wb", 0)  # noqa: PTH123 - descriptors


_Message = tuple[Literal["report", "result"], Mapping[str, object]]


class _NotOurProtocol(Exception):
    """The child said something that no child of ours says."""


class _Ears:
    """Reads a child's two streams without ever waiting for it or keeping more than the limits."""

    def __init__(self, stdout: int, stderr: int) -> None:
        self._stdout, self._stderr = stdout, stderr
        self._selector = selectors.DefaultSelector()
        for stream in (self._stdout, self._stderr):
            os.set_blocking(stream, False)
            self._selector.register(stream, selectors.EVENT_READ)
        self._unfinished = b""
        self._total = 0
        self._tail = b""
        self._last_tick = time.monotonic()
        self._closed = False

    def __enter__(self) -> "_Ears":
        return self

    def __exit__(self, *_: object) -> None:
        self._selector.close()

    @property
    def tail(self) -> str:
        return self._tail.decode("utf-8", "replace")

    def tick_is_due(self) -> bool:
        now = time.monotonic()
        due = now - self._last_tick >= TICK_SECONDS
        if due:
            self._last_tick = now
        return due

    def listen(self, seconds: float) -> list[_Message]:
        """Messages that arrive within so many seconds, or until a tick is due; returns at the first sign of life."""
        # A child that has closed its stdout has most likely ended; nothing wakes us when it does.
        seconds = min(seconds, TICK_SECONDS if not self._closed else 0.02)
        messages: list[_Message] = []
        for key, _ in self._selector.select(max(0.0, seconds)):
            if key.fd == self._stderr:
                self._hear_stderr()
            else:
                messages += self._hear_stdout()
        return messages

    def rest(self) -> list[_Message]:
        """What is still in the pipes of a child that has ended."""
        for _ in range(PIPE_READS):
            if not self._hear_stderr():
                break
        messages: list[_Message] = []
        for _ in range(PIPE_READS):
            if self._closed:
                break
            messages += self._hear_stdout()
        return messages

    def _read(self, stream: int) -> bytes | None:
        """Some bytes, or nothing at the end (then never asked again), or None when there are none just now."""
        try:
            data = os.read(stream, READ_BYTES)
        except BlockingIOError:
            return None
        if not data and stream in self._selector.get_map():
            self._selector.unregister(stream)
        return data

    def _hear_stderr(self) -> bool:
        data = self._read(self._stderr)
        self._tail = (self._tail + (data or b""))[-STDERR_TAIL_BYTES:]
        return bool(data)

    def _hear_stdout(self) -> list[_Message]:
        data = self._read(self._stdout)
        if data is None:
            return []
        self._closed = not data
        self._total += len(data)
        *lines, self._unfinished = (self._unfinished + data).split(b"\n")
        if self._total > MAX_TOTAL_BYTES or any(len(line) > MAX_LINE_BYTES for line in (*lines, self._unfinished)):
            raise _NotOurProtocol("said too much")
        return [_parsed(line) for line in lines]


def _parsed(line: bytes) -> _Message:
    """{"report": {…}} or {"result": {…}}, and nothing else."""
    try:
        message = json.loads(line, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise _NotOurProtocol("wrote a line that is not JSON") from error
    match message:
        case {"report": dict(value), **others} if not others:
            return "report", value
        case {"result": dict(value), **others} if not others:
            return "result", value
    raise _NotOurProtocol("wrote a message of no known kind")


def _no_constant(name: str) -> object:
    raise ValueError(name)


def _reason(status: int, tail: str) -> Reason:
    if status == -signal.SIGXCPU:
        return "timeout"
    # SIGKILL that we did not send is the kernel's, out of memory.
    if status in (EXIT_MEMORY, -signal.SIGKILL):
        return "memory"
    if status == -signal.SIGABRT and any(words in tail for words in MEMORY_WORDS):
        return "memory"
    return "crashed"
