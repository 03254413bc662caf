"""Several videos at once: deleted, brought back, saved, cancelled, tried again."""

import io
import re
import zipfile
from typing import Any

import pytest
from django.test import Client

from jobs import lifecycle
from jobs.models import Job, Status, User, Wallet
from tests.conftest import MakeJob
from tests.engine import RESULT
from tests.web.cards import shown
from tests.web.conftest import JobIn
from tests.web.reading import source, whole, words


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
