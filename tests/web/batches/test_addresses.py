"""Files that a table names by their addresses: fetched once each, within limits."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from django.test import Client

from jobs import batches
from jobs.errors import InvalidInput
from jobs.media import intake
from jobs.models import Media, MediaKind, User
from tests.web.batches.form import NEW, faults, table, the_batch, upload
from tests.web.batches.making import made


def test_addresses_are_fetched_once_each(alices: Client, settings: Any) -> None:
    settings.PUBLIC_BASE_URL = "https://mundwerk.example.org"
    samples = "https://mundwerk.example.org/samples"
    text = f"image,audio\n{samples}/face.jpg,{samples}/voice.wav\n{samples}/face.jpg,{samples}/voice.wav\n"

    batch = made(the_batch(alices.post(NEW, table(text))))

    assert batches.standing(batch).total == 2
    assert sorted(Media.objects.values_list("filename", flat=True)) == ["face.jpg", "voice.wav"]


def test_an_address_that_may_not_be_fetched_is_said_by_row(alices: Client, png: Path) -> None:
    text = "image,audio\nface.png,http://127.0.0.1/voice.wav\nface.png,ftp://example.org/voice.wav\n"

    found = faults(alices.post(NEW, table(text, upload(png))))

    assert [(row, column) for row, column, _ in found] == [("2", "audio"), ("3", "audio")]
    assert all(sentence for *_, sentence in found)


class _Media(BaseHTTPRequestHandler):
    """Gives a recording for every path but `/gone`, and keeps which were asked for."""

    asked: ClassVar[list[str]] = []
    recording: ClassVar[bytes] = b""

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(404 if self.path == "/gone" else 200)
        self.send_header("Content-Length", str(len(self.recording)))
        self.end_headers()
        self.wfile.write(self.recording)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def voices_at(wav: Path, settings: Any) -> Iterator[str]:
    """The address of a server on this machine; private addresses are allowed."""
    settings.ALLOW_PRIVATE_NETWORK = True
    _Media.asked, _Media.recording = [], wav.read_bytes()
    with ThreadingHTTPServer(("127.0.0.1", 0), _Media) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def of_addresses(png: Path, *addresses: str) -> dict[str, object]:
    return table("image,audio\n" + "".join(f"face.png,{address}\n" for address in addresses), upload(png))


def test_what_many_rows_name_is_fetched_once(alices: Client, png: Path, voices_at: str) -> None:
    addresses = [f"{voices_at}/{name}.wav" for name in ("a", "b", "a", "c", "d", "e", "b")]

    batch = the_batch(alices.post(NEW, of_addresses(png, *addresses)))

    assert sorted(_Media.asked) == ["/a.wav", "/b.wav", "/c.wav", "/d.wav", "/e.wav"]
    assert [order.inputs["audio"].filename for order in batches.planned(batch)] == [
        "a.wav", "b.wav", "a.wav", "c.wav", "d.wav", "e.wav", "b.wav",
    ]  # fmt: skip


def test_an_address_without_a_file_is_said_by_row(alices: Client, png: Path, voices_at: str, data_dir: Path) -> None:
    answer = alices.post(NEW, of_addresses(png, f"{voices_at}/a.wav", f"{voices_at}/gone"))

    ((row, column, sentence),) = faults(answer)
    assert (row, column) == ("3", "audio")
    assert "404" in sentence
    assert list((data_dir / "incoming").iterdir()) == []


@pytest.mark.parametrize(
    ("limit", "value", "sentence"),
    [
        ("ALL_SECONDS", -1, "The addresses took more than -1 s together. Send the files along, or fewer at once."),
        ("TIMES_THE_LARGEST", -1, "The files have more than -500 MB together. Make fewer videos at once."),
    ],
)
def test_all_addresses_together_have_limits(
    alices: Client, png: Path, voices_at: str, monkeypatch: pytest.MonkeyPatch, limit: str, value: int, sentence: str
) -> None:
    monkeypatch.setattr(intake, limit, value)

    found = faults(alices.post(NEW, of_addresses(png, f"{voices_at}/a.wav")))

    assert ("2", "audio", sentence) in found
    assert _Media.asked == []


@pytest.mark.parametrize(
    ("limit", "sentence"),
    [
        ("ALL_SECONDS", "The addresses took more than -1 s together. Send the files along, or fewer at once."),
        ("TIMES_THE_LARGEST", "The files have more than -500 MB together. Make fewer videos at once."),
    ],
)
def test_uploads_by_address_have_the_same_limits(
    alices: Client, alice: User, png: Path, settings: Any, monkeypatch: pytest.MonkeyPatch, limit: str, sentence: str
) -> None:
    monkeypatch.setattr(intake, limit, -1)
    address = f"{settings.PUBLIC_BASE_URL}/api/v1/uploads/3f0c5b9e-1b7e-4f63-9f6a-0d6a3c1d2e4f"

    assert ("2", "audio", sentence) in faults(alices.post(NEW, of_addresses(png, address)))


def test_the_bytes_of_uploads_by_address_count(alice: User, settings: Any) -> None:
    settings.MAX_MEDIA_BYTES = 100
    uploads = [
        Media.objects.create(owner=alice, name=f"inputs/{number}", size=150, kind=MediaKind.AUDIO, seconds=1)
        for number in range(5)
    ]
    sources = {f"{settings.PUBLIC_BASE_URL}/api/v1/uploads/{media.pk}": media for media in uploads}

    with intake.Intake(alice) as taking:
        taken = taking.each({address: address for address in sources})

    assert [isinstance(one, InvalidInput) for one in taken.values()] == [False, False, False, True, True]
