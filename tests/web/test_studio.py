"""The studio: what is made of a photo and a voice, what is refused and how that is said."""

import re
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django_q.models import OrmQ
from pytest_django import Settings

from jobs import credits, lifecycle
from jobs.media import SAMPLES
from jobs.models import Job, Media, Movement, MovementKind, User, WalletKind
from jobs.web.forms import FILES
from tests import files
from tests.conftest import MakeJob
from tests.web.reading import GERMAN, HTMX, element, problem, source, words

STUDIO = "/studio/"
SAMPLE: dict[str, object] = {"sample": "1", "resolution": "480", "consent": "on"}


def upload(path: Path, content_type: str, name: str = "") -> SimpleUploadedFile:
    return SimpleUploadedFile(name or path.name, path.read_bytes(), content_type)


def form(png: Path, wav: Path, **fields: object) -> dict[str, object]:
    """A complete form with two files; None leaves a field out."""
    whole = {
        "image": upload(png, "image/png"),
        "audio": upload(wav, "audio/wav"),
        "resolution": "480",
        "prompt": "",
        "seed": "",
        "consent": "on",
    } | fields
    return {name: value for name, value in whole.items() if value is not None}


def refused(answer: Any, field: str, data_dir: Path) -> str:
    """What is said beside `field`; nothing was made and no file is left anywhere."""
    assert answer.status_code == 422
    assert not Job.objects.exists()
    assert not Media.objects.exists()
    assert not OrmQ.objects.exists()
    assert not Movement.objects.exclude(kind=MovementKind.GRANT).exists()
    assert [path for path in data_dir.rglob("*") if path.is_file()] == []
    assert list((data_dir / "incoming").iterdir()) == []
    return problem(answer, field)


# --- What is made --------------------------------------------------------------------------


@pytest.mark.parametrize(("resolution", "price"), [(480, 10), (720, 20)])
def test_two_files_make_a_job(
    alices: Client, alice: User, png: Path, wav: Path, data_dir: Path, resolution: int, price: int
) -> None:
    answer = alices.post(STUDIO, form(png, wav, resolution=str(resolution), prompt=" calm ", seed="42"))

    assert (answer.status_code, answer["Location"]) == (303, "/gallery/")
    job = Job.objects.get()
    assert (job.user, job.name, job.resolution, job.prompt, job.seed) == (alice, "face – voice", resolution, "calm", 42)
    given = {one.field: one.media for one in job.inputs.all()}
    assert {field: (media.kind, media.filename) for field, media in given.items()} == {
        "image": ("image", "face.png"),
        "audio": ("audio", "voice.wav"),
    }
    wallet = credits.wallet_of(alice, WalletKind.USER)
    assert (job.wallet, job.price, wallet.available, wallet.held) == (wallet, price, 500 - price, price)
    assert [(entry.key, entry.task["args"]) for entry in OrmQ.objects.all()] == [("render", (str(job.pk),))]
    assert list((data_dir / "incoming").iterdir()) == []


@pytest.mark.parametrize(
    ("model", "inputs", "price"),
    [
        ("lipsync-image", {"image": "face.jpg", "audio": "voice.wav"}, 16),  # for 7.5 seconds
        ("lipsync-video", {"video": "clip.mp4", "audio": "reply.wav"}, 12),
        ("lipsync-image-multi", {"image": "pair.jpg", "left_audio": "voice.wav", "right_audio": "reply.wav"}, 16),
    ],
)
def test_the_samples_make_a_job(alices: Client, model: str, inputs: dict[str, str], price: int) -> None:
    answer = alices.post(STUDIO, SAMPLE | {"model": model})

    assert answer.status_code == 303
    job = Job.objects.get()
    assert (job.model, job.price) == (model, price)
    assert {one.field: one.media.filename for one in job.inputs.all()} == inputs
    assert 0 <= job.seed <= lifecycle.MAX_SEED


def test_a_file_comes_before_the_sample(alices: Client, png: Path) -> None:
    alices.post(STUDIO, SAMPLE | {"image": upload(png, "image/png")})

    assert {one.media.filename for one in Job.objects.get().inputs.all()} == {"face.png", "voice.wav"}


