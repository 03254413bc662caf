"""One job's page in every state, and cancelling it."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db.models import F
from django.test import Client
from django.utils import timezone

from jobs import credits, lifecycle
from jobs.engines.local.manner import VOCABULARY
from jobs.models import Job, JobInput, MovementKind, Status, User, Wallet, WalletKind
from jobs.models.job import Model
from jobs.web.words import MANNERS
from tests.conftest import MakeJob
from tests.engine import RESULT
from tests.web.conftest import JobIn
from tests.web.reading import GERMAN, HTMX, element, source, whole, words

OPEN = (Status.QUEUED, Status.RUNNING)


def page_of(client: Client, job: Job, **headers: str) -> Any:
    answer = client.get(f"/jobs/{job.pk}/", headers=headers)
    assert answer.status_code == 200
    return answer


@pytest.mark.parametrize(
    ("status", "english", "german"),
    [
        (Status.QUEUED, "Next in line", "Als Nächstes dran"),
        (Status.RUNNING, "42 % Drawing the lips", "42 % Lippen werden gezeichnet"),
        (Status.DONE, "Download MP4", "MP4 herunterladen"),
        (Status.FAILED, "The recording holds 0 voices. 10 credits are back.", "10 Credits sind zurück."),
        (Status.CANCELLED, "Cancelled 10 credits are back", "Abgebrochen 10 Credits sind zurück"),
    ],
)
def test_a_page_shows_its_job_as_it_is(
    alices: Client, alice: User, job_in: JobIn, status: Status, english: str, german: str
) -> None:
    job = job_in(status, alice, name="Good morning")

    answer = page_of(alices, job)

    assert "<h1>Good morning</h1>" in source(answer)
    assert english in words(answer)
    assert german in words(page_of(alices, job, **GERMAN))
    tag = element(answer, "live")
    assert f'data-state="{status}"' in tag
    assert (f'hx-get="/jobs/{job.pk}/?since=' in tag) == ("hx-trigger" in tag) == (status in OPEN)
    assert ('id="cancel"' in source(answer)) == (status in OPEN)
    assert ("<video" in source(answer)) == ('id="download"' in source(answer)) == (status == Status.DONE)
    assert ("given back" in words(answer)) == (status in (Status.FAILED, Status.CANCELLED))
    assert f'href="/studio/?like={job.pk}"' in element(answer, "another")


def test_the_part_is_the_page_without_its_frame(alices: Client, alice: User, job_in: JobIn) -> None:
    job = job_in(Status.RUNNING, alice)

    part = source(page_of(alices, job, **HTMX)).strip()

    assert part.startswith('<div id="live"')
    assert "<html" not in part
    tokens = re.compile(r'name="csrfmiddlewaretoken" value="\w+"')
    assert tokens.sub("", part) in tokens.sub("", source(page_of(alices, job)))


@pytest.mark.parametrize("status", [Status.RUNNING, Status.DONE, Status.CANCELLED])
def test_what_a_late_look_brings_takes_the_parts_own_place(
    alices: Client, alice: User, job_in: JobIn, status: Status
) -> None:
    """Where answers are slow, a look waits behind another that ends the looking: told nothing, htmx would nest it."""
    live = re.search(r'<div id="live"[^>]*>', source(page_of(alices, job_in(status, alice))))
    assert live is not None
    assert 'hx-target="this" hx-swap="morph:outerHTML"' in live[0]
    assert ("hx-trigger" in live[0]) == (status == Status.RUNNING)


def test_the_video_and_the_voice_are_there(alices: Client, alice: User, job_in: JobIn, wav: Path) -> None:
    job = job_in(Status.DONE, alice, name="Grüße")

    html = source(page_of(alices, job))

    (video,) = re.findall(r'<video src="([^"]*)" poster="/media/', html)
    (voice,) = re.findall(r'<audio src="([^"]*)"', html)
    (saved,) = re.findall(r'id="download" href="([^"]*)"', html)
    playing, saving, speaking = (alices.get(address) for address in (video, saved, voice))
    assert whole(playing) == whole(saving) == RESULT
    assert saving["Content-Disposition"] == "attachment; filename*=utf-8''Gr%C3%BC%C3%9Fe.mp4"
    assert whole(speaking) == wav.read_bytes()
    assert "voice.wav, 0:03" in html


def test_both_voices_of_two_are_there_and_who_speaks_when(alices: Client, alice: User, job_in: JobIn) -> None:
    job = job_in(Status.DONE, alice)
    Job.objects.filter(pk=job.pk).update(model=Model.MULTI, speaking_order="right_left")
    job.inputs.filter(field="audio").update(field="left_audio")
    JobInput.objects.create(job=job, field="right_audio", media=job.input("left_audio"))

    html = source(page_of(alices, job))

    (video,) = re.findall(r'<video src="([^"]*)"', html)
    assert len(re.findall(r"<audio src=", html)) == 2
    assert "Voice on the left: voice.wav, 0:03" in html
    assert "Voice on the right: voice.wav, 0:03" in html
    assert "First right, then left" in html
    assert f'data-player data-wave="{video}"' in html  # as they are heard together


def test_the_facts_of_a_job(alices: Client, alice: User, make_job: MakeJob) -> None:
    job = make_job(alice, resolution=720, prompt="calm <b>", wallet_kind=WalletKind.USER)
    Job.objects.update(seed=2147483647, prompt_used=["calm", "still"])

    for headers, price in (({}, "20 user credits"), (GERMAN, "20 Benutzer-Credits")):
        answer = page_of(alices, job, **headers)
        assert price in words(answer)
        assert "2147483647" in words(answer)
        assert "720p" in words(answer)
        assert "calm &lt;b&gt;" in source(answer)
        assert "This had an effect: calm, still. Anything else" in words(answer) or headers
        assert "Gewirkt hat: ruhig, reglos. Alles andere" in words(answer) or not headers
    paid_by_a_program = make_job(alice, wallet_kind=WalletKind.API)
    assert "10 API credits" in words(page_of(alices, paid_by_a_program))


@pytest.mark.parametrize(("engine", "said"), [("local 1", True), ("upstream 1", False), ("fal 1", False)])
def test_a_prompt_without_effect_is_said_where_the_engine_tells(
    alices: Client, alice: User, job_in: JobIn, engine: str, said: bool
) -> None:
    job = job_in(Status.DONE, alice)
    Job.objects.update(prompt="like a pirate", prompt_used=[], engine=engine)

    answer = page_of(alices, job)

    assert ("No word of it is known here, so it had no effect. Words that work" in words(answer)) == said
    assert ('href="/docs/#prompt"' in source(answer)) == said
    assert 'id="prompt"' in source(alices.get("/docs/"))


def test_every_word_that_works_has_its_translation() -> None:
    assert set(MANNERS) == {word for word, _, _ in VOCABULARY}


def test_the_timings_are_said_and_drawn(alices: Client, alice: User, job_in: JobIn) -> None:
    job = job_in(Status.DONE, alice)
    timings = {"listening": 1500, "looking": 500, "drawing": 6500, "saving": 1000, "polishing": 500, "greeting": 49}
    Job.objects.update(timings=timings, started=F("finished") - timedelta(seconds=10))

    english, german = page_of(alices, job), page_of(alices, job, **GERMAN)

    assert "Took 10.0 s Finding the face 0.5 s Listening 1.5 s Drawing 6.5 s Saving 1.0 s polishing 0.5 s" in words(
        english
    )
    assert "greeting" not in words(english)
    assert "Dauerte 10,0 s Gesicht suchen 0,5 s Zuhören 1,5 s" in words(german)
    for answer in (english, german):
        bars = re.findall(r'<rect x="([^"]*)" y="0" width="([^"]*)"', source(answer))
        assert [(float(x), float(width)) for x, width in bars] == [(0, 5), (5, 15), (20, 65), (85, 10), (95, 5)]


def test_a_job_without_timings_draws_none(alices: Client, alice: User, job_in: JobIn) -> None:
    assert 'id="took"' not in source(page_of(alices, job_in(Status.RUNNING, alice)))


def test_a_long_job_ago_is_dated(alices: Client, alice: User, make_job: MakeJob) -> None:
    job = make_job(alice)
    Job.objects.update(created=timezone.now().replace(year=2025, month=11, day=3, hour=9, minute=5))

    assert "3 Nov 2025, 09:05" in words(page_of(alices, job))
    assert "3. Nov. 2025, 09:05" in words(page_of(alices, job, **GERMAN))


# --- Cancelling ------------------------------------------------------------------------------


@pytest.mark.parametrize("status", OPEN)
@pytest.mark.parametrize("part", [False, True])
def test_cancelling_gives_the_credits_back(
    alices: Client, alice: User, job_in: JobIn, status: Status, part: bool
) -> None:
    job = job_in(status, alice)

    answer = alices.post(f"/jobs/{job.pk}/cancel/", headers=HTMX if part else {})

    assert answer.status_code == (200 if part else 303)
    assert answer["HX-Redirect" if part else "Location"] == f"/jobs/{job.pk}/"
    job.refresh_from_db()
    assert job.status == Status.CANCELLED
    assert set(job.movements.values_list("kind", flat=True)) == {MovementKind.HOLD, MovementKind.RELEASE}
    wallet = credits.wallet_of(alice, WalletKind.API)
    assert (wallet.available, wallet.held) == (500, 0)


def test_cancelling_what_is_done_leads_to_its_page_and_changes_nothing(
    alices: Client, alice: User, job_in: JobIn
) -> None:
    job = job_in(Status.DONE, alice)

    answer = alices.post(f"/jobs/{job.pk}/cancel/", follow=True)

    assert "Download MP4" in words(answer)
    job.refresh_from_db()
    assert job.status == Status.DONE
    assert credits.wallet_of(alice, WalletKind.API).available == 490


# --- Once more -------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [Status.FAILED, Status.CANCELLED])
@pytest.mark.parametrize("part", [False, True])
def test_what_came_to_nothing_is_tried_again_as_a_new_job(
    alices: Client, alice: User, job_in: JobIn, status: Status, part: bool
) -> None:
    job = job_in(status, alice)
    assert 'id="again"' in source(page_of(alices, job))

    answer = alices.post(f"/jobs/{job.pk}/again/", headers=HTMX if part else {})

    new = Job.objects.exclude(pk=job.pk).get()
    assert answer["HX-Redirect" if part else "Location"] == f"/jobs/{new.pk}/"
    assert (new.status, new.seed, new.wallet_id) == (Status.QUEUED, job.seed, job.wallet_id)
    assert credits.wallet_of(alice, WalletKind.API).held == job.price


def test_try_again_pressed_twice_makes_and_holds_one_job(alices: Client, alice: User, job_in: JobIn) -> None:
    job = job_in(Status.FAILED, alice)

    first, second = (alices.post(f"/jobs/{job.pk}/again/") for _ in range(2))

    new = Job.objects.exclude(pk=job.pk).get()
    assert first["Location"] == second["Location"] == f"/jobs/{new.pk}/"
    assert credits.wallet_of(alice, WalletKind.API).held == job.price


def test_what_can_not_be_tried_again_says_why(alices: Client, alice: User, job_in: JobIn) -> None:
    job = job_in(Status.DONE, alice)
    assert 'id="again"' not in source(page_of(alices, job))

    answer = alices.post(f"/jobs/{job.pk}/again/", follow=True)

    assert "Only a job that failed or was cancelled can be tried again." in words(answer)
    failed = job_in(Status.FAILED, alice)
    Wallet.objects.update(available=0)
    assert "credits" in words(alices.post(f"/jobs/{failed.pk}/again/", follow=True))
    assert Job.objects.count() == 2


def test_nobody_tries_the_job_of_another_again(alices: Client, bob: User, job_in: JobIn) -> None:
    job = job_in(Status.FAILED, bob)

    assert alices.post(f"/jobs/{job.pk}/again/").status_code == 404
    assert Job.objects.count() == 1


def test_an_open_job_that_has_not_changed_is_not_told_again(
    alices: Client, alice: User, bob: User, make_job: MakeJob
) -> None:
    foreign, job = make_job(bob), make_job(alice)

    def look(page: Any) -> Any:
        asked = re.search(r'hx-get="([^"]*)"', element(page, "live"))
        assert asked
        return alices.get(asked[1], headers=HTMX)

    page = page_of(alices, job)
    assert (look(page).status_code, look(page).content) == (204, b"")
    lifecycle.cancel(bob, foreign.pk)
    page = look(page)
    assert "Next in line" in words(page)
    lifecycle.cancel(alice, job.pk)
    assert "Cancelled" in words(look(page))


# --- Its name and its end ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "name"),
    [("  Good evening ", "Good evening"), ("x" * 500, "x" * 120), ("", "face – voice"), ("a\0b", "ab")],
)
def test_a_job_gets_another_name(alices: Client, alice: User, make_job: MakeJob, typed: str, name: str) -> None:
    job = make_job(alice)

    answer = alices.post(f"/jobs/{job.pk}/rename/", {"name": typed}, follow=True)

    assert f"<h1>{name}</h1>" in source(answer)


def test_a_deleted_video_is_gone_at_once_and_brought_back_by_a_plain_form(
    alices: Client, alice: User, job_in: JobIn, data_dir: Path
) -> None:
    job = job_in(Status.DONE, alice)
    form = re.search(r'action="([^"]*)">[^>]*>\s*<button[^>]*id="delete"', source(page_of(alices, job)))
    assert form

    answer = alices.post(form[1], follow=True)

    assert "1 video deleted" in words(answer)
    assert f'id="job-{job.pk}"' not in source(answer)
    assert alices.get(f"/jobs/{job.pk}/").status_code == 404
    moment = re.search(r'name="removed" value="([^"]*)"', source(answer))
    assert moment
    answer = alices.post("/gallery/undo/", {"removed": moment[1]}, follow=True)
    assert f'id="job-{job.pk}"' in source(answer)
    assert "deleted" not in words(answer)
    video = re.search(r'data-video="([^"]*)"', source(answer))
    assert video
    assert whole(alices.get(video[1])) == RESULT


def test_after_the_grace_a_deleted_video_is_gone_for_good(
    alices: Client, alice: User, job_in: JobIn, data_dir: Path
) -> None:
    job = job_in(Status.DONE, alice)
    alices.post(f"/jobs/{job.pk}/remove/")
    moment = Job.objects.get().removed
    assert moment
    Job.objects.update(erase_after=timezone.now())
    lifecycle.sweep()

    answer = alices.post("/gallery/undo/", {"removed": moment.isoformat()}, follow=True)

    assert "It is too late to undo this" in words(answer)
    assert "1 video deleted" not in words(answer)
    assert [path for path in (data_dir / "media").rglob("*") if path.is_file()] == []
    assert Job.objects.get().removed == moment


@pytest.mark.parametrize("said", ["", "x", "2026-01-01", "2026-01-01T00:00:00"])
def test_what_is_no_moment_undoes_nothing(alices: Client, alice: User, job_in: JobIn, said: str) -> None:
    job = job_in(Status.DONE, alice)
    alices.post(f"/jobs/{job.pk}/remove/")

    assert "too late" in words(alices.post("/gallery/undo/", {"removed": said}, follow=True))
    assert Job.objects.get().removed is not None


def test_nobody_brings_back_the_videos_of_others(alices: Client, charlies: Client, alice: User, job_in: JobIn) -> None:
    job = job_in(Status.DONE, alice)
    alices.post(f"/jobs/{job.pk}/remove/")
    moment = Job.objects.get().removed
    assert moment

    charlies.post("/gallery/undo/", {"removed": moment.isoformat()})

    assert Job.objects.get().removed == moment


def test_what_is_under_way_is_not_deleted(alices: Client, alice: User, job_in: JobIn) -> None:
    job = job_in(Status.RUNNING, alice)
    assert 'id="delete"' not in source(page_of(alices, job))

    answer = alices.post(f"/jobs/{job.pk}/remove/", follow=True)

    assert "This job is not finished. Cancel it first." in words(answer)
    assert Job.objects.get(pk=job.pk).removed is None


def test_an_address_that_is_no_id_is_no_job(alices: Client) -> None:
    for address in ("/jobs/x/", "/jobs/1/", "/jobs/", "/gallery/x/", "/jobs/x/cancel/"):
        assert alices.get(address).status_code == 404
