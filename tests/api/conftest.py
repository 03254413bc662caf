"""A program with a key, and a web server that has media for it."""

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from jobs import keys
from jobs.models import User


class Program:
    """Alice's program: it sends JSON with her key."""

    def __init__(self, key: str) -> None:
        self.key = key
        self._client = Client(raise_request_exception=False)

    def post(self, path: str, body: object, **headers: str) -> Any:
        return self._client.post(
            f"/api/v1/{path}",
            body,
            content_type="application/json",
            headers={"Authorization": f"Bearer {self.key}"} | headers,
        )

    def get(self, path: str) -> Any:
        return self._client.get(f"/api/v1/{path}", headers={"Authorization": f"Bearer {self.key}"})

    def delete(self, path: str) -> Any:
        return self._client.delete(f"/api/v1/{path}", headers={"Authorization": f"Bearer {self.key}"})


@pytest.fixture
def program(alice: User) -> Program:
    return Program(keys.create(alice)[1])


@pytest.fixture
def stranger(charlie: User) -> Program:
    return Program(keys.create(charlie)[1])


class _Server(http.server.ThreadingHTTPServer):
    files: dict[str, bytes]


class _Media(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/moved-inside":
            self.send_response(302)
            self.send_header("Location", "http://169.254.169.254/latest/meta-data/")
            self.end_headers()
            return
        assert isinstance(self.server, _Server)
        body = self.server.files.get(self.path)
        self.send_response(200 if body is not None else 404)
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def media_at(settings: Settings, png: Path, wav: Path) -> Iterator[str]:
    """The address of a server on this machine with `/face.png` and `/voice.wav`; private addresses are allowed."""
    settings.ALLOW_PRIVATE_NETWORK = True
    server = _Server(("127.0.0.1", 0), _Media)
    server.files = {
        "/face.png": png.read_bytes(),
        "/voice.wav": wav.read_bytes(),
        "/notes.wav": b"Dear diary",
    }
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()
