"""Browsers of Alice, of Charlie and of somebody unknown, and jobs in every state."""

from contextlib import suppress
from typing import Protocol

import pytest
from django.test import Client

from jobs import lifecycle
from jobs.engines.base import Outcome, Report, Work
from jobs.models import Job, Status, User
from tests import engine
from tests.conftest import MakeJob
from tests.engine import FakeEngine

PROGRESS = 0.42


@pytest.fixture
def anybody(db: None) -> Client:
    """The browser of somebody who is not logged in."""
    return Client()


@pytest.fixture
def alices(alice: User) -> Client:
    """Alice's browser."""
    client = Client()
    client.force_login(alice)
    return client


@pytest.fixture
def charlies(charlie: User) -> Client:
    """Charlie's browser."""
    client = Client()
    client.force_login(charlie)
    return client


class JobIn(Protocol):
    """A job that has come to the state `status`, 42 % done if it is running."""

    def __call__(self, status: Status, user: User, *, name: str = "", showcase: bool = False) -> Job: ...


@pytest.fixture
def job_in(make_job: MakeJob, fake_engine: type[FakeEngine]) -> JobIn:
    def leave_off(work: Work, report: Report) -> Outcome:
        report(PROGRESS, "drawing")
        raise SystemExit  # as good as a kill: the job stays as it is

    def make(status: Status, user: User, *, name: str = "", showcase: bool = False) -> Job:
        job = make_job(user, name=name, showcase=showcase)
        match status:
            case Status.RUNNING:
                fake_engine.acts = leave_off
                with suppress(SystemExit):
                    lifecycle.start(str(job.pk))
            case Status.DONE | Status.FAILED:
                fake_engine.acts = engine.succeed if status == Status.DONE else engine.fail
                lifecycle.start(str(job.pk))
            case Status.CANCELLED:
                lifecycle.cancel(user, job.pk)
            case Status.QUEUED:
                pass
        job.refresh_from_db()
        assert job.status == status
        return job

    return make
