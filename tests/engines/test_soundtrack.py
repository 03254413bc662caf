"""What is heard: one voice as it was recorded, or two in their time, and never louder than full scale."""

import wave
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.engines.local.files.encode import Encoder
from jobs.engines.local.files.soundtrack import BLOCK, KNEE, Soundtrack, Voice
from jobs.engines.local.frames import raster
from jobs.engines.local.shapes import F32, F64
from tests.engines import clips, recordings, samples
from tests.engines.recordings import Format

SOME = settings(max_examples=25, deadline=None, database=None)
RATE = samples.VOICE_RATE_HZ


def write(path: Path, channels: Sequence[F64], rate_hz: int = RATE) -> Path:
    """Channels of −1 to 1 as a WAV."""
    pcm = np.round(np.stack(channels, 1) * 32_767).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setparams((len(channels), 2, rate_hz, 0, "NONE", ""))
        file.writeframes(pcm.tobytes())
    return path


def heard(sound: Soundtrack) -> F32:
    """(channels, n) of all blocks; each but the last is whole."""
    parts = []
    for frame in sound.blocks():
        assert frame.sample_rate == sound.rate_hz
        assert frame.layout.name == sound.layout
        parts.append(frame.to_ndarray())
    assert all(part.shape == (sound.channels, BLOCK) for part in parts[:-1])
    assert 0 < parts[-1].shape[1] <= BLOCK
    return np.concatenate(parts, 1)


def speech(seconds: float = 1.0, loudest: float = 0.4) -> F64:
    part = samples.voice()[RATE : RATE + round(seconds * RATE)].astype(np.float64)
    return np.asarray(part / np.abs(part).max() * loudest)


def clicks(at: int, length: int, size: float = 0.25) -> F64:
    """Silence with one sample that is none."""
    sound = np.zeros(length)
    sound[at] = size
    return sound


def decibels(sound: F64 | F32) -> float:
    return float(20 * np.log10(np.sqrt((np.asarray(sound, np.float64) ** 2).mean())))


# --- One voice -------------------------------------------------------------------------


def test_one_voice_comes_to_the_bit(tmp_path: Path) -> None:
    sound = Soundtrack([Voice(samples.VOICE)])
    assert (sound.rate_hz, sound.layout, sound.channels) == (RATE, "mono", 1)
    assert np.array_equal(heard(sound)[0], samples.voice().astype(np.float32) / 32_768)


def test_one_loud_voice_is_not_bent(tmp_path: Path) -> None:
    loud = speech(loudest=1.0)
    sound = heard(Soundtrack([Voice(write(tmp_path / "a.wav", [loud]))]))[0]
    assert np.abs(sound - loud).max() < 1e-4


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("layout", ["mono", "stereo", "5.1"])
def test_rates_and_ears_stay_as_far_as_the_result_can_have_them(rate_hz: int, layout: str, tmp_path: Path) -> None:
    path = recordings.write_sound(tmp_path / "voice", Format("wav", "pcm_s16le", rate_hz, layout), 0.5)
    sound = Soundtrack([Voice(path)])
    assert sound.rate_hz == (48_000 if rate_hz in (8_000, 11_025, 96_000) else rate_hz)
    assert sound.layout == ("mono" if layout == "mono" else "stereo")
    assert heard(sound).shape[1] == pytest.approx(0.5 * sound.rate_hz, abs=0.002 * sound.rate_hz)


def test_left_and_right_are_not_mixed(tmp_path: Path) -> None:
    left, right = speech(), np.roll(speech(), 5000)
    sound = heard(Soundtrack([Voice(write(tmp_path / "a.wav", [left, right]))]))
    assert np.abs(sound - [left, right]).max() < 1e-4


@pytest.mark.parametrize("channels", [1, 2])
def test_a_voice_is_as_loud_and_as_early_in_the_finished_file(channels: int, tmp_path: Path) -> None:
    said = speech(2.0)
    path = write(tmp_path / "voice.wav", [said] * channels)
    with Encoder(tmp_path / "out.mp4", 64, 48, Fraction(25), Soundtrack([Voice(path)])) as encoder:
        for picture in clips.numbered(50):
            encoder.write(raster.to_planes(picture))
    with av.open(str(tmp_path / "out.mp4")) as file:
        parts = [frame.to_ndarray() for frame in file.decode(audio=0)]
    decoded = np.concatenate(parts, 1)
    assert decoded.shape[0] == channels
    assert len(said) <= decoded.shape[1] <= len(said) + 2 * BLOCK
    for channel in decoded[:, : len(said)]:
        assert decibels(channel) == pytest.approx(decibels(said), abs=0.1)
        spectrum = np.fft.rfft(channel, 1 << 16) * np.conj(np.fft.rfft(said, 1 << 16))
        assert np.fft.irfft(spectrum).argmax() == 0  # not a sample late
        assert decibels(channel - said) < decibels(said) - 20


