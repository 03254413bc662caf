"""Owns calls to services that the operator configured: they may be anywhere, and are given our credentials."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from jobs.errors import gettext_noop
from jobs.net.exchange import USER_AGENT
from jobs.net.refusal import NotSent, Unreachable

MAX_REPLY_BYTES = 1_000_000
PART_BYTES = 1 << 18
CALL_SECONDS = 25.0  # for each step of a call: connecting, sending, waiting for a part of the answer
NO_SERVICE = gettext_noop("this service can not be reached.")


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
        tick: Callable[[], None] = lambda: None,
    ) -> Reply:
        """A file to an address that the service handed out; our credentials are not for it. Raises `Unreachable`.

        `tick` is called as it goes.
        """
        sized = {"User-Agent": USER_AGENT, **headers, "Content-Length": str(file.stat().st_size)}
        return self._ask(method, url, sized, _parts(file, tick))

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


def _parts(file: Path, tick: Callable[[], None]) -> Iterator[bytes]:
    with file.open("rb") as source:
        while part := source.read(PART_BYTES):
            tick()
            yield part
