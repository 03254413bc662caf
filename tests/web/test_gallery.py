"""The gallery: own videos, newest first, page by page, each card as its job is."""

import html
import io
import re
import zipfile
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from jobs import lifecycle
from jobs.media import keep_preview
from jobs.models import Job, Media, Status, User, Wallet
from jobs.models.job import Model
from jobs.web import changes
from jobs.web.changes import QUICK
from jobs.web.gallery import PAGE
from tests.conftest import MakeJob
from tests.engine import RESULT
from tests.plans import plans_of
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


@dataclass(frozen=True)
class Part:
    """A piece of an answer, to be read as a whole one is."""

    content: bytes


def one_card(client: Client, job: Job, **headers: str) -> Part:
    page = source(client.get(GALLERY, headers=HTMX | headers))
    found = re.search(rf'<li class="card [^>]*id="job-{job.pk}".*?</li>', page, re.DOTALL)
    assert found
    return Part(found[0].encode())


def look(client: Client, answer: Any, **headers: str) -> Any:
    """What the page `answer` gets when it looks for changes."""
    asked = re.search(r'hx-get="([^"]*)"', element(answer, "watch"))
    assert asked
    return client.get(asked[1], headers=HTMX | headers)


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
    assert ("No video found" in words(answer)) == (not found)


def test_what_was_asked_for_stays_in_the_form(alices: Client, mixed: dict[str, Job]) -> None:
    page = source(alices.get(GALLERY, {"q": "good & <b>", "state": "failed", "kind": "lipsync-video"}))

    assert 'value="good &amp; &lt;b&gt;"' in page
    assert '<option value="failed" selected>' in page
    assert re.findall(r'name="kind" value="([^"]*)" checked', page) == ["lipsync-video"]


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


# --- What has changed ------------------------------------------------------------------------


def test_nothing_has_changed_costs_one_question_and_reads_neither_session_nor_account(
    alices: Client, alice: User, bob: User, make_job: MakeJob
) -> None:
    for status in (Status.DONE, Status.FAILED, Status.CANCELLED):
        Job.objects.filter(pk=make_job(alice).pk).update(status=status, finished=timezone.now())
    page = alices.get(GALLERY)
    make_job(bob)

    with CaptureQueriesContext(connection) as asked:
        answer = look(alices, page)

    assert (answer.status_code, answer.content) == (204, b"")
    assert len(asked) == 1
    assert "session" not in asked.captured_queries[0]["sql"]


def test_it_is_found_in_an_index(alices: Client, alice: User, make_job: MakeJob) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("reads SQLite's plans")
    make_job(alice)
    page = alices.get(GALLERY)

    with plans_of() as plans:
        assert look(alices, page).status_code == 204

    steps = [step for plan in plans.values() for step in plan]
    assert steps
    assert not any(step.startswith("SCAN jobs_job") and "job_queued" not in step for step in steps), steps
    assert any("job_own_changed" in step for step in steps)


@pytest.mark.parametrize("status", list(Status))
def test_a_page_looks_more_often_while_something_is_open(
    alices: Client, alice: User, job_in: JobIn, status: Status
) -> None:
    job_in(status, alice)

    tag = element(alices.get(GALLERY), "watch")

    assert (f"every {QUICK}," in tag) == (status in OPEN)
    assert ("waiting=1" in tag) == (status == Status.QUEUED)


def test_what_has_changed_comes_alone(alices: Client, alice: User, bob: User, make_job: MakeJob) -> None:
    still, going = make_job(alice), make_job(alice)
    foreign = make_job(bob)
    Job.objects.filter(pk=still.pk).update(
        status=Status.DONE, finished=timezone.now(), updated=timezone.now() - timedelta(minutes=1)
    )
    page = alices.get(GALLERY)
    lifecycle.cancel(alice, going.pk)
    lifecycle.cancel(bob, foreign.pk)

    first = look(alices, page)
    second = look(alices, first)

    assert shown(first) == [going.pk]
    assert f'hx-swap-oob="morph:#job-{going.pk}"' in source(first)
    assert "Cancelled" in words(first)
    assert str(still.pk) not in source(first)
    assert second.status_code == 204


