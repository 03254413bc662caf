"""Posting to real servers: every status is an answer, nothing is followed, little is read."""

import socket

import pytest

from jobs.net import Policy, Refused, Unreachable, post_public
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
BODY = b'{"id": "job_1"}'


def test_a_message_arrives_as_it_is() -> None:
    with serving(answering(ok(b"thanks", "X-Seen: yes", "Retry-After: 3"))) as server:
        answer = post_public(
            server.url("/hook?x=1"),
            BODY,
            {"Content-Type": "application/json", "Webhook-Id": "m1", "Host": "elsewhere"},
            policy=HOME,
        )
        head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert (answer.status, answer.body_start) == (200, b"thanks")
    assert (answer.headers["x-seen"], answer.headers["retry-after"]) == ("yes", "3")
    assert answer.seconds > 0
    assert body == BODY
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /hook?x=1 HTTP/1.1"
    assert {"Content-Type: application/json", "Webhook-Id: m1", f"Content-Length: {len(BODY)}"} < set(lines)
    assert [line for line in lines if line.startswith("Host")] == [f"Host: 127.0.0.1:{server.port}"]


@pytest.mark.parametrize("code", [200, 204, 301, 302, 307, 308, 400, 404, 410, 429, 500, 503])
def test_every_status_is_an_answer(code: int) -> None:
    with serving(answering(status(f"{code} X", "Location: http://169.254.169.254/"))) as server:
        assert post_public(server.url(), BODY, {}, policy=HOME).status == code
        assert server.connections == 1


def test_of_an_endless_answer_only_the_beginning_is_read() -> None:
    with serving(endless(b"HTTP/1.1 200 OK\r\n\r\n", b"abcd" * 1000)) as server:
        answer = post_public(server.url(), BODY, {}, policy=HOME, seconds=60, max_answer_bytes=4096)
    assert len(answer.body_start) == 4096
    assert answer.body_start.startswith(b"abcdabcd")


def test_compressed_answers_stay_compressed() -> None:
    with serving(answering(ok(b"\x1f\x8b", "Content-Encoding: gzip"))) as server:
        assert post_public(server.url(), BODY, {}, policy=HOME).body_start == b"\x1f\x8b"


def test_an_early_answer_to_a_long_message_is_heard() -> None:
    def refuse(connection: socket.socket, server: Server) -> None:
        connection.recv(1000)
        connection.sendall(status("413 Content Too Large"))
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(1 << 16):
            pass

    with serving(refuse) as server:
        assert post_public(server.url(), bytes(1 << 20), {}, policy=HOME, seconds=60).status == 413


# None of these ever ends by itself: that each test ends is the proof.
@pytest.mark.parametrize(
    ("script", "size"),
    [
        (mute, 10),
        (mute, 32 << 20),  # more than the buffers on the way hold
        (dripping(b"", b"x"), 10),
        (dripping(b"HTTP/1.1 200 OK\r\n\r\n", b"x"), 10),
        (holding(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"), 10),
    ],
    ids=["mute", "long message", "head", "body", "holding"],
)
def test_a_slow_server_can_not_stretch_the_deadline(script: Script, size: int) -> None:
    with serving(script) as server, pytest.raises(Unreachable, match=r"within 0\.5 seconds"):
        post_public(server.url(), bytes(size), {}, policy=HOME, seconds=0.5)


def test_a_broken_answer() -> None:
    with serving(answering(b"")) as server, pytest.raises(Unreachable, match="broke off"):
        post_public(server.url(), BODY, {}, policy=HOME)


def test_tls() -> None:
    trusting = Policy(allow_private=True, ca_file=CERTIFICATE)
    with serving(answering(ok(b"")), tls=True) as server:
        assert post_public(server.url(), BODY, {}, policy=trusting).status == 200
        with pytest.raises(Refused, match="certificate"):
            post_public(server.url(), BODY, {}, policy=HOME)
        assert server.requests[0].endswith(BODY)
        assert len(server.requests) == 1