def test_with_htmx_the_browser_is_sent_on(alices: Client) -> None:
    answer = alices.post(STUDIO, SAMPLE, headers=HTMX)

    assert (answer["HX-Redirect"], answer.content) == ("/gallery/", b"")
    assert Job.objects.exists()


@pytest.mark.parametrize("mask", [False, True])
def test_a_video_and_a_voice_make_a_job(alices: Client, clip: Path, png: Path, wav: Path, mask: bool) -> None:
    sent = form(png, wav, model="lipsync-video", image=None, video=upload(clip, "video/mp4"))

    answer = alices.post(STUDIO, sent | ({"mask_image": upload(png, "image/png")} if mask else {}))

    assert answer.status_code == 303
    job = Job.objects.get()
    assert (job.model, job.price) == ("lipsync-video", 10)
    assert {one.field: one.media.kind for one in job.inputs.all()} == {"video": "video", "audio": "audio"} | (
        {"mask_image": "image"} if mask else {}
    )


@pytest.mark.parametrize(("order", "price"), [("meanwhile", 16), ("left_right", 22), ("right_left", 22), ("", 16)])
def test_two_voices_make_a_conversation(alices: Client, png: Path, wav: Path, order: str, price: int) -> None:
    two = form(png, wav, model="lipsync-image-multi", audio=None, order=order)
    two |= {
        "left_audio": upload(wav, "audio/wav", "left.wav"),
        "right_audio": upload(SAMPLES / "voice.wav", "audio/wav"),
    }

    assert alices.post(STUDIO, two).status_code == 303

    job = Job.objects.get()
    assert (job.model, job.speaking_order, job.price) == ("lipsync-image-multi", order or "meanwhile", price)
    assert {one.field: one.media.filename for one in job.inputs.all()} == {
        "image": "face.png",
        "left_audio": "left.wav",
        "right_audio": "voice.wav",
    }


def test_what_another_kind_needs_is_left_aside(alices: Client, clip: Path, png: Path, wav: Path) -> None:
    alices.post(STUDIO, form(png, wav, video=upload(clip, "video/mp4"), left_audio=upload(wav, "audio/wav")))

    assert {one.field for one in Job.objects.get().inputs.all()} == {"image", "audio"}


def test_another_like_this_is_made_of_the_same_files(alices: Client, alice: User, make_job: MakeJob, wav: Path) -> None:
    job = make_job(alice)
    shown = source(alices.get(f"{STUDIO}?like={job.pk}"))
    assert shown.count("is-filled") == 2
    assert f'name="like" value="{job.pk}"' in shown
    again: dict[str, object] = {"like": str(job.pk), "keep": ["image", "audio"], "resolution": "720", "consent": "on"}

    assert alices.post(STUDIO, again).status_code == 303
    assert alices.post(STUDIO, again | {"audio": upload(wav, "audio/wav", "new.wav")}).status_code == 303

    second, first = Job.objects.exclude(pk=job.pk).order_by("-created")
    own = {one.field: one.media_id for one in job.inputs.all()}
    assert {one.field: one.media_id for one in first.inputs.all()} == own
    given = {one.field: one.media for one in second.inputs.all()}
    assert given["image"].pk == own["image"]
    assert given["audio"].filename == "new.wav"


def test_the_files_of_somebody_elses_job_are_not_taken(charlies: Client, alice: User, make_job: MakeJob) -> None:
    job = make_job(alice)
    again = {"like": str(job.pk), "keep": ["image", "audio"], "resolution": "480", "consent": "on"}

    answer = charlies.post(STUDIO, again)

    assert answer.status_code == 422
    assert problem(answer, "image") == "Choose a picture."
    assert Job.objects.count() == 1


