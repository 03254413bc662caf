"""Workers that are gone, that were gone too long, or that are being stopped."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django_q.models import OrmQ

from jobs import lifecycle
from jobs.engines.base import Outcome, Report, Work
from jobs.lifecycle import work
from jobs.models import Delivery, Job, Media, MovementKind, Status, User
from tests import engine
from tests.conftest import MakeJob
from tests.engine import FakeEngine
from tests.lifecycle.ledger import HOOK, balances, expire_lease, kicks, kinds, stored


def test_a_job_whose_worker_is_gone_is_queued_again(
    alice: User, make_job: MakeJob, fake_engine: type[FakeEngine]
) -> None:
    job = make_job(alice)

    def die(work: Work, report: Report) -> Outcome:
        raise SystemExit  # as good as a kill: nothing after it runs

    fake_engine.acts = die
    with pytest.raises(SystemExit):
        lifecycle.start(str(job.pk))
    lifecycle.sweep()
    job.refresh_from_db()
    assert job.status == Status.RUNNING  # its lease still counts

    expire_lease(job)
    OrmQ.objects.all().delete()
    lifecycle.sweep()

    job.refresh_from_db()
    assert (job.status, job.attempts) == (Status.QUEUED, 1)
    assert kicks() == [str(job.pk)]
    fake_engine.acts = engine.succeed
    lifecycle.start(str(job.pk))
    job.refresh_from_db()
    assert (job.status, job.attempts) == (Status.DONE, 2)


def test_a_job_that_kills_its_workers_fails_after_three_attempts(
    alice: User, make_job: MakeJob, fake_engine: type[FakeEngine]
) -> None:
    job = make_job(alice, webhook=HOOK)

    def die(work: Work, report: Report) -> Outcome:
        raise SystemExit

    fake_engine.acts = die
    for _ in range(3):
        with pytest.raises(SystemExit):
            lifecycle.start(str(job.pk))
        expire_lease(job)
        lifecycle.sweep()

    job.refresh_from_db()
    assert (job.status, job.attempts) == (Status.FAILED, 3)
    assert job.error == "The renderer stopped 3 times on this job. Try another picture or recording."
    assert kinds(job) == [MovementKind.HOLD, MovementKind.RELEASE]
    assert balances(job) == (100, 0)
    assert Delivery.objects.filter(job=job).count() == 1


@pytest.mark.parametrize("late", [engine.succeed, engine.fail, engine.stumble])
@pytest.mark.parametrize("taken_over", [True, False])
def test_a_worker_that_lost_its_lease_writes_nothing(
    alice: User,
    make_job: MakeJob,
    fake_engine: type[FakeEngine],
    data_dir: Path,
    late: Callable[[Work, Report], Outcome],
    taken_over: bool,
) -> None:
    """It comes back from a long sleep, without a report in between, and answers."""
    job = make_job(alice, webhook=HOOK)
    before: list[object] = []

    def sleep(work: Work, report: Report) -> Outcome:
        expire_lease(job)
        lifecycle.sweep()
        if taken_over:
            fake_engine.acts = engine.succeed
            lifecycle.start(work.job_id)
        before.append(Job.objects.filter(pk=job.pk).values().get())
        return late(work, lambda progress, stage: None)

    fake_engine.acts = sleep
    lifecycle.start(str(job.pk))

    assert [Job.objects.filter(pk=job.pk).values().get()] == before
    job.refresh_from_db()
    assert job.status == (Status.DONE if taken_over else Status.QUEUED)
    assert kinds(job) == [MovementKind.HOLD] + [MovementKind.CAPTURE] * taken_over
    assert Media.objects.count() == len(stored(data_dir)) == 2 + taken_over
    assert Delivery.objects.count() == taken_over


def test_a_worker_that_lost_its_lease_is_stopped_at_its_next_report(
    alice: User, make_job: MakeJob, fake_engine: type[FakeEngine]
) -> None:
    job = make_job(alice)
    went_on = []

    def sleep(work: Work, report: Report) -> Outcome:
        expire_lease(job)
        lifecycle.sweep()
        report(0.9, "saving")
        went_on.append(True)
        return engine.succeed(work, report)

    fake_engine.acts = sleep
    lifecycle.start(str(job.pk))

    job.refresh_from_db()
    assert (job.status, job.progress) == (Status.QUEUED, 0)
    assert went_on == []


def test_a_worker_that_is_being_stopped_hands_the_job_back(
    alice: User, make_job: MakeJob, fake_engine: type[FakeEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_job(alice, webhook=HOOK)
    monkeypatch.setattr(work, "stopping", lambda: True)

    for _ in range(4):  # more often than a job may fail
        lifecycle.start(str(job.pk))

    job.refresh_from_db()
    assert (job.status, job.attempts, job.lease_until) == (Status.QUEUED, 0, None)
    assert kicks() == [str(job.pk)] * 5
    assert kinds(job) == [MovementKind.HOLD]