def test_the_line_moving_up_is_a_change_for_those_who_wait(
    alices: Client, alice: User, bob: User, make_job: MakeJob
) -> None:
    foreign, own, other = make_job(bob), make_job(alice), make_job(alice)
    Job.objects.filter(pk=own.pk).update(updated=timezone.now() - timedelta(minutes=1))
    lifecycle.cancel(alice, other.pk)
    page = alices.get(GALLERY)
    assert "Number 2 in line" in words(page)
    assert look(alices, page).status_code == 204

    lifecycle.cancel(bob, foreign.pk)

    answer = look(alices, page)
    assert own.pk in shown(answer)
    assert "Next in line" in words(answer)


def test_a_new_video_belongs_on_the_page_if_it_is_of_those_asked_for(
    alices: Client, alice: User, make_job: MakeJob
) -> None:
    everything, evening = alices.get(GALLERY), alices.get(GALLERY, {"q": "evening"})
    make_job(alice, name="Good morning")

    assert [("data-fits" in source(look(alices, page))) for page in (everything, evening)] == [True, False]
    assert "1 video" in words(look(alices, everything))


def test_a_renamed_and_a_removed_video_are_changes(alices: Client, alice: User, job_in: JobIn) -> None:
    renamed, removed = job_in(Status.DONE, alice), job_in(Status.DONE, alice)
    page = alices.get(GALLERY)

    lifecycle.rename(alice, renamed.pk, "Good evening")
    answer = look(alices, page)
    assert "Good evening" in words(answer)
    lifecycle.remove(alice, removed.pk)
    answer = look(alices, answer)

    assert f'<li id="job-{removed.pk}" hx-swap-oob="delete">' in source(answer)
    assert removed.pk not in shown(answer)
    assert "1 video" in words(answer)


def test_a_word_that_is_not_ours_or_too_old_lets_nobody_ask(
    alices: Client, charlies: Client, anybody: Client, alice: User, make_job: MakeJob, settings: Settings
) -> None:
    make_job(alice)
    address = html.unescape(str(re.findall(r'hx-get="([^"]*)"', element(alices.get(GALLERY), "watch"))[0]))

    for wrong in (address.replace("of=", "of=x"), address.replace("of=", "of=&x="), "/gallery/changes/"):
        assert "HX-Redirect" in anybody.get(wrong, headers=HTMX).headers
    # The word of somebody else tells that something has changed, never what.
    lifecycle.cancel(alice, Job.objects.get().pk)
    assert shown(charlies.get(address, headers=HTMX)) == []
    assert "HX-Redirect" in anybody.get(address, headers=HTMX).headers


@pytest.mark.parametrize("mark", ["", "x", "9" * 40, "-1-", "²"])
def test_a_mark_that_is_none_loads_the_page_anew(alices: Client, mark: str) -> None:
    assert alices.get("/gallery/changes/", {"since": mark}, headers=HTMX).headers.get("HX-Refresh") == "true"


