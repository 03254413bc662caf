"""Files in a bucket, against a real S3 server: links, uploads, taking in, the story of a job, setting up."""

import io
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.conf import settings as the_settings
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings

from jobs import keys, lifecycle, media
from jobs.errors import InvalidInput, Unavailable
from jobs.media import Draft, Intake, Ticket, media_url, open_ticket
from jobs.media.places import STEP_SECONDS, Disk, place
from jobs.media.places.bucket import KEEP_INCOMING_DAYS
from jobs.media.places.server import client
from jobs.media.probe import Facts
from jobs.media.tidy import ORPHAN_AFTER, tidy
from jobs.models import Job, Media, MediaKind, Status, User
from tests import engine
from tests.api.conftest import Program
from tests.conftest import MakeJob
from tests.engine import FakeEngine

pytestmark = [pytest.mark.s3, pytest.mark.django_db, pytest.mark.usefixtures("bucket")]

BODY = bytes(range(256))
Keep = Callable[..., Media]


@pytest.fixture
def keep(alice: User, tmp_path: Path) -> Keep:
    """Keeps a file of Alice's: `body`, called `filename`, in which a look found `kind`."""

    def make(filename: str = "result.mp4", kind: MediaKind = MediaKind.VIDEO, body: bytes = BODY) -> Media:
        path = tmp_path / "file"
        path.write_bytes(body)
        return media.keep(alice, Draft(path, filename, "text/html", Facts(kind)))

    return make


def names() -> list[str]:
    """The names of all files in the bucket."""
    return [one["Key"] for one in client().list_objects_v2(Bucket=the_settings.S3_BUCKET).get("Contents", [])]


def send(ticket: Ticket, body: bytes, content_type: str | None = None, **changed: str) -> httpx.Response:
    """Send a file as the ticket says, but for what is `changed`."""
    target = ticket.target
    assert target.method == "POST"
    fields = dict(target.fields) | changed
    return httpx.post(target.url, data=fields, files={"file": ("file", body, content_type or "text/html")})


# --- Links ---------------------------------------------------------------------------------------------


def test_a_link_plays_without_credentials_whole_and_in_ranges(keep: Keep) -> None:
    link = media_url(keep())

    whole = httpx.get(link)
    part = httpx.get(link, headers={"Range": "bytes=5-9"})
    beyond = httpx.get(link, headers={"Range": "bytes=999-"})

    assert (whole.status_code, whole.content, whole.headers["Accept-Ranges"]) == (200, BODY, "bytes")
    assert (whole.headers["Content-Type"], whole.headers["Cache-Control"]) == (
        "video/mp4",
        "private, max-age=21600, immutable",
    )
    assert (part.status_code, part.content, part.headers["Content-Range"]) == (206, BODY[5:10], "bytes 5-9/256")
    assert beyond.status_code == 416


def test_what_was_found_in_a_file_says_what_a_browser_may_do_with_it(keep: Keep) -> None:
    video = httpx.get(media.media_path(keep(), "Été „1“.mp4"))
    saved = httpx.get(media.media_path(keep(), "a.mp4", save=True))
    page = httpx.get(media_url(keep("page.html", MediaKind.UNKNOWN)))
    drawing = httpx.get(media_url(keep("drawing.svg", MediaKind.IMAGE)))

    assert video.headers["Content-Disposition"] == "inline; filename*=utf-8''%C3%89t%C3%A9%20%E2%80%9E1%E2%80%9C.mp4"
    assert saved.headers["Content-Disposition"] == 'attachment; filename="a.mp4"'
    assert page.headers["Content-Type"] == "application/octet-stream"
    for answer in (page, drawing):
        assert answer.headers["Content-Disposition"].startswith("attachment")


def test_links_of_one_step_are_the_same_and_last_as_long_as_is_set(keep: Keep, settings: Settings) -> None:
    file = keep()
    settings.MEDIA_LINK_SECONDS = 3600

    first, second = media_url(file), media_url(file)

    assert first == second
    query = httpx.URL(first).params
    assert int(query["X-Amz-Expires"]) == STEP_SECONDS + 3600
    settings.MEDIA_LINK_SECONDS = 99 * 86_400
    assert int(httpx.URL(media_url(file)).params["X-Amz-Expires"]) == 7 * 86_400  # no server takes more


