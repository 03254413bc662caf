"""Large files that are sent to a bucket in parts, against a real S3 server: leave, going on, joining, clearing away."""

import uuid
from typing import Any

import httpx
import pytest
from django.conf import settings as the_settings
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from jobs import keys, media
from jobs.errors import InvalidInput, NotFound, Unavailable
from jobs.media import Intake, Part, Ticket, media_url, open_ticket, parts_left
from jobs.media.places.parts import ABOVE_BYTES, PART_BYTES
from jobs.media.places.server import client
from jobs.media.tidy import ORPHAN_AFTER, tidy
from jobs.models import Media, MediaKind, User
from tests import files
from tests.api.conftest import Program
from tests.live.product import until

pytestmark = [pytest.mark.s3, pytest.mark.django_db, pytest.mark.usefixtures("bucket")]

SECONDS = 1100  # of 16 kB each: a recording of two whole parts and a bit


@pytest.fixture(scope="module")
def voice(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return files.write_wav(tmp_path_factory.mktemp("voice") / "voice.wav", SECONDS).read_bytes()


@pytest.fixture
def ticket(alice: User, voice: bytes) -> Ticket:
    """Alice's leave to send `voice` in parts."""
    return open_ticket(alice, "voice.wav", "audio/wav", len(voice), in_parts=True)


def put(part: Part, voice: bytes) -> int:
    return httpx.put(part.url, content=voice[part.start : part.end]).status_code


def names() -> list[str]:
    """The names of all files in the bucket."""
    return [one["Key"] for one in client().list_objects_v2(Bucket=the_settings.S3_BUCKET).get("Contents", [])]


def awaited() -> list[dict[str, Any]]:
    """What is awaited in parts."""
    found: list[dict[str, Any]] = client().list_multipart_uploads(Bucket=the_settings.S3_BUCKET).get("Uploads", [])
    return found


def put_past_the_links(number: int, body: bytes) -> None:
    """As a server would take it that does not hold links to their length."""
    (one,) = awaited()
    client().upload_part(
        Bucket=the_settings.S3_BUCKET, Key=one["Key"], UploadId=one["UploadId"], PartNumber=number, Body=body
    )


def used(owner: User, ticket: Ticket) -> Media:
    with Intake(owner) as intake:
        draft = intake.from_ticket(str(ticket.media_id), "audio")
    assert isinstance(draft.file, Media)
    return draft.file


def test_a_large_file_is_sent_in_parts_and_joined_when_it_is_first_used(
    alice: User, ticket: Ticket, voice: bytes
) -> None:
    ends = [(part.start, part.end) for part in ticket.parts]
    assert ends == [(0, PART_BYTES), (PART_BYTES, 2 * PART_BYTES), (2 * PART_BYTES, len(voice))]
    assert [put(part, voice) for part in reversed(ticket.parts)] == [200, 200, 200]
    assert names() == []

    kept = used(alice, ticket)

    assert (kept.kind, kept.ready) == (MediaKind.AUDIO, True)
    assert kept.seconds == pytest.approx(SECONDS, abs=0.01)
    assert names() == [kept.name]
    assert awaited() == []
    assert httpx.get(media_url(kept)).content == voice
    assert used(alice, ticket) == kept
    assert parts_left(alice, ticket.media_id) == ()
    assert put(ticket.parts[0], voice) == 404  # the leave is over


def test_what_was_cut_off_goes_on_with_what_is_missing(alice: User, ticket: Ticket, voice: bytes) -> None:
    put(ticket.parts[0], voice)
    put(ticket.parts[2], voice)
    with pytest.raises(InvalidInput, match="has not arrived"):
        used(alice, ticket)

    (missing,) = parts_left(alice, ticket.media_id)

    assert (missing.start, missing.end) == (PART_BYTES, 2 * PART_BYTES)
    assert put(missing, voice) == 200
    assert parts_left(alice, ticket.media_id) == ()
    assert httpx.get(media_url(used(alice, ticket))).content == voice


def test_a_part_that_is_sent_twice_counts_once(alice: User, ticket: Ticket, voice: bytes) -> None:
    for part in (*ticket.parts, *ticket.parts[:2]):
        assert put(part, voice) == 200

    assert httpx.get(media_url(used(alice, ticket))).content == voice


def test_only_the_announced_parts_can_be_sent(ticket: Ticket, voice: bytes) -> None:
    first, last = ticket.parts[0], ticket.parts[-1]
    refused = {
        "larger": httpx.put(last.url, content=voice[last.start : last.end] + b"x"),
        "smaller": httpx.put(last.url, content=voice[last.start : last.end - 1]),
        "number": httpx.put(first.url.replace("partNumber=1", "partNumber=9"), content=voice[:PART_BYTES]),
        "name": httpx.put(first.url.replace("/incoming/", "/results/"), content=voice[:PART_BYTES]),
        "signature": httpx.put(first.url.replace("Signature=", "Signature=0"), content=voice[:PART_BYTES]),
        "method": httpx.get(first.url),
    }

    assert {what: answer.status_code for what, answer in refused.items()} == dict.fromkeys(refused, 403)
    (one,) = awaited()
    listed = client().list_parts(Bucket=the_settings.S3_BUCKET, Key=one["Key"], UploadId=one["UploadId"])
    assert listed.get("Parts", []) == []


@pytest.mark.parametrize(("number", "more"), [(3, 1), (3, -1), (4, 0)], ids=["larger", "smaller", "one too many"])
def test_another_size_than_was_announced_is_refused_and_forgotten(
    alice: User, ticket: Ticket, voice: bytes, number: int, more: int
) -> None:
    for part in ticket.parts:
        put(part, voice)
    last = ticket.parts[-1]
    put_past_the_links(number, b"x" * (last.end - last.start + more))

    with pytest.raises(InvalidInput, match=f"{len(voice)} bytes were announced") as refusal:
        used(alice, ticket)

    assert refusal.value.field == "audio"
    assert (awaited(), names()) == ([], [])
    with pytest.raises(NotFound):
        parts_left(alice, ticket.media_id)


def test_a_leave_for_a_part_ends_and_is_given_anew(alice: User, voice: bytes, settings: Settings) -> None:
    hour, settings.UPLOAD_TICKET_SECONDS = settings.UPLOAD_TICKET_SECONDS, 1
    ticket = open_ticket(alice, "voice.wav", "audio/wav", len(voice), in_parts=True)
    until(lambda: put(ticket.parts[0], voice) == 403, 10)
    settings.UPLOAD_TICKET_SECONDS = hour

    assert {put(part, voice) for part in parts_left(alice, ticket.media_id)} == {200}

    assert httpx.get(media_url(used(alice, ticket))).content == voice


def test_somebody_elses_parts_are_none(alice: User, bob: User, ticket: Ticket, voice: bytes) -> None:
    put(ticket.parts[0], voice)

    for media_id in (ticket.media_id, uuid.uuid4()):
        with pytest.raises(NotFound):
            parts_left(bob, media_id)
    with pytest.raises(InvalidInput, match="no such upload"):
        used(bob, ticket)

    assert len(parts_left(alice, ticket.media_id)) == 2


def test_parts_of_what_nobody_submitted_are_cleared_away(alice: User, ticket: Ticket, voice: bytes) -> None:
    put(ticket.parts[0], voice)
    fresh = open_ticket(alice, "other.wav", "audio/wav", len(voice), in_parts=True)
    old = Media.objects.get(pk=ticket.media_id)
    Media.objects.filter(pk=old.pk).update(created=old.created - ORPHAN_AFTER * 2)

    tidy(old.created)

    assert [one["Key"] for one in awaited()] == [Media.objects.get().name]
    assert Media.objects.get().pk == fresh.media_id
    assert put(ticket.parts[1], voice) == 404


def test_a_beginning_whose_answer_was_lost_does_no_harm(alice: User, ticket: Ticket, voice: bytes) -> None:
    """The library asks again, so the bucket awaits the same file twice."""
    name = Media.objects.get().name
    client().create_multipart_upload(Bucket=the_settings.S3_BUCKET, Key=name)
    assert len(awaited()) == 2
    put(ticket.parts[0], voice)

    assert [put(part, voice) for part in parts_left(alice, ticket.media_id)] == [200, 200]
    assert httpx.get(media_url(used(alice, ticket))).content == voice
    assert awaited() == []


def test_small_files_and_those_of_programs_are_sent_as_one(alice: User, voice: bytes) -> None:
    small = open_ticket(alice, "a.wav", "audio/wav", ABOVE_BYTES, in_parts=True)
    asked = {"filename": "voice.wav", "contentType": "audio/wav", "size": len(voice)}
    answer = Program(keys.create(alice)[1]).post("uploads", asked).json()

    assert small.parts == ()
    assert answer.keys() == {"url", "upload", "expiresAt"}
    assert answer["upload"].keys() == {"method", "url", "headers", "fields"}
    assert awaited() == []
    with pytest.raises(NotFound):
        parts_left(alice, small.media_id)


def test_a_bucket_that_does_not_answer_leaves_nothing_begun(alice: User, voice: bytes, settings: Settings) -> None:
    endpoint, settings.S3_ENDPOINT = settings.S3_ENDPOINT, "http://127.0.0.1:9"
    browser = Client()
    browser.force_login(alice)

    with pytest.raises(Unavailable):
        open_ticket(alice, "voice.wav", "audio/wav", len(voice), in_parts=True)
    asked = {"filename": "voice.wav", "type": "audio/wav", "size": len(voice)}
    assert browser.post(reverse("new_upload"), asked).status_code == 503
    rest = reverse("rest_of_upload", args=[Media.objects.order_by("created")[0].pk])
    assert browser.get(rest).status_code == 503

    settings.S3_ENDPOINT = endpoint
    for row in Media.objects.all():  # as the sweep does
        media.drop(row)
    assert awaited() == []


def test_the_studio_is_told_the_parts_and_then_the_rest(alice: User, voice: bytes) -> None:
    browser = Client()
    browser.force_login(alice)
    asked = {"filename": "voice.wav", "type": "audio/wav", "size": len(voice)}

    told = browser.post(reverse("new_upload"), asked).json()
    assert told.keys() == {"id", "parts"}
    first, second, last = (Part(**part) for part in told["parts"])
    put(first, voice)
    put(last, voice)
    rest: Any = browser.get(reverse("rest_of_upload", args=[told["id"]]))

    assert rest.json()["id"] == told["id"]
    assert [(part["start"], part["end"]) for part in rest.json()["parts"]] == [(second.start, second.end)]
    assert "no-store" in rest.headers["Cache-Control"]
