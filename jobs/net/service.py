"""Owns calls to services that the operator configured: they may be anywhere, and are given our credentials."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from jobs.errors import gettext_noop
from jobs.net.exchange import USER_AGENT
from jobs.net.refusal import Unreachable

MAX_REPLY_BYTES = 1_000_000
PART_BYTES = 1 << 18


@dataclass(frozen=True)
class Reply:
    """What a service answered."""

    status: int
    body: bytes

    def json(self) -> Any:
        """The body as JSON; raises ValueError if it is none."""
        return json.loads(self.body)


class Service:
    """One service: `call` for what is below `base_url`, with `headers`; `send_file` for an address that it named."""

    def __init__(self, base_url: str, headers: Mapping[str, str], seconds: float = 30) -> None:
        self._base = base_url.rstrip("/")
        self._headers = {"User-Agent": USER_AGENT, "Accept": "application/json", **headers}
        self._seconds = seconds

    def call(self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None) -> Reply:
        """One request with a JSON body or none. Raises `Unreachable` when there is no whole answer."""
        content = None if body is None else json.dumps(body).encode()
        own = self._headers | ({} if content is None else {"Content-Type": "application/json"})
        return self._ask(method, f"{self._base}/{path}", own | dict(headers or {}), content)

    def send_file(self, method: str, url: str, file: Path, headers: Mapping[str, str]) -> Reply:
        """A file to an address that the service handed out; our credentials are not for it. Raises `Unreachable`."""
        sized = {"User-Agent": USER_AGENT, **headers, "Content-Length": str(file.stat().st_size)}
        return self._ask(method, url, sized, _parts(file))

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
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            raise Unreachable(gettext_noop("this service can not be reached.")) from error


def _parts(file: Path) -> Iterator[bytes]:
    with file.open("rb") as source:
        while part := source.read(PART_BYTES):
            yield part
