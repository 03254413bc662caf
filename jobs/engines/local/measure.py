"""Owns the proof: measures the mouth in a finished video and compares it with the one that its voice asks for.

`python -m jobs.engines.local.measure OUT.mp4 --image FACE.png --audio VOICE.wav [--phones FILE]` finds the face mesh
again in the decoded frames, prints how the opening follows the intended one, and, with known phone times (lines
``start end PHONE`` in seconds), whether the lips are together at each M, B and P.
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from scipy.ndimage import minimum_filter1d

from jobs.engines.local import photo, pipeline
from jobs.engines.local.faces import face
from jobs.engines.local.mouths import mouth
from jobs.engines.local.shapes import F64, U8, Bools, Phone
from jobs.engines.local.voice.visemes import BILABIALS

MIDDLE = slice(4, 7)  # of the inner lip lines
INTENDED_CLOSED = 0.03  # an intended opening at which the lips touch
CLOSED_GAP = 0.020  # of S: a measured gap at which they do, for the mesh reads .01 on lips that touch
AROUND_FRAMES = 2
MAX_LAG = 5


@dataclass(frozen=True)
class Closure:
    """One M, B or P: the smallest gap measured within two frames of it, and whether that is closed."""

    phone: Phone
    gap: float
    closed: bool


@dataclass(frozen=True)
class Report:
    """`correlation` is that at no lag; `lag_frames` is where it is best (positive: the lips are late)."""

    correlation: float
    best_correlation: float
    lag_frames: int
    gap_when_closed: float
    wide_gap: float
    frames: int
    missing: int
    closures: tuple[Closure, ...]
    closed_by_chance: float  # share of all moments that have a closed frame within two frames


def gaps(video: Path, start: F64 | None = None) -> F64:
    """(frames,) gap between the inner lips in S, measured on the decoded frames; NaN where no face was found.

    `start` are landmarks (478, 3) near which the face is looked for first.
    """
    finder = face.FaceFinder()
    measured: list[float] = []
    last = start
    with av.open(str(video)) as container:
        for frame in container.decode(video=0):
            picture: U8 = np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
            points = finder.close_up(picture, last) if last is not None else None
            if points is None:
                found = finder.find(picture)
                points = found[0] if found else None
            last = points
            measured.append(_gap(points) if points is not None else np.nan)
    return np.array(measured)


def compare(measured: F64, intended: F64, phones: tuple[Phone, ...], fps: float) -> Report:
    """How a measured gap (frames,) follows an intended opening (frames,)."""
    count = min(len(measured), len(intended))
    gap, opening = measured[:count], intended[:count]
    by_lag = {lag: _correlation(gap, opening, lag) for lag in range(-MAX_LAG, MAX_LAG + 1)}
    best = max(by_lag, key=lambda lag: by_lag[lag])
    shut: Bools = opening < INTENDED_CLOSED
    return Report(
        correlation=by_lag[0],
        best_correlation=by_lag[best],
        lag_frames=best,
        gap_when_closed=float(np.nanmedian(gap[shut])) if shut.any() else float("nan"),
        wide_gap=float(np.nanpercentile(gap, 90)),
        frames=count,
        missing=int(np.isnan(gap).sum()),
        closures=tuple(_closure(gap, phone, fps) for phone in phones if phone.name in BILABIALS),
        closed_by_chance=float((minimum_filter1d(gap, 2 * AROUND_FRAMES + 1) <= CLOSED_GAP).mean()),
    )


def read_phones(path: Path) -> tuple[Phone, ...]:
    """Lines ``start end PHONE`` in seconds; PHONE in ARPAbet."""
    rows = (line.split() for line in path.read_text().splitlines() if line.strip())
    return tuple(Phone(name.upper(), float(start), float(end)) for start, end, name in rows)


def _short_side(video: Path) -> int:
    with av.open(str(video)) as container:
        codec = container.streams.video[0].codec_context
        return min(codec.width, codec.height)


def _gap(points: F64) -> float:
    at = face.face_frame(points).to_face(points)
    lips = mouth.contours(at)
    return float((lips.lower_inner[MIDDLE, 1] - lips.upper_inner[MIDDLE, 1]).mean())


def _correlation(gap: F64, opening: F64, lag: int) -> float:
    late = gap[max(0, lag) : len(gap) + min(0, lag)]
    wanted = opening[max(0, -lag) : len(opening) + min(0, -lag)]
    known = ~np.isnan(late)
    return float(np.corrcoef(late[known], wanted[known])[0, 1])


def _closure(gap: F64, phone: Phone, fps: float) -> Closure:
    """Frame i shows the moment (i + ½) / fps."""
    first = int(phone.start_seconds * fps) - AROUND_FRAMES
    last = int(phone.end_seconds * fps) + AROUND_FRAMES
    near = gap[max(0, first) : last + 1]
    smallest = float(np.nanmin(near)) if len(near) and not np.isnan(near).all() else float("nan")
    return Closure(phone, smallest, smallest <= CLOSED_GAP)


def _print(report: Report) -> None:
    say = sys.stdout.write
    say(f"frames {report.frames}, without a face {report.missing}\n")
    say(f"correlation with the intended opening {report.correlation:.3f} at no lag; ")
    say(f"best {report.best_correlation:.3f} at {report.lag_frames:+d} frames\n")
    say(f"gap when closed is intended {report.gap_when_closed:.3f} S, wide openings {report.wide_gap:.3f} S\n")
    if report.closures:
        closed = sum(closure.closed for closure in report.closures)
        say(f"closed within ±{AROUND_FRAMES} frames: {closed} of {len(report.closures)} M, B and P ")
        say(f"(any moment: {report.closed_by_chance:.0%})\n")
        for closure in report.closures:
            phone = closure.phone
            verdict = "closed" if closure.closed else "OPEN"
            say(
                f"  {phone.start_seconds:7.3f} {phone.end_seconds:7.3f} {phone.name}  {closure.gap:6.3f} S  {verdict}\n"
            )


def main() -> None:
    """Measure one video and print the result."""
    parser = argparse.ArgumentParser(description="Measure how the mouth in a video follows its voice.")
    parser.add_argument("video", type=Path)
    parser.add_argument("--image", type=Path, required=True, help="the picture it was made from")
    parser.add_argument("--audio", type=Path, required=True, help="the voice it was made from")
    parser.add_argument("--phones", type=Path, help="known phone times: lines of start, end, phone")
    chosen = parser.parse_args()
    track = pipeline.listen(chosen.audio)
    phones = read_phones(chosen.phones) if chosen.phones else ()
    (points,) = photo.look(chosen.image, _short_side(chosen.video)).speakers
    _print(compare(gaps(chosen.video, points), track.opening, phones, track.fps))


if __name__ == "__main__":
    main()
