"""One face and several voices: asked for in a form."""

from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from jobs import batches
from jobs.media import SAMPLES
from jobs.models import Batch, Job, Media, User, WalletKind
from jobs.roster import NO_ENGINE
from tests.web.batches.form import NEW, faults, the_batch, upload
from tests.web.batches.making import made
from tests.web.cards import shown
from tests.web.reading import HTMX, problem, source, words


def test_one_face_and_three_voices_are_priced_before_they_are_made(
    alices: Client, alice: User, voices: dict[str, object]
) -> None:
    batch = the_batch(alices.post(NEW, voices | {"resolution": "720", "prompt": "calm", "name": "Greetings"}))

    page = alices.get(f"/batches/{batch.pk}/")
    assert "3 videos, 60 credits" in words(page)
    assert "Make 3 videos" in words(page)
    assert [name in words(page) for name in ("Greetings", "one", "two", "three", "440")] == [True] * 5
    assert not Job.objects.exists()

    answer = alices.post(f"/batches/{batch.pk}/submit/")

    assert (answer.status_code, answer["Location"]) == (303, f"/batches/{batch.pk}/")
    jobs = list(batches.jobs_in(batch))
    assert [(job.name, job.model, job.resolution, job.prompt, job.price) for job in jobs] == [
        (name, "lipsync-image", 720, "calm", 20) for name in ("one", "two", "three")
    ]
    assert {job.wallet.kind for job in jobs} == {WalletKind.USER}
    assert Media.objects.count() == 4
    assert shown(alices.get(f"/batches/{batch.pk}/")) == [job.pk for job in jobs]


def test_the_face_may_be_a_video(alices: Client, voices: dict[str, object], clip: Path) -> None:
    batch = made(the_batch(alices.post(NEW, voices | {"face": upload(clip)})))

    assert [job.model for job in batches.jobs_in(batch)] == ["lipsync-video"] * 3
    assert batch.name == "clip"


def test_each_voice_that_can_not_be_used_is_named(alices: Client, voices: dict[str, object], wav: Path) -> None:
    sent = [upload(wav), SimpleUploadedFile("diary.wav", b"Dear diary"), SimpleUploadedFile("list.mp3", b"Milk")]

    found = faults(alices.post(NEW, voices | {"voices": sent}))

    sentence = "This is not a sound recording. Choose a WAV, MP3, M4A, FLAC or OGG file."
    assert found == [("2", "diary.wav", sentence), ("3", "list.mp3", sentence)]


def test_a_recording_is_no_face(alices: Client, voices: dict[str, object], wav: Path, data_dir: Path) -> None:
    answer = alices.post(NEW, voices | {"face": upload(wav)})

    assert faults(answer) == []
    assert problem(answer, "face").startswith("This is neither a picture nor a video.")
    assert list((data_dir / "incoming").iterdir()) == []


@pytest.mark.parametrize(
    ("change", "field", "sentence"),
    [
        ({"face": ""}, "face", "Choose a picture or a video."),
        ({"voices": []}, "voices", "Choose the recordings, one for each video."),
        ({"consent": ""}, "consent", "Without this consent no video can be made."),
        ({"resolution": "1080"}, "resolution", "1080 is not one of the available choices"),
        ({"prompt": "x" * 501}, "prompt", "at most 500 characters"),
        ({"name": "x" * 121}, "name", "at most 120 characters"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(
    alices: Client, voices: dict[str, object], change: dict[str, object], field: str, sentence: str
) -> None:
    for headers in ({}, HTMX):
        for name in ("face", "voices"):
            for one in voices[name] if isinstance(voices[name], list) else [voices[name]]:  # type: ignore[attr-defined]
                one.seek(0)
        answer = alices.post(NEW, voices | change, headers=headers)

        assert sentence in problem(answer, field)
        assert "Nothing was made." in words(answer)
        assert faults(answer) == []
        assert ("<html" in source(answer)) == (not headers)


def test_more_than_a_hundred_are_refused_before_they_are_looked_at(
    alices: Client, voices: dict[str, object], wav: Path
) -> None:
    answer = alices.post(NEW, voices | {"voices": [upload(wav)] * 101})

    assert problem(answer, "voices") == "These are 101 videos; at most 100 can be made at once."
    assert faults(answer) == []


def test_with_htmx_the_browser_is_sent_on(alices: Client, voices: dict[str, object]) -> None:
    answer = alices.post(NEW, voices, headers=HTMX)

    assert answer["HX-Redirect"] == f"/batches/{Batch.objects.get().pk}/"


def test_what_no_engine_can_do_with_voices_is_said_above_all(
    alices: Client, voices: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.roster.entries", lambda _: [])

    answer = alices.post(NEW, voices)

    assert faults(answer) == []
    assert NO_ENGINE in words(answer)


def test_the_sample_face_speaks(alices: Client, voices: dict[str, object]) -> None:
    """With a real picture and a real voice the price is the voice's."""
    real = {"face": upload(SAMPLES / "face.jpg"), "voices": [upload(SAMPLES / "voice.wav")]}

    batch = the_batch(alices.post(NEW, voices | real))

    assert "1 video, 16 credits" in words(alices.get(f"/batches/{batch.pk}/"))
