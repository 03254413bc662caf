"""Owns what is heard in the result: one voice as it is, or two mixed, each from its own moment on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler

from jobs.engines.local.files.media import resampled, sound_format
from jobs.engines.local.shapes import F32

BLOCK = 1024  # samples, a frame of AAC
AAC_RATES_HZ = frozenset({16_000, 22_050, 24_000, 32_000, 44_100, 48_000})
USUAL_RATE_HZ = 48_000
# Two voices at once may exceed full scale: above the knee the sum is bent towards it, below it stays as it is.
KNEE = 0.8


@dataclass(frozen=True)
class Voice:
    """A recording, and when it begins in the result."""

    path: Path
    start_seconds: float = 0.0


class Soundtrack:
    """Sound in blocks of `BLOCK` samples at `rate_hz`, `layout` "mono" or "stereo"; the last block may be shorter."""

    def __init__(self, voices: Sequence[Voice]) -> None:
        formats = [sound_format(voice.path) for voice in voices]
        rates = {rate for rate, _ in formats}
        rate = rates.pop() if len(rates) == 1 else USUAL_RATE_HZ
        self.rate_hz = rate if rate in AAC_RATES_HZ else USUAL_RATE_HZ
        self.layout = "stereo" if any(layout == "stereo" for _, layout in formats) else "mono"
        self._voices, self._layouts = voices, [layout for _, layout in formats]

    @property
    def channels(self) -> int:
        return 2 if self.layout == "stereo" else 1

    def blocks(self) -> Iterator[AudioFrame]:
        """Planar floats, without timestamps."""
        if len(self._voices) == 1 and not self._voices[0].start_seconds:
            yield from self._one(self._voices[0], self.layout)
            return
        streams = [self._delayed(voice, layout) for voice, layout in zip(self._voices, self._layouts, strict=True)]
        while heard := [part for stream in streams if (part := next(stream, None)) is not None]:
            mixed = np.zeros((self.channels, max(part.shape[1] for part in heard)), np.float32)
            for part in heard:
                mixed[:, : part.shape[1]] += part
            frame = AudioFrame.from_ndarray(_limited(mixed), format="fltp", layout=self.layout)
            frame.sample_rate = self.rate_hz
            yield frame

    def _one(self, voice: Voice, layout: str) -> Iterator[AudioFrame]:
        return resampled(voice.path, AudioResampler("fltp", layout, self.rate_hz, frame_size=BLOCK))

    def _delayed(self, voice: Voice, layout: str) -> Iterator[F32]:
        """(channels, BLOCK) parts of a voice after its silence; only the last may be shorter."""
        held = np.zeros((self.channels, 0), np.float32)
        silence = round(voice.start_seconds * self.rate_hz)
        while silence >= BLOCK:
            yield np.zeros((self.channels, BLOCK), np.float32)
            silence -= BLOCK
        held = np.zeros((self.channels, silence), np.float32)
        for frame in self._one(voice, layout):
            # A voice for one ear goes whole to both: the resampler itself would take 3 dB from it.
            part = np.broadcast_to(np.asarray(frame.to_ndarray(), np.float32), (self.channels, frame.samples))
            held = np.concatenate([held, part], 1)
            while held.shape[1] >= BLOCK:
                yield held[:, :BLOCK]
                held = held[:, BLOCK:]
        if held.shape[1]:
            yield held


def _limited(sound: F32) -> F32:
    """Full scale is 1: what exceeds the knee is bent smoothly, so that nothing clips."""
    size = np.abs(sound)
    over = np.clip((size - KNEE) / (1 - KNEE), 0, None)
    bent = KNEE + (1 - KNEE) * (1 - 1 / (1 + over))
    return np.where(size > KNEE, np.sign(sound) * bent, sound).astype(np.float32)