def test_a_link_ends(keep: Keep, settings: Settings) -> None:
    file = keep()
    # As if the step had begun long ago: it ends a second after now, and is over when that second is.
    settings.MEDIA_LINK_SECONDS = int(time.time()) % STEP_SECONDS - STEP_SECONDS - 2

    assert httpx.get(media_url(file)).status_code == 403


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("X-Amz-Signature=", "X-Amz-Signature=0"),
        ("X-Amz-Expires=", "X-Amz-Expires=1"),
        ("response-content-type=video", "response-content-type=text"),
        ("/inputs/", "/results/"),
    ],
)
def test_a_changed_link_is_refused(keep: Keep, old: str, new: str) -> None:
    link = media_url(keep())
    assert old in link

    assert httpx.get(link.replace(old, new)).status_code == 403
    assert httpx.get(link.partition("?")[0]).status_code == 403


def test_links_from_before_the_files_moved_lead_on(keep: Keep) -> None:
    file = keep()
    before = Disk().address(file, "a.mp4", save=True)

    answer = Client().get(before)

    assert answer.status_code == 302
    moved = httpx.get(answer["Location"])
    assert (moved.content, moved.headers["Content-Disposition"]) == (BODY, 'attachment; filename="a.mp4"')
    assert Client().get(before.replace("/media/", "/media/x")).status_code == 404


# --- Uploads ---------------------------------------------------------------------------------------------


def test_only_the_announced_file_can_be_sent(alice: User) -> None:
    ticket = open_ticket(alice, "a.png", "image/png", 100)

    refusals = {
        "larger": send(ticket, b"x" * 101),
        "smaller": send(ticket, b"x" * 99),
        "type": send(ticket, b"x" * 100, **{"Content-Type": "text/html"}),
        "name": send(ticket, b"x" * 100, key="results/of-somebody.mp4"),
        "signature": send(ticket, b"x" * 100, **{"x-amz-signature": "0" * 64}),
        "access": send(ticket, b"x" * 100, acl="public-read"),
    }

    assert {what: answer.status_code for what, answer in refusals.items()} == {
        "larger": 400,
        "smaller": 400,
        "type": 403,
        "name": 403,
        "signature": 403,
        "access": 403,
    }
    assert names() == []
    assert send(ticket, b"x" * 100).status_code == 204
    assert names() == [Media.objects.get().name]


def test_a_ticket_ends(alice: User, settings: Settings) -> None:
    settings.UPLOAD_TICKET_SECONDS = -1

    assert send(open_ticket(alice, "a.png", "image/png", 3), b"abc").status_code == 403
    assert names() == []


def test_an_upload_is_looked_into_when_it_is_first_used(alice: User, png: Path) -> None:
    body = png.read_bytes()
    ticket = open_ticket(alice, "face.png", "image/png", len(body))
    assert send(ticket, body).status_code == 204

    with Intake(alice) as intake:
        draft = intake.from_ticket(str(ticket.media_id), "image")
        again = intake.from_ticket(str(ticket.media_id), "image")
        # The copy that was looked into went at once, not at the end of all.
        assert [path for path in the_settings.FILE_UPLOAD_TEMP_DIR.rglob("*") if path.is_file()] == []

    kept = Media.objects.get()
    assert (draft.facts.kind, draft.facts.width, again.file) == (MediaKind.IMAGE, 8, kept)
    assert kept.ready
    assert names() == [kept.name]
    assert kept.name.startswith("inputs/")
    assert httpx.get(media_url(kept)).content == body


def test_what_is_sent_again_after_the_look_changes_nothing(alice: User, png: Path) -> None:
    body = png.read_bytes()
    ticket = open_ticket(alice, "face.png", "image/png", len(body))
    send(ticket, body)
    with Intake(alice) as intake:
        intake.from_ticket(str(ticket.media_id), "image")

    assert send(ticket, b"x" * len(body)).status_code == 204  # the link is still good, but leads nowhere

    assert httpx.get(media_url(Media.objects.get())).content == body