# --- What is refused -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "field", "sentence"),
    [
        ({"image": None}, "image", "Choose a picture."),
        ({"audio": None}, "audio", "Choose a recording."),
        ({"audio": None, "sample": "image"}, "audio", "Choose a recording."),
        ({"consent": None}, "consent", "Without this consent no video can be made."),
        ({"resolution": "1080"}, "resolution", "1080 is not one of the available choices"),
        ({"resolution": None}, "resolution", "required"),
        ({"seed": "x"}, "seed", "whole number from 0 to 2147483647"),
        ({"seed": "-2"}, "seed", "whole number from 0 to 2147483647"),
        ({"seed": str(2**31)}, "seed", "whole number from 0 to 2147483647"),
        ({"prompt": "x" * 501}, "prompt", "at most 500 characters"),
        ({"prompt": "a\0b"}, "prompt", "Null characters"),
        ({"image": "face.png"}, "image", "Choose a picture."),  # a word where a file should be
        ({"model": "lipsync-video"}, "video", "Choose a video."),
        ({"model": "lipsync-video", "sample": "audio"}, "video", "Choose a video."),
        ({"model": "lipsync-dance"}, "model", "lipsync-dance is not one of the available choices"),
        ({"order": "backwards"}, "order", "backwards is not one of the available choices"),
        ({"keep": "image", "image": None}, "image", "Choose a picture."),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(
    alices: Client, png: Path, wav: Path, data_dir: Path, change: dict[str, object], field: str, sentence: str
) -> None:
    answer = alices.post(STUDIO, form(png, wav, **change))

    assert sentence in refused(answer, field, data_dir)
    assert [
        name for name in (*FILES, "model", "order", "resolution", "seed", "prompt", "consent") if problem(answer, name)
    ] == [field]
    assert "The video was not made." in words(answer)


def test_text_is_neither_a_picture_nor_a_voice(alices: Client, data_dir: Path, png: Path, wav: Path) -> None:
    text = {
        "image": SimpleUploadedFile("face.png", b"Dear diary", "image/png"),
        "audio": SimpleUploadedFile("voice.wav", b"Dear diary", "audio/wav"),
    }

    answer = alices.post(STUDIO, form(png, wav, **text))

    assert refused(answer, "image", data_dir) == "This is not a picture. Choose a JPEG, PNG or WebP file."
    assert problem(answer, "audio").startswith("This is not a sound recording.")


def test_two_speakers_need_two_voices(alices: Client, png: Path, wav: Path) -> None:
    answer = alices.post(STUDIO, form(png, wav, model="lipsync-image-multi"))

    assert problem(answer, "left_audio") == "Choose a recording for the person on the left."
    assert problem(answer, "right_audio") == "Choose a recording for the person on the right."
    assert problem(answer, "image") == problem(answer, "audio") == ""


def test_a_picture_is_no_video_and_a_voice_no_mask(alices: Client, data_dir: Path, png: Path, wav: Path) -> None:
    wrong = form(png, wav, model="lipsync-video", video=upload(png, "video/mp4"), mask_image=upload(wav, "image/png"))

    answer = alices.post(STUDIO, wrong)

    assert refused(answer, "video", data_dir).startswith("This is not a video.")
    assert problem(answer, "mask_image").startswith("This is not a picture.")


def test_a_picture_is_no_voice_whatever_its_name(alices: Client, data_dir: Path, png: Path, wav: Path) -> None:
    answer = alices.post(STUDIO, form(png, wav, audio=upload(png, "audio/wav", "voice.wav")))

    assert refused(answer, "audio", data_dir).startswith("This is not a sound recording.")
    assert problem(answer, "image") == ""


def test_a_huge_picture_and_an_empty_file(alices: Client, data_dir: Path, tmp_path: Path, png: Path, wav: Path) -> None:
    huge = files.write_png(tmp_path / "huge.png", 6000, 5000)
    empty = SimpleUploadedFile("voice.wav", b"", "audio/wav")

    picture = alices.post(STUDIO, form(png, wav, image=upload(huge, "image/png")))
    assert "30 megapixels. At most 25" in refused(picture, "image", data_dir)
    voice = alices.post(STUDIO, form(png, wav, audio=empty))
    assert refused(voice, "audio", data_dir) == "The file is empty. Choose another one."


def test_a_file_that_is_too_large(alices: Client, data_dir: Path, png: Path, wav: Path, settings: Settings) -> None:
    settings.MAX_MEDIA_BYTES = wav.stat().st_size - 1

    answer = alices.post(STUDIO, form(png, wav))

    assert "MB are allowed" in refused(answer, "audio", data_dir)


def test_without_enough_credits_nothing_is_made(
    alices: Client, data_dir: Path, png: Path, wav: Path, settings: Settings
) -> None:
    settings.GRANT_USER_CREDITS = 19

    answer = alices.post(STUDIO, form(png, wav, resolution="720"))

    refused(answer, "image", data_dir)
    assert "costs 20 credits and the wallet has 19: 1 are missing" in words(answer)
    assert "hidden" not in element(answer, "problem-all")


def test_api_credits_do_not_pay_for_the_browser(
    alices: Client, alice: User, data_dir: Path, png: Path, wav: Path, settings: Settings
) -> None:
    settings.GRANT_USER_CREDITS = 0

    refused(alices.post(STUDIO, form(png, wav)), "image", data_dir)

    assert credits.wallet_of(alice, WalletKind.API).available == 500


def test_with_htmx_only_the_sentences_come_back(alices: Client, data_dir: Path) -> None:
    answer = alices.post(STUDIO, {"resolution": "480"}, headers=HTMX)

    assert refused(answer, "image", data_dir) == "Choose a picture."
    assert problem(answer, "consent") == "Without this consent no video can be made."
    assert "<html" not in source(answer)
    assert "<form" not in source(answer)
    assert "hx-swap-oob" not in element(answer, "problems")
    for name in (*FILES, "resolution", "prompt", "seed", "consent", "all"):
        assert "hx-swap-oob" in element(answer, f"problem-{name}")


def test_without_htmx_the_page_keeps_what_was_typed(alices: Client) -> None:
    answer = alices.post(STUDIO, {"resolution": "720", "prompt": "<b>calm", "seed": "7", "sample": "audio"})

    assert answer.status_code == 422
    assert 'value="720" checked' in source(answer)
    assert "&lt;b&gt;calm</textarea>" in source(answer)
    assert 'value="7"' in element(answer, "seed")
    assert "voice.wav" in words(answer)


def test_without_htmx_the_kind_stays_chosen(alices: Client) -> None:
    answer = alices.post(STUDIO, {"model": "lipsync-image-multi", "order": "right_left"})

    assert 'value="lipsync-image-multi" checked' in source(answer)
    assert 'value="right_left" checked' in source(answer)


# --- The page ------------------------------------------------------------------------------


def test_the_page_says_what_it_costs(alices: Client, settings: Settings) -> None:
    settings.GRANT_USER_CREDITS = 1840

    answer = alices.get(STUDIO)

    tag = element(answer, "studio")
    assert 'data-rates="{"480": 2, "720": 4}"' in tag
    assert 'data-least="5"' in tag
    assert 'data-available="1840"' in tag
    assert "1,840" in words(answer)
    assert "1.840" in words(alices.get(STUDIO, headers=GERMAN))
    assert 'data-available="1840"' in element(alices.get(STUDIO, headers=GERMAN), "studio")


@pytest.mark.parametrize(
    ("asked", "shown"), [("", "lipsync-image"), ("lipsync-video", "lipsync-video"), ("x", "lipsync-image")]
)
def test_a_kind_can_be_chosen_by_a_link(alices: Client, asked: str, shown: str) -> None:
    html = source(alices.get(STUDIO, {"model": asked}))

    assert re.findall(r'name="model" value="([^"]*)" checked', html) == [shown]


@pytest.mark.parametrize(
    ("model", "fields"),
    [
        ("lipsync-image", ["image", "audio"]),
        ("lipsync-video", ["video", "audio"]),
        ("lipsync-image-multi", ["image", "left_audio", "right_audio"]),
    ],
)
def test_the_sample_can_be_chosen_by_a_link(alices: Client, model: str, fields: list[str]) -> None:
    empty, chosen = (source(alices.get(STUDIO, {"model": model} | more)) for more in ({}, {"sample": "1"}))

    assert empty.count("is-filled") == 0
    assert chosen.count("is-filled") == len(fields)
    assert empty.count("data-stand-in disabled") == len(FILES)
    assert chosen.count("data-stand-in disabled") == len(FILES) - len(fields)
    for field in fields:
        assert chosen.count(f'name="sample" value="{field}" data-stand-in>') == 1


def test_another_like_this_begins_with_the_same_settings(alices: Client, alice: User, make_job: MakeJob) -> None:
    job = make_job(alice, resolution=720, prompt="calm & still")
    Job.objects.update(seed=lifecycle.MAX_SEED)

    for headers in ({}, GERMAN):
        answer = alices.get(f"{STUDIO}?like={job.pk}", headers=headers)

        assert 'value="720" checked' in source(answer)
        assert "calm &amp; still</textarea>" in source(answer)
        assert 'value="2147483647"' in element(answer, "seed")


def test_the_settings_of_somebody_elses_job_are_not_told(charlies: Client, alice: User, make_job: MakeJob) -> None:
    job = make_job(alice, resolution=720, prompt="calm & still")

    for like in (job.pk, uuid4(), "x", ""):
        answer = charlies.get(f"{STUDIO}?like={like}")

        assert answer.status_code == 200
        assert 'value="480" checked' in source(answer)
        assert "still</textarea>" not in source(answer)
        assert 'value=""' in element(answer, "seed")


def test_in_german_the_refusals_are_german(alices: Client, png: Path, wav: Path, settings: Settings) -> None:
    settings.GRANT_USER_CREDITS = 0
    wrong = form(png, wav, image=upload(wav, "image/png"), audio=None, seed="x", consent=None)

    answer = alices.post(STUDIO, wrong, headers=GERMAN | HTMX)
    assert problem(answer, "audio") == "Wähl eine Aufnahme."
    assert problem(answer, "seed").startswith("Der Startwert ist eine ganze Zahl")
    assert problem(answer, "consent") == "Ohne diese Zustimmung entsteht kein Video."
    answer = alices.post(STUDIO, form(png, wav, image=upload(wav, "image/png")), headers=GERMAN)
    assert problem(answer, "image") == "Das ist kein Bild. Nimm eine JPEG-, PNG- oder WebP-Datei."
    answer = alices.post(STUDIO, form(png, wav), headers=GERMAN)
    assert "Dieses Video kostet 10 Credits, im Guthaben sind 0" in words(answer)


def test_a_style_sheet_of_a_script_needs_the_word_of_this_very_page(alices: Client) -> None:
    first, second = (alices.get(STUDIO) for _ in range(2))

    (nonce,) = re.findall(r'data-nonce="([^"]{16,})"', source(first))
    assert f"style-src-elem 'self' 'nonce-{nonce}'" in first["Content-Security-Policy"]
    assert nonce not in second["Content-Security-Policy"]


# --- What the installation's engines take ---------------------------------------------------


def test_only_what_an_engine_takes_is_offered(alices: Client, settings: Settings) -> None:
    page = alices.get(STUDIO).content.decode()
    assert 'value="lipsync-video"' in page
    assert 'data-for="lipsync-image lipsync-video lipsync-image-multi" data-mask ' in page
    assert 'name="engine-' not in page  # nothing to choose

    settings.ENGINES = {"lipsync-image": ["fal"], "lipsync-video": [], "lipsync-image-multi": ["fal"]}
    page = alices.get(STUDIO).content.decode()
    assert 'value="lipsync-video"' not in page
    assert 'data-for="" data-mask ' in page
    assert 'value="meanwhile"' in page
    assert 'value="left_right"' not in page


def test_where_there_is_a_choice_people_choose_the_engine(
    alices: Client, png: Path, wav: Path, settings: Settings
) -> None:
    settings.ENGINES = settings.ENGINES | {"lipsync-image": ["local", "wavespeed"]}
    page = alices.get(STUDIO).content.decode()
    assert '<option value="wavespeed">WaveSpeed</option>' in page

    alices.post(STUDIO, form(png, wav, **{"engine-lipsync-image": "wavespeed"}))

    assert Job.objects.get().wanted == "wavespeed"


def test_an_engine_that_can_not_is_refused_beside_the_field(
    alices: Client, png: Path, wav: Path, settings: Settings, data_dir: Path
) -> None:
    settings.ENGINES = settings.ENGINES | {"lipsync-image": ["local", "fal"]}
    answer = alices.post(STUDIO, form(png, wav, mask_image=upload(png, "image/png"), **{"engine-lipsync-image": "fal"}))
    assert "takes a mask" in refused(answer, "mask_image", data_dir)
    answer = alices.post(STUDIO, form(png, wav, **{"engine-lipsync-image": "nonsense"}))
    assert answer.status_code == 422
    assert not Job.objects.exists()
