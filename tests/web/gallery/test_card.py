"""What a card says of its job."""

import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db.models import F
from django.test import Client
from django.utils import timezone

from jobs.media import keep_preview
from jobs.models import Job, Media, Status, User
from tests.conftest import MakeJob
from tests.engine import RESULT
from tests.web.conftest import JobIn
from tests.web.gallery.addresses import GALLERY
from tests.web.reading import GERMAN, HTMX, element, source, whole, words


@dataclass(frozen=True)
class Part:
    """A piece of an answer, to be read as a whole one is."""

    content: bytes


def one_card(client: Client, job: Job, **headers: str) -> Part:
    page = source(client.get(GALLERY, headers=HTMX | headers))
    found = re.search(rf'<li class="card [^>]*id="job-{job.pk}".*?</li>', page, re.DOTALL)
    assert found
    return Part(found[0].encode())


def test_a_job_that_waits_tells_its_place_in_the_line(
    alices: Client, alice: User, bob: User, make_job: MakeJob, job_in: JobIn
) -> None:
    job_in(Status.RUNNING, bob)
    first, foreign, third = make_job(alice), make_job(bob), make_job(alice)

    assert "Next in line" in words(one_card(alices, first))
    assert "Number 3 in line" in words(one_card(alices, third))
    page = words(alices.get(GALLERY))
    assert "Number 3 in line" in page
    assert "Next in line" in page
    Job.objects.filter(pk=foreign.pk).update(status=Status.RUNNING)
    assert "Platz 2 in der Reihe" in words(one_card(alices, third, **GERMAN))


def test_a_running_job_tells_how_far_it_is(alices: Client, alice: User, job_in: JobIn) -> None:
    job = job_in(Status.RUNNING, alice)

    answer = one_card(alices, job)

    assert "card--working" in element(answer, f"job-{job.pk}")
    assert "42 %" in words(answer)
    assert "Drawing the lips" in words(answer)
    assert '<progress class="bar card__line" max="100" value="42"' in source(answer)
    assert "left" not in words(answer)  # too early to guess
    assert "Lippen werden gezeichnet" in words(one_card(alices, job, **GERMAN))


def test_the_time_left_is_guessed_from_the_progress(alices: Client, alice: User, job_in: JobIn) -> None:
    job = job_in(Status.RUNNING, alice)
    Job.objects.update(progress=0.5, started=timezone.now() - timedelta(seconds=100))

    assert re.search(r"\b1:4\d left", words(one_card(alices, job)))


def test_a_job_that_is_done_plays_and_can_be_saved(alices: Client, alice: User, job_in: JobIn) -> None:
    job = job_in(Status.DONE, alice, name="Grüße <an> alle")

    answer = one_card(alices, job)

    tag = element(answer, f"screen-{job.pk}")
    found = re.search(r'data-video="(/media/[^"]*)"', tag)
    assert found
    video: Any = alices.get(found[1])
    assert (video["Content-Type"], whole(video)) == ("video/mp4", RESULT)
    assert "Play “Grüße <an> alle”" in tag
    assert "<an>" not in source(answer)
    assert "0:03" in words(answer)
    (saved,) = re.findall(r'href="(/media/[^"]*\?download=1)" download', source(answer))
    file: Any = alices.get(saved)
    assert file["Content-Disposition"].startswith("attachment;")
    assert whole(file) == RESULT


def test_a_preview_is_shown_before_the_video_if_there_is_one(
    alices: Client, alice: User, job_in: JobIn, clip: Path
) -> None:
    job = job_in(Status.DONE, alice)
    assert "data-preview" not in source(one_card(alices, job))

    Job.objects.update(preview=keep_preview(alice, clip))

    found = re.search(r'data-preview="(/media/[^"]*)"', source(one_card(alices, job)))
    assert found
    answer: Any = alices.get(found[1])
    assert (answer["Content-Type"], whole(answer)) == ("video/mp4", clip.read_bytes())


def test_a_job_without_a_name_is_called_something(alices: Client, alice: User, job_in: JobIn) -> None:
    job = job_in(Status.DONE, alice)
    Job.objects.update(name="")

    assert "Untitled" in words(one_card(alices, job))
    assert "Ohne Namen" in words(one_card(alices, job, **GERMAN))


@pytest.mark.parametrize(
    ("status", "english", "german"),
    [
        (Status.FAILED, "Failed The recording holds 0 voices.", "Fehlgeschlagen"),
        (Status.CANCELLED, "Cancelled 10 credits are back", "Abgebrochen 10 Credits sind zurück"),
    ],
)
def test_a_job_that_came_to_nothing_says_why(
    alices: Client, alice: User, job_in: JobIn, status: Status, english: str, german: str
) -> None:
    job = job_in(status, alice)

    answer = one_card(alices, job)

    assert english in words(answer)
    assert german in words(one_card(alices, job, **GERMAN))
    assert "/media/" in source(answer)  # the picture that was sent
    assert "data-video" not in source(answer)
    assert "download" not in source(answer)


def test_the_sentence_of_a_failure_is_said_in_the_readers_language(alices: Client, alice: User, job_in: JobIn) -> None:
    job = job_in(Status.FAILED, alice)
    Job.objects.update(
        error_template="The face is too small: {found} pixels wide; {needed} are needed. "
        "Cut closer to it, or choose another picture.",
        error_params={"found": 12, "needed": 64},
    )

    assert "too small: 12 pixels wide; 64 are needed" in words(one_card(alices, job))
    assert "zu klein: 12 Pixel breit; 64 sind nötig" in words(one_card(alices, job, **GERMAN))


@pytest.mark.parametrize(
    ("width", "height", "ratio"), [(1080, 1920, "phone"), (800, 790, "square"), (1280, 720, "film")]
)
def test_a_card_keeps_the_shape_of_its_picture(
    alices: Client, alice: User, make_job: MakeJob, width: int, height: int, ratio: str
) -> None:
    job = make_job(alice)
    Media.objects.filter(used_in__job=job, used_in__field="image").update(width=width, height=height)

    assert f"r-{ratio}" in element(one_card(alices, job), f"job-{job.pk}")


@pytest.mark.parametrize(
    ("past", "said"),
    [
        (timedelta(seconds=30), "just now"),
        (timedelta(minutes=5, seconds=30), "5 min ago"),
        (timedelta(days=1), "yesterday"),
    ],
)
def test_a_card_says_when_it_was_made(
    alices: Client, alice: User, make_job: MakeJob, past: timedelta, said: str
) -> None:
    job = make_job(alice)
    Job.objects.update(created=F("created") - past)

    assert said in words(one_card(alices, job))
