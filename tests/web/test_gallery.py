"""The gallery: own videos, newest first, page by page, each card as its job is."""

import re
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from jobs.models import Job, Media, Status, User
from jobs.models.job import Model
from jobs.web.gallery import PAGE
from tests.conftest import MakeJob
from tests.engine import RESULT
from tests.web.conftest import JobIn
from tests.web.reading import GERMAN, HTMX, element, source, whole, words

GALLERY = "/gallery/"
OPEN = (Status.QUEUED, Status.RUNNING)


def shown(answer: Any) -> list[UUID]:
    """The jobs of the cards, in their order."""
    return [UUID(found) for found in re.findall(r'<li class="card [^>]*id="job-([0-9a-f-]{36})"', source(answer))]


def next_address(answer: Any) -> str:
    """Where the older ones are; empty at the end."""
    found = re.search(r'id="more"><a class="button" href="([^"]*)" hx-get="([^"]*)"', source(answer))
    if found is None:
        return ""
    assert found[1] == found[2]
    return found[1]


def one_card(client: Client, job: Job, **headers: str) -> Any:
    answer = client.get(f"{GALLERY}{job.pk}/", headers=HTMX | headers)
    assert answer.status_code == 200
    assert shown(answer) == [job.pk]
    return answer


# --- Which cards -----------------------------------------------------------------------------


def test_nothing_yet(alices: Client) -> None:
    answer = alices.get(GALLERY)

    assert "Nothing here yet" in words(answer)
    assert shown(answer) == []


def test_own_videos_newest_first(alices: Client, alice: User, bob: User, make_job: MakeJob) -> None:
    first, second = make_job(alice), make_job(alice)
    make_job(bob)

    answer = alices.get(GALLERY)

    assert shown(answer) == [second.pk, first.pk]
    assert "2 videos" in words(answer)
    Job.objects.filter(pk=first.pk).update(created=timezone.now() + timedelta(seconds=1))
    assert shown(alices.get(GALLERY)) == [first.pk, second.pk]


def test_the_showcase_is_in_no_gallery(alices: Client, alice: User, job_in: JobIn) -> None:
    job_in(Status.DONE, alice, showcase=True)

    assert "Nothing here yet" in words(alices.get(GALLERY))


@pytest.mark.parametrize("at_once", [False, True])
def test_older_videos_follow_page_by_page(alices: Client, alice: User, make_job: MakeJob, at_once: bool) -> None:
    """Each of them once, also if all were made at the same moment."""
    for _ in range(PAGE + 2):
        make_job(alice)
    if at_once:
        Job.objects.update(created=timezone.now())
    everything = list(Job.objects.values_list("pk", flat=True))

    first = alices.get(GALLERY)
    address = next_address(first)
    rest = alices.get(address, headers=HTMX)

    assert shown(first) == everything[:PAGE]
    assert shown(rest) == everything[PAGE:]
    assert next_address(rest) == ""
    assert f"{PAGE + 2} videos" in words(first)


def test_a_page_that_is_just_full_is_the_last(alices: Client, alice: User, make_job: MakeJob) -> None:
    for _ in range(PAGE):
        make_job(alice)

    answer = alices.get(GALLERY)

    assert len(shown(answer)) == PAGE
    assert next_address(answer) == ""


def test_a_part_is_cards_alone_and_a_page_is_whole(alices: Client, alice: User, make_job: MakeJob) -> None:
    job = make_job(alice)

    part = alices.get(GALLERY, headers=HTMX)
    assert source(part).lstrip().startswith('<div id="found">')
    assert "<html" not in source(part)
    older = alices.get(GALLERY, {"after": "x"}, headers=HTMX)
    assert source(older).lstrip().startswith("<li")
    for headers in ({}, HTMX | {"HX-History-Restore-Request": "true"}):
        page = alices.get(GALLERY, headers=headers)
        assert "<html" in source(page)
        assert shown(page) == shown(part) == [job.pk]


def test_after_what_is_not_ours_begins_with_the_newest(
    alices: Client, alice: User, bob: User, make_job: MakeJob
) -> None:
    foreign, own = make_job(bob), make_job(alice)

    for after in (foreign.pk, uuid4(), "x", "", "é"):
        assert shown(alices.get(GALLERY, {"after": str(after)})) == [own.pk]


# --- Some of them ----------------------------------------------------------------------------


