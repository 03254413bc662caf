"""A hosted model's service on this machine: checks what it is sent, and answers as its documentation says."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> dict[str, object]:
        found: dict[str, object] = json.loads(self.body)
        return found


Answer = tuple[int, bytes]


@dataclass
class Provider:
    """`answers` by method and path without query, each an answer or what makes one; `asked` is what came."""

    url: str = ""
    answers: dict[tuple[str, str], Answer | Callable[[], Answer]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    def answer(self, method: str, path: str, status: int, body: object) -> None:
        self.answers[method, path] = (status, body if isinstance(body, bytes) else json.dumps(body).encode())


@contextmanager
def provider() -> Iterator[Provider]:
    shop = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            shop.asked.append(Asked(self.command, self.path, headers, body))
            found = shop.answers.get((self.command, self.path.split("?")[0]), (404, b"{}"))
            status, content = found() if callable(found) else found
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = do

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    shop.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield shop
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