def test_an_upload_that_has_not_come_or_is_somebody_elses(alice: User, bob: User, png: Path) -> None:
    body = png.read_bytes()
    ticket = open_ticket(alice, "face.png", "image/png", len(body))
    with Intake(alice) as intake, pytest.raises(InvalidInput, match="has not arrived") as refusal:
        intake.from_ticket(str(ticket.media_id), "image")
    assert refusal.value.field == "image"

    send(ticket, body)
    with Intake(bob) as intake, pytest.raises(InvalidInput, match="no such upload"):
        intake.from_ticket(str(ticket.media_id), "image")


def test_the_api_sends_past_us(alice: User, png: Path, wav: Path, settings: Settings) -> None:
    program = Program(keys.create(alice)[1])

    def uploaded(path: Path, content_type: str) -> str:
        body = path.read_bytes()
        asked = {"filename": path.name, "contentType": content_type, "size": len(body)}
        ticket = program.post("uploads", asked).json()
        how = ticket["upload"]
        answer = httpx.request(
            how["method"], how["url"], headers=how["headers"], data=how["fields"], files={"file": body}
        )
        assert answer.status_code == 204, answer.text
        return str(ticket["url"])

    form = {"image": uploaded(png, "image/png"), "audio": uploaded(wav, "audio/wav")}
    estimate = program.post("estimate/lipsync-image", {"formState": form}).json()
    assert (estimate["credits"], estimate["seconds"]) == (10, 5)
    assert program.post("lipsync-image", {"formState": form}).status_code == 200
    given = {one.field: one.media for one in Job.objects.get().inputs.all()}
    assert given["audio"].seconds == pytest.approx(3, abs=0.01)
    assert sorted(names()) == sorted(one.name for one in given.values())


# --- The story of a job -------------------------------------------------------------------------------------


def test_a_job_from_its_files_to_their_removal(
    alice: User, make_job: MakeJob, fake_engine: type[FakeEngine], data_dir: Path, png: Path
) -> None:
    seen: dict[str, bytes] = {}

    def look(work: Any, report: Any) -> Any:
        seen.update({field: path.read_bytes() for field, path in work.sources.items()})
        return engine.succeed(work, report)

    fake_engine.acts = look
    job = make_job(alice)
    lifecycle.start(str(job.pk))

    job.refresh_from_db()
    assert job.status == Status.DONE
    assert seen["image"] == png.read_bytes()
    assert job.result is not None
    assert httpx.get(media_url(job.result)).content == engine.RESULT
    assert list((data_dir / "scratch").iterdir()) == []
    assert not (data_dir / "media").exists()

    lifecycle.remove(alice, job.pk)
    assert names() == []


def test_large_files_go_in_parts_and_come_back_whole(bucket: str, tmp_path: Path) -> None:
    path, body = tmp_path / "large", bytes(range(256)) * (160 << 10)  # 40 MB: three parts
    path.write_bytes(body)
    beats: list[int] = []

    place().put(path, "results/large.mp4", "video/mp4", lambda: beats.append(1))
    copy = place().local("results/large.mp4", tmp_path, lambda: beats.append(2))

    assert copy.read_bytes() == body
    head = client().head_object(Bucket=bucket, Key="results/large.mp4")
    assert head["ETag"].strip('"').endswith("-3")
    assert beats.count(1) > 3
    assert beats.count(2) > 3


def test_what_stops_a_job_stops_its_files(keep: Keep, tmp_path: Path) -> None:
    class Enough(Exception):
        pass

    def stop() -> None:
        raise Enough

    file = keep()
    with pytest.raises(Enough):
        place().local(file.name, tmp_path, stop)


def test_left_overs_are_cleared_away(alice: User, keep: Keep) -> None:
    nobodys, awaited, fresh = keep(), open_ticket(alice, "a.png", "image/png", 3), keep()
    send(awaited, b"abc")
    assert len(names()) == 3
    old = Media.objects.exclude(pk=fresh.pk)
    created = nobodys.created - ORPHAN_AFTER * 2
    old.update(created=created)

    tidy(nobodys.created)

    assert names() == [fresh.name]
    assert list(Media.objects.all()) == [fresh]


# --- When it does not answer ----------------------------------------------------------------------------------


@pytest.fixture
def down(settings: Settings, s3_server: object) -> None:
    """Nothing listens any more where the server was."""
    settings.S3_ENDPOINT = "http://127.0.0.1:9"


