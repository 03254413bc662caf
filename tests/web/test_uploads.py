"""Files that the studio's script sends ahead of the form: leave to send, and the form that names them."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from jobs.models import Job, Media, User

HOST = "http://testserver"
FORM = {"model": "lipsync-image", "resolution": "480", "consent": "on"}


@pytest.fixture(autouse=True)
def reached_as_the_test_client_does(settings: Settings) -> None:
    settings.PUBLIC_BASE_URL = HOST


@pytest.fixture
def browser(alice: User) -> Client:
    client = Client()
    client.force_login(alice)
    return client


def asked(browser: Client, name: str, content_type: str, size: int) -> Any:
    return browser.post(reverse("new_upload"), {"filename": name, "type": content_type, "size": size})


def sent(browser: Client, path: Path, content_type: str = "") -> str:
    """The id of an upload."""
    ticket = asked(browser, path.name, content_type, path.stat().st_size).json()
    how = ticket["upload"]
    assert (how["method"], how["fields"]) == ("PUT", {})
    address = how["url"].removeprefix(HOST)
    assert Client().put(address, path.read_bytes(), content_type=how["headers"]["Content-Type"]).status_code == 204
    return str(ticket["id"])


def test_a_form_names_files_that_were_sent_ahead(browser: Client, png: Path, wav: Path) -> None:
    named = [f"image:{sent(browser, png, 'image/png')}", f"audio:{sent(browser, wav)}"]

    answer = browser.post(reverse("studio"), FORM | {"sent": named})

    assert answer.status_code == 303
    given = {one.field: one.media for one in Job.objects.get().inputs.all()}
    assert (given["image"].filename, given["image"].width) == (png.name, 8)
    assert given["audio"].content_type == "application/octet-stream"
    assert Media.objects.count() == 2


def test_what_is_in_a_file_counts_and_not_what_it_was_called(browser: Client, wav: Path) -> None:
    named = [f"image:{sent(browser, wav, 'image/png')}", f"audio:{sent(browser, wav)}"]

    answer: Any = browser.post(reverse("studio"), FORM | {"sent": named})

    assert answer.status_code == 422
    assert "This is not a picture." in answer.content.decode()


def test_a_file_that_has_not_come_has_to_be_chosen_again(browser: Client, wav: Path) -> None:
    awaited = asked(browser, "face.png", "image/png", 10).json()["id"]

    for upload in (awaited, "no-id", ""):
        named = [f"image:{upload}", f"audio:{sent(browser, wav)}"]
        answer: Any = browser.post(reverse("studio"), FORM | {"sent": named})
        assert answer.status_code == 422
    assert not Job.objects.exists()


def test_somebody_elses_upload_is_none(browser: Client, charlie: User, png: Path, wav: Path) -> None:
    named = [f"image:{sent(browser, png)}", f"audio:{sent(browser, wav)}"]
    thief = Client()
    thief.force_login(charlie)

    answer: Any = thief.post(reverse("studio"), FORM | {"sent": named})

    assert answer.status_code == 422
    assert answer.content.decode().count("The file did not arrive. Choose it again.") == 2
    assert not Job.objects.exists()


def test_leave_is_refused_for_what_would_be(browser: Client, settings: Settings) -> None:
    for name, content_type, size, sentence in (
        ("a.png", "image/png", 0, "The file is empty. Choose another one."),
        ("a.png", "image/png", settings.MAX_MEDIA_BYTES + 1, "The file has 500 MB; 500 MB are allowed."),
        ("a.png", "not a type", 10, "Enter a valid value."),
        ("", "image/png", 10, "This field is required."),
    ):
        answer = asked(browser, name, content_type, size)
        assert (answer.status_code, answer.json()) == (422, {"problem": sentence})
    assert not Media.objects.exists()


def test_on_the_disk_a_large_file_is_sent_as_one(browser: Client) -> None:
    ticket = asked(browser, "a.mp4", "video/mp4", 100 << 20).json()

    assert (ticket.keys(), ticket["upload"]["method"]) == ({"id", "upload"}, "PUT")
    assert browser.get(reverse("rest_of_upload", args=[ticket["id"]])).status_code == 404


def test_another_site_can_not_ask_for_it(alice: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice)

    assert asked(browser, "a.png", "image/png", 10).status_code == 403
