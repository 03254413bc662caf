"""A short voice, for videos of which any will do: they are made in a third of the sample's time."""

import io
import wave
from functools import cache
from pathlib import Path

WHOLE = Path(__file__).resolve().parents[2] / "static" / "samples" / "voice.wav"
SECONDS = 2


@cache
def short_voice() -> bytes:
    """The beginning of the bundled voice, as WAV."""
    target = io.BytesIO()
    with wave.open(str(WHOLE)) as whole, wave.open(target, "wb") as short:
        short.setparams(whole.getparams())
        short.writeframes(whole.readframes(SECONDS * whole.getframerate()))
    return target.getvalue()
