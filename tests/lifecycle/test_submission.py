"""A job is submitted: priced, paid for, named, and told to the queue, or refused without a trace."""

from collections.abc import Callable
from pathlib import Path

import pytest

from jobs import credits, lifecycle
from jobs.errors import InsufficientCredits
from jobs.lifecycle import Order
from jobs.media import Draft, keep
from jobs.media.probe import Facts
from jobs.models import Delivery, Job, JobInput, Media, MediaKind, Movement, MovementKind, Status, User, WalletKind
from jobs.models.job import Model
from tests.conftest import MakeJob
from tests.lifecycle.ledger import HOOK, balances, kicks, kinds, stored


def test_submission_holds_the_price_and_tells_the_queue(alice: User, make_job: MakeJob, data_dir: Path) -> None:
    job = make_job(alice, seconds=7.2, resolution=720, prompt="smile", webhook=HOOK)

    job.refresh_from_db()
    assert (job.status, job.price, job.attempts) == (Status.QUEUED, 32, 0)
    assert balances(job) == (68, 32)
    assert kinds(job) == [MovementKind.HOLD]
    assert kicks() == [str(job.pk)]
    assert {given.field: given.media.owner for given in job.inputs.all()} == {"image": alice, "audio": alice}
    assert len(stored(data_dir)) == 2
    assert not Delivery.objects.exists()


@pytest.mark.parametrize(
    ("model", "files_given", "name"),
    [
        (Model.IMAGE, {"image": "anna.jpg", "audio": "greeting.wav"}, "anna – greeting"),
        (Model.IMAGE, {"image": "anna.jpg", "audio": "anna.wav"}, "anna"),
        (Model.IMAGE, {"image": "", "audio": "greeting.wav"}, "greeting"),
        (Model.IMAGE, {"image": "a" * 99 + ".jpg", "audio": "b" * 99}, "a" * 50 + " – " + "b" * 67),
        (Model.VIDEO, {"video": "talk.mp4", "audio": "new.mp3"}, "talk – new"),
        (Model.MULTI, {"image": "pair.png", "left_audio": "l.wav", "right_audio": "r.wav"}, "pair – l + r"),
        (Model.MULTI, {"image": "pair.png", "left_audio": "l.wav", "right_audio": "l.wav"}, "pair – l"),
    ],
)
def test_a_video_is_called_after_its_files(model: Model, files_given: dict[str, str], name: str) -> None:
    drafts = {
        field: Draft(Path("x"), filename, "", Facts(MediaKind.UNKNOWN)) for field, filename in files_given.items()
    }

    assert lifecycle.name_of(Order(model, drafts)) == name
    assert lifecycle.name_of(Order(model, drafts, name="Mine")) == "Mine"


@pytest.mark.parametrize(("seconds", "resolution", "price"), [(3, 720, 20), (10, 480, 20)])
def test_the_worked_examples_of_the_price_list(
    alice: User, make_job: MakeJob, seconds: float, resolution: int, price: int
) -> None:
    job = make_job(alice, seconds=seconds, resolution=resolution)

    assert job.price == price
    assert balances(job) == (100 - price, price)


def test_each_door_pays_from_its_own_wallet(alice: User, make_job: MakeJob) -> None:
    job = make_job(alice, wallet_kind=WalletKind.USER)

    assert job.wallet.kind == WalletKind.USER
    assert credits.wallet_of(alice, WalletKind.API).available == 100


def test_a_submission_that_is_too_expensive_leaves_nothing(alice: User, make_job: MakeJob, data_dir: Path) -> None:
    credits.wallet_of(alice, WalletKind.API)
    movements = Movement.objects.count()

    with pytest.raises(InsufficientCredits, match="costs 104 credits and the wallet has 100: 4 are missing"):
        make_job(alice, seconds=26, resolution=720, webhook=HOOK)

    assert not Job.objects.exists()
    assert not JobInput.objects.exists()
    assert not Media.objects.exists()
    assert stored(data_dir) == []
    assert Movement.objects.count() == movements
    assert kicks() == []
    assert credits.wallet_of(alice, WalletKind.API).available == 100


def test_a_refused_submission_keeps_the_upload_it_named(
    alice: User, draft: Callable[..., dict[str, Draft]], data_dir: Path
) -> None:
    drafts = draft(26)
    uploaded = keep(alice, drafts["image"])
    inputs = drafts | {"image": Draft(uploaded, "a.png", "image/png", drafts["image"].facts)}

    with pytest.raises(InsufficientCredits):
        lifecycle.submit(alice, Order(Model.IMAGE, inputs, 720), WalletKind.API)

    assert list(Media.objects.all()) == [uploaded]
    assert len(stored(data_dir)) == 1


def test_a_file_that_can_not_be_stored_takes_the_others_with_it(
    alice: User, draft: Callable[..., dict[str, Draft]], data_dir: Path, wav: Path
) -> None:
    drafts = draft()
    wav.unlink()

    with pytest.raises(FileNotFoundError):
        lifecycle.submit(alice, Order(Model.IMAGE, drafts), WalletKind.API)

    assert not Media.objects.exists()
    assert stored(data_dir) == []


def test_a_recording_that_is_too_long_to_use_is_priced_as_the_shortest(alice: User, make_job: MakeJob) -> None:
    assert make_job(alice, seconds=601).price == 10


def test_a_seed_is_chosen_when_none_is_given(alice: User, draft: Callable[..., dict[str, Draft]]) -> None:
    job = lifecycle.submit(alice, Order(Model.IMAGE, draft()), WalletKind.API)

    assert 0 <= job.seed < lifecycle.MAX_SEED
