"""What the signal says: loud when somebody speaks, however loudly it was recorded, and nothing where nobody does."""

import numpy as np
import pytest

from jobs.engines.local.shapes import FEATURE_RATE_HZ, I16, SPEECH_RATE_HZ, VoiceFeatures
from jobs.engines.local.voice import audio
from jobs.engines.local.voice.audio import BLOCK, HOP
from tests.engines import samples
from tests.engines.samples import whole

SECONDS = 3
TIME = np.arange(SECONDS * SPEECH_RATE_HZ) / SPEECH_RATE_HZ
NOISE = np.random.default_rng(3).normal(size=len(TIME))


def tone(hertz: float, amplitude: float = 8000) -> I16:
    return whole(amplitude * np.sin(2 * np.pi * hertz * TIME))


def softer(pcm: I16, decibels: float) -> I16:
    return whole(pcm * 10 ** (-decibels / 20))


def vowel(formants_hz: tuple[float, ...], pitch_hz: float = 120) -> I16:
    """Harmonics of a voice with these formants, said four times a second."""
    harmonics = np.arange(pitch_hz, 4000, pitch_hz)
    strength = sum(np.exp(-(((harmonics - formant) / 150) ** 2)) for formant in formants_hz)
    spoken = (strength[:, None] * np.sin(2 * np.pi * harmonics[:, None] * TIME)).sum(0)
    return whole(4000 * spoken * (np.sin(2 * np.pi * 4 * TIME) > 0))


@pytest.fixture(scope="module")
def voice() -> VoiceFeatures:
    return audio.features(samples.voice())


NOBODY = {
    "digital silence": np.zeros_like(TIME),
    "dither": np.round(NOISE).clip(-1, 1),
    "a very quiet hum": 10 * np.sin(2 * np.pi * 50 * TIME),
    "a loud hum": 8000 * np.sin(2 * np.pi * 50 * TIME),
    "a tone": 8000 * np.sin(2 * np.pi * 440 * TIME),
    "hiss": 3000 * NOISE,
    "a click": 20_000.0 * (np.arange(len(TIME)) == 20_000),
    "an offset": np.full_like(TIME, 12_000),
}


@pytest.mark.parametrize("name", NOBODY)
def test_nobody_speaks(name: str) -> None:
    features = audio.features(whole(NOBODY[name]))
    assert not audio.has_voice(features)
    assert np.isfinite([features.loudness, features.jaw, features.spread]).all()


def test_the_bundled_voice_speaks(voice: VoiceFeatures) -> None:
    assert audio.has_voice(voice)


@pytest.mark.parametrize("decibels", [20, 40, 50])
def test_a_quiet_voice_speaks(decibels: float) -> None:
    assert audio.has_voice(audio.features(softer(samples.voice(), decibels)))


def test_a_voice_speaks_over_hiss() -> None:
    pcm = samples.voice()
    hiss = np.random.default_rng(4).normal(0, np.std(pcm) / 10, len(pcm))
    assert audio.has_voice(audio.features(whole(pcm + hiss)))


@pytest.mark.parametrize("pause_seconds", [10, 120])
def test_a_word_in_a_long_silence_is_a_voice(pause_seconds: int) -> None:
    word = samples.voice()[:SPEECH_RATE_HZ]
    features = audio.features(np.concatenate([np.zeros(pause_seconds * SPEECH_RATE_HZ, np.int16), word]))
    assert audio.has_voice(features)
    assert features.loudness[: (pause_seconds - 1) * FEATURE_RATE_HZ].max() == 0


@pytest.mark.parametrize("snr_db", [0, 5, 10])
def test_a_voice_speaks_in_loud_noise(snr_db: float) -> None:
    pcm = samples.voice()
    noise = np.random.default_rng(5).normal(0, np.std(pcm) * 10 ** (-snr_db / 20), len(pcm))
    assert audio.has_voice(audio.features(whole(pcm + noise)))


def test_a_melody_sung_without_a_pause_is_a_voice() -> None:
    """Its loudness hardly varies; its bands do."""
    pitch_hz = np.interp(TIME, [0, 1, 1.05, 2, 2.05, 3], [220, 220, 330, 330, 262, 262])
    phase = 2 * np.pi * np.cumsum(pitch_hz * (1 + 0.03 * np.sin(2 * np.pi * 5.5 * TIME))) / SPEECH_RATE_HZ
    harmonics = np.arange(1, 18)[:, None]
    first = np.interp(TIME, [0, 1, 1.1, 3], [700, 700, 400, 400])  # the first formant: a note on AA, two on OW
    strength = sum(np.exp(-(((harmonics * pitch_hz - formant) / 120) ** 2)) for formant in (first, 1000, 2600))
    assert audio.has_voice(audio.features(whole(5000 * (strength * np.sin(harmonics * phase)).sum(0))))


