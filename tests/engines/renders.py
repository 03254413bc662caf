"""Runs of the engine as a job makes them, small, and what they reported."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import av
import numpy as np
import pytest

from jobs.engines.base import STAGES, Failed, Finished, Model, Outcome, SpeakingOrder, Work
from jobs.engines.local.engine import LocalEngine
from jobs.engines.local.faces.face import FaceFinder
from jobs.engines.local.measuring import mesh
from jobs.engines.local.shapes import F64

RESOLUTION = 240


class Cancelled(Exception):
    """What a report raises when its job is no longer wanted."""


@dataclass
class Render:
    """One run of the engine, and what it reported."""

    outcome: Outcome
    output: Path
    reports: list[tuple[float, str]] = field(default_factory=list)

    @property
    def finished(self) -> Finished:
        assert isinstance(self.outcome, Finished), self.outcome
        return self.outcome


def work_of(
    folder: Path,
    model: Model,
    sources: Mapping[str, Path],
    *,
    seed: int = 7,
    resolution: int = RESOLUTION,
    order: SpeakingOrder = "meanwhile",
) -> Work:
    """An order whose result goes into a folder of its own."""
    output = folder / f"out-{len(list(folder.iterdir()))}" / "result.mp4"
    output.parent.mkdir()
    return Work("a-job", model, sources, output, resolution, seed, "", order)


def run(work: Work) -> Render:
    reports: list[tuple[float, str]] = []
    outcome = LocalEngine().run(work, lambda progress, stage: reports.append((progress, stage)))
    return Render(outcome, work.output, reports)


def refused(work: Work, source: str, words: str) -> None:
    """The engine refuses before the long work begins, names the source, and leaves nothing."""
    render = run(work)
    outcome = render.outcome
    assert {stage for _, stage in render.reports} <= {"looking"}
    assert isinstance(outcome, Failed)
    assert (outcome.permanent, outcome.source) == (True, source)
    assert words in outcome.message.format(**outcome.params)
    assert list(work.output.parent.iterdir()) == []


def cancelled(work: Work, last: str) -> None:
    """The engine stops at once when a report of stage `last` raises, and leaves nothing."""

    def report(progress: float, stage: str) -> None:
        if stage == last:
            raise Cancelled

    with pytest.raises(Cancelled):
        LocalEngine().run(work, report)
    assert list(work.output.parent.iterdir()) == []


def rises(reports: list[tuple[float, str]]) -> bool:
    """Whether progress went from nothing to the whole through all stages."""
    progress, stages = zip(*reports, strict=True)
    order = [STAGES.index(stage) for stage in stages]
    return (
        list(progress) == sorted(progress)
        and (progress[0], progress[-1]) == (0, 1)
        and order == sorted(order)
        and set(stages) == set(STAGES)
    )


def digests(video: Path) -> list[str]:
    """One of each decoded picture."""
    with av.open(str(video)) as file:
        return [hashlib.sha256(frame.to_ndarray().tobytes()).hexdigest() for frame in file.decode(video=0)]


def gaps(video: Path, faces: int = 1) -> list[F64]:
    """For each of so many faces, from left to right, how far its lips are apart in each frame, in S."""
    pictures = list(mesh.frames(video))
    found = sorted(FaceFinder().find(pictures[0], at_least=faces)[:faces], key=lambda points: float(points[0, 0]))
    assert len(found) == faces
    return [mesh.gaps(one) for one in mesh.watch(pictures, [[points] * len(pictures) for points in found])]


def heard(video: Path) -> F64:
    """(n,) the sound of a video as mono."""
    with av.open(str(video)) as file:
        parts = [np.asarray(frame.to_ndarray(), np.float64).mean(0) for frame in file.decode(audio=0)]
    return np.concatenate(parts)
