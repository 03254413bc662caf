"""Fetching from real servers that behave, misbehave, or send us elsewhere."""

import gzip
import socket
import threading
import zlib
from pathlib import Path

import pytest

from jobs.errors import Problem
from jobs.net import Door, Fetched, Policy, Refused, Unreachable, fetch_public
from jobs.net import door as door_module
from jobs.net.door import dial
from tests.net.servers import (
    CERTIFICATE,
    Script,
    Server,
    answering,
    dripping,
    endless,
    holding,
    mute,
    ok,
    serving,
    status,
)

pytestmark = pytest.mark.slow

HOME = Policy(allow_private=True)
OK_HEAD = b"HTTP/1.1 200 OK\r\n"
PLENTY = 60.0


def get(url: str, into: Path, *, seconds: float = PLENTY, max_bytes: int = 1000, policy: Policy = HOME) -> Fetched:
    return fetch_public(url, into, policy=policy, max_bytes=max_bytes, seconds=seconds)


def problem(script: Script, into: Path, *, seconds: float = PLENTY, max_bytes: int = 1000) -> Problem:
    """What a server's answer ends in; nothing may be left of the file."""
    with serving(script) as server, pytest.raises(Problem) as failure:
        get(server.url(), into, seconds=seconds, max_bytes=max_bytes)
    assert not into.exists()
    return failure.value


@pytest.fixture
def into(tmp_path: Path) -> Path:
    return tmp_path / "source"


def test_a_file(into: Path) -> None:
    with serving(answering(ok(b"a picture", "Content-Type: Image/PNG; charset=x"))) as server:
        fetched = get(server.url("/a%20b.png?c=d#e"), into)
        assert fetched == Fetched(server.url("/a%20b.png?c=d#e"), "image/png", 9)
        assert into.read_bytes() == b"a picture"
        head = server.requests[0].decode().lower().split("\r\n")
    assert head[0] == "get /a%20b.png?c=d http/1.1"
    assert f"host: 127.0.0.1:{server.port}" in head
    assert "accept-encoding: identity" in head
    assert not [line for line in head if line.startswith(("cookie", "authorization", "referer"))]


@pytest.mark.parametrize(
    "answer",
    [
        OK_HEAD + b"Transfer-Encoding: chunked\r\n\r\n4\r\na pi\r\n5\r\ncture\r\n0\r\n\r\n",
        OK_HEAD + b"\r\na picture",  # to the end of the connection
        b"HTTP/1.0 200 OK\r\n\r\na picture",
        b"HTTP/1.1 103 Early Hints\r\n\r\n" + ok(b"a picture", "Content-Encoding: identity"),
    ],
)
def test_other_framings(answer: bytes, into: Path) -> None:
    with serving(answering(answer)) as server:
        assert get(server.url(), into) == Fetched(server.url(), "", 9)
    assert into.read_bytes() == b"a picture"


@pytest.mark.parametrize("claim", ["text", "a/b/c", "x" * 80 + "/y", "image/p\u00e4ng", "<script>/png"])
def test_an_odd_content_type_is_none(claim: str, into: Path) -> None:
    answer = ok(b"", "Content-Type: TYPE").replace(b"TYPE", claim.encode())
    with serving(answering(answer)) as server:
        assert get(server.url(), into).content_type == ""


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_redirects_are_followed_and_named(code: int, into: Path) -> None:
    first = status(f"{code} Elsewhere", "Location: ../c.png")
    with serving(answering(first, ok(b"c"))) as server:
        assert get(server.url("/a/b.png"), into).final_url == server.url("/c.png")
        assert [request.split()[1] for request in server.requests] == [b"/a/b.png", b"/c.png"]
    assert into.read_bytes() == b"c"


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/meta-data/",
        "//169.254.169.254/",
        "http://[fd00:ec2::254]/",
        "http://[::ffff:a9fe:a9fe]/",
        "http://2852039166/",
        "http://user@example.com/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:6379/_x",
        "http://[::1",
        "http://127.0.0.1:99999/",
        "http:///",
    ],
)
def test_redirects_to_forbidden_places(code: int, location: str, into: Path) -> None:
    failure = problem(answering(status(f"{code} Elsewhere", f"Location: {location}")), into)
    assert isinstance(failure, Refused)


class Disguise:
    """A door through which the public `example.com` is a server of ours, and everything else is noted and refused."""

    def __init__(self, server: Server, minds: list[list[str]]) -> None:
        self._server, self._minds = server, minds
        self.dialled: list[str] = []
        self.door = Door(resolve=self._resolve, dial=self._dial)

    def _resolve(self, host: str, port: int) -> list[str]:
        return self._minds.pop(0)

    def _dial(self, address: str, port: int, seconds: float) -> socket.socket:
        self.dialled.append(address)
        return dial("127.0.0.1", self._server.port, seconds)


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "location", ["http://127.0.0.1:8080/", "http://10.0.0.1/", "http://localhost/", "http://[::1]/"]
)
def test_redirects_from_public_to_private(code: int, location: str, into: Path) -> None:
    with serving(answering(status(f"{code} Elsewhere", f"Location: {location}"))) as server:
        disguise = Disguise(server, [["93.184.216.34"]])
        with pytest.raises(Refused, match="not public"):
            fetch_public("http://example.com/", into, policy=Policy(), max_bytes=9, seconds=PLENTY, door=disguise.door)
        assert disguise.dialled == ["93.184.216.34"]
        assert server.requests[0].startswith(b"GET / HTTP/1.1\r\n")
        assert b"Host: example.com\r\n" in server.requests[0]


