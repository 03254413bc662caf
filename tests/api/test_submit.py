"""Submissions over the API: what is made, what is refused, and that a refusal leaves nothing behind."""

import uuid
from pathlib import Path
from typing import Any

import pytest
from django_q.models import OrmQ
from pytest_django import Settings

from jobs import credits
from jobs.models import Job, Media, MediaKind, Movement, MovementKind, User, WalletKind
from tests.api.conftest import Program


def nothing_was_made(data_dir: Path) -> bool:
    files = [path for folder in ("media", "incoming") for path in (data_dir / folder).rglob("*") if path.is_file()]
    made = Job.objects.exists() or Media.objects.exists() or OrmQ.objects.exists()
    held = Movement.objects.exclude(kind=MovementKind.GRANT).exists()
    return not made and not held and not files


def form(media_at: str, **fields: Any) -> dict[str, Any]:
    return {"formState": {"image": f"{media_at}/face.png", "audio": f"{media_at}/voice.wav"} | fields}


@pytest.mark.django_db
def test_a_picture_and_a_voice_make_a_job(program: Program, alice: User, media_at: str) -> None:
    answer = program.post("lipsync-image", form(media_at, resolution="720p", seed=42))
    assert answer.status_code == 200
    assert set(answer.json()) == {"id", "status"}
    assert answer.json()["status"] == "processing"
    job = Job.objects.get(pk=uuid.UUID(answer.json()["id"]))
    assert (job.user, job.resolution, job.seed, job.price) == (alice, 720, 42, 20)
    assert {given.field: given.media.kind for given in job.inputs.all()} == {"image": "image", "audio": "audio"}


@pytest.mark.django_db
def test_a_video_a_voice_and_a_mask_make_a_job(program: Program, media_at: str) -> None:
    fields = {"video": f"{media_at}/face.png", "audio": f"{media_at}/voice.wav", "mask_image": f"{media_at}/face.png"}
    answer = program.post("lipsync-video", {"formState": fields})
    assert answer.status_code == 200
    job = Job.objects.get()
    assert (job.model, job.price) == ("lipsync-video", 10)
    assert {given.field for given in job.inputs.all()} == {"video", "audio", "mask_image"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("order", "price"),
    [(None, 20), ("meanwhile", 20), ("left_right", 24), ("right_left", 24)],
)
def test_two_voices_cost_the_longer_one_or_both(order: str | None, price: int, program: Program, media_at: str) -> None:
    """3 s and 3 s at 720p: at once the least is billed, 5 s; one after the other 6 s."""
    fields: dict[str, Any] = {"image": f"{media_at}/face.png"}
    fields |= {"left_audio": f"{media_at}/voice.wav", "right_audio": f"{media_at}/voice.wav", "resolution": "720p"}
    if order:
        fields["order"] = order
    answer = program.post("lipsync-image-multi", {"formState": fields})
    assert answer.status_code == 200
    job = Job.objects.get()
    assert (job.model, job.speaking_order, job.price) == ("lipsync-image-multi", order or "meanwhile", price)


@pytest.mark.django_db
def test_the_price_is_held_in_the_api_wallet_alone(program: Program, alice: User, media_at: str) -> None:
    before = credits.wallet_of(alice, WalletKind.API).available
    program.post("lipsync-image", form(media_at))
    api, user = (credits.wallet_of(alice, kind) for kind in (WalletKind.API, WalletKind.USER))
    assert (api.available, api.held) == (before - 10, 10)
    assert user.held == 0


@pytest.mark.django_db
def test_null_means_left_out(program: Program, media_at: str) -> None:
    answer = program.post("lipsync-image", form(media_at, resolution=None, seed=None, prompt=None, mask_image=None))
    assert answer.status_code == 200
    assert Job.objects.get().resolution == 480


@pytest.mark.django_db
def test_a_key_of_the_same_account_sees_the_job_and_a_stranger_does_not(
    program: Program, stranger: Program, media_at: str
) -> None:
    job_id = program.post("lipsync-image", form(media_at)).json()["id"]
    seen = program.get(f"jobs/{job_id}").json()
    assert seen | {"createdAt": ""} == {
        "id": job_id, "model": "lipsync-image", "status": "processing", "output": None, "error": "",
        "executionTime": None, "timings": None, "progress": 0, "createdAt": "", "completedAt": None,
        "seed": seen["seed"], "credits": 10, "promptUsed": [], "warnings": [],
    }  # fmt: skip
    hidden, missing = stranger.get(f"jobs/{job_id}"), stranger.get(f"jobs/{uuid.uuid4()}")
    assert hidden.status_code == missing.status_code == 404
    assert hidden.json() | {"requestId": ""} == missing.json() | {"requestId": ""}


