"""Shared pages: on and off, what a stranger sees, what other sites are told, and complaints."""

import re
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.utils import timezone

from jobs import lifecycle, sharing
from jobs.media import keep_poster
from jobs.models import Complaint, Job, Share, Status, User
from jobs.web.share import MOST_COMPLAINTS
from tests.web.conftest import JobIn
from tests.web.reading import GERMAN, problem, source, whole, words

BASE = django_settings.PUBLIC_BASE_URL


@pytest.fixture
def done(alice: User, job_in: JobIn, png: Path) -> Job:
    job = job_in(Status.DONE, alice)
    Job.objects.filter(pk=job.pk).update(name="Good morning", poster=keep_poster(alice, png, width=480, height=640))
    job.refresh_from_db()
    return job


def shared(job: Job) -> str:
    return f"/s/{sharing.share(job.user, job.pk).token}/"


# --- On and off --------------------------------------------------------------------------


def test_a_finished_video_is_shared_and_taken_back(alices: Client, done: Job) -> None:
    assert 'id="share-on"' in source(alices.get(f"/jobs/{done.pk}/"))

    answer = alices.post(f"/jobs/{done.pk}/share/", follow=True)

    page = Share.objects.get()
    assert (page.job_id, page.expires, page.ended) == (done.pk, None, None)
    assert f"{BASE}/s/{page.token}/" in source(answer)
    assert len(page.token) >= 20
    assert Client().get(f"/s/{page.token}/").status_code == 200

    answer = alices.post(f"/jobs/{done.pk}/unshare/", follow=True)
    assert "Its address will never work again." in words(answer)
    assert Client().get(f"/s/{page.token}/").status_code == 404
    alices.post(f"/jobs/{done.pk}/share/")
    assert Client().get(f"/s/{page.token}/").status_code == 404
    assert Share.objects.filter(ended=None).get().token != page.token


@pytest.mark.parametrize(("lifetime", "days"), [("7", 7), ("", None), ("x", None), ("-1", None)])
def test_a_page_lasts_as_long_as_was_asked(alices: Client, done: Job, lifetime: str, days: int | None) -> None:
    alices.post(f"/jobs/{done.pk}/share/", {"lifetime": lifetime})

    expires = Share.objects.get().expires
    if days is None:
        assert expires is None
    else:
        assert expires is not None
        assert abs(expires - timezone.now() - timedelta(days=days)) < timedelta(minutes=1)
        assert "can watch it until" in words(alices.get(f"/jobs/{done.pk}/"))


def test_asking_twice_keeps_the_address_and_changes_the_time(alices: Client, done: Job) -> None:
    for lifetime in ("", "30"):
        alices.post(f"/jobs/{done.pk}/share/", {"lifetime": lifetime})

    assert Share.objects.get().expires is not None


def test_after_its_time_a_page_is_gone_and_the_next_has_another_address(alices: Client, done: Job) -> None:
    address = shared(done)
    Share.objects.update(expires=timezone.now() - timedelta(seconds=1))

    assert Client().get(address).status_code == 404
    assert 'id="share-on"' in source(alices.get(f"/jobs/{done.pk}/"))
    assert shared(done) != address


@pytest.mark.parametrize("status", [Status.RUNNING, Status.FAILED])
def test_only_what_is_finished_is_shared(alices: Client, alice: User, job_in: JobIn, status: Status) -> None:
    job = job_in(status, alice)

    answer = alices.post(f"/jobs/{job.pk}/share/", follow=True)

    assert "Only a finished video can be shared." in words(answer)
    assert not Share.objects.exists()


def test_what_its_owner_removed_and_who_is_suspended_are_not_seen(done: Job, alice: User) -> None:
    address = shared(done)
    lifecycle.suspend(alice)
    assert Client().get(address).status_code == 404
    lifecycle.readmit(alice)
    again = shared(done)
    lifecycle.remove(alice, done.pk)
    assert Client().get(again).status_code == 404


def test_a_deleted_videos_page_is_down_at_once_and_up_again_when_that_is_undone(done: Job, alice: User) -> None:
    address = shared(done)
    lifecycle.hide(alice, [done.pk])
    moment = Job.objects.get().removed
    assert moment
    for end in ("", "player/"):
        assert Client().get(address + end).status_code == 404

    lifecycle.bring_back(alice, moment)
    assert Client().get(address).status_code == 200

    lifecycle.hide(alice, [done.pk])
    Job.objects.update(erase_after=timezone.now())
    lifecycle.sweep()
    assert Client().get(address).status_code == 404
    assert not Share.objects.filter(ended=None).exists()


