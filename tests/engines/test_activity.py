"""Voice activity: where somebody speaks the mouth moves, where music is alone it rests, and music alone is refused."""

from pathlib import Path

import numpy as np
import pytest

from jobs.engines.local import pipeline
from jobs.engines.local.shapes import F64, I16, SPEECH_RATE_HZ, MouthTrack
from jobs.engines.local.voice import activity, audio, ear, listening, timing
from jobs.engines.local.voice.activity import STEPS
from jobs.engines.local.voice.listening import Listeners
from jobs.engines.local.voice.visemes import NOBODY
from jobs.errors import InvalidInput
from tests.engines import samples
from tests.engines.music import music
from tests.engines.samples import whole

VOICE_SECONDS = 7
BEFORE_SECONDS, AFTER_SECONDS = 4, 3
NEAR_SECONDS = 1.5  # what is nearer to a voice may be one
LOUD = 12_000.0
RESTING, SPEAKING = 0.02, 0.3


def spoken(seconds: float = VOICE_SECONDS) -> F64:
    """(n,) of the bundled voice."""
    return samples.voice()[: round(seconds * SPEECH_RATE_HZ)].astype(float)


def between_music(snr_db: float) -> I16:
    """Music that begins before the voice and goes on behind it and after it."""
    before, after = (np.zeros(seconds * SPEECH_RATE_HZ) for seconds in (BEFORE_SECONDS, AFTER_SECONDS))
    voice = np.concatenate([before, spoken(), after])
    behind = music(len(voice) / SPEECH_RATE_HZ)
    return whole(voice + behind * spoken().std() / behind.std() * 10 ** (-snr_db / 20))


def alone(pcm: I16) -> F64:
    return activity.nobody(ear.impression(pcm)).astype(float)


def track_of(pcm: I16) -> MouthTrack:
    return timing.mouth_track(listening.hear(pcm), audio.features(pcm), len(pcm) / SPEECH_RATE_HZ)


def test_a_voice_is_somebody() -> None:
    pcm = samples.voice()
    assert alone(pcm).max() == 0
    assert activity.anybody(pcm)
    assert NOBODY not in {phone.name for phone in listening.hear(pcm)}


@pytest.mark.parametrize("snr_db", [5, 10, 20])
def test_a_voice_in_music_is_somebody(snr_db: float) -> None:
    behind = music(VOICE_SECONDS)
    pcm = whole(spoken() + behind * spoken().std() / behind.std() * 10 ** (-snr_db / 20))
    assert alone(pcm).mean() < 0.02
    assert activity.anybody(pcm)


@pytest.mark.parametrize("snr_db", [0, 10, 20])
def test_a_voice_in_noise_is_somebody(snr_db: float) -> None:
    noise = np.random.default_rng(6).normal(size=VOICE_SECONDS * SPEECH_RATE_HZ)
    pcm = whole(spoken() + noise * spoken().std() * 10 ** (-snr_db / 20))
    assert alone(pcm).mean() < 0.05


@pytest.mark.parametrize("seconds", [2.5, 5, 20])
def test_music_is_nobody(seconds: float) -> None:
    pcm = whole(LOUD * music(seconds))
    assert alone(pcm).mean() > 0.9
    assert not activity.anybody(pcm)


def test_music_is_nobody_however_loud() -> None:
    for amplitude in (1000, 5000, 30_000):
        assert alone(whole(amplitude * music(6))).mean() > 0.8, amplitude


@pytest.mark.parametrize("samples_count", [1, 159, 160, STEPS * 160 - 1, STEPS * 160, 17_777])
def test_each_step_of_any_length_is_judged(samples_count: int) -> None:
    pcm = whole(LOUD * music(2))[:samples_count]
    heard = ear.impression(pcm)
    assert activity.nobody(heard).shape == heard.sounding.shape == (samples_count // 160 + 1,)
    assert len(activity.odds(heard)) == len(heard.logs) // STEPS


def test_what_is_too_short_to_tell_is_somebody() -> None:
    assert activity.anybody(whole(LOUD * music(1.9)))


def test_a_voice_in_a_long_piece_of_music_is_found() -> None:
    long = LOUD / 2 * music(180)
    long[100 * SPEECH_RATE_HZ :][: VOICE_SECONDS * SPEECH_RATE_HZ] += spoken()
    assert activity.anybody(whole(long))


def test_long_music_is_judged_by_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    listened: list[int] = []

    def impression(pcm: I16) -> ear.Impression:
        listened.append(len(pcm))
        return ear_impression(pcm)

    ear_impression = ear.impression
    monkeypatch.setattr(ear, "impression", impression)
    assert not activity.anybody(np.tile(whole(LOUD * music(60)), 10))
    assert sum(listened) <= activity.MOST_LOOKS * activity.LOOK_SECONDS * SPEECH_RATE_HZ


def test_the_mouth_rests_while_music_is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    pcm = between_music(snr_db=10)
    moments = np.arange(0, BEFORE_SECONDS + VOICE_SECONDS + AFTER_SECONDS, 1 / 25) + 1 / 50
    opening = track_of(pcm).opening
    assert len(opening) == len(moments)
    voice_ends = BEFORE_SECONDS + VOICE_SECONDS
    assert opening[moments < BEFORE_SECONDS - NEAR_SECONDS].max() < RESTING
    assert opening[moments > voice_ends + NEAR_SECONDS].max() < RESTING
    said = (moments > BEFORE_SECONDS) & (moments < voice_ends)
    monkeypatch.setattr(activity, "nobody", lambda heard: np.zeros(len(heard.logs), np.bool_))
    assert np.array_equal(opening[said], track_of(pcm).opening[said])


def test_loudness_alone_would_move_the_lips() -> None:
    pcm = whole(LOUD * music(4))
    assert timing.mouth_track((), audio.features(pcm), 4).opening.max() > SPEAKING
    assert track_of(pcm).opening.max() < RESTING


@pytest.mark.parametrize("field", ["audio", "left_audio"])
def test_music_alone_is_refused(field: str, tmp_path: Path) -> None:
    path = samples.write_pcm(tmp_path / "music.wav", whole(LOUD * music(6)))
    with Listeners(tmp_path) as listeners, pytest.raises(InvalidInput, match="music or noise") as refusal:
        pipeline.hear(path, listeners, field)
    assert refusal.value.field == field
