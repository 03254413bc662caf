"""Owns one result from end to end: expect, look, measure, draw the sheet."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from jobs.engines.base import Failed, Finished
from jobs.engines.local.frames import raster
from jobs.engines.local.measuring import closures, curve, expected, following, jitter, mesh, offset, sheet, untouched
from jobs.engines.local.measuring.cases import Case
from jobs.engines.local.measuring.expected import Speaker
from jobs.engines.local.measuring.goals import Row, Status
from jobs.engines.local.measuring.page import Shown
from jobs.engines.local.measuring.rendering import Render
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


def measured(case: Case, made: Finished, render: Render, resolution: int) -> list[Shown]:
    """A finished video → a row for each face that speaks; its sheet is written beside it."""
    look = _look(case, resolution, made.path.parent)
    landmarks = mesh.watch(mesh.frames(made.path), [speaker.anchors for speaker in look.speakers])
    shown = []
    for speaker, points, source in zip(look.speakers, landmarks, look.sources, strict=True):
        voice = case.sources[speaker.voice]
        values = {
            **numbers(speaker, points, source),
            **_sound(speaker, points, closures.phones_beside(voice), made.path),
            "changed": look.untouched.changed,
            "changed_most": float(look.untouched.most),
            "cpu": render.cpu_per_second,
            "peak_mb": render.peak_bytes / 1e6,
        }
        name = f"{case.name} {speaker.side}".strip()
        picture = made.path.with_name(f"{made.path.stem}{speaker.side and '.' + speaker.side}.png")
        gap = mesh.gaps(points)
        cv2.imwrite(str(picture), sheet.draw(mesh.frames(made.path), points, sheet.tiles(speaker.track, gap)))
        line = curve.svg(gap, wanted_gap(speaker.track.opening), speaker.track.fps)
        note = f"Order: {case.order}." if speaker.side else ""
        shown.append(Shown(Row(name, case.model, "made", values, note), made.path.name, picture.name, line))
    return shown


def numbers(speaker: Speaker, points: F64, source: F64) -> Mapping[str, float]:
    """Landmarks (frames, 478, 3) of one face in the result, and in its source → values for the table.

    The source says what its own lips read when they touch and how much they tremble; a picture's do not.
    """
    gap, opening = mesh.gaps(points), speaker.track.opening
    count = min(len(gap), len(opening))
    expected_at = np.array([anchor is not None for anchor in speaker.anchors[:count]])
    followed, closed = following.follow(gap, opening), closures.when_intended(gap, opening)
    trembles = jitter.jitter(mesh.in_face_units(points)[:count], jitter.rests_as_intended(opening[:count]))
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
        "absent": float(np.isnan(gap[:count]).mean()),
        "lost": float((np.isnan(gap[:count]) & expected_at).sum()),
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


def _look(case: Case, resolution: int, folder: Path) -> Look:
    if case.model != "lipsync-video":
        scene, speakers = expected.in_picture(case.sources, resolution, case.order)
        picture = mesh.watch([scene.picture], [speaker.anchors for speaker in speakers])
        return Look(speakers, picture, untouched.in_picture(scene, [speaker.track for speaker in speakers]))
    watched, speaker = expected.in_video(case.sources, resolution, folder)
    anchors = expected.seen(watched, range(len(watched)))
    source = mesh.watch(map(raster.to_bgr, watched.footage.forwards()), [anchors])
    return Look([speaker], source, untouched.in_video(watched, speaker.track, anchors))
