"""The operator at work, and something to work on."""

import pytest
from django.test import Client

from jobs import exchanges, health, keys, lifecycle, roster, sharing
from jobs.models import (
    Attempt,
    Complaint,
    Delivery,
    Job,
    User,
)
from jobs.net import Said
from tests.admin.desk import HOOK, Fill
from tests.conftest import MakeJob
from tests.engine import FakeEngine


@pytest.fixture
def desk(operator: User, client: Client) -> Client:
    """The operator's browser, whose session was seen a moment ago: the next requests need not write that down."""
    client.force_login(operator)
    client.get("/admin/password_change/")
    return client


@pytest.fixture
def fill(make_job: MakeJob, fake_engine: type[FakeEngine]) -> Fill:
    """Gives an account one of everything; the job is done, shared, complained of, and its delivery was tried twice."""

    def everything(user: User) -> Job:
        key, _ = keys.create(user, "laptop")
        job = make_job(user, webhook=HOOK, api_key=key, name="Good morning")
        lifecycle.start(str(job.pk))
        delivery = Delivery.objects.get(job=job)
        for number, code in ((1, 500), (2, 200)):
            Attempt.objects.create(delivery=delivery, number=number, code=code, milliseconds=5, answer="<b>hm</b>")
        Delivery.objects.filter(pk=delivery.pk).update(tries=2)
        Complaint.objects.create(share=sharing.share(user, job.pk), text="Boring.")
        health.ask()
        exchanges.keep(job, "far", Said("POST", "https://far.example.org/v1/model", b"{}", 200, b'{"id": 1}', 0.2))
        roster.gave_out("far", "Nobody there.")
        return job

    return everything
