"""Owns the fork server: a process that loads libraries once, for all the limited children that it forks.

It has seen no file of anybody's: a child limits itself before its module runs, as one that is executed does. It has one
thread, and so have its children when they begin.

Orders come over a socket, with four descriptors each: the child's stdin, stdout and stderr, and a line over which come
a descriptor of the child (see pidfd_open(2)) and at last its exit status. Whoever ordered a child ends it by closing
that line, or by dying. When nobody is left who could order, the server ends, and its children with it; idle for long,
it gives its memory back. After a crash that a child may have been driven to it makes way for another server, too: what
it forks has the same addresses every time, and nobody is to try them out.
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
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

from jobs.process.child import EXIT_CRASHED, launch

MOST_BYTES = 64 * 1024  # of an order
IDLE_SECONDS, MOST_CHILDREN = 300, 1000  # after which it takes no more orders
# How a child ends by itself, by its limits, or because somebody wanted it to end; otherwise it is a crash.
USUAL_ENDS = frozenset({-signal.SIGKILL, -signal.SIGTERM, -signal.SIGXCPU})
_STREAMS = 3


def order(module: str, environment: Mapping[str, str]) -> bytes:
    """For a child that runs `module`."""
    return json.dumps([module, dict(environment)]).encode()


def serve(preload: str, descriptor: int) -> None:
    """Import the module `preload`, then fork what is ordered over a socket until its other end is closed."""
    # What is blocked where we were started is not blocked in our children.
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    importlib.import_module(preload)
    # What lives now is not looked at by the collector again: children share its memory as long as nobody writes there.
    gc.collect()
    gc.freeze()
    _Server(socket.socket(fileno=descriptor)).serve()


@dataclass(frozen=True)
class _Child:
    number: int
    pidfd: int  # readable when it has ended
    line: socket.socket  # readable when it is to end


class _Server:
    def __init__(self, orders: socket.socket) -> None:
        self._orders = orders
        self._children: dict[int, _Child] = {}
        self._forked = 0
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._orders, selectors.EVENT_READ)

    def serve(self) -> None:
        """Until the other end is closed, or it is time to make way, and every child has ended."""
        orders_come = True
        while orders_come or self._children:
            ready = self._selector.select(None if self._children else IDLE_SECONDS)
            if not ready:
                self._make_way()
            for key, _ in ready:
                child = key.data
                if child is None:
                    orders_come = self._take_order()
                elif child.number not in self._children:
                    continue  # buried just now
                elif key.fileobj is child.line:
                    self._end(child)
                else:
                    self._bury(child)

    def _make_way(self) -> None:
        """Orders that come now fail where they are sent; those that came just before are still taken."""
        with contextlib.suppress(OSError):
            self._orders.shutdown(socket.SHUT_RD)

    def _take_order(self) -> bool:
        """False at their end."""
        message, descriptors, _, _ = socket.recv_fds(self._orders, MOST_BYTES, _STREAMS + 1)
        if len(descriptors) == _STREAMS + 1:
            self._fork(message, descriptors)
        # What did not come whole is not forked: who ordered it hears nothing but an end.
        for descriptor in descriptors:
            os.close(descriptor)
        if not message:
            self._selector.unregister(self._orders)
        return bool(message)

    def _fork(self, message: bytes, descriptors: list[int]) -> None:
        parent = os.getpid()
        try:
            number = os.fork()
        except OSError:  # no room for another process
            return
        if number == 0:
            _become(message, descriptors[:_STREAMS], parent)
        child = _Child(number, os.pidfd_open(number), socket.socket(fileno=os.dup(descriptors[_STREAMS])))
        with contextlib.suppress(OSError):
            socket.send_fds(child.line, [b"begun"], [child.pidfd])
        self._children[number] = child
        self._selector.register(child.line, selectors.EVENT_READ, child)
        self._selector.register(child.pidfd, selectors.EVENT_READ, child)
        self._forked += 1
        if self._forked == MOST_CHILDREN:
            self._make_way()

    def _end(self, child: _Child) -> None:
        self._selector.unregister(child.line)
        signal.pidfd_send_signal(child.pidfd, signal.SIGKILL)

    def _bury(self, child: _Child) -> None:
        """Tell how it ended, and end what it has started."""
        # While it is not buried, its group's number is nobody else's.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.number, signal.SIGKILL)
        ended = os.waitstatus_to_exitcode(os.waitpid(child.number, 0)[1])
        for watched in (child.pidfd, child.line):
            with contextlib.suppress(KeyError):  # a line over which it was ended
                self._selector.unregister(watched)
        with child.line, contextlib.suppress(OSError):
            child.line.send(str(ended).encode())
        os.close(child.pidfd)
        del self._children[child.number]
        if ended < 0 and ended not in USUAL_ENDS:
            self._make_way()


def _become(message: bytes, streams: list[int], parent: int) -> NoReturn:
    """The child: with its own streams and nothing else of the server's, the ordered module as the main program."""
    try:
        os.setsid()
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
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(EXIT_CRASHED)  # never back into the server's loop
