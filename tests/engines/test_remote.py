"""What engines on other machines share: patience that ends, and distrust of what is handed over."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from jobs.engines import remote
from jobs.engines.base import Failed, Finished
from jobs.engines.remote import NotNow, Patience, bring_home, escaped, usable, words_of
from jobs.net import Policy, Reply, Unreachable
from tests import files

HOME = Policy(allow_private=True)


class Shop:
    """A server that hands out `content` to everybody."""

    def __init__(self) -> None:
        shop, self.content = self, b""

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Length", str(len(shop.content)))
                self.end_headers()
                self.wfile.write(shop.content)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/result.mp4"


@pytest.fixture
def shop() -> Iterator[Shop]:
    opened = Shop()
    thread = threading.Thread(target=opened.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield opened
    opened.server.shutdown()
    opened.server.server_close()
    thread.join()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same pauses, a hundred times shorter."""
    for name in ("TICK_SECONDS", "FIRST_PAUSE_SECONDS", "LONGEST_PAUSE_SECONDS", "GIVE_UP_SECONDS"):
        monkeypatch.setattr(remote, name, getattr(remote, name) / 100)


def test_it_asks_until_there_is_an_answer_and_beats_meanwhile(quick: None) -> None:
    beats = 0

    def beat() -> None:
        nonlocal beats
        beats += 1

    answers: Iterator[object] = iter([NotNow(), Unreachable("gone"), NotNow(), "here"])

    def ask() -> object:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert Patience(beat).until(ask) == "here"
    assert beats >= 4 + 3  # before each question, and while waiting


def test_patience_ends(quick: None) -> None:
    def ask() -> None:
        raise Unreachable("gone")

    with pytest.raises(NotNow):
        Patience(lambda: None).until(ask)


def test_what_the_beat_raises_ends_it_at_once(quick: None) -> None:
    class Enough(Exception):
        pass

    def beat() -> None:
        raise Enough

    with pytest.raises(Enough):
        Patience(beat).until(lambda: pytest.fail("was asked all the same"))


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 599])
def test_busy_and_broken_are_no_answers(status: int) -> None:
    with pytest.raises(NotNow):
        usable(Reply(status, b"{}"))


@pytest.mark.parametrize("status", [200, 204, 400, 401, 404, 422])
def test_a_refusal_is_one(status: int) -> None:
    assert usable(Reply(status, b"")).status == status


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"error": "No {face} found."}', "No {{face}} found."),
        (b'{"error": ""}', "default"),
        (b'{"mistake": 1}', "default"),
        (b"[1]", "default"),
        (b"<html>", "default"),
        (b"", "default"),
    ],
)
def test_the_words_of_a_refusal_are_never_filled_in(body: bytes, said: str) -> None:
    assert words_of(Reply(422, body), "default") == said


@pytest.mark.parametrize("text", ["{", "}", "{0}", "{{x}}", "100 %", "x" * 1000])
def test_somebody_elses_sentence_comes_back_as_it_was(text: str) -> None:
    assert escaped(text).format() == text[:280]


@pytest.mark.parametrize("text", ["{" * 280, "x" * 279 + "}", "a{b}" * 70])
def test_a_long_sentence_with_braces_is_kept_whole(text: str) -> None:
    template = escaped(text)
    assert len(template) <= 300
    assert text.startswith(template[:300].format())


@pytest.mark.render
def test_a_video_is_brought_home_with_a_poster_and_a_preview(tmp_path: Path, shop: Shop) -> None:
    shop.content = files.write_clip(tmp_path / "clip.mp4", seconds=3).read_bytes()

    made = bring_home(shop.url, tmp_path / "result.mp4", HOME, spoken_seconds=3.0)

    assert isinstance(made, Finished)
    assert (made.seconds, made.width, made.height, made.fps) == (3.0, files.WIDTH, files.HEIGHT, 25.0)
    assert made.poster is not None
    assert made.poster.read_bytes()[:2] == b"\xff\xd8"
    assert made.preview is not None
    assert made.preview.read_bytes()[4:8] == b"ftyp"


@pytest.mark.render
@pytest.mark.parametrize("what", ["text", "nothing", "a voice", "too short", "too long"])
def test_what_is_not_the_video_is_not_taken(what: str, tmp_path: Path, shop: Shop) -> None:
    clip = files.write_clip(tmp_path / "clip.mp4", seconds=3)
    content = {
        "text": b"Dear diary",
        "nothing": b"",
        "a voice": files.write_wav(tmp_path / "voice.wav", 3).read_bytes(),
    }.get(what, clip.read_bytes())
    shop.content = content

    made = bring_home(shop.url, tmp_path / "result.mp4", HOME, {"too short": 9.0, "too long": 0.5}.get(what, 3.0))

    assert isinstance(made, Failed)
    assert not made.permanent
    assert not (tmp_path / "result.mp4").exists()


def test_nobody_there_is_no_video(tmp_path: Path) -> None:
    made = bring_home("http://localhost:9/x.mp4", tmp_path / "result.mp4", HOME, 3.0)

    assert isinstance(made, Failed)
    assert (made.permanent, made.message) == (False, remote.NOT_REACHED)