def test_a_redirect_to_a_name_that_has_turned_private(into: Path) -> None:
    with serving(answering(status("302 Found", "Location: /again"))) as server:
        disguise = Disguise(server, [["93.184.216.34"], ["127.0.0.1"]])
        with pytest.raises(Refused, match="not public"):
            fetch_public("http://example.com/", into, policy=Policy(), max_bytes=9, seconds=PLENTY, door=disguise.door)
        assert disguise.dialled == ["93.184.216.34"]
        assert server.connections == 1


def test_three_redirects_and_no_more(into: Path) -> None:
    further = status("302 Found", "Location: /further")
    with serving(answering(further, further, further, ok(b"there"))) as server:
        assert get(server.url(), into).size == 5
    into.unlink()
    failure = problem(answering(further, further, further, further, ok(b"there")), into)
    assert isinstance(failure, Refused)
    assert failure.sentence == "this URL redirects more than 3 times."


@pytest.mark.parametrize(
    ("line", "kind", "sentence"),
    [
        ("404 Whatever <b>", Refused, "this URL answered 404 Not Found."),
        ("403 Forbidden", Refused, "this URL answered 403 Forbidden."),
        ("410 Gone", Refused, "this URL answered 410 Gone."),
        ("301 Moved Permanently", Refused, "this URL answered 301 Moved Permanently."),
        ("304 Not Modified", Refused, "this URL answered 304 Not Modified."),
        ("499 Odd", Refused, "this URL answered 499."),
        ("408 Request Timeout", Unreachable, "this URL answered 408 Request Timeout."),
        ("429 Too Many Requests", Unreachable, "this URL answered 429 Too Many Requests."),
        ("500 Internal Server Error", Unreachable, "this URL answered 500 Internal Server Error."),
        ("503 Busy", Unreachable, "this URL answered 503 Service Unavailable."),
        ("599 Odd", Unreachable, "this URL answered 599."),
    ],
)
def test_statuses(line: str, kind: type[Problem], sentence: str, into: Path) -> None:
    failure = problem(answering(status(line)), into)
    assert (type(failure), failure.sentence) == (kind, sentence)


BOMB = gzip.compress(bytes(64 << 20))


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", BOMB),
        ("GZIP", BOMB),
        ("deflate", zlib.compress(b"x")),
        ("br", b"x"),
        ("identity, gzip", BOMB),
        ("x", b"x"),
    ],
)
def test_compressed_answers_are_not_unpacked(encoding: str, body: bytes, into: Path) -> None:
    failure = problem(answering(ok(body, f"Content-Encoding: {encoding}")), into, max_bytes=1 << 20)
    assert isinstance(failure, Refused)
    assert "compressed" in failure.sentence


def test_a_length_over_the_limit_is_refused_before_the_body(into: Path) -> None:
    """The body never comes: who waits for it ends as `Unreachable`."""
    failure = problem(holding(OK_HEAD + b"Content-Length: 1001\r\n\r\n"), into)
    assert isinstance(failure, Refused)


@pytest.mark.parametrize("size", [1000, 1001])
def test_the_limit_is_exact(size: int, into: Path) -> None:
    with serving(answering(OK_HEAD + b"\r\n" + bytes(size))) as server:
        if size == 1000:
            assert get(server.url(), into).size == into.stat().st_size == 1000
        else:
            with pytest.raises(Refused, match="larger than"):
                get(server.url(), into)
            assert not into.exists()


@pytest.mark.parametrize(
    ("head", "piece"),
    [(b"", bytes(4096)), (b"Transfer-Encoding: chunked\r\n", b"1000\r\n" + bytes(4096) + b"\r\n")],
)
def test_an_endless_body(head: bytes, piece: bytes, into: Path) -> None:
    failure = problem(endless(OK_HEAD + head + b"\r\n", piece), into, max_bytes=3 << 20)
    assert isinstance(failure, Refused)
    assert failure.sentence == "this file is larger than 3 MB."


def test_endless_headers(into: Path) -> None:
    assert isinstance(problem(endless(OK_HEAD, b"X: y\r\n"), into), Unreachable)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\ncut",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\ncut",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\ncut",
        b"\x16\x03\x01" + bytes(range(256)),
    ],
)
def test_broken_answers(answer: bytes, into: Path) -> None:
    failure = problem(answering(answer), into)
    assert isinstance(failure, Unreachable)
    assert "broke off" in failure.sentence


