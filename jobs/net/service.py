"""Owns calls to services that the operator configured: they may be anywhere, and are given our credentials."""

import json
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import httpx

from jobs.errors import gettext_noop
from jobs.net.exchange import USER_AGENT
from jobs.net.refusal import NotSent, Unreachable

MAX_REPLY_BYTES = 1_000_000
PART_BYTES = 1 << 18
CALL_SECONDS = 25.0  # for each step of a call: connecting, sending, waiting for a part of the answer
NO_SERVICE = gettext_noop("this service cannot be reached.")


@dataclass(frozen=True)
class Reply:
    """What a service answered."""

    status: int
    body: bytes

    def json(self) -> Any:
        """The body as JSON; raises ValueError if it is none."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Said:
    """One exchange with a service, without headers, where credentials are: `status` 0 if there was no answer."""

    method: str
    url: str
    body: bytes
    status: int
    answer: bytes
    seconds: float


class Service:
    """One service: `call` for what is below `base_url`, with `headers`; `send_file` for an address that it named.

    `keep` is told of every call.
    """

    def __init__(
        self,
        base_url: str,
        headers: Mapping[str, str],
        seconds: float = CALL_SECONDS,
        keep: Callable[[Said], None] = lambda said: None,
    ) -> None:
        self._base = base_url.rstrip("/")
        self._headers = {"User-Agent": USER_AGENT, "Accept": "application/json", **headers}
        self._seconds = seconds
        self._keep = keep

    def call(self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None) -> Reply:
        """One request with a JSON body or none. Raises `Unreachable` when there is no whole answer."""
        content = None if body is None else json.dumps(body).encode()
        own = self._headers | ({} if content is None else {"Content-Type": "application/json"})
        url, begun, reply = f"{self._base}/{path}", time.monotonic(), None
        try:
            reply = self._ask(method, url, own | dict(headers or {}), content)
            return reply
        finally:
            answer = reply or Reply(0, b"")
            self._keep(Said(method, url, content or b"", answer.status, answer.body, time.monotonic() - begun))

    def send_file(
        self,
        method: str,
        url: str,
        file: Path,
        headers: Mapping[str, str],
        fields: Mapping[str, str],
        tick: Callable[[], None] = lambda: None,
    ) -> Reply:
        """A file to an address that the service handed out; our credentials are not for it. Raises `Unreachable`.

        With `fields` it goes as a form, they first and then the part `file`. `tick` is called as it goes.
        """
        parts: Iterator[bytes] = _parts(file, tick)
        size, own = file.stat().st_size, dict(headers)
        if fields:
            boundary = secrets.token_hex(16)
            before, after = _form_around(fields, boundary)
            parts, size = chain([before], parts, [after]), size + len(before) + len(after)
            own["Content-Type"] = f"multipart/form-data; boundary={boundary}"
        return self._ask(method, url, {"User-Agent": USER_AGENT, **own, "Content-Length": str(size)}, parts)

    def _ask(self, method: str, url: str, headers: Mapping[str, str], content: bytes | Iterator[bytes] | None) -> Reply:
        try:
            with (
                httpx.Client(timeout=self._seconds, follow_redirects=False, trust_env=False) as client,
                client.stream(method, url, headers=dict(headers), content=content) as response,
            ):
                body = bytearray()
                for part in response.iter_bytes():
                    body += part
                    if len(body) > MAX_REPLY_BYTES:
                        raise Unreachable(gettext_noop("this service answered more than was asked for."))
                return Reply(response.status_code, bytes(body))
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.InvalidURL) as error:
            raise NotSent(NO_SERVICE) from error
        except (httpx.HTTPError, httpx.StreamError) as error:
            raise Unreachable(NO_SERVICE) from error


def _form_around(fields: Mapping[str, str], boundary: str) -> tuple[bytes, bytes]:
    """What stands before and behind the file in a form that ends with it (RFC 7578)."""
    named = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    opened = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="file"\r\n\r\n'
    return (named + opened).encode(), f"\r\n--{boundary}--\r\n".encode()


def _parts(file: Path, tick: Callable[[], None]) -> Iterator[bytes]:
    with file.open("rb") as source:
        while part := source.read(PART_BYTES):
            tick()
            yield part
