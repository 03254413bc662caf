"""Owns one result from end to end: expect, look, measure, draw the sheet."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from jobs.engines.base import Failed, Finished
from jobs.engines.local.files.encode import Encoder
from jobs.engines.local.files.soundtrack import Soundtrack, Voice
from jobs.engines.local.film import Film
from jobs.engines.local.measuring import closures, curve, expected, following, jitter, mesh, offset, sheet, untouched
from jobs.engines.local.measuring.cases import Case
from jobs.engines.local.measuring.expected import Speaker
from jobs.engines.local.measuring.goals import Row, Status
from jobs.engines.local.measuring.page import Shown
from jobs.engines.local.measuring.untouched import Untouched
from jobs.engines.local.mouths import mouth
from jobs.engines.local.shapes import F64, Phone


@dataclass(frozen=True)
class Look:
    """What is measured against: who speaks, each one's landmarks in the source, and what was left alone."""

    speakers: list[Speaker]
    sources: F64  # (speakers, frames, 478, 3); a picture is one frame
    untouched: Untouched


def refused(case: Case, failed: Failed, seconds: float) -> Shown:
    """A case that ended with a sentence; one that is not the user's to mend has crashed."""
    note = failed.message.format(**failed.params)
    status: Status = "refused" if failed.permanent else "crashed"
    return Shown(Row(case.name, case.model, status, {"refused_seconds": seconds}, note))


def crashed(case: Case, note: str) -> Shown:
    """A case whose render or measuring raised."""
    return Shown(Row(case.name, case.model, "crashed", {}, note))


def measured(case: Case, made: Finished, resolution: int) -> list[Shown]:
    """A finished video → a row for each face that speaks; its sheet is written beside it."""
    look = _look(case, resolution, made.path)
    landmarks = mesh.watch(mesh.frames(made.path), [speaker.anchors for speaker in look.speakers])
    shown = []
    for speaker, points, source in zip(look.speakers, landmarks, look.sources, strict=True):
        voice = case.sources[speaker.voice]
        values = {
            **numbers(speaker, points, source, round(case.rest_seconds * speaker.track.fps)),
            **_sound(speaker, points, closures.phones_beside(voice), made.path),
            "changed": look.untouched.changed,
            "changed_most": float(look.untouched.most),
            "cpu": made.cpu_seconds / made.seconds,
            "peak_mb": made.peak_bytes / 1e6,
        }
        name = f"{case.name} {speaker.side}".strip()
        picture = made.path.with_name(f"{made.path.stem}{speaker.side and '.' + speaker.side}.png")
        gap = mesh.gaps(points)
        cv2.imwrite(str(picture), sheet.draw(mesh.frames(made.path), points, sheet.tiles(speaker.track, gap)))
        line = curve.svg(gap, wanted_gap(speaker.track.opening), speaker.track.fps)
        note = f"Order: {case.order}." if speaker.side else ""
        shown.append(Shown(Row(name, case.model, "made", values, note), made.path.name, picture.name, line))
    return shown


def numbers(speaker: Speaker, points: F64, source: F64, rest_frames: int = 0) -> Mapping[str, float]:
    """Landmarks (frames, 478, 3) of one face in the result, and in its source → values for the table.

    The last `rest_frames`, after the voice, only tell how much the mouth trembles. The source says what its own lips
    read when they touch and how much they tremble; a picture's do not.
    """
    opening = speaker.track.opening
    count = min(len(points), len(opening))
    trembles = jitter.jitter(mesh.in_face_units(points)[:count], jitter.rests_as_intended(opening[:count]))
    count -= rest_frames
    gap, opening = mesh.gaps(points)[:count], opening[:count]
    expected_at = np.array([anchor is not None for anchor in speaker.anchors[:count]])
    followed, closed = following.follow(gap, opening), closures.when_intended(gap, opening)
    own = mesh.gaps(source)
    usual = jitter.jitter(mesh.in_face_units(source), jitter.rests_by_itself(own))
    own_closed = closures.own(own)
    return {
        "correlation": followed.correlation,
        "lag_frames": float(followed.lag_frames),
        "closed_median": closed.median,
        "closed_own": own_closed,
        "closed_beyond": closed.median - own_closed,
        "closed_p95": closed.p95,
        "widest": float(np.nanpercentile(gap, 98)) if not np.isnan(gap).all() else math.nan,
        "absent": float(np.isnan(gap).mean()),
        "lost": float((np.isnan(gap) & expected_at).sum()),
        "lips_jitter": trembles.lips,
        "chin_jitter": trembles.chin,
        "lips_ratio": trembles.lips / (usual.lips or math.nan),
        "chin_ratio": trembles.chin / (usual.chin or math.nan),
    }


def wanted_gap(opening: F64) -> F64:
    """(frames,) an intended opening as the gap in S that a face from the front makes of it."""
    return np.asarray(mouth.WIDEST_GAP * np.clip(mouth.parting(opening), 0, 1.2) ** mouth.GAP_POWER)


def _sound(speaker: Speaker, points: F64, phones: tuple[Phone, ...], video: Path) -> Mapping[str, float]:
    """How late the lips are, in frames; with two who speak, the file's loudness is not one's own."""
    gap, fps = mesh.gaps(points), speaker.track.fps
    values: dict[str, float] = {}
    if not speaker.side:
        values["late_by_loudness"] = fps * offset.lips_late_by(gap, fps, offset.opening_by_loudness(video))
    if phones:
        moved = tuple(
            Phone(one.name, one.start_seconds + speaker.starts, one.end_seconds + speaker.starts) for one in phones
        )
        closed = closures.at_phones(gap, moved, fps)
        values["late_by_phones"] = fps * offset.lips_late_by(gap, fps, offset.opening_by_phones(moved, video))
        values["phones_open"] = float(sum(not one.closed for one in closed))
        values["phones_known"] = float(len(closed))
        values["closed_by_chance"] = closures.by_chance(gap)
    return values


def _look(case: Case, resolution: int, made: Path) -> Look:
    if case.model != "lipsync-video":
        scene, speakers = expected.in_picture(case.sources, resolution, case.order)
        picture = mesh.watch([scene.picture], [speaker.anchors for speaker in speakers])
        return Look(speakers, picture, untouched.in_picture(scene, [speaker.track for speaker in speakers]))
    watched, speaker = expected.in_video(case.sources, resolution, made.parent)
    anchors = expected.seen(watched, range(len(watched)))
    untouched_video = made.with_suffix(".source.mp4")
    _encode(watched, case.sources["audio"], untouched_video)
    source = mesh.watch(mesh.frames(untouched_video), [anchors])
    return Look([speaker], source, untouched.in_video(watched, speaker.track, anchors))


def _encode(source: Film, sound: Path, into: Path) -> None:
    """The source as the result would be without any drawing: encoding alone makes the mesh tremble a fifth more."""
    size, facts = source.footage, source.facts
    with Encoder(into, size.width, size.height, facts.fps, Soundtrack([Voice(sound)]), facts.tags) as encoder:
        for planes in islice(source.footage.forwards(), len(source)):
            encoder.write(planes)
