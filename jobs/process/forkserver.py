"""Owns the fork server: a process that loads libraries once, for all the limited children that it forks.

It has seen no file of anybody's: a child limits itself before it reads its request, as one that is executed does. It
has one thread, and so have its children when they begin.

Orders come over a socket, with four descriptors each: the child's stdin, stdout and stderr, and a line over which its
exit status is told. Whoever ordered a child ends it by closing that line, or by dying. When nobody is left who could
order, the server ends, and its children with it; idle for long, it gives its memory back.
"""

import contextlib
import gc
import importlib
import json
import os
import selectors
import signal
import socket
import tempfile
from collections.abc import Mapping
from typing import NoReturn

from jobs.process.child import launch

MOST_BYTES = 64 * 1024
IDLE_SECONDS = 300
_STREAMS = 3


def order(module: str, environment: Mapping[str, str]) -> bytes:
    """For a child that runs `module`."""
    return json.dumps([module, dict(environment)]).encode()


def told(message: bytes) -> int:
    """What was said over a child's line → its exit status as of `Popen`; nothing means that the server is gone."""
    return int(message) if message else -signal.SIGTERM


def serve(preload: str, descriptor: int) -> None:
    """Import the module `preload`, then fork what is ordered over a socket until its other end is closed."""
    importlib.import_module(preload)
    # What lives now is not looked at by the collector again: children share its memory as long as nobody writes there.
    gc.collect()
    gc.freeze()
    _Server(socket.socket(fileno=descriptor)).serve()


class _Server:
    def __init__(self, orders: socket.socket) -> None:
        self._orders = orders
        self._lines: dict[int, socket.socket] = {}  # by the child's number
        self._selector = selectors.DefaultSelector()
        self._woken, waking = socket.socketpair()
        for end in (self._woken, waking):
            end.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(waking.detach(), warn_on_full_buffer=False)
        self._selector.register(self._orders, selectors.EVENT_READ)
        self._selector.register(self._woken, selectors.EVENT_READ)

    def serve(self) -> None:
        """Until the other end is closed, or nothing was to be done for long, and every child has ended."""
        orders_come = True
        while orders_come or self._lines:
            ready = self._selector.select(None if self._lines else IDLE_SECONDS)
            if not ready:
                # Those that come now fail where they are sent; those that came just before are still read.
                self._orders.shutdown(socket.SHUT_RD)
            for key, _ in ready:
                if key.fileobj is self._orders:
                    orders_come = self._take_order()
                elif key.fileobj is self._woken:
                    self._woken.recv(MOST_BYTES)
                else:
                    self._end(key.data)
            self._bury()

    def _take_order(self) -> bool:
        """False at their end."""
        message, descriptors, _, _ = socket.recv_fds(self._orders, MOST_BYTES, _STREAMS + 1)
        if message:
            self._fork(message, descriptors)
        else:
            self._selector.unregister(self._orders)
        return bool(message)

    def _fork(self, message: bytes, descriptors: list[int]) -> None:
        *streams, line = descriptors
        parent = os.getpid()
        try:
            child = os.fork()
        except OSError:  # no room for another process: who ordered it hears nothing but an end
            for descriptor in descriptors:
                os.close(descriptor)
            return
        if child == 0:
            _become(message, streams, parent)
        # Both do it: whoever is first, nobody sees a child without its group.
        with contextlib.suppress(OSError):
            os.setpgid(child, child)
        for descriptor in streams:
            os.close(descriptor)
        self._lines[child] = socket.socket(fileno=line)
        self._selector.register(self._lines[child], selectors.EVENT_READ, child)

    def _end(self, child: int) -> None:
        """Its line was closed at the other end."""
        self._selector.unregister(self._lines[child])
        os.killpg(child, signal.SIGKILL)

    def _bury(self) -> None:
        """Those that have ended, and tell of it."""
        ended = os.WEXITED | os.WNOHANG | os.WNOWAIT
        while self._lines and (found := os.waitid(os.P_ALL, 0, ended)) is not None:
            child = found.si_pid
            # While it is not buried, its group's number is nobody else's.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child, signal.SIGKILL)
            _, status = os.waitpid(child, 0)
            with self._lines.pop(child) as line, contextlib.suppress(OSError):
                with contextlib.suppress(KeyError):
                    self._selector.unregister(line)
                line.send(str(os.waitstatus_to_exitcode(status)).encode())


def _become(message: bytes, streams: list[int], parent: int) -> NoReturn:
    """The child: with its own streams and nothing else of the server's, the ordered module as the main program."""
    try:
        os.setpgid(0, 0)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for number, descriptor in enumerate(streams):
            os.dup2(descriptor, number)
        for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - names, not paths
            if int(name) >= _STREAMS:
                with contextlib.suppress(OSError):  # that of the list itself
                    os.close(int(name))
        module, environment = json.loads(message)
        os.environ.clear()
        os.environ.update(environment)
        tempfile.tempdir = None  # it remembers what the server's environment said
        launch(module, parent)
    finally:
        os._exit(1)  # never back into the server's loop
