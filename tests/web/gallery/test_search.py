"""Some of the videos: by words, by kind, by state."""

import re

import pytest
from django.test import Client

from jobs.models import Job, Status, User
from jobs.models.job import Model
from jobs.web.gallery import PAGE
from tests.conftest import MakeJob
from tests.web.cards import shown
from tests.web.gallery.addresses import GALLERY, next_address
from tests.web.reading import HTMX, source, words


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
