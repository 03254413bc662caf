"""The examples that an installation makes for itself, one after the other, and never before anybody's own video."""

import pytest
from pytest_django import Settings

from jobs import credits, lifecycle, showcase
from jobs.credits import wallet_of
from jobs.media import SAMPLES_OF
from jobs.models import Job, Status, User, WalletKind
from tests.conftest import MakeJob
from tests.engine import FakeEngine, fail

pytestmark = pytest.mark.django_db


def work_off() -> None:
    """Every waiting job is made."""
    for job in Job.objects.filter(status=Status.QUEUED):
        lifecycle.start(str(job.pk))


def made() -> list[str]:
    return list(Job.objects.filter(showcase=True).order_by("created").values_list("model", flat=True))


def test_at_the_start_only_the_first_is_made(fake_engine: type[FakeEngine]) -> None:
    showcase.ensure()
    showcase.ensure()

    job = Job.objects.get()
    assert (job.model, job.resolution, job.status) == ("lipsync-image", 720, Status.QUEUED)
    assert not job.user.is_active


def test_the_others_follow_one_by_one_of_the_samples(fake_engine: type[FakeEngine]) -> None:
    showcase.ensure()
    for _ in range(4):
        showcase.go_on()  # nothing, while one waits
        work_off()

    assert made() == ["lipsync-image", "lipsync-video", "lipsync-image-multi"]
    for job in Job.objects.all():
        assert {one.field: one.media.filename for one in job.inputs.all()} == SAMPLES_OF[job.model]
    # Each brought its own credits.
    house = User.objects.get(email=showcase.HOUSE)
    wallet = wallet_of(house, WalletKind.USER)
    assert (wallet.held, list(credits.wrong_wallets())) == (0, [])


def test_whoever_waits_comes_first(alice: User, make_job: MakeJob, fake_engine: type[FakeEngine]) -> None:
    make_job(alice)

    showcase.go_on()
    assert made() == []

    work_off()
    showcase.go_on()
    assert made() == ["lipsync-image"]


def test_what_failed_is_tried_again_at_the_next_start_only(fake_engine: type[FakeEngine]) -> None:
    fake_engine.acts = fail
    for _ in range(6):
        showcase.go_on()
        work_off()
    assert made() == ["lipsync-image", "lipsync-video", "lipsync-image-multi"]

    showcase.ensure()

    assert made() == ["lipsync-image", "lipsync-video", "lipsync-image-multi", "lipsync-image"]


def test_nobody_is_paid_for_an_example(settings: Settings) -> None:
    settings.ENGINES = {"lipsync-image": ["fal", "local"], "lipsync-video": ["wavespeed"], "lipsync-image-multi": []}
    showcase.ensure()
    assert made() == ["lipsync-image"]
    assert Job.objects.get().wanted == "local"
    lifecycle.cancel(Job.objects.get().user, Job.objects.get().pk)
    showcase.go_on()
    assert made() == ["lipsync-image"]


def test_an_operator_may_do_without_examples(settings: Settings) -> None:
    settings.EXAMPLES = False
    showcase.ensure()
    showcase.go_on()
    assert made() == []
