"""A line to a server that a test can cut: its connections are reset, and no new ones come about until it is mended."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

CHUNK_BYTES = 1 << 16
RESET = struct.pack("ii", 1, 0)  # no farewell when it is closed


class Line:
    """Leads from its own `port` to that of a server on this machine. `sent` counts the bytes towards the server."""

    def __init__(self, to_port: int) -> None:
        self._to_port = to_port
        self._lock = threading.Lock()
        self._ends: set[socket.socket] = set()
        self._cut_at: int | None = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.sent = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def cut_after(self, size: int) -> None:
        """Cut it as soon as so many more bytes have gone towards the server."""
        self._cut_at = self.sent + size

    def mend(self) -> None:
        """Let it work again."""
        self._cut_at = None

    def close(self) -> None:
        """Take no more connections, and end those that there are."""
        self._listener.close()
        self._reset()

    @property
    def is_cut(self) -> bool:
        """Whether nothing gets through."""
        return self._cut_at is not None and self.sent >= self._cut_at

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                here, _ = self._listener.accept()
                there = socket.create_connection(("127.0.0.1", self._to_port))
                with self._lock:
                    self._ends |= {here, there}
                if self.is_cut:
                    self._reset()
                    continue
                for pair, counts in (((here, there), True), ((there, here), False)):
                    threading.Thread(target=self._pass_on, args=(*pair, counts), daemon=True).start()

    def _pass_on(self, here: socket.socket, there: socket.socket, counts: bool) -> None:
        with suppress(OSError):
            while chunk := here.recv(CHUNK_BYTES):
                there.sendall(chunk)
                if counts:
                    with self._lock:
                        self.sent += len(chunk)
                    if self.is_cut:
                        self._reset()
            there.shutdown(socket.SHUT_WR)

    def _reset(self) -> None:
        with self._lock:
            ends, self._ends = self._ends, set()
        for end in ends:
            with suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                end.shutdown(socket.SHUT_RDWR)
            end.close()


@contextmanager
def line_to(port: int) -> Iterator[Line]:
    """A line to the server at `port`, for the block."""
    line = Line(port)
    try:
        yield line
    finally:
        line.close()