def test_a_whisper_is_a_voice() -> None:
    """Noise as loud as the voice is from moment to moment."""
    pcm = samples.voice()
    envelope = np.sqrt(np.convolve(pcm.astype(float) ** 2, np.full(400, 1 / 400), "same"))
    hissed = np.diff(np.random.default_rng(7).normal(size=len(pcm)), prepend=0) * envelope / 10
    assert audio.has_voice(audio.features(whole(hissed)))


def test_an_offset_changes_nothing(voice: VoiceFeatures) -> None:
    soft = softer(samples.voice(), 20)
    moved, same = audio.features(whole(soft + 9000.0)), audio.features(soft)
    inside = slice(5, -5)  # at the ends it begins and stops
    assert np.abs(moved.loudness - same.loudness)[inside].max() < 0.02


def test_noise_between_words_is_quieter_than_words() -> None:
    """Though only 12 dB are between them."""
    pcm = samples.voice()[2 * SPEECH_RATE_HZ :][: 3 * SPEECH_RATE_HZ].astype(np.float64)
    noise = np.random.default_rng(8).normal(0, pcm.std() / 4, 5 * SPEECH_RATE_HZ)
    noise[: len(pcm)] += pcm
    loudness = audio.features(whole(noise)).loudness
    assert loudness[3 * FEATURE_RATE_HZ + 20 :].mean() < 0.35 < 0.5 < np.median(loudness[: 3 * FEATURE_RATE_HZ])


@pytest.mark.parametrize("samples_count", [4800, 4801, 4959, 4960, 160 * BLOCK, 160 * BLOCK + 1])
def test_there_is_one_feature_each_ten_milliseconds(samples_count: int) -> None:
    features = audio.features(np.zeros(samples_count, np.int16))
    assert len(features) == len(features.jaw) == len(features.spread) == samples_count // HOP + 1


def test_features_keep_their_ranges(voice: VoiceFeatures) -> None:
    assert voice.loudness.min() == 0
    assert 1 < voice.loudness.max() <= 1.15
    assert 0 <= voice.jaw.min() < 0.3 < 0.7 < voice.jaw.max() <= 1
    assert -1 <= voice.spread.min() < -0.3 < 0.7 < voice.spread.max() <= 1


def test_loudness_is_that_of_the_moment() -> None:
    """Half a second of silence, then of voice."""
    half = SPEECH_RATE_HZ // 2
    spoken = samples.voice()[SPEECH_RATE_HZ:][:half]
    loudness = audio.features(np.concatenate([np.zeros(half, np.int16), spoken])).loudness
    assert loudness[: FEATURE_RATE_HZ // 2 - 2].max() == 0
    assert loudness[FEATURE_RATE_HZ // 2 + 2 :].mean() > 0.5


def test_open_vowels_open_the_jaw() -> None:
    spoken = [audio.features(vowel(formants)) for formants in ((300, 2300), (750, 1200))]  # IY, AA
    close, open_ = (float(one.jaw[one.loudness > 0.5].mean()) for one in spoken)
    assert open_ > close + 0.4


def test_front_vowels_spread_the_lips() -> None:
    spoken = [audio.features(vowel(formants)) for formants in ((320, 800), (300, 2300))]  # UW, IY
    rounded, spread = (float(one.spread[one.loudness > 0.5].mean()) for one in spoken)
    assert rounded < 0 < spread


@pytest.mark.parametrize(("decibels", "most"), [(6, 0.002), (10, 0.004), (20, 0.012)])
def test_a_softer_recording_says_the_same(voice: VoiceFeatures, decibels: float, most: float) -> None:
    """On average; its softest moments do fade into silence."""
    same = audio.features(softer(samples.voice(), decibels))
    loud = voice.loudness > 0.3
    assert np.abs(same.loudness - voice.loudness)[loud].mean() < most
    assert np.abs(same.jaw - voice.jaw)[loud].max() < 0.05
    assert np.abs(same.spread - voice.spread)[loud].max() < 0.1


def test_a_long_recording_says_the_same_in_each_block() -> None:
    """A second that is repeated past the border of a block has the same features each time."""
    second = samples.voice()[SPEECH_RATE_HZ : 2 * SPEECH_RATE_HZ]
    features = audio.features(np.tile(second, 45))
    seconds = [
        getattr(features, name)[FEATURE_RATE_HZ:-1][: 43 * FEATURE_RATE_HZ].reshape(43, -1)
        for name in ("jaw", "spread")
    ]
    for one in seconds:
        assert np.abs(one - one[0]).max() < 1e-4
