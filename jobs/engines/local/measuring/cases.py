"""Owns the set: which faces speak with which voices, found in a folder by what the files hold."""

import wave
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import cycle
from pathlib import Path
from typing import Literal

from av.audio.resampler import AudioResampler

from jobs.engines.base import Model, SpeakingOrder
from jobs.engines.local import photo
from jobs.engines.local.engine import probe
from jobs.engines.local.files import media
from jobs.engines.local.measuring import closures
from jobs.errors import InvalidInput

Kind = Literal["image", "video", "audio"]
# A voice leaves a mouth a dozen frames at rest: too few to tell how much it trembles in a video.
REST_SECONDS = 4.0
ORDERS: tuple[SpeakingOrder, ...] = ("meanwhile", "left_right", "right_left")


@dataclass(frozen=True)
class Case:
    """One video to make; `sources` as `jobs.engines.base.Work` has them.

    In its last `rest_seconds` the voice is silent.
    """

    name: str
    model: Model
    sources: Mapping[str, Path]
    order: SpeakingOrder = "meanwhile"
    rest_seconds: float = 0.0


def find(folder: Path) -> dict[str, list[Path]]:
    """The files of a folder and its sub-folders by what they hold: "image", "video", "audio"."""
    found: dict[str, list[Path]] = {"image": [], "video": [], "audio": []}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            found.setdefault(str(probe(path)["kind"]), []).append(path)
    return found


def plan(
    pictures: Sequence[Path], videos: Sequence[Path], voices: Sequence[Path], pairs: Sequence[Path]
) -> Iterator[Case]:
    """Every face with the next voice, so that all voices get used; `pairs` are the pictures that show two."""
    following = cycle(voices)
    for picture in pictures:
        voice = next(following)
        yield Case(f"{picture.stem} {voice.stem}", "lipsync-image", {"image": picture, "audio": voice})
    for video in videos:
        voice = next(following)
        yield Case(f"{video.stem} {voice.stem}", "lipsync-video", {"video": video, "audio": voice})
    for picture, order in zip(pairs, cycle(ORDERS), strict=False):
        left, right = next(following), next(following)
        name = f"{picture.stem} {left.stem} {right.stem}"
        yield Case(name, "lipsync-image-multi", {"image": picture, "left_audio": left, "right_audio": right}, order)


def one(face: Path, voice: Path) -> Case:
    """A face, picture or video, and a voice."""
    if probe(face)["kind"] == "video":
        return Case(f"{face.stem} {voice.stem}", "lipsync-video", {"video": face, "audio": voice})
    return Case(f"{face.stem} {voice.stem}", "lipsync-image", {"image": face, "audio": voice})


def shows_two(picture: Path, resolution: int) -> bool:
    """Whether the engine finds two faces in a picture that it can make speak."""
    try:
        return len(photo.look(picture, resolution, 2).speakers) == 2
    except InvalidInput:
        return False


def rested(case: Case, folder: Path) -> Case:
    """The same case; that of a video with silence after its voice, a WAV of 16 bits that is written to a folder."""
    voice = case.sources["audio"] if case.model == "lipsync-video" else None
    if voice is None or probe(voice)["kind"] != "audio":
        return case
    target = folder / f"{voice.stem}.rested.wav"
    with wave.open(str(voice)) as spoken, wave.open(str(target), "wb") as file:
        file.setparams(spoken.getparams())
        file.writeframes(spoken.readframes(spoken.getnframes()))
        silence = round(REST_SECONDS * spoken.getframerate())
        file.writeframes(bytes(silence * spoken.getsampwidth() * spoken.getnchannels()))
    if phones := closures.phones_beside(voice):
        closures.write_phones(target.with_suffix(".phones.txt"), phones)
    return replace(case, sources={**case.sources, "audio": target}, rest_seconds=REST_SECONDS)


def beginning(voice: Path, seconds: float, folder: Path) -> Path:
    """The first seconds of a recording as a WAV in a folder, with its known phones beside it; itself if unreadable."""
    target = folder / f"{voice.stem}.wav"
    try:
        rate, layout = media.sound_format(voice)
        sound = b"".join(
            bytes(frame.planes[0])[: frame.samples * 2 * len(frame.layout.channels)]
            for frame in media.resampled(voice, AudioResampler("s16", layout, rate))
        )
    except InvalidInput:
        return voice
    channels = 2 if layout == "stereo" else 1
    with wave.open(str(target), "wb") as file:
        file.setparams((channels, 2, rate, 0, "NONE", ""))
        file.writeframes(sound[: round(seconds * rate) * 2 * channels])
    phones = tuple(phone for phone in closures.phones_beside(voice) if phone.end_seconds <= seconds)
    if phones:
        closures.write_phones(target.with_suffix(".phones.txt"), phones)
    return target
