"""Uploads: a ticket, the file, and its use in a submission."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from jobs.models import Job, Media
from tests.api.conftest import Program

HOST = "http://testserver"


@pytest.fixture(autouse=True)
def reached_as_the_test_client_does(settings: Settings) -> None:
    settings.PUBLIC_BASE_URL = HOST


def put(upload: dict[str, Any], body: bytes) -> Any:
    target = upload["upload"]
    assert target["method"] == "PUT"
    path = target["url"].removeprefix(HOST)
    return Client(raise_request_exception=False).put(path, body, content_type=target["headers"]["Content-Type"])


def uploaded(program: Program, path: Path, content_type: str) -> str:
    body = path.read_bytes()
    upload = program.post("uploads", {"filename": path.name, "contentType": content_type, "size": len(body)}).json()
    assert put(upload, body).status_code == 204
    return str(upload["url"])


@pytest.mark.django_db
def test_uploaded_files_make_a_job(program: Program, png: Path, wav: Path) -> None:
    form = {"image": uploaded(program, png, "image/png"), "audio": uploaded(program, wav, "audio/wav")}
    assert program.post("lipsync-image", {"formState": form}).status_code == 200
    given = {one.field: one.media for one in Job.objects.get().inputs.all()}
    assert given["image"].filename == png.name
    assert given["audio"].seconds == pytest.approx(3, abs=0.01)
    assert Media.objects.count() == 2


@pytest.mark.django_db
def test_an_upload_is_its_owners_alone(program: Program, stranger: Program, png: Path, wav: Path) -> None:
    form = {"image": uploaded(program, png, "image/png"), "audio": uploaded(program, wav, "audio/wav")}
    answer = stranger.post("lipsync-image", {"formState": form})
    assert answer.status_code == 422
    assert "no such upload" in answer.json()["error"]


@pytest.mark.django_db
def test_a_file_that_never_came_is_named(program: Program, png: Path, wav: Path) -> None:
    upload = program.post("uploads", {"filename": "a.png", "contentType": "image/png", "size": 10}).json()
    form = {"image": upload["url"], "audio": uploaded(program, wav, "audio/wav")}
    answer = program.post("lipsync-image", {"formState": form})
    assert (answer.status_code, answer.json()["field"]) == (422, "formState.image")


@pytest.mark.django_db
@pytest.mark.parametrize("body", [b"", b"short", b"more than the ten bytes announced"])
def test_another_size_than_announced_is_refused(program: Program, body: bytes) -> None:
    upload = program.post("uploads", {"filename": "a.png", "contentType": "image/png", "size": 10}).json()
    answer = put(upload, body)
    assert answer.status_code == 422
    assert not Media.objects.get().ready


@pytest.mark.django_db
def test_a_ticket_counts_once_and_only_as_it_was_given(program: Program, png: Path) -> None:
    body = png.read_bytes()
    upload = program.post("uploads", {"filename": "a.png", "contentType": "image/png", "size": len(body)}).json()
    assert put(upload, body).status_code == 204
    assert put(upload, body).status_code == 409
    upload["upload"]["url"] += "x"
    assert put(upload, body).status_code == 404


@pytest.mark.django_db
def test_too_large_is_refused_before_it_is_sent(program: Program, settings: Settings) -> None:
    size = settings.MAX_MEDIA_BYTES + 1
    answer = program.post("uploads", {"filename": "a.png", "contentType": "image/png", "size": size})
    assert (answer.status_code, answer.json()["field"]) == (422, "size")


@pytest.mark.django_db
def test_only_so_many_wait_to_be_used(program: Program, stranger: Program, settings: Settings, png: Path) -> None:
    settings.MAX_WAITING_UPLOADS = 2
    wanted = {"filename": "a.png", "contentType": "image/png", "size": 10}
    assert [program.post("uploads", wanted).status_code for _ in range(2)] == [200, 200]

    refused = program.post("uploads", wanted)

    assert (refused.status_code, refused["Retry-After"]) == (429, "3600")
    assert (
        refused.json()["error"]
        == "2 uploaded files are waiting to be used, which is the limit. Use them, or wait a day."
    )
    assert stranger.post("uploads", wanted).status_code == 200
