"""Owns sound and video files: opened only by the demuxers named here, decided by content, never by name."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import av
import av.container
import av.error
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.video.stream import VideoStream

from jobs.engines.base import MAX_VOICE_SECONDS, VOICE_TOO_LONG
from jobs.errors import InvalidInput, gettext_noop

if TYPE_CHECKING:
    from jobs.engines.local.shapes import I16

# Nothing that opens other files (playlists, concat scripts), no text, no pictures.
DEMUXERS = (
    *("wav", "w64", "aiff", "mp3", "flac", "ogg", "aac", "amr", "asf", "caf"),
    *("mov", "mp4", "m4a", "3gp", "3g2", "mj2", "matroska", "webm"),
)
GUARD = {"format_whitelist": ",".join(DEMUXERS), "protocol_whitelist": "file"}

SPEECH_RATE_HZ = 16_000
MIN_SECONDS = 0.3
CANCELLED = 0.1  # of the louder channel's energy: less is left of two that cancel each other
JUDGED_FRAMES = 600  # by which that is decided; 10 to 20 s

NOT_A_RECORDING = gettext_noop(
    "This file is not a sound recording that can be read. Choose a WAV, MP3, M4A, FLAC, Ogg, Opus or WebM file."
)
TOO_SHORT = gettext_noop("The recording is only {seconds} seconds long. At least {min_seconds} are needed.")


@dataclass(frozen=True)
class Probe:
    """What a sound or video file holds, as its headers say it; `seconds` may be 0 if they do not."""

    kind: str  # "audio" or "video"
    seconds: float
    width: int = 0
    height: int = 0
    fps: float = 0.0
    has_audio: bool = True


def probe(path: Path) -> Probe | None:
    """Read the headers; None if no allowed demuxer knows the file or it holds neither sound nor picture."""
    try:
        with open_media(path) as container:
            seconds = container.duration / av.time_base if container.duration else 0.0
            has_audio = any(sound.codec_context is not None for sound in container.streams.audio)
            videos = [video for video in container.streams.video if is_moving(video)]
            if videos:
                codec, rate = videos[0].codec_context, videos[0].average_rate
                return Probe("video", seconds, codec.width, codec.height, float(rate or 0), has_audio)
            return Probe("audio", seconds) if has_audio else None
    except (av.error.FFmpegError, OSError, ValueError):
        return None


def stated_seconds(path: Path) -> float:
    """How long the headers say a recording is; 10 if they do not, for a guess at the work."""
    known = probe(path)
    return known.seconds if known and 0 < known.seconds <= MAX_VOICE_SECONDS else 10.0


def read_speech(path: Path) -> "I16":
    """The first sound track of any allowed file as (n,) 16 kHz mono; raises `InvalidInput`."""
    import numpy as np

    stated = probe(path)
    if stated is not None:
        _check_length(stated.seconds or MIN_SECONDS)
    side = _side_to_hear(path)
    # One buffer that grows: parts joined at the end would hold a long voice twice.
    heard = bytearray()
    for samples in _samples(path, "mono" if side is None else "stereo"):
        heard += (samples if side is None else np.ascontiguousarray(samples[side::2])).tobytes()
        _check_length(max(MIN_SECONDS, len(heard) / 2 / SPEECH_RATE_HZ))
    if not heard:
        raise InvalidInput(NOT_A_RECORDING, field="audio")
    _check_length(len(heard) / 2 / SPEECH_RATE_HZ)
    return np.frombuffer(heard, np.int16)


def _side_to_hear(path: Path) -> int | None:
    """None for both together; the louder channel where two would cancel each other, as inverted ones do."""
    import numpy as np

    if sound_format(path)[1] == "mono":
        return None
    left = right = both = 0.0
    for number, samples in enumerate(_samples(path, "stereo")):
        one, other = samples[::2].astype(np.float32), samples[1::2].astype(np.float32)
        left, right, both = (
            left + float(one @ one),
            right + float(other @ other),
            both + float(((one + other) ** 2).sum()),
        )
        if number >= JUDGED_FRAMES:
            break
    # Twice one channel's amplitude is four times its energy; a silent second channel leaves a quarter of that.
    return None if both >= CANCELLED * max(left, right) else int(right > left)


def _samples(path: Path, layout: str) -> "Iterator[I16]":
    """16 kHz in parts, channels in turn."""
    for frame in resampled(path, AudioResampler("s16", layout, SPEECH_RATE_HZ)):
        yield frame.to_ndarray()[0]


def resampled(path: Path, resampler: AudioResampler) -> Iterator[AudioFrame]:
    """Frames of the first sound track; a file damaged in the middle ends there, one never readable raises."""
    heard = False
    try:
        with open_media(path) as container:
            stream = _sound(container)
            for packet in container.demux(stream):
                try:
                    decoded = packet.decode()
                except av.error.InvalidDataError:
                    continue
                for frame in decoded:
                    heard = True
                    yield from resampler.resample(frame)
            yield from resampler.resample(None)
    except (av.error.FFmpegError, OSError, ValueError) as error:
        if not heard:
            raise InvalidInput(NOT_A_RECORDING, field="audio") from error


def sound_format(path: Path) -> tuple[int, str]:
    """Sample rate and layout ("mono" or "stereo") of the first sound track; raises `InvalidInput`."""
    try:
        with open_media(path) as container:
            codec = _sound(container).codec_context
            return codec.sample_rate, "mono" if codec.layout.nb_channels == 1 else "stereo"
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise InvalidInput(NOT_A_RECORDING, field="audio") from error


def _sound(container: av.container.InputContainer) -> AudioStream:
    """The first sound track of a kind that can be decoded; raises `InvalidInput`."""
    for stream in container.streams.audio:
        if stream.codec_context is not None:
            return stream
    raise InvalidInput(NOT_A_RECORDING, field="audio")


def is_moving(video: VideoStream) -> bool:
    """Whether it can be decoded and is not the cover picture of a music file."""
    known: object = video.codec_context  # None for an unknown codec, which the stubs do not say
    return known is not None and not video.disposition & video.disposition.attached_pic


def open_media(path: Path) -> av.container.InputContainer:
    # What is written about a file (title, brand) may be in any encoding, or damaged: nothing of it is used.
    return av.open(str(path), "r", options=GUARD, metadata_errors="replace")


def _check_length(seconds: float) -> None:
    if seconds < MIN_SECONDS:
        raise InvalidInput(TOO_SHORT, field="audio", seconds=round(seconds, 2), min_seconds=MIN_SECONDS)
    if seconds > MAX_VOICE_SECONDS:
        raise InvalidInput(
            VOICE_TOO_LONG, field="audio", minutes=round(seconds / 60, 1), max_minutes=round(MAX_VOICE_SECONDS / 60)
        )
