"""The front page with the example, what machines ask for, what people prefer, and error pages."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.db.models import F
from django.test import Client
from pytest_django import Settings

from jobs import health, lifecycle, tasks
from jobs.models import Job, Status, User
from jobs.models.job import Model
from tests.conftest import MakeJob
from tests.engine import RESULT, FakeEngine
from tests.web.conftest import JobIn
from tests.web.reading import GERMAN, HTMX, element, source, whole, words

EVIL = ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "http:evil.example", ""]


def refuse(*_: object) -> None:
    raise DatabaseError("gone")


# --- The example -----------------------------------------------------------------------------


def test_before_the_first_start_is_over_the_page_waits_for_its_example(anybody: Client) -> None:
    answer = anybody.get("/")

    assert "This picture is about to speak" in words(answer)
    assert 'hx-trigger="every 5s"' in element(answer, "showcase")


@pytest.mark.parametrize(
    ("status", "english", "german", "asks"),
    [
        (Status.QUEUED, "This picture is about to speak", "Dieses Bild spricht gleich", True),
        (Status.RUNNING, "42 % Drawing the lips", "42 % Lippen werden gezeichnet", True),
        (Status.DONE, "The picture that was used", "Das verwendete Bild", False),
        (
            Status.FAILED,
            "The example could not be made The recording holds 0",
            "Das Beispiel ist nicht gelungen",
            False,
        ),
    ],
)
def test_the_example_in_every_state(
    anybody: Client, alice: User, job_in: JobIn, status: Status, english: str, german: str, asks: bool
) -> None:
    job_in(status, alice, showcase=True)

    page, part = anybody.get("/"), anybody.get("/", headers=HTMX)

    assert "<html" in source(page)
    assert source(part).strip().startswith('<div class="showcase" id="showcase"')
    for answer in (page, part):
        assert english in words(answer)
        tag = element(answer, "showcase")
        assert ('hx-get="/"' in tag) == ('hx-trigger="every 1s"' in tag) == asks
        assert ("data-player" in source(answer)) == (status == Status.DONE)
    assert german in words(anybody.get("/", headers=GERMAN))


def test_the_newest_finished_example_is_shown_while_another_is_made(
    anybody: Client, alice: User, job_in: JobIn
) -> None:
    job_in(Status.DONE, alice, showcase=True)
    Job.objects.update(started=F("finished") - timedelta(seconds=41.5))
    job_in(Status.RUNNING, alice, showcase=True)
    job_in(Status.FAILED, alice, showcase=True)

    answer = anybody.get("/")

    (video,) = re.findall(r'<video src="([^"]*)" poster', source(answer))
    playing: Any = anybody.get(video)
    assert whole(playing) == RESULT
    assert "(0:03), on this machine, in 41.5 s." in words(answer)
    assert "(0:03), auf diesem Rechner, in 41,5 s." in words(anybody.get("/", headers=GERMAN))


def test_every_way_shows_the_sample_until_its_example_is_there(
    anybody: Client, alice: User, make_job: MakeJob, fake_engine: type[FakeEngine]
) -> None:
    before = source(anybody.get("/"))
    shown = ("/static/pictures/face.webp", "/static/pictures/clip.webp", "/static/pictures/pair.webp")
    assert all(address in before for address in shown)
    assert "data-video" not in before

    for kind in Model:
        job = make_job(alice, showcase=True)
        lifecycle.start(str(job.pk))
        Job.objects.filter(pk=job.pk).update(model=kind)
    after = source(anybody.get("/"))

    assert after.count("data-video") == len(Model)
    for kind in Model:
        assert f"Play the example: {kind.label}" in after
        assert f"/studio/?model={kind}&amp;sample=1" in after
    for address in re.findall(r'data-video="([^"]*)"', after):
        assert whole(anybody.get(address)) == RESULT


def test_the_videos_of_people_are_not_on_the_front_page(anybody: Client, alice: User, job_in: JobIn) -> None:
    job_in(Status.DONE, alice)

    assert "data-player" not in source(anybody.get("/"))
    assert "data-video" not in source(anybody.get("/"))


def test_the_front_page_says_the_prices_and_where_it_is(anybody: Client, settings: Settings) -> None:
    settings.PUBLIC_BASE_URL = "https://lips.example"

    text = words(anybody.get("/"))

    assert "480p 2 credits a second 10 s of video: 20 credits" in text
    assert "720p 4 credits a second 10 s of video: 40 credits" in text
    assert "at least 5 are billed" in text
    assert "https://lips.example/api/v1/lipsync-image" in text


def test_who_is_logged_in_sees_credits_and_not_the_way_in(alices: Client, anybody: Client, alice: User) -> None:
    assert "500" in words(alices.get("/"))
    assert alice.email in words(alices.get("/"))
    for address in ("/accounts/signup/", "/accounts/login/"):
        assert address in source(anybody.get("/"))
        assert address not in source(alices.get("/"))


# --- Machines --------------------------------------------------------------------------------


def test_health_is_told_by_the_status(anybody: Client) -> None:
    silent: Any = anybody.get("/healthz")
    assert silent.status_code == 503
    assert silent.json() == {"database": True, "default worker": False, "render worker": False}

    health.ask()
    tasks.beat("default")
    assert anybody.get("/healthz").status_code == 503
    tasks.beat("render")

    alive: Any = anybody.get("/healthz")
    assert (alive.status_code, set(alive.json().values())) == (200, {True})
    assert "no-store" in alive["Cache-Control"]
    with connection.execute_wrapper(refuse):
        gone: Any = anybody.get("/healthz")
    assert (gone.status_code, gone.json()) == (503, {"database": False})


def test_robots_stay_out_of_media(anybody: Client) -> None:
    answer = anybody.get("/robots.txt")

    assert answer["Content-Type"] == "text/plain"
    assert "Disallow: /media/" in source(answer)


def test_the_icon_is_found_by_its_old_name(anybody: Client) -> None:
    answer = anybody.get("/favicon.ico")

    assert (answer.status_code, answer["Location"]) == (301, "/static/mark.svg")


# --- Preferences -----------------------------------------------------------------------------


def test_a_theme_is_kept_and_given_up(anybody: Client) -> None:
    for chosen, attribute in (("dark", ' data-theme="dark"'), ("light", ' data-theme="light"'), ("system", "")):
        answer = anybody.post("/theme/", {"theme": chosen, "next": "/api-keys/?a=1"})
        assert (answer.status_code, answer["Location"]) == (302, "/api-keys/?a=1")
        assert f'<html lang="en"{attribute}>' in source(anybody.get("/"))


def test_a_theme_that_is_none_is_not_kept(anybody: Client) -> None:
    anybody.post("/theme/", {"theme": '"><script>'})
    assert anybody.cookies["theme"].value == ""

    anybody.cookies["theme"] = '"><script>'
    assert '<html lang="en">' in source(anybody.get("/"))


def test_a_language_is_chosen_by_the_browser_and_kept_when_chosen_by_hand(anybody: Client) -> None:
    def language(**headers: str) -> str:
        found = re.search(r'<html lang="(\w+)"', source(anybody.get("/", headers=headers)))
        return found[1] if found else ""

    assert (language(), language(**GERMAN)) == ("en", "de")
    assert language(**{"Accept-Language": "fr, de-AT;q=0.8, en;q=0.5"}) == "de"
    answer = anybody.post("/i18n/setlang/", {"language": "de", "next": "/api-keys/"})
    assert (answer.status_code, answer["Location"]) == (302, "/api-keys/")
    assert language() == "de"
    anybody.post("/i18n/setlang/", {"language": "en"})
    assert language(**GERMAN) == "en"
    anybody.post("/i18n/setlang/", {"language": "xx"})
    assert language(**GERMAN) == "en"


@pytest.mark.parametrize("address", ["/theme/", "/i18n/setlang/"])
@pytest.mark.parametrize("target", EVIL)
def test_nobody_is_sent_to_another_site(anybody: Client, address: str, target: str) -> None:
    answer = anybody.post(address, {"theme": "dark", "language": "de", "next": target})

    assert (answer.status_code, answer["Location"]) == (302, "/")


# --- Error pages -----------------------------------------------------------------------------


def test_nothing_there_is_said_in_both_languages(anybody: Client, alices: Client) -> None:
    for client in (anybody, alices):
        english, german = client.get("/nothing-here"), client.get("/nothing-here", headers=GERMAN)
        assert (english.status_code, german.status_code) == (404, 404)
        assert "There is nothing here" in words(english)
        assert "Hier ist nichts" in words(german)
        assert "nothing-here" not in words(english)


def test_a_form_from_nowhere_is_refused_in_both_languages(db: None) -> None:
    stranger = Client(enforce_csrf_checks=True)

    english, german = stranger.post("/theme/"), stranger.post("/theme/", headers=GERMAN)

    assert (english.status_code, german.status_code) == (403, 403)
    assert "This is not allowed" in words(english)
    assert "Das ist nicht erlaubt" in words(german)


def test_a_request_that_can_not_be_read_is_told_so(db: None) -> None:
    answer = Client().get("/", headers={"Host": "evil.example"})

    assert answer.status_code == 400
    assert "This request could not be read" in words(answer)
    assert "evil.example" not in source(answer)


@pytest.mark.parametrize(("headers", "said"), [({}, "Something broke on our side"), (GERMAN, "Bei uns ist etwas")])
def test_without_a_database_there_is_still_a_page_that_says_so(
    alices: Client, headers: dict[str, str], said: str
) -> None:
    alices.raise_request_exception = False

    with connection.execute_wrapper(refuse):
        answer = alices.get("/", headers=headers)

    assert answer.status_code == 500
    assert said in words(answer)
    assert "gone" not in source(answer)


# --- Every answer ----------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["/", "/studio/", "/gallery/", "/api-keys/", "/accounts/email/", "/nothing-here"])
def test_a_page_lets_nothing_in_from_outside(alices: Client, alice: User, make_job: MakeJob, address: str) -> None:
    make_job(alice)

    answer = alices.get(address)

    policy = dict(rule.strip().split(" ", 1) for rule in answer["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert "http" not in answer["Content-Security-Policy"]
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == policy["form-action"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
    assert re.fullmatch(r"[0-9a-f]{16}", answer["X-Request-Id"])
    # What the policy forbids is not tried either.
    assert not re.search(r"<[^>]*\s(style|on\w+)=", source(answer))
    assert not re.search(r"<script(?![^>]*\ssrc=)|<style", source(answer))