def test_a_submission_says_so_and_leaves_nothing(alice: User, down: None, png: Path, caplog: Any) -> None:
    caplog.set_level(logging.DEBUG, "jobs")
    with pytest.raises(Unavailable, match="storage of files does not answer"):
        media.keep(alice, Draft(png, "a.png", "image/png", Facts(MediaKind.IMAGE)))

    # Whether anything arrived there can not be known, so the row stays until it can be removed.
    assert not Media.objects.get().ready
    assert "secretsecretsecret" not in caplog.text


def test_what_could_not_be_removed_is_removed_later(keep: Keep, settings: Settings) -> None:
    file, endpoint = keep(), settings.S3_ENDPOINT
    settings.S3_ENDPOINT = "http://127.0.0.1:9"
    media.drop(file)
    assert not Media.objects.get().ready

    settings.S3_ENDPOINT = endpoint
    tidy(file.created + ORPHAN_AFTER * 2)

    assert names() == []
    assert not Media.objects.exists()


def test_a_job_waits_for_its_lease_and_is_taken_up_again(
    alice: User, make_job: MakeJob, fake_engine: type[FakeEngine], settings: Settings
) -> None:
    job, endpoint = make_job(alice), settings.S3_ENDPOINT
    settings.S3_ENDPOINT = "http://127.0.0.1:9"

    lifecycle.start(str(job.pk))

    job.refresh_from_db()
    assert (job.status, fake_engine.works) == (Status.RUNNING, [])
    settings.S3_ENDPOINT = endpoint
    Job.objects.update(lease_until=job.created)
    lifecycle.sweep()
    lifecycle.start(str(job.pk))
    job.refresh_from_db()
    assert job.status == Status.DONE


# --- Setting up ----------------------------------------------------------------------------------------------


def set_up(*arguments: str) -> str:
    said = io.StringIO()
    call_command("media_bucket", *arguments, stdout=said)
    return said.getvalue()


def test_setting_up_twice_does_no_harm_and_says_what_it_did(bucket: str, settings: Settings) -> None:
    said = set_up("--create")

    assert f"{bucket} is there already." in said
    assert f"Pages of {settings.PUBLIC_BASE_URL} may read and send files." in said
    assert f"{bucket} is private." in said
    assert names() == []
    rules = client().get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    by_name = {rule["ID"]: rule for rule in rules}
    assert by_name["uploads-that-nobody-submitted"]["Expiration"]["Days"] == KEEP_INCOMING_DAYS
    assert by_name["unfinished-parts"]["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] == KEEP_INCOMING_DAYS


def test_only_our_pages_may_use_it(keep: Keep, settings: Settings) -> None:
    link = media_url(keep())

    def allowed(origin: str) -> str | None:
        asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        told: str | None = httpx.options(link, headers=asked).headers.get("Access-Control-Allow-Origin")
        return told

    assert allowed(settings.PUBLIC_BASE_URL) == settings.PUBLIC_BASE_URL
    assert allowed("https://evil.example") is None


def test_a_bucket_that_anybody_can_read_is_refused(bucket: str) -> None:
    statement = (
        '{"Effect":"Allow","Principal":{"AWS":["*"]},"Action":["s3:GetObject"],"Resource":["arn:aws:s3:::%s/*"]}'
    )
    policy = '{"Version":"2012-10-17","Statement":[%s]}' % (statement % bucket)
    client().put_bucket_policy(Bucket=bucket, Policy=policy)

    with pytest.raises(CommandError, match="not private: anybody can read its files"):
        set_up()
    assert names() == []


def test_a_bucket_that_is_not_there_is_named(settings: Settings) -> None:
    settings.S3_BUCKET = "nowhere"

    with pytest.raises(CommandError, match="nowhere: PutBucketCors was refused: NoSuchBucket"):
        set_up()


def test_a_wrong_secret_is_refused_without_being_said(settings: Settings) -> None:
    settings.S3_SECRET_KEY = "not-the-secret"

    with pytest.raises(CommandError, match="SignatureDoesNotMatch") as refusal:
        set_up()
    assert "not-the-secret" not in str(refusal.value)
