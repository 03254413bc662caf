"""Handing out files: whose link counts, which bytes come, and what a browser may do with them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.core import signing
from django.core.files.storage import default_storage
from django.test import Client
from pytest_django import Settings

from jobs import media
from jobs.media import SAMPLE_FILES, SAMPLES, Draft, media_path, media_url
from jobs.media.places import STEP_SECONDS
from jobs.media.probe import Facts
from jobs.models import Media, MediaKind, User
from jobs.web.ranges import CHUNK_BYTES
from tests.web.reading import whole

BODY = bytes(range(256))
FAR_FUTURE = 4_102_444_800
MANY_DIGITS = "9" * 5000  # more than Python reads as a number

Keep = Callable[..., Media]


@pytest.fixture
def keep(alice: User, tmp_path: Path) -> Keep:
    """Stores a file of Alice's: `body`, called `filename`, in which a look found `kind`."""

    def make(filename: str = "result.mp4", kind: MediaKind = MediaKind.VIDEO, body: bytes = BODY) -> Media:
        path = tmp_path / "file"
        path.write_bytes(body)
        return media.keep(alice, Draft(path, filename, "text/html", Facts(kind)))

    return make


@pytest.fixture
def anybody() -> Client:
    """Whoever has the link. A fault of ours is an answer, as outside."""
    return Client(raise_request_exception=False)


# --- Whose link counts -----------------------------------------------------------------------


def test_a_link_needs_nobody_logged_in(anybody: Client, keep: Keep, settings: Settings) -> None:
    file = keep()

    answer: Any = anybody.get(media_path(file))

    assert (answer.status_code, whole(answer)) == (200, BODY)
    assert media_url(file) == settings.PUBLIC_BASE_URL + media_path(file)


def test_every_changed_character_breaks_a_link(anybody: Client, keep: Keep) -> None:
    link = media_path(keep())
    start, end = len("/media/"), link.rindex("/")

    for at in (start, start + 5, (start + end) // 2, end - 2):
        changed = link[:at] + ("A" if link[at] != "A" else "B") + link[at + 1 :]
        assert anybody.get(changed).status_code == 404
    assert anybody.get(link[: end - 1] + link[end:]).status_code == 404


def test_a_link_ends(anybody: Client, keep: Keep, settings: Settings) -> None:
    file = keep()
    settings.MEDIA_LINK_SECONDS = -STEP_SECONDS - 1

    assert anybody.get(media_path(file)).status_code == 404


def test_a_link_signed_for_something_else_or_by_somebody_else(anybody: Client, keep: Keep, alice: User) -> None:
    file = keep()
    claim = [file.pk.hex, FAR_FUTURE]
    ticket = media.open_ticket(alice, "a.png", "image/png", 10).target.url.rpartition("/")[2]

    def link(token: str) -> str:
        return f"/media/{token}/result.mp4"

    right: Any = anybody.get(link(signing.Signer(salt="jobs.media.link").sign_object(claim)))
    assert whole(right) == BODY
    for foreign in (
        signing.Signer(salt="jobs.media.link", key="somebody else's").sign_object(claim),
        signing.Signer(salt="jobs.media.ticket").sign_object(claim),
        signing.Signer().sign_object(claim),
        ticket,
        file.pk.hex,
        str(file.pk),
        "x",
        ":",
        "é:é",
        quote("é:é:é"),
    ):
        assert anybody.get(link(foreign)).status_code == 404


def test_a_file_that_is_gone_or_has_not_come(anybody: Client, keep: Keep, alice: User) -> None:
    removed, lost = keep(), keep()
    links = [media_path(removed), media_path(lost)]
    media.drop(removed)
    default_storage.delete(lost.name)
    media.open_ticket(alice, "a.png", "image/png", 10)

    for link in (*links, media_path(Media.objects.get(ready=False))):
        assert anybody.get(link).status_code == 404


# --- Which bytes -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=5-9", 5, 9),
        ("bytes=250-", 250, 255),
        ("bytes=250-9999", 250, 255),
        ("bytes=250-" + "9" * 18, 250, 255),
        ("bytes=0-", 0, 255),
        ("bytes=-6", 250, 255),
        ("bytes=-9999", 0, 255),
        (" bytes=255-255 ", 255, 255),
    ],
)
def test_one_range_is_answered_with_that_part(anybody: Client, keep: Keep, asked: str, first: int, last: int) -> None:
    answer: Any = anybody.get(media_path(keep()), headers={"Range": asked})

    assert answer.status_code == 206
    assert answer["Content-Range"] == f"bytes {first}-{last}/256"
    assert answer["Content-Length"] == str(last - first + 1)
    assert whole(answer) == BODY[first : last + 1]


@pytest.mark.parametrize("asked", ["bytes=256-", "bytes=256-300", "bytes=-0", "bytes=9999-"])
def test_a_range_that_the_file_does_not_have(anybody: Client, keep: Keep, asked: str) -> None:
    answer = anybody.get(media_path(keep()), headers={"Range": asked})

    assert (answer.status_code, answer["Content-Range"], answer.content) == (416, "bytes */256", b"")