@pytest.fixture
def mixed(alice: User, make_job: MakeJob) -> dict[str, Job]:
    jobs = {
        "photo": make_job(alice, name="Good morning, Berlin"),
        "video": make_job(alice, name="Good night", model=Model.IMAGE),
        "done": make_job(alice, name="100 % done_"),
    }
    Job.objects.filter(pk=jobs["video"].pk).update(model=Model.VIDEO, status=Status.FAILED)
    Job.objects.filter(pk=jobs["done"].pk).update(status=Status.DONE)
    return jobs


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, ["done", "video", "photo"]),
        ({"kind": "lipsync-video"}, ["video"]),
        ({"kind": "lipsync-image"}, ["done", "photo"]),
        ({"state": "working"}, ["photo"]),
        ({"state": "done"}, ["done"]),
        ({"state": "failed", "kind": "lipsync-video"}, ["video"]),
        ({"state": "failed", "kind": "lipsync-image"}, []),
        ({"q": "good"}, ["video", "photo"]),
        ({"q": "  berlin   GOOD "}, ["photo"]),
        ({"q": "%"}, ["done"]),
        ({"q": "_"}, ["done"]),
        ({"q": "x" * 500}, []),
        ({"q": "go\0od"}, ["video", "photo"]),
        ({"kind": "x", "state": "y"}, ["done", "video", "photo"]),
    ],
)
@pytest.mark.parametrize("part", [False, True])
def test_some_of_them_are_asked_for(
    alices: Client, mixed: dict[str, Job], asked: dict[str, str], found: list[str], part: bool
) -> None:
    answer = alices.get(GALLERY, asked, headers=HTMX if part else {})

    assert shown(answer) == [mixed[name].pk for name in found]
    assert ("None of these" in words(answer)) == (not found)


def test_what_was_asked_for_stays_in_the_form(alices: Client, mixed: dict[str, Job]) -> None:
    html = source(alices.get(GALLERY, {"q": "good & <b>", "state": "failed", "kind": "lipsync-video"}))

    assert 'value="good &amp; &lt;b&gt;"' in html
    assert '<option value="failed" selected>' in html
    assert re.findall(r'name="kind" value="([^"]*)" checked', html) == ["lipsync-video"]


def test_older_ones_are_of_those_asked_for(alices: Client, alice: User, make_job: MakeJob) -> None:
    for number in range(PAGE + 3):
        make_job(alice, name=f"Take {number}")
        if number % 3 == 0:
            make_job(alice, name="Other")

    first = alices.get(GALLERY, {"q": "take"})
    second = alices.get(next_address(first).replace("&amp;", "&"), headers=HTMX)

    assert (len(shown(first)), len(shown(second))) == (PAGE, 3)
    assert "Other" not in words(second)
    assert next_address(second) == ""


def test_the_videos_of_others_are_not_found(charlies: Client, mixed: dict[str, Job]) -> None:
    assert shown(charlies.get(GALLERY, {"q": "good"})) == []


def test_more_cards_ask_no_more_questions(alices: Client, alice: User, job_in: JobIn) -> None:
    def questions() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert alices.get(GALLERY).status_code == 200
        return len(asked)

    for status in Status:
        job_in(status, alice)
    questions()  # makes the wallet that the page shows
    few = questions()
    for status in Status:
        for _ in range(3):
            job_in(status, alice)

    assert questions() == few


# --- What a card says ------------------------------------------------------------------------


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


def test_a_job_without_a_name_is_called_something(alices: Client, alice: User, job_in: JobIn) -> None:
    job = job_in(Status.DONE, alice)
    Job.objects.update(name="")

    assert "Untitled" in words(one_card(alices, job))
    assert "Ohne Namen" in words(one_card(alices, job, **GERMAN))


@pytest.mark.parametrize(
    ("status", "english", "german"),
    [
        (Status.FAILED, "Did not work out The recording holds 0 voices.", "Nicht geschafft"),
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
        error_template="The face in the picture is {found} pixels wide; {needed} are needed. "
        "Cut the picture closer or choose another.",
        error_params={"found": 12, "needed": 64},
    )

    assert "is 12 pixels wide; 64 are needed" in words(one_card(alices, job))
    assert "ist 12 Pixel breit, nötig sind 64" in words(one_card(alices, job, **GERMAN))


@pytest.mark.parametrize("status", list(Status))
def test_only_an_open_card_asks_again(alices: Client, alice: User, job_in: JobIn, status: Status) -> None:
    job = job_in(status, alice)

    for answer in (one_card(alices, job), alices.get(GALLERY)):
        tag = element(answer, f"job-{job.pk}")
        assert f'data-state="{status}"' in tag
        assert (f'hx-get="{GALLERY}{job.pk}/"' in tag) == (status in OPEN)
        assert ("hx-trigger" in tag) == (status in OPEN)


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