@pytest.mark.parametrize("token", ["x", "../x", "a" * 400, "ä"])
def test_an_address_that_was_guessed_is_nothing(token: str, db: None) -> None:
    for end in ("", "player/"):
        assert Client().get(f"/s/{quote(token, safe='')}/{end}").status_code == 404


# --- What a stranger sees ------------------------------------------------------------------


def is_served(address: str) -> bool:
    """Whether a stranger gets something, to its end."""
    answer = Client().get(address)
    return answer.status_code == 200 and whole(answer) != b""


def test_a_stranger_watches_and_is_told_that_it_was_made(done: Job) -> None:
    answer = Client().get(shared(done))

    html = source(answer)
    assert "Good morning" in words(answer)
    assert "AI-generated" in words(answer)
    assert "The lips in this video were made by software." in words(answer)
    assert "KI-generiert" in words(Client().get(shared(done), headers=GERMAN))
    video = re.search(r'<video src="([^"]+)"', html)
    assert video is not None
    assert is_served(video[1])
    assert done.user.email not in html


def test_search_engines_leave_it_out(done: Job) -> None:
    address = shared(done)
    for end in ("", "player/"):
        answer = Client().get(address + end)
        assert answer["X-Robots-Tag"] == "noindex"
        assert '<meta name="robots" content="noindex">' in source(answer)


def test_other_sites_are_told_what_to_show(done: Job) -> None:
    address = shared(done)
    html = source(Client().get(address))

    told = dict(re.findall(r'<meta (?:property|name)="((?:og|twitter):[^"]+)" content="([^"]*)"', html))
    assert told["og:title"] == told["twitter:title"] == "Good morning"
    assert told["og:url"] == BASE + address
    assert (told["og:video:type"], told["og:video:width"], told["og:video:height"]) == ("video/mp4", "480", "640")
    assert told["twitter:card"] == "player"
    assert told["twitter:player"] == f"{BASE}{address}player/"
    for name in ("og:video", "og:image", "twitter:player"):
        assert told[name].startswith(BASE)
        assert is_served(told[name].removeprefix(BASE))


def test_only_the_bare_player_may_be_framed(done: Job) -> None:
    address = shared(done)

    page, player = Client().get(address), Client().get(f"{address}player/")

    assert "frame-ancestors 'none'" in page["Content-Security-Policy"]
    assert page["X-Frame-Options"] == "DENY"
    assert "frame-ancestors *" in player["Content-Security-Policy"]
    assert "X-Frame-Options" not in player
    assert "<script" not in source(player)


def test_oembed_hands_out_the_player(done: Job) -> None:
    address = shared(done)
    html = source(Client().get(address))
    link = re.search(r'type="application/json\+oembed" href="([^"]+)"', html)
    assert link is not None
    asked = link[1].replace("&amp;", "&").removeprefix(BASE)

    whole = Client().get(asked).json()
    small = Client().get(f"{asked}&maxwidth=240&maxheight=x").json()

    assert (whole["type"], whole["version"], whole["title"]) == ("video", "1.0", "Good morning")
    assert (whole["width"], whole["height"]) == (480, 640)
    assert (small["width"], small["height"]) == (240, 320)
    assert f'src="{BASE}{address}player/"' in whole["html"]
    assert whole["thumbnail_url"].startswith(f"{BASE}/media/")
    assert Client().get(f"{asked}&format=xml").status_code == 501
    for url in ("", "x", f"{BASE}/", f"{BASE}/s/unknown/", "https://example.org/s/"):
        assert Client().get("/oembed", {"url": url}).status_code == 404


# --- Complaints -------------------------------------------------------------------------------


def test_a_complaint_reaches_the_operator(done: Job) -> None:
    address = shared(done)

    answer = Client().post(f"{address}report/", {"text": "  That is me, and I never said so. "}, follow=True)

    assert "Whoever runs this site has been told." in words(answer)
    said = Complaint.objects.get()
    assert (said.text, said.share.job_id) == ("That is me, and I never said so.", done.pk)


@pytest.mark.parametrize("text", ["", "   ", "x" * 2001, "a\0b"])
def test_a_complaint_says_something(done: Job, text: str) -> None:
    answer = Client().post(f"{shared(done)}report/", {"text": text})

    assert answer.status_code == 422
    assert problem(answer, "text")
    assert not Complaint.objects.exists()


def test_a_flood_of_complaints_is_kept_only_so_far(done: Job) -> None:
    address = shared(done)
    for number in range(MOST_COMPLAINTS + 3):
        assert Client().post(f"{address}report/", {"text": f"No. {number}"}).status_code == 302

    assert Complaint.objects.count() == MOST_COMPLAINTS


def test_the_gallery_shows_the_poster(alices: Client, done: Job) -> None:
    html = source(alices.get("/gallery/"))

    assert done.poster is not None
    assert "poster.jpg" in html
