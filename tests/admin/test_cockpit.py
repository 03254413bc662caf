"""The front page counts, and each figure leads to what it counts."""

import re
from datetime import timedelta

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_q.models import OrmQ
from pytest_django import Settings

from jobs import lifecycle, roster
from jobs.models import Beat, Delivery, DeliveryStatus, Job, Share, User
from tests.admin.desk import HOOK, Fill, page
from tests.conftest import MakeJob
from tests.engine import FakeEngine, FarEngine, fail


def figures(html: str) -> dict[str, str]:
    """The figures of the front page by name."""
    found = re.findall(r"<dt>(.*?)</dt><dd>(?:<a [^>]*>)?(.*?)(?:</a>)?(?: <span|</dd>)", html)
    return dict(found)


def test_the_front_page_counts(
    desk: Client, alice: User, fill: Fill, make_job: MakeJob, fake_engine: type[FakeEngine]
) -> None:
    done, waiting = fill(alice), make_job(alice)
    fake_engine.acts = fail
    failed = make_job(alice)
    lifecycle.start(str(failed.pk))
    Job.objects.filter(pk=waiting.pk).update(created=timezone.now() - timedelta(hours=2))
    now = timezone.now()
    Job.objects.filter(pk=done.pk).update(started=now - timedelta(seconds=6), finished=now)
    old = make_job(alice)
    lifecycle.cancel(alice, old.pk)
    Job.objects.filter(pk=old.pk).update(finished=now - timedelta(days=2))

    OrmQ.objects.filter(key="render").exclude(pk__in=OrmQ.objects.filter(key="render").order_by("pk")[:2]).delete()
    OrmQ.objects.filter(key="render").update(lock=now - timedelta(minutes=12))
    Beat.objects.filter(queue="default").update(seen=timezone.now() - timedelta(seconds=5))

    html = page(desk, reverse("admin:index"))

    counted = figures(html)
    expected = {
        "Queued": "1",
        "Longest wait": "2.0 h",
        "Running": "0",
        "Done": "1",
        "Failed": "1",
        "Cancelled": "0",
        "Work for a second of video": "2.00 s",
        "The recording holds … voices.": "1",
        "Waiting in render": "2",
        "Oldest in render": "12.0 min",
        "Waiting in default": "2",
        "Default worker": "works, seen 5 s ago",
        "Render worker": "silent",
        "Failed so far, tried again": "1",
        "Up now": "1",
        "Last day: used": str(done.price),
        "Last day: granted": "500",
        "Database": "works",
    }
    assert expected.items() <= counted.items()
    assert 'class="is-bad"><dt>Longest wait' in html


def test_each_figure_leads_to_the_rows_that_it_counts(
    desk: Client, alice: User, fill: Fill, make_job: MakeJob, fake_engine: type[FakeEngine]
) -> None:
    fill(alice)
    gone = fill(alice)
    Share.objects.filter(job=gone).update(expires=timezone.now() - timedelta(days=1))
    Delivery.objects.filter(job=gone).update(
        status=DeliveryStatus.GIVEN_UP, created=timezone.now() - timedelta(days=40)
    )
    fake_engine.acts = fail
    for days in (0, 2):
        failed = make_job(alice)
        lifecycle.start(str(failed.pk))
        Job.objects.filter(pk=failed.pk).update(finished=timezone.now() - timedelta(days=days))
    html = page(desk, reverse("admin:index"))

    counted = 0
    for name, address, value in re.findall(r'<dt>(.*?)</dt><dd><a href="([^"]+)">(.*?)</a>', html):
        answer = desk.get(address.replace("&amp;", "&"))
        assert answer.status_code == 200, address
        if value.isdecimal() and "day" not in name.partition(":")[0]:
            assert answer.context["cl"].result_count == int(value), (name, address)
            counted += 1
    assert counted >= 12


def test_the_front_page_asks_as_many_questions_for_many_rows_as_for_few(
    desk: Client, alice: User, make_job: MakeJob
) -> None:
    def questions() -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            page(desk, reverse("admin:index"))
        return len(asked)

    few = questions()
    for _ in range(5):
        make_job(alice, webhook=HOOK)
    assert questions() == few <= 21


def test_who_may_not_see_jobs_sees_no_figures(client: Client, alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(is_staff=True)
    client.force_login(alice)

    assert "desk-panel" not in page(client, reverse("admin:index"))


def test_engines_elsewhere_are_shown_where_there_are_any(
    desk: Client, alice: User, make_job: MakeJob, far_engine: type[FarEngine], settings: Settings
) -> None:
    assert "Engines elsewhere" not in page(desk, reverse("admin:index"))
    settings.REMOTE = ["far"]
    assert "not used yet" in page(desk, reverse("admin:index"))

    lifecycle.start(str(make_job(alice).pk))
    assert "works" in page(desk, reverse("admin:index"))
    for _ in range(roster.FAILURES_IN_A_ROW):
        roster.gave_out("far", "Nobody there.")

    assert "Nobody there." in page(desk, reverse("admin:index"))
