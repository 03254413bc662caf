"""The price of a batch before it is made, and yes or no."""

from pathlib import Path

from django.test import Client
from django_q.models import OrmQ

from jobs import batches
from jobs.models import Batch, Job, Media, MediaKind, User, WalletKind
from tests.conftest import MakeJob
from tests.web.batches.conftest import Plan
from tests.web.batches.form import NEW
from tests.web.batches.making import made
from tests.web.reading import source, words


def test_without_credits_for_all_the_page_says_what_is_missing(
    alices: Client, alice: User, make_job: MakeJob, plan: Plan
) -> None:
    make_job(alice, seconds=240, wallet_kind=WalletKind.USER)  # 480 of 500
    batch = plan()

    page = alices.get(f"/batches/{batch.pk}/")
    assert "10 credits are missing in your wallet." in words(page)
    assert 'id="make"' not in source(page)
    answer = alices.post(f"/batches/{batch.pk}/submit/", follow=True)

    assert "These 3 videos cost 30 credits and the wallet has 20: 10 are missing." in words(answer)
    assert Job.objects.count() == 1


def test_pressed_twice_it_is_made_once(alices: Client, plan: Plan) -> None:
    batch = made(plan())

    assert alices.post(f"/batches/{batch.pk}/submit/").status_code == 303

    assert Job.objects.count() == OrmQ.objects.count() == 3


def test_who_says_no_leaves_nothing_behind(alices: Client, plan: Plan, data_dir: Path) -> None:
    batch = plan()

    answer = alices.post(f"/batches/{batch.pk}/discard/")

    assert (answer.status_code, answer["Location"]) == (303, NEW)
    assert not Batch.objects.exists()
    assert [path for path in (data_dir / "media").rglob("*") if path.is_file()] == []
    assert alices.get(f"/batches/{batch.pk}/").status_code == 404


def test_one_plan_too_many_is_said_above_the_form(alices: Client, plan: Plan, voices: dict[str, object]) -> None:
    for _ in range(batches.MAX_PLANS):
        plan()

    answer = alices.post(NEW, voices)

    assert answer.status_code == 422
    assert "5 batches are waiting to be made, which is the limit. Make or discard one of them first." in words(answer)


def test_a_plan_whose_files_are_gone_says_so(alices: Client, plan: Plan) -> None:
    batch = plan()
    Media.objects.filter(kind=MediaKind.AUDIO).delete()

    assert "The files of this batch are gone" in words(alices.get(f"/batches/{batch.pk}/"))
    assert "are gone" in words(alices.post(f"/batches/{batch.pk}/submit/", follow=True))
    assert not Job.objects.exists()
