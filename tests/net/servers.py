"""Owns the web servers of these tests: on loopback, saying exactly the bytes they are told to."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

CERTIFICATE = Path(__file__).with_name("certificate.pem")

Script = Callable[[socket.socket, "Server"], None]


class Server:
    """Accepts connections one after the other and runs its script on each, in a thread of its own.

    `requests` are the heads (and bodies, by Content-Length) that it read. A script that
    never ends watches `closing`.
    """

    def __init__(self, script: Script, tls: bool = False) -> None:
        self._script = script
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if tls else None
        if self._tls:
            self._tls.load_cert_chain(CERTIFICATE)
        self.port: int = self._listener.getsockname()[1]
        self.requests: list[bytes] = []
        self.connections = 0
        self.closing = threading.Event()
        self._thread = threading.Thread(target=self._serve)

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"{'https' if self._tls else 'http'}://{host}:{self.port}{path}"

    def __enter__(self) -> "Server":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        while not self.closing.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            with connection:
                connection.settimeout(20)
                # The client may leave in the middle of anything.
                try:
                    self._talk(connection)
                except OSError:
                    continue

    def _talk(self, connection: socket.socket) -> None:
        if self._tls is None:
            self._script(connection, self)
            return
        with self._tls.wrap_socket(connection, server_side=True) as wrapped:
            self._script(wrapped, self)


def read_request(connection: socket.socket, server: Server) -> bytes:
    """The head and the body of a request."""
    request = b""
    while b"\r\n\r\n" not in request:
        request += _some(connection)
    head, _, body = request.partition(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    while lengths and len(body) < int(lengths[0].partition(b":")[2]):
        body += _some(connection)
    server.requests.append(head + b"\r\n\r\n" + body)
    return request


def _some(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    if not data:
        raise ConnectionError("the client has gone")
    return data


def answering(*answers: bytes) -> Script:
    """Each connection gets the next answer (the last one again and again) and is closed."""
    rest = list(answers)

    def script(connection: socket.socket, server: Server) -> None:
        read_request(connection, server)
        connection.sendall(rest.pop(0) if len(rest) > 1 else rest[0])
        connection.shutdown(socket.SHUT_WR)

    return script


def holding(start: bytes) -> Script:
    """Says the start of an answer, then nothing, and does not hang up."""

    def script(connection: socket.socket, server: Server) -> None:
        read_request(connection, server)
        connection.sendall(start)
        server.closing.wait()

    return script


def dripping(start: bytes, drop: bytes) -> Script:
    """Says the start, then a drop every few milliseconds for ever."""

    def script(connection: socket.socket, server: Server) -> None:
        read_request(connection, server)
        connection.sendall(start)
        while not server.closing.wait(0.02):
            connection.sendall(drop)

    return script


def endless(start: bytes, piece: bytes) -> Script:
    """Says the start, then the piece as fast as it is taken, for ever."""

    def script(connection: socket.socket, server: Server) -> None:
        read_request(connection, server)
        connection.sendall(start)
        while not server.closing.is_set():
            connection.sendall(piece)

    return script


def mute(connection: socket.socket, server: Server) -> None:
    """Takes the connection and not a byte."""
    server.closing.wait()


def ok(body: bytes, *headers: str) -> bytes:
    """A whole 200 answer."""
    return "\r\n".join(["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *headers, "", ""]).encode() + body


def status(line: str, *headers: str) -> bytes:
    """An answer without a body."""
    return "\r\n".join([f"HTTP/1.1 {line}", "Content-Length: 0", *headers, "", ""]).encode()


@contextmanager
def serving(script: Script, tls: bool = False) -> Iterator[Server]:
    with Server(script, tls) as server:
        yield server
