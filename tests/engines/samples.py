"""The bundled face and voice, and shorter ones made from them."""

import wave
from pathlib import Path

import numpy as np

from jobs.engines.local.shapes import F64, I16

FOLDER = Path(__file__).resolve().parents[2] / "static" / "samples"
FACE = FOLDER / "face.jpg"
VOICE = FOLDER / "voice.wav"
PHONES = FOLDER / "voice.phones.txt"
VOICE_RATE_HZ = 16_000


def voice() -> I16:
    """(n,) the bundled voice as 16 kHz mono."""
    with wave.open(str(VOICE)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), np.int16)


def whole(signal: F64) -> I16:
    """(n,) as samples of 16 bits."""
    return np.asarray(np.clip(np.round(signal), -32_768, 32_767), np.int16)


def write_voice(path: Path, seconds: float) -> Path:
    """The beginning of the bundled voice."""
    return write_pcm(path, voice()[: round(seconds * VOICE_RATE_HZ)])


def write_pcm(path: Path, pcm: I16) -> Path:
    """(n,) 16 kHz mono as a WAV."""
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, VOICE_RATE_HZ, 0, "NONE", ""))
        file.writeframes(pcm.tobytes())
    return path