@pytest.mark.parametrize(
    "asked",
    [
        "", "bytes=", "bytes=-", "bytes=9-5", "bytes=a-b", "bytes=0-1,4-5", "items=0-3", "bytes 0-3", "bytes=٣-٤",
        f"bytes={MANY_DIGITS}-", f"bytes=0-{MANY_DIGITS}", f"bytes=-{MANY_DIGITS}",
    ],
)  # fmt: skip
def test_what_is_not_one_range_is_answered_with_the_whole(anybody: Client, keep: Keep, asked: str) -> None:
    answer: Any = anybody.get(media_path(keep()), headers={"Range": asked.encode().decode("latin-1")})

    assert answer.status_code == 200
    assert answer["Accept-Ranges"] == "bytes"
    assert "Content-Range" not in answer
    assert answer["Content-Length"] == "256"
    assert whole(answer) == BODY


def test_a_range_over_several_chunks(anybody: Client, keep: Keep) -> None:
    body = bytes(n % 251 for n in range(3 * CHUNK_BYTES))

    answer: Any = anybody.get(media_path(keep(body=body)), headers={"Range": f"bytes=7-{2 * CHUNK_BYTES + 9}"})

    assert whole(answer) == body[7 : 2 * CHUNK_BYTES + 10]


def test_an_empty_file_has_no_part(anybody: Client, keep: Keep) -> None:
    link = media_path(keep(body=b""))

    answer: Any = anybody.get(link)
    assert (answer.status_code, answer["Content-Length"], whole(answer)) == (200, "0", b"")
    assert anybody.get(link, headers={"Range": "bytes=0-"}).status_code == 416


def test_head_is_the_whole_without_its_bytes(anybody: Client, keep: Keep) -> None:
    """A range is for GET alone (RFC 9110, section 14.2)."""
    link = media_path(keep())

    for headers in ({}, {"Range": "bytes=0-9"}):
        answer: Any = anybody.head(link, headers=headers)
        assert (answer.status_code, answer["Content-Length"], answer["Accept-Ranges"]) == (200, "256", "bytes")
        assert whole(answer) == b""


# --- What a browser may do with them ---------------------------------------------------------


@pytest.mark.parametrize(
    ("filename", "kind", "content_type", "way"),
    [
        ("result.mp4", MediaKind.VIDEO, "video/mp4", "inline"),
        ("face.png", MediaKind.IMAGE, "image/png", "inline"),
        ("face.svg", MediaKind.IMAGE, "image/svg+xml", "attachment"),
        ("face.html", MediaKind.IMAGE, "application/octet-stream", "attachment"),
        ("face.png", MediaKind.UNKNOWN, "application/octet-stream", "attachment"),
        ("face.png", MediaKind.AUDIO, "application/octet-stream", "attachment"),
        ("face", MediaKind.IMAGE, "application/octet-stream", "attachment"),
    ],
)
@pytest.mark.parametrize("asked", ["", "bytes=0-3", "bytes=999-"], ids=["whole", "part", "none"])
def test_a_strangers_file_can_play_and_do_nothing(
    anybody: Client, keep: Keep, filename: str, kind: MediaKind, content_type: str, way: str, asked: str
) -> None:
    answer = anybody.get(media_path(keep(filename, kind)), headers={"Range": asked})

    assert answer["Content-Type"] == content_type
    assert answer["Content-Disposition"] == f'{way}; filename="{filename}"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert "private" in answer["Cache-Control"]
    whole(answer)


def test_a_file_is_saved_when_asked(anybody: Client, keep: Keep) -> None:
    answer = anybody.get(media_path(keep()) + "?download=1")

    assert answer["Content-Disposition"] == 'attachment; filename="result.mp4"'
    whole(answer)


@pytest.mark.parametrize(
    ("filename", "said"),
    [
        ("Grüße, Welt.mp4", "filename*=utf-8''Gr%C3%BC%C3%9Fe%2C%20Welt.mp4"),
        ("日本.mp4", "filename*=utf-8''%E6%97%A5%E6%9C%AC.mp4"),
        ('a "b" \\ 100 % #1?.mp4', 'filename="a \\"b\\" \\\\ 100 % #1?.mp4"'),
        ("AC/DC.mp4", 'filename="AC_DC.mp4"'),
        ("a\r\nSet-Cookie: x=1.mp4", "filename*=utf-8''a%0D%0ASet-Cookie%3A%20x%3D1.mp4"),
        ("voice.mp4\n", 'filename="voice.mp4"'),
    ],
)
def test_whatever_a_file_is_called_its_link_works(anybody: Client, keep: Keep, filename: str, said: str) -> None:
    for link in (media_path(keep(), filename), media_path(keep(filename))):
        answer: Any = anybody.get(link)

        assert (answer.status_code, whole(answer)) == (200, BODY)
        assert answer["Content-Disposition"].partition("; ")[2] == said


# --- The samples -----------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "content_type"), SAMPLE_FILES.items())
def test_the_samples_are_for_everybody(anybody: Client, db: None, name: str, content_type: str) -> None:
    answer: Any = anybody.get(f"/samples/{name}")
    part: Any = anybody.get(f"/samples/{name}", headers={"Range": "bytes=4-7"})

    body = (SAMPLES / name).read_bytes()
    assert (answer["Content-Type"], whole(answer)) == (content_type, body)
    assert (part.status_code, whole(part)) == (206, body[4:8])
    assert "public" in answer["Cache-Control"]
    assert answer["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("name", ["README.md", "voice.phones.txt", "..%2Fmark.svg", "%2e%2e/mark.svg", "x"])
def test_nothing_else_is_a_sample(anybody: Client, db: None, name: str) -> None:
    assert anybody.get(f"/samples/{name}").status_code == 404
