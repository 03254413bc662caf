"""The gallery: own videos, newest first, page by page, with few questions to the database."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from jobs.models import Job, Status, User
from jobs.web.gallery import PAGE
from tests.conftest import MakeJob
from tests.web.cards import shown
from tests.web.conftest import JobIn
from tests.web.gallery.addresses import GALLERY, next_address
from tests.web.reading import HTMX, source, words


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


def test_a_page_of_many_videos_asks_ten_questions(alices: Client, alice: User, job_in: JobIn) -> None:
    for _ in range(PAGE + 1):
        job_in(Status.DONE, alice)
    alices.get(GALLERY)  # makes the wallet that the page shows

    with CaptureQueriesContext(connection) as asked:
        assert len(shown(alices.get(GALLERY))) == PAGE

    assert len(asked) <= 10