def test_after_too_many_changes_the_page_is_loaded_anew(
    alices: Client, alice: User, make_job: MakeJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = alices.get(GALLERY)
    for _ in range(3):
        make_job(alice)

    assert len(shown(look(alices, page))) == 3
    monkeypatch.setattr(changes, "MOST_CHANGES", 2)
    assert look(alices, page).headers["HX-Refresh"] == "true"


# --- Several at once -------------------------------------------------------------------------


def do(client: Client, what: str, jobs: list[Job], *more: str) -> Any:
    ids = [*(str(job.pk) for job in jobs), *more]
    return client.post("/gallery/selected/", {"do": what, "job": ids}, follow=True)


def test_several_are_deleted_and_brought_back_together(
    alices: Client, alice: User, bob: User, job_in: JobIn, make_job: MakeJob
) -> None:
    ended = [job_in(status, alice) for status in (Status.DONE, Status.FAILED, Status.CANCELLED)]
    going, foreign = make_job(alice), job_in(Status.DONE, bob)

    answer = do(alices, "remove", [*ended, going, foreign], "x", "")

    assert shown(answer) == [going.pk]
    assert "3 videos deleted" in words(answer)
    assert Job.objects.get(pk=foreign.pk).removed is None
    moment = re.search(r'name="removed" value="([^"]*)"', source(answer))
    assert moment
    answer = alices.post("/gallery/undo/", {"removed": moment[1]}, follow=True)
    assert shown(answer) == [going.pk, *(job.pk for job in reversed(ended))]


def test_those_that_are_done_come_in_one_zip(alices: Client, alice: User, bob: User, job_in: JobIn) -> None:
    first, second, failed, foreign = (
        job_in(status, owner)
        for status, owner in (
            (Status.DONE, alice),
            (Status.DONE, alice),
            (Status.FAILED, alice),
            (Status.DONE, bob),
        )
    )
    lifecycle.rename(alice, first.pk, "Hello")
    lifecycle.rename(alice, second.pk, "hello")

    answer = do(alices, "download", [first, second, failed, foreign], "x")

    assert re.fullmatch(r'attachment; filename="Mundwerk [0-9-]{10}\.zip"', answer["Content-Disposition"])
    assert answer["Cache-Control"] == "private, no-store"
    with zipfile.ZipFile(io.BytesIO(whole(answer))) as archived:
        assert archived.testzip() is None
        assert archived.namelist() == ["hello.mp4", "Hello (2).mp4"]
        assert {info.compress_type for info in archived.infolist()} == {zipfile.ZIP_STORED}
        assert archived.read("hello.mp4") == RESULT


def test_several_are_cancelled(alices: Client, alice: User, bob: User, job_in: JobIn, make_job: MakeJob) -> None:
    going, done, foreign = [make_job(alice), make_job(alice)], job_in(Status.DONE, alice), make_job(bob)

    do(alices, "cancel", [*going, done, foreign])

    found = dict(Job.objects.values_list("pk", "status"))
    assert {found[job.pk] for job in going} == {Status.CANCELLED}
    assert (found[done.pk], found[foreign.pk]) == (Status.DONE, Status.QUEUED)


def test_several_are_tried_again_as_far_as_credits_go(alices: Client, alice: User, job_in: JobIn) -> None:
    failed = [job_in(Status.FAILED, alice), job_in(Status.CANCELLED, alice)]

    assert len(shown(do(alices, "again", [*failed, job_in(Status.DONE, alice)]))) == 5
    assert Job.objects.filter(status=Status.QUEUED).count() == 2
    do(alices, "again", failed)  # pressed once more
    assert Job.objects.filter(status=Status.QUEUED).count() == 2
    failed += [job_in(Status.FAILED, alice), job_in(Status.CANCELLED, alice)]
    Wallet.objects.update(available=15)
    answer = do(alices, "again", failed)
    assert Job.objects.filter(status=Status.QUEUED).count() == 3
    assert "credits" in words(answer).partition("Close")[0]


@pytest.mark.parametrize("what", ["", "x", "download", "remove", "cancel", "again"])
def test_nothing_is_done_with_nothing(alices: Client, alice: User, job_in: JobIn, what: str) -> None:
    job = job_in(Status.FAILED, alice)
    everything = list(Job.objects.values())

    assert shown(do(alices, what, [])) == [job.pk]
    assert list(Job.objects.values()) == everything


def test_a_page_of_many_videos_asks_ten_questions(alices: Client, alice: User, job_in: JobIn) -> None:
    for _ in range(PAGE + 1):
        job_in(Status.DONE, alice)
    alices.get(GALLERY)  # makes the wallet that the page shows

    with CaptureQueriesContext(connection) as asked:
        assert len(shown(alices.get(GALLERY))) == PAGE

    assert len(asked) <= 10


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