@pytest.mark.django_db
def test_a_file_that_is_no_sound_becomes_a_job_that_will_say_so(program: Program, media_at: str) -> None:
    """What only the media can tell fails the job, as the contract says; until then the least is held."""
    answer = program.post("lipsync-image", form(media_at, audio=f"{media_at}/notes.wav"))
    assert answer.status_code == 200
    assert Job.objects.get().price == 10
    assert Media.objects.get(filename="notes.wav").kind == MediaKind.UNKNOWN


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"audio": "{at}/missing.wav"}, "formState.audio", "404"),
        ({"image": "{at}/moved-inside"}, "formState.image", "not public"),
        ({"image": "http://169.254.169.254/latest/"}, "formState.image", "not public"),
        ({"image": "ftp://example.org/face.png"}, "formState.image", "http"),
        ({"image": "face.png"}, "formState.image", "http"),
        ({"image": ""}, "formState.image", "must not be empty"),
        ({"image": 3}, "formState.image", "must be a string"),
        ({"imgae": "x"}, "formState.imgae", "did you mean `image`"),
        ({"resolution": "1080p"}, "formState.resolution", "'480p' or '720p'"),
        ({"seed": "7"}, "formState.seed", "must be an integer"),
        ({"seed": True}, "formState.seed", "must be an integer"),
        ({"seed": -2}, "formState.seed", "-1 or more"),
        ({"prompt": "x" * 2001}, "formState.prompt", "2000"),
        ({"prompt": "a\0b"}, "formState.prompt", "NUL"),
        ({"mask_image": "{at}/gone.png"}, "formState.mask_image", "404"),
    ],
)  # fmt: skip
def test_what_can_be_known_at_once_is_refused_and_leaves_nothing(
    program: Program, media_at: str, data_dir: Path, change: dict[str, Any], field: str, words: str
) -> None:
    fields = {name: value.format(at=media_at) if isinstance(value, str) else value for name, value in change.items()}
    answer = program.post("lipsync-image", form(media_at, **fields))
    assert answer.status_code == 422
    error = answer.json()
    assert (error["code"], error["field"]) == ("invalid_request", field)
    assert words in error["error"]
    assert error["error"].startswith(f"{field}: ")
    assert error["errors"][0]["field"] == field
    assert nothing_was_made(data_dir)


@pytest.mark.django_db
def test_on_a_public_installation_this_machine_is_out_of_reach(
    program: Program, media_at: str, settings: Settings, data_dir: Path
) -> None:
    settings.ALLOW_PRIVATE_NETWORK = False
    answer = program.post("lipsync-image", form(media_at))
    assert answer.status_code == 422
    assert "not public" in answer.json()["error"]
    assert nothing_was_made(data_dir)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "webhook", ["http://example.org/hook", "https://127.0.0.1/hook", "https://[::1]/hook", "nonsense"]
)
def test_a_webhook_must_be_public_and_encrypted(program: Program, settings: Settings, webhook: str) -> None:
    settings.ALLOW_PRIVATE_NETWORK = False
    answer = program.post(
        "lipsync-image",
        {"webhook": webhook, "formState": {"image": "https://x.example/a", "audio": "https://x.example/b"}},
    )
    assert (answer.status_code, answer.json()["field"]) == (422, "webhook")


@pytest.mark.django_db
def test_without_enough_credits_nothing_is_made(
    program: Program, alice: User, media_at: str, settings: Settings, data_dir: Path
) -> None:
    settings.GRANT_API_CREDITS = 4
    answer = program.post("lipsync-image", form(media_at))
    assert (answer.status_code, answer.json()["code"]) == (402, "insufficient_credits")
    assert "10 credits" in answer.json()["error"]
    assert "6 are missing" in answer.json()["error"]
    assert nothing_was_made(data_dir)


@pytest.mark.django_db
def test_our_own_samples_need_no_connection(program: Program, settings: Settings) -> None:
    at = settings.PUBLIC_BASE_URL
    answer = program.post(
        "lipsync-image", {"formState": {"image": f"{at}/samples/face.jpg", "audio": f"{at}/samples/voice.wav"}}
    )
    assert answer.status_code == 200
    assert (Job.objects.get().inputs.get(field="audio").media.seconds or 0) > 5


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["lipsync-image", "estimate/lipsync-image"])
def test_what_no_engine_takes_is_refused(path: str, program: Program, settings: Settings, data_dir: Path) -> None:
    settings.ENGINES = settings.ENGINES | {"lipsync-image": ["fal"]}
    at = f"{settings.PUBLIC_BASE_URL}/samples"
    body = {"image": f"{at}/face.jpg", "audio": f"{at}/voice.wav"}

    masked = program.post(path, {"formState": body | {"mask_image": f"{at}/face.jpg"}})
    assert (masked.status_code, masked.json()["field"]) == (422, "formState.mask_image")
    assert program.post(path, {"formState": body}).status_code == 200

    settings.ENGINES = settings.ENGINES | {"lipsync-image": []}
    none = program.post(path, {"formState": body})
    assert (none.status_code, none.json()["error"]) == (422, "This installation does not make this kind of video.")


@pytest.mark.django_db
def test_an_order_that_no_engine_knows_is_refused(program: Program, settings: Settings) -> None:
    settings.ENGINES = settings.ENGINES | {"lipsync-image-multi": ["fal"]}
    at = f"{settings.PUBLIC_BASE_URL}/samples"
    body = {"image": f"{at}/face.jpg", "left_audio": f"{at}/voice.wav", "right_audio": f"{at}/voice.wav"}

    ordered = program.post("lipsync-image-multi", {"formState": body | {"order": "left_right"}})
    assert (ordered.status_code, ordered.json()["field"]) == (422, "formState.order")
    assert program.post("lipsync-image-multi", {"formState": body}).status_code == 200