# --- Two voices ------------------------------------------------------------------------


def test_two_voices_are_added(tmp_path: Path) -> None:
    one, other = speech(1.0), np.roll(speech(0.6), 3000)
    sound = Soundtrack([Voice(write(tmp_path / "a.wav", [one])), Voice(write(tmp_path / "b.wav", [other]))])
    both = one.copy()
    both[: len(other)] += other
    assert np.abs(both).max() < KNEE
    mixed = heard(sound)[0]
    assert mixed.shape == both.shape
    assert np.abs(mixed - both).max() < 1e-4


@SOME
@given(
    st.floats(0, 0.5),
    st.floats(0, 0.5),
    st.integers(1, 3 * BLOCK),
    st.integers(1, 3 * BLOCK),
    st.sampled_from([(16_000, 16_000), (48_000, 48_000), (22_050, 22_050)]),
)
def test_each_begins_at_its_sample(
    tmp_path_factory: pytest.TempPathFactory, one: float, other: float, short: int, long: int, rates: tuple[int, int]
) -> None:
    folder = tmp_path_factory.mktemp("voices")
    voices = [
        Voice(write(folder / "a.wav", [clicks(0, short)], rates[0]), one),
        Voice(write(folder / "b.wav", [clicks(long - 1, long, -0.25)], rates[1]), other),
    ]
    sound = Soundtrack(voices)
    mixed = heard(sound)[0]
    starts = [round(voice.start_seconds * sound.rate_hz) for voice in voices]
    expected = np.zeros(max(starts[0] + short, starts[1] + long))
    expected[starts[0]] += 0.25
    expected[starts[1] + long - 1] -= 0.25
    assert mixed.shape == expected.shape
    assert np.abs(mixed - expected).max() < 1e-4


def test_one_after_the_other_has_silence_between(tmp_path: Path) -> None:
    one, other = (write(tmp_path / name, [speech(0.5)]) for name in ("a.wav", "b.wav"))
    mixed = heard(Soundtrack([Voice(one, 0.75), Voice(other)]))[0]
    assert np.array_equal(mixed[: RATE // 2], mixed[RATE * 3 // 4 :])
    assert np.abs(mixed[RATE // 2 : RATE * 3 // 4]).max() == 0


def test_voices_of_different_rates_and_ears_meet(tmp_path: Path) -> None:
    """A mono voice is heard in both ears as loud as it was, in time to the sample of its own rate."""
    mono = write(tmp_path / "a.wav", [speech(1.0, 0.3)])
    left = write(tmp_path / "b.wav", [clicks(0, 44_100), clicks(22_050, 44_100)], 44_100)
    sound = Soundtrack([Voice(mono), Voice(left, 2.0)])
    assert (sound.rate_hz, sound.layout) == (48_000, "stereo")
    mixed = heard(sound)
    assert mixed.shape[1] == pytest.approx(3 * 48_000, abs=100)
    for channel in mixed[:, :48_000]:
        assert decibels(channel) == pytest.approx(decibels(speech(1.0, 0.3)), abs=0.1)
    assert np.abs(mixed[0, 90_000:]).argmax() + 90_000 == pytest.approx(96_000, abs=2)
    assert np.abs(mixed[1, 90_000:]).argmax() + 90_000 == pytest.approx(120_000, abs=2)


def test_two_loud_voices_do_not_clip(tmp_path: Path) -> None:
    """What is below the knee stays; above it louder is still louder."""
    ramp = np.linspace(-1, 1, 20_000)
    voices = [Voice(write(tmp_path / name, [ramp])) for name in ("a.wav", "b.wav")]
    mixed = heard(Soundtrack(voices))[0].astype(np.float64)
    assert np.abs(mixed).max() < 1
    assert (np.diff(mixed) > -1e-6).all()
    below = np.abs(2 * ramp) <= KNEE
    assert np.abs(mixed - 2 * ramp)[below].max() < 1e-4
    assert np.abs(np.diff(mixed)).max() < 2.5 * np.diff(ramp).max()  # no step at the knee
