"""Owns the expectation: for each face that speaks in a result, how its mouth should move and where the face is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jobs.engines.base import SpeakingOrder
from jobs.engines.local import film, photo, pipeline, playback
from jobs.engines.local.film import Film
from jobs.engines.local.measuring.mesh import Anchors
from jobs.engines.local.photo import Scene
from jobs.engines.local.shapes import MouthTrack


@dataclass(frozen=True)
class Speaker:
    """One face of a result; `voice` is the source whose recording it speaks, from `starts` seconds on."""

    voice: str
    track: MouthTrack
    anchors: Anchors
    starts: float = 0.0

    @property
    def side(self) -> str:
        """ "left" or "right" of two, else nothing."""
        return self.voice.partition("_")[0] if "_" in self.voice else ""


def in_picture(
    sources: Mapping[str, Path], resolution: int, order: SpeakingOrder = "meanwhile"
) -> tuple[Scene, list[Speaker]]:
    """What a picture and its voice or voices should become; the engine's own first stages say so."""
    fields = ("left_audio", "right_audio") if "left_audio" in sources else ("audio",)
    spoken = [pipeline.listen(sources[name]) for name in fields]
    tracks, starts = pipeline.arrange(spoken, order) if len(spoken) > 1 else (spoken, [0.0])
    scene = photo.look(sources["image"], resolution, len(fields))
    return scene, [
        Speaker(name, track, [points] * len(track), start)
        for name, track, points, start in zip(fields, tracks, scene.speakers, starts, strict=True)
    ]


def in_video(sources: Mapping[str, Path], resolution: int, folder: Path) -> tuple[Film, Speaker]:
    """What a video and its voice should become; the face is where the first pass saw it, in the order of playing."""
    facts = film.facts(sources["video"])
    track = pipeline.listen(sources["audio"], facts.fps)
    size = photo.video_size(facts.width, facts.height, resolution)
    watched = film.watch(sources["video"], facts, size, len(track), folder)
    numbers = [number for run in playback.runs(len(watched), len(track), watched.talks.motion) for number in run]
    return watched, Speaker("audio", track, seen(watched, numbers))


def seen(watched: Film, numbers: Sequence[int]) -> Anchors:
    """The landmarks in these frames of a source; None where the face is absent, covered or just fading in."""
    whole = watched.watched.presence >= 1
    return [watched.watched.landmarks.rows(i, i + 1)[0] if whole[i] else None for i in numbers]
