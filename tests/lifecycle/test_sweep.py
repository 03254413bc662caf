"""The sweep: it reminds the queues of what they forgot."""

from datetime import timedelta

from django.utils import timezone
from django_q.models import OrmQ

from jobs import lifecycle
from jobs.models import Delivery, Job, User
from tests.conftest import MakeJob
from tests.engine import FakeEngine
from tests.lifecycle.ledger import HOOK, kicks


def test_the_sweep_kicks_again_what_the_queue_forgot(alice: User, make_job: MakeJob) -> None:
    forgotten, fresh = make_job(alice), make_job(alice)
    OrmQ.objects.all().delete()
    long_ago = timezone.now() - lifecycle.KICK_AGAIN - timedelta(seconds=1)
    Job.objects.filter(pk=forgotten.pk).update(kicked=long_ago)

    lifecycle.sweep()
    assert kicks() == [str(forgotten.pk)]

    Job.objects.filter(pk=fresh.pk).update(kicked=long_ago)
    lifecycle.sweep()
    assert kicks() == [str(forgotten.pk)]  # the queue is not empty, so nothing says that it forgot


def test_the_sweep_sends_deliveries_that_are_due(alice: User, make_job: MakeJob, fake_engine: type[FakeEngine]) -> None:
    job = make_job(alice, webhook=HOOK)
    lifecycle.start(str(job.pk))
    delivery = Delivery.objects.get()
    OrmQ.objects.all().delete()
    Delivery.objects.update(due=timezone.now() + timedelta(seconds=60))

    lifecycle.sweep()
    assert kicks("default") == []

    Delivery.objects.update(due=timezone.now())
    lifecycle.sweep()
    assert kicks("default") == [delivery.pk]
