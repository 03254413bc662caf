"""Signs of life: who is asked, who answered, what is told."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection
from django.utils import timezone
from django_q.models import OrmQ

from jobs import health, tasks
from jobs.models import Beat, Job, Status, User
from tests.conftest import MakeJob

SILENT = {"database": True, "default worker": False, "render worker": False}


def asked() -> list[tuple[str, str]]:
    """Queue and argument of each question that waits."""
    return [(entry.key, entry.task["args"][0]) for entry in OrmQ.objects.order_by("pk")]


def shift(**ago: float) -> None:
    """Pretend that the given times were so many seconds ago."""
    now = timezone.now()
    Beat.objects.update(**{name: now - timedelta(seconds=seconds) for name, seconds in ago.items()})


def test_nobody_is_alive_at_first(db: None) -> None:
    assert health.report() == SILENT


def test_each_queue_is_asked_and_answers_for_itself(db: None) -> None:
    health.ask()

    assert asked() == [("default", "default"), ("render", "render")]
    assert health.report() == SILENT
    tasks.beat("render")
    assert health.report() == SILENT | {"render worker": True}
    tasks.beat("default")
    assert health.report() == dict.fromkeys(SILENT, True)


def test_a_queue_that_owes_an_answer_is_not_asked_again(db: None) -> None:
    health.ask()
    shift(asked=health.ALIVE.total_seconds() - 5)
    health.ask()

    assert len(asked()) == 2


def test_a_question_that_got_lost_is_repeated(db: None) -> None:
    health.ask()
    shift(asked=health.ALIVE.total_seconds() + 1)
    health.ask()

    assert len(asked()) == 4


@pytest.mark.parametrize(("seconds", "questions"), [(5, 0), (11, 2)])
def test_a_queue_that_answered_is_asked_again_after_a_while(db: None, seconds: float, questions: int) -> None:
    health.ask()
    shift(asked=seconds, seen=seconds - 1)
    OrmQ.objects.all().delete()

    health.ask()

    assert len(asked()) == questions


def test_an_answer_counts_for_a_while(db: None) -> None:
    health.ask()
    shift(seen=health.ALIVE.total_seconds() + 1)

    assert health.report() == SILENT


def test_a_worker_that_renders_is_alive_while_its_lease_counts(alice: User, make_job: MakeJob) -> None:
    job = make_job(alice)
    running = Job.objects.filter(pk=job.pk)
    running.update(status=Status.RUNNING, lease_until=timezone.now() + timedelta(seconds=30))
    assert health.report() == SILENT | {"render worker": True}

    running.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert health.report() == SILENT


def test_a_database_that_does_not_answer_is_told(db: None) -> None:
    def refuse(*_: object) -> None:
        raise DatabaseError("gone")

    with connection.execute_wrapper(refuse):
        assert health.report() == {"database": False}
