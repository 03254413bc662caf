"""Credits on their page: two wallets that are never one, what was spent, every movement."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from jobs import credits, lifecycle
from jobs.models import Movement, Status, User, WalletKind
from jobs.web import words as in_words
from jobs.web.credits import PAGE as PAGE_SIZE
from tests.conftest import MakeJob
from tests.engine import FakeEngine
from tests.web.conftest import JobIn
from tests.web.reading import GERMAN, source, words

PAGE = "/credits/"


@pytest.fixture(autouse=True)
def grants(settings: Settings) -> None:
    settings.GRANT_USER_CREDITS, settings.GRANT_API_CREDITS = 1500, 70


def part(answer: Any, element_id: str, end: str) -> str:
    """The source from an element to the end of its kind."""
    return source(answer).partition(f'id="{element_id}"')[2].partition(end)[0]


def said_in(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def lines(answer: Any) -> list[str]:
    """The rows of the table of movements."""
    body = part(answer, "movements", "</table>").partition("<tbody>")[2]
    return [said_in(row) for row in body.split("</tr>") if "<tr" in row]


@contextmanager
def some_days_ago(days: int) -> Iterator[None]:
    """Movements made within are so old; afterwards nobody can make them so."""
    with pytest.MonkeyPatch.context() as patch:
        then = timezone.now() - timedelta(days=days)
        patch.setattr(Movement._meta.get_field("created"), "_get_default", lambda: then)
        yield


def test_the_wallets_stand_side_by_side_and_are_never_added_up(alices: Client, alice: User, make_job: MakeJob) -> None:
    make_job(alice, wallet_kind=WalletKind.API)
    make_job(alice, wallet_kind=WalletKind.USER, seconds=10)

    answer = alices.get(PAGE)

    user, api = (said_in(part(answer, f"wallet-{kind}", "</section>")) for kind in ("user", "api"))
    assert "available 1,480 held for unfinished videos 20" in user
    assert "available 60 held for unfinished videos 10" in api
    assert "1,540" not in words(answer)
    assert "neither pays for the other" in words(answer)
    assert "1.480" in words(alices.get(PAGE, headers=GERMAN))


def test_every_movement_says_what_it_did_to_what(alices: Client, alice: User, job_in: JobIn) -> None:
    done = job_in(Status.DONE, alice, name="Hello")
    job_in(Status.FAILED, alice, name="Oh")

    found = lines(alices.get(f"{PAGE}?wallet=api"))

    assert [line.partition(" 2")[0] for line in found[:4]] == [
        "Given back Oh API credits +10 −10",
        "Held for a video Oh API credits −10 +10",
        "Video done Hello API credits – −10",
        "Held for a video Hello API credits −10 +10",
    ]
    assert found[4].startswith("Granted New account API credits +70 –")
    assert len(found) == 5
    assert f'href="/jobs/{done.pk}/"' in source(alices.get(PAGE))


def test_a_removed_video_is_named_but_leads_nowhere(alices: Client, alice: User, job_in: JobIn) -> None:
    job = job_in(Status.DONE, alice, name="Hello")
    lifecycle.remove(alice, job.pk)

    answer = alices.get(PAGE)

    assert "Hello" in words(answer)
    assert f"/jobs/{job.pk}/" not in source(answer)


def test_a_reason_is_only_text(alices: Client, alice: User) -> None:
    credits.grant(credits.wallet_of(alice, WalletKind.API), 5, "<script>alert(1)</script>")

    assert "<script>alert" not in source(alices.get(PAGE))
    assert "alert(1)" in words(alices.get(PAGE))


def test_movements_come_a_page_at_a_time_newest_first(alices: Client, alice: User) -> None:
    wallet = credits.wallet_of(alice, WalletKind.API)
    credits.wallet_of(alice, WalletKind.USER)
    for number in range(PAGE_SIZE):
        credits.grant(wallet, 1, f"number {number}")

    first, second = lines(alices.get(PAGE)), lines(alices.get(f"{PAGE}?page=2"))

    assert (len(first), len(second)) == (PAGE_SIZE, 2)
    assert f"number {PAGE_SIZE - 1}" in first[0]
    assert all("New account" in line for line in second)
    page = source(alices.get(PAGE))
    assert 'href="/credits/?page=2"' in page
    assert 'aria-current="page">1<' in page


@pytest.mark.parametrize("page", ["0", "-1", "x", "99", "9" * 50])
def test_a_page_that_is_not_there_is_the_nearest(alices: Client, page: str) -> None:
    assert alices.get(PAGE, {"page": page}).status_code == 200


def test_movements_are_filtered_by_wallet(alices: Client, alice: User) -> None:
    api = lines(alices.get(f"{PAGE}?wallet=api"))

    assert len(api) == 1
    assert "API credits +70" in api[0]
    assert len(lines(alices.get(f"{PAGE}?wallet=none"))) == 2
    assert 'href="/credits/?wallet=api" aria-current="true"' in source(alices.get(f"{PAGE}?wallet=api"))


def test_nobody_sees_the_movements_of_another(charlies: Client, alice: User, make_job: MakeJob) -> None:
    job = make_job(alice, name="secret speech")

    answer = charlies.get(PAGE)

    assert "secret speech" not in source(answer)
    assert str(job.pk) not in source(answer)


# --- The chart ---------------------------------------------------------------------------


def test_the_chart_has_a_bar_for_every_day_on_which_was_spent(
    alices: Client, alice: User, make_job: MakeJob, fake_engine: type[FakeEngine]
) -> None:
    for days, seconds in ((0, 5), (3, 10), (29, 3), (30, 3)):
        job = make_job(alice, wallet_kind=WalletKind.USER, seconds=seconds)
        with some_days_ago(days):
            lifecycle.start(str(job.pk))

    answer = alices.get(PAGE)
    user = part(answer, "wallet-user", "</section>")

    bars = re.findall(r'<rect x="([\d.]+)" y="([\d.]+)" width="7" height="([\d.]+)"><title>([^<]*)</title>', user)
    today = timezone.localdate()
    assert bars == [
        ("1.5", "30.0", "30.0", f"{in_words.short_day(today - timedelta(days=29))}: 10"),
        ("261.5", "0.0", "60.0", f"{in_words.short_day(today - timedelta(days=3))}: 20"),
        ("291.5", "30.0", "30.0", f"{in_words.short_day(today)}: 10"),
    ]
    assert (
        'role="img" aria-label="User credits spent in each of the last 30 days: 40 in all, at most 20 in a day"' in user
    )
    assert "<svg viewBox" not in part(answer, "wallet-api", "</section>").replace("<svg class", "")
    assert "style=" not in source(answer)
    rows = said_in(part(answer, "usage", "</table>").partition("<tbody>")[2])
    assert rows == " ".join(
        f"{in_words.day(today - timedelta(days=days))} {sum} 0" for days, sum in ((0, 10), (3, 20), (29, 10))
    )
    german = source(alices.get(PAGE, headers=GERMAN))
    assert 'x="261.5"' in german  # no comma in a drawing


def test_who_spent_nothing_is_told_so(alices: Client) -> None:
    answer = alices.get(PAGE)

    assert "<rect" not in source(answer)
    assert 'id="usage"' not in source(answer)
    assert words(answer).count("Nothing") == 2


def test_a_long_history_is_not_asked_for_line_by_line(alices: Client, alice: User, make_job: MakeJob) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            alices.get(PAGE)
        return len(captured)

    alices.get(PAGE)
    before = queries()
    for _ in range(6):
        make_job(alice)

    assert queries() == before
