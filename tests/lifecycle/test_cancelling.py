"""A job is cancelled: while it waits, while it runs, and as it starts."""

import threading
from pathlib import Path

import pytest
from django.db import connection
from pytest_django import Settings

from jobs import lifecycle
from jobs.engines.base import Finished, Outcome, Report, Work
from jobs.errors import NotFound
from jobs.models import Delivery, Job, MovementKind, Status, User
from tests import engine
from tests.conftest import MakeJob
from tests.engine import FakeEngine
from tests.lifecycle.ledger import HOOK, balances, kinds, stored


def test_cancelling_a_queued_job_gives_the_credits_back(
    alice: User, make_job: MakeJob, fake_engine: type[FakeEngine]
) -> None:
    job = make_job(alice, webhook=HOOK)

    cancelled = lifecycle.cancel(alice, job.pk)

    assert (cancelled.status, cancelled.error) == (Status.CANCELLED, "Cancelled")
    assert cancelled.finished is not None
    assert kinds(job) == [MovementKind.HOLD, MovementKind.RELEASE]
    assert balances(job) == (100, 0)
    assert Delivery.objects.filter(job=job).count() == 1
    lifecycle.start(str(job.pk))
    assert fake_engine.works == []


@pytest.mark.parametrize("reports", [True, False])
def test_cancelling_a_running_job_stops_its_worker(
    alice: User, make_job: MakeJob, fake_engine: type[FakeEngine], data_dir: Path, reports: bool
) -> None:
    job = make_job(alice, webhook=HOOK)

    def be_cancelled(work: Work, report: Report) -> Outcome:
        lifecycle.cancel(alice, job.pk)
        return engine.succeed(work, report if reports else lambda progress, stage: None)

    fake_engine.acts = be_cancelled
    lifecycle.start(str(job.pk))

    job.refresh_from_db()
    assert (job.status, job.result) == (Status.CANCELLED, None)
    assert kinds(job) == [MovementKind.HOLD, MovementKind.RELEASE]
    assert Delivery.objects.count() == 1
    assert len(stored(data_dir)) == 2


def test_cancelling_what_has_ended_changes_nothing(
    alice: User, make_job: MakeJob, fake_engine: type[FakeEngine]
) -> None:
    job = make_job(alice)
    lifecycle.start(str(job.pk))

    assert lifecycle.cancel(alice, job.pk).status == Status.DONE
    assert balances(job) == (90, 0)


def test_nobody_cancels_the_job_of_another(alice: User, charlie: User, make_job: MakeJob) -> None:
    job = make_job(alice)

    with pytest.raises(NotFound):
        lifecycle.cancel(charlie, job.pk)

    job.refresh_from_db()
    assert job.status == Status.QUEUED


@pytest.mark.django_db(transaction=True)
def test_a_cancel_and_a_start_at_the_same_moment(
    settings: Settings, make_job: MakeJob, fake_engine: type[FakeEngine]
) -> None:
    """Whoever comes first, the job ends cancelled: the start never slips in between."""
    settings.GRANT_API_CREDITS = 1000
    alice = User.objects.create_user("alice@example.org")
    jobs = [make_job(alice) for _ in range(20)]

    def hold_on(work: Work, report: Report) -> Outcome:
        cancelled[work.job_id].wait(20)
        report(0.5, "drawing")
        return Finished(work.output, 3, 480, 640, 25)

    fake_engine.acts = hold_on
    cancelled = {str(job.pk): threading.Event() for job in jobs}
    for job in jobs:
        together = threading.Barrier(2)

        def start(job: Job = job, together: threading.Barrier = together) -> None:
            together.wait(20)
            try:
                lifecycle.start(str(job.pk))
            finally:
                connection.close()

        worker = threading.Thread(target=start)
        worker.start()
        together.wait(20)
        assert lifecycle.cancel(alice, job.pk).status == Status.CANCELLED
        cancelled[str(job.pk)].set()
        worker.join(20)
        assert not worker.is_alive()

    assert {job.status for job in Job.objects.all()} == {Status.CANCELLED}
    assert balances(jobs[0]) == (1000, 0)