# None of these ever ends by itself: that each test ends is the proof.
@pytest.mark.parametrize(
    "script",
    [
        mute,
        dripping(b"", b"x"),
        dripping(OK_HEAD, b"X: y\r\n"),
        dripping(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
        dripping(OK_HEAD + b"\r\n", b"x"),
        dripping(OK_HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        dripping(OK_HEAD + b"Content-Length: 900\r\n\r\n", b"x"),
        holding(OK_HEAD + b"Content-Length: 900\r\n\r\n"),
    ],
    ids=["mute", "no head", "headers", "early hints", "body", "chunks", "length", "holding"],
)
def test_a_slow_server_can_not_stretch_the_deadline(script: Script, into: Path) -> None:
    failure = problem(script, into, seconds=0.5)
    assert isinstance(failure, Unreachable)
    assert failure.sentence == "this URL did not answer within 0.5 seconds."


def test_redirects_share_one_deadline(into: Path) -> None:
    """Each hop alone is quick enough, and there are more hops than time."""

    def slowly(connection: socket.socket, server: Server) -> None:
        server.closing.wait(0.2)
        answering(status("302 Found", "Location: /further"))(connection, server)

    with serving(slowly) as server, pytest.raises(Unreachable, match=r"within 0\.5 seconds"):
        fetch_public(server.url(), into, policy=HOME, max_bytes=9, seconds=0.5, redirects=10_000)


def test_a_name_server_that_hangs(into: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its threads are left behind, and no more of them than there may be."""
    monkeypatch.setattr(door_module, "_look_ups", threading.BoundedSemaphore(2))
    free, asked = threading.Event(), []

    def hang(host: str, port: int) -> list[str]:
        asked.append(host)
        free.wait()
        return ["93.184.216.34"]

    for _ in range(3):
        with pytest.raises(Unreachable, match="did not answer within"):
            fetch_public(
                "http://example.com/", into, policy=HOME, max_bytes=9, seconds=0.1, door=Door(resolve=hang, dial=dial)
            )
    assert len(asked) == 2
    free.set()
    for thread in threading.enumerate():
        if thread.name == "look-up":
            thread.join()


def test_a_closed_port(into: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(Unreachable, match="does not take connections"):
        get(f"http://127.0.0.1:{port}/", into)


def test_a_dead_address_leaves_time_for_the_next(into: Path) -> None:
    with serving(answering(ok(b"there"))) as server:

        def one_dead(address: str, port: int, seconds: float) -> socket.socket:
            if address == "1.1.1.1":
                assert seconds <= PLENTY / 2
                raise TimeoutError
            return dial("127.0.0.1", server.port, seconds)

        door = Door(resolve=lambda host, port: ["1.1.1.1", "1.1.1.2"], dial=one_dead)
        fetched = fetch_public("http://example.com/", into, policy=Policy(), max_bytes=9, seconds=PLENTY, door=door)
    assert fetched.size == 5


def test_the_systems_resolver_finds_localhost(into: Path) -> None:
    with serving(answering(ok(b"there"))) as server:
        assert get(server.url(host="localhost"), into).size == 5


def test_proxies_of_the_environment_are_not_used(into: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(answering(ok(b"proxy"))) as proxy, serving(answering(ok(b"there"))) as server:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url())
        get(server.url(), into)
        assert proxy.connections == 0
    assert into.read_bytes() == b"there"


def test_a_full_disk_is_not_the_urls_fault(tmp_path: Path) -> None:
    with serving(answering(ok(b"there"))) as server, pytest.raises(FileNotFoundError):
        get(server.url(), tmp_path / "no such folder" / "file")


TRUSTING = Policy(allow_private=True, ca_file=CERTIFICATE)


def test_tls(into: Path) -> None:
    with serving(answering(ok(b"there")), tls=True) as server:
        assert get(server.url(), into, policy=TRUSTING).size == 5


def door_to(server: Server) -> Door:
    return Door(
        resolve=lambda host, port: ["93.184.216.34"],
        dial=lambda address, port, seconds: dial("127.0.0.1", server.port, seconds),
    )


@pytest.mark.parametrize(
    ("host", "policy", "good"),
    [
        ("media.example.com", Policy(ca_file=CERTIFICATE), True),
        ("other.example.com", Policy(ca_file=CERTIFICATE), False),  # not the name in the certificate
        ("media.example.com", Policy(), False),  # nobody we trust
    ],
)
def test_the_certificate_is_checked_for_the_name_and_not_the_address(
    host: str, policy: Policy, good: bool, into: Path
) -> None:
    with serving(answering(ok(b"there")), tls=True) as server:
        door = door_to(server)
        if good:
            fetch_public(f"https://{host}/", into, policy=policy, max_bytes=9, seconds=PLENTY, door=door)
            assert f"Host: {host}\r\n".encode() in server.requests[0]
        else:
            with pytest.raises(Refused, match="certificate"):
                fetch_public(f"https://{host}/", into, policy=policy, max_bytes=9, seconds=PLENTY, door=door)
            assert server.requests == []


@pytest.mark.parametrize("script", [mute, endless(b"", b"x")])
def test_a_server_that_does_not_speak_tls(script: Script, into: Path) -> None:
    with serving(script) as server, pytest.raises(Unreachable):
        get(server.url().replace("http:", "https:"), into, seconds=0.5)
