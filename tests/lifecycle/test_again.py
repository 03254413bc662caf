"""What came to nothing is tried again, once."""

import threading

import pytest
from django.db import connection

from jobs import credits, lifecycle
from jobs.errors import InsufficientCredits
from jobs.models import Job, User, Wallet, WalletKind
from tests.conftest import MakeJob


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_double_click_tries_again_once(alice: User, make_job: MakeJob) -> None:
    job = make_job(alice)
    lifecycle.cancel(alice, job.pk)
    go = threading.Barrier(4)
    made = []

    def press() -> None:
        go.wait()
        made.append(lifecycle.again(job.pk).pk)
        connection.close()

    threads = [threading.Thread(target=press) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    new = Job.objects.exclude(pk=job.pk).get()
    assert made == [new.pk] * 4
    assert credits.wallet_of(alice, WalletKind.API).held == new.price


def test_once_the_new_job_is_removed_the_old_one_is_tried_again(alice: User, make_job: MakeJob) -> None:
    job = make_job(alice)
    lifecycle.cancel(alice, job.pk)
    first = lifecycle.again(job.pk)
    lifecycle.cancel(alice, first.pk)
    assert lifecycle.again(job.pk) == first
    lifecycle.remove(alice, first.pk)

    second = lifecycle.again(job.pk)

    assert second not in (job, first)
    job.refresh_from_db()
    assert job.tried_again == second


def test_what_could_not_be_paid_for_can_be_tried_again_later(alice: User, make_job: MakeJob) -> None:
    job = make_job(alice)
    lifecycle.cancel(alice, job.pk)
    Wallet.objects.filter(user=alice).update(available=0)
    with pytest.raises(InsufficientCredits):
        lifecycle.again(job.pk)
    Wallet.objects.filter(user=alice).update(available=job.price)

    new = lifecycle.again(job.pk)

    assert list(Job.objects.exclude(pk=job.pk)) == [new]
