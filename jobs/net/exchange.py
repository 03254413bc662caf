"""Owns the two errands through the door: fetching a file, and posting a message."""

import functools
import http
import re
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import certifi
import httpcore

from jobs.errors import Problem, gettext_noop
from jobs.net.door import Deadline, Door, GuardedBackend
from jobs.net.policy import Policy
from jobs.net.refusal import Refused, Unreachable
from jobs.net.urls import Target, parse

USER_AGENT = "Mundwerk"
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# Below 500, but about now and not about the address.
_PASSING = frozenset({408, 425, 429})


@dataclass(frozen=True)
class Fetched:
    """A file that was fetched. `final_url` is where redirects led; `content_type` is what the server
    claims, in lower case and without parameters, or empty; `size` is in bytes."""

    final_url: str
    content_type: str
    size: int


@dataclass(frozen=True)
class Answer:
    """What a server said to a message. Header names are in lower case; `body_start` is the beginning
    of the body as it was sent; `seconds` is how long all of it took."""

    status: int
    headers: Mapping[str, str]
    body_start: bytes
    seconds: float


def fetch_public(
    url: str,
    into: Path,
    *,
    policy: Policy,
    max_bytes: int,
    seconds: float,
    redirects: int = 3,
    door: Door = Door(),  # noqa: B008 - frozen
    tick: Callable[[], None] = lambda: None,
) -> Fetched:
    """GET a file that a user named, into a file of ours, which exists afterwards only if all went well.

    `seconds` is for everything: look-ups, redirects, the last byte. `tick` is called as bytes come. Raises `Refused`
    or `Unreachable`, what `tick` raises, and OSError when our own disk fails.
    """
    deadline = Deadline(seconds)
    target = parse(url, policy)
    for _ in range(redirects + 1):
        with _asking("GET", target, {}, None, policy, door, deadline) as response:
            location = _redirect(response)
            if location is None:
                _check_answer(response, max_bytes)
                size = _save(response, into, max_bytes, tick)
                return Fetched(target.url, _content_type(response), size)
        target = parse(target.join(location), policy)
    raise Refused(gettext_noop("this URL redirects more than {redirects} times."), redirects=redirects)


def post_public(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    policy: Policy,
    seconds: float = 15,
    max_answer_bytes: int = 4096,
    door: Door = Door(),  # noqa: B008 - frozen
) -> Answer:
    """POST a message to an address that a user named. Any status is an answer; redirects are not followed.

    `seconds` is for everything. Raises `Refused` or `Unreachable` when there is no answer.
    """
    begun = time.monotonic()
    target = parse(url, policy)
    with _asking("POST", target, headers, body, policy, door, Deadline(seconds)) as response:
        start = _beginning(response, max_answer_bytes)
    named = {name.decode("ascii").lower(): value.decode("latin-1") for name, value in response.headers}
    return Answer(response.status, named, start, time.monotonic() - begun)


@contextmanager
def _asking(
    method: str,
    target: Target,
    headers: Mapping[str, str],
    body: bytes | None,
    policy: Policy,
    door: Door,
    deadline: Deadline,
) -> Iterator[httpcore.Response]:
    """One request on a connection of its own. httpcore has no proxies, cookies, redirects or decoding of its own."""
    ours = {"Host": target.host_header.decode("ascii"), "Accept": "*/*", "Accept-Encoding": "identity"}
    sent = {"User-Agent": USER_AGENT, **headers, **ours, "Connection": "close"}
    url = httpcore.URL(scheme=target.scheme.encode(), host=target.host.encode(), port=target.port, target=target.path)
    backend = GuardedBackend(policy, door, deadline)
    try:
        with (
            httpcore.ConnectionPool(ssl_context=_tls(policy.ca_file), network_backend=backend) as pool,
            pool.stream(method, url, headers=list(sent.items()), content=body) as response,
        ):
            yield response
    except (httpcore.NetworkError, httpcore.RemoteProtocolError, httpcore.TimeoutException) as error:
        raise Unreachable(gettext_noop("this URL's server broke off its answer.")) from error


@functools.lru_cache(maxsize=4)
def _tls(ca_file: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=certifi.where())
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    return context


def _header(response: httpcore.Response, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in response.headers if key.lower() == name), "")


def _redirect(response: httpcore.Response) -> str | None:
    location = _header(response, b"location")
    return location if response.status in _REDIRECTS and location else None


def _check_answer(response: httpcore.Response, max_bytes: int) -> None:
    """Everything that can be known before the body is read."""
    status = response.status
    if not 200 <= status < 300:
        raise _not_good(status)
    # A few compressed bytes can stand for a disk full; media is compressed already.
    encoding = _header(response, b"content-encoding").strip().lower()
    if encoding not in ("", "identity"):
        raise Refused(gettext_noop("this URL answered with compressed content, which it was asked not to do."))
    length = _header(response, b"content-length")
    if length.isascii() and length.isdigit() and int(length) > max_bytes:
        raise _too_large(max_bytes)


def _not_good(status: int) -> Problem:
    # The standard's words for a status, not the server's own, which may say anything.
    known = {entry.value: entry.phrase for entry in http.HTTPStatus}
    kind = Unreachable if status >= 500 or status in _PASSING else Refused
    if status not in known:
        return kind(gettext_noop("this URL answered {status}."), status=status)
    return kind(gettext_noop("this URL answered {status} {reason}."), status=status, reason=known[status])


def _too_large(max_bytes: int) -> Refused:
    whole, rest = divmod(max_bytes, 1 << 20)
    megabytes = round(max_bytes / 1e6, 1) if rest else whole
    return Refused(gettext_noop("this file is larger than {megabytes} MB."), megabytes=megabytes)


def _save(response: httpcore.Response, into: Path, max_bytes: int, tick: Callable[[], None]) -> int:
    size = 0
    try:
        with into.open("wb") as file:
            for piece in response.iter_stream():
                tick()
                size += len(piece)
                if size > max_bytes:
                    raise _too_large(max_bytes)
                file.write(piece)
    except BaseException:
        into.unlink(missing_ok=True)
        raise
    return size


def _beginning(response: httpcore.Response, most: int) -> bytes:
    """No more than so many bytes; the connection is closed on the rest."""
    start = b""
    for piece in response.iter_stream():
        start += piece
        if len(start) >= most:
            break
    return start[:most]


def _content_type(response: httpcore.Response) -> str:
    claimed = _header(response, b"content-type").partition(";")[0].strip().lower()
    return claimed if re.fullmatch(r"[a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,60}", claimed) else ""
