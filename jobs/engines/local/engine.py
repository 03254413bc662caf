"""The parent's side of the built-in engine: sends the work to a limited child process and reads its answer."""

import logging
from collections.abc import Mapping
from pathlib import Path
from time import monotonic
from typing import Any, ClassVar, cast

from jobs.engines.base import MAX_RUN_SECONDS, STAGES, Failed, Finished, Model, Note, Offer, Report, Work
from jobs.errors import gettext_noop
from jobs.process import Limits, ProcessFailed, run_module

log = logging.getLogger(__name__)

CHILD = "jobs.engines.local"
LIBRARIES, EVERYTHING = "jobs.engines.local.preload", "jobs.engines.local.preload_all"
POSTER, PREVIEW = "poster.jpg", "preview.mp4"  # what the child calls them, beside the video
MAX_VIDEO_BYTES = 2_000_000_000
# Address space, of which the libraries map far more than they touch: a render uses about 300 MB.
MEMORY_BYTES = 4_000_000_000
# The longest voice at 720p on a slow machine.
RENDER_SECONDS = MAX_RUN_SECONDS
PROBE_SECONDS = 10
MAX_POSTER_BYTES = 20_000_000

TOO_LONG = gettext_noop("The video took too long to make. Try a shorter recording or a smaller picture.")
TOO_BIG = gettext_noop("The video needed too much memory. Try a smaller picture.")
CRASHED = gettext_noop(
    "The video could not be made: the engine stopped unexpectedly. Try another picture, video or recording."
)


class LocalEngine:
    """Makes all three kinds of videos on this machine; see `jobs.engines.base.Engine`."""

    name = "local"
    version = "1"
    # What runs of this process took, for telling the time left of the next ones.
    _paces: ClassVar[dict[Model, Mapping[str, float]]] = {}
    offers: ClassVar[Mapping[Model, Offer]] = {
        "lipsync-image": Offer(),
        "lipsync-image-multi": Offer(),
        "lipsync-video": Offer(),
    }

    def run(self, work: Work, report: Report) -> Finished | Failed:
        """Make the video in a child process; blocks until it is there. Leaves no half-written file behind."""
        request = {
            "do": "render",
            "model": work.model,
            "sources": {name: str(path.resolve()) for name, path in work.sources.items()},
            "output": str(work.output.resolve()),
            "resolution": work.resolution,
            "seed": work.seed,
            "prompt": work.prompt,
            "speaking_order": work.speaking_order,
            "paces": self._paces.get(work.model, {}),
            "asked": monotonic(),
        }
        limits = Limits(
            wall_seconds=RENDER_SECONDS,
            cpu_seconds=RENDER_SECONDS,
            memory_bytes=MEMORY_BYTES,
            file_bytes=MAX_VIDEO_BYTES,
            readable=tuple(work.sources.values()),
            writable=(work.output.parent,),
        )
        last = (0.0, STAGES[0])

        def heard(message: Mapping[str, object]) -> None:
            nonlocal last
            last = (cast(float, message["progress"]), str(message["stage"]))
            report(*last)

        outcome: Finished | Failed | None = None
        try:
            # Decoding a long voice is silent: the tick keeps the reports coming.
            answer = run_module(
                CHILD, request, limits=limits, on_message=heard, tick=lambda: report(*last), preload=EVERYTHING
            )
            outcome = _outcome(answer, work.output)
            if "finished" in answer:
                self._learn(work.model, cast(Mapping[str, Any], answer["finished"])["paces"])
        except ProcessFailed as failure:
            log.warning("The child failed on job %s: %s: %s", work.job_id, failure.reason, failure.stderr_tail)
            outcome = _failure(failure)
        finally:
            if not isinstance(outcome, Finished):
                work.output.unlink(missing_ok=True)
                for name in (POSTER, PREVIEW):
                    work.output.with_name(name).unlink(missing_ok=True)
        return outcome

    def _learn(self, model: Model, paces: Mapping[str, float]) -> None:
        """Half of it counts at once, so that neither a busy hour nor an odd file is remembered for long."""
        known = self._paces.get(model, paces)
        self._paces[model] = {stage: (pace + known[stage]) / 2 for stage, pace in paces.items()}


def probe(path: Path) -> Mapping[str, object]:
    """What a file holds, by content: its "kind" ("image", "audio", "video" or "unknown"), "seconds", "width", "height".

    Reads its headers only, in a limited child process.
    """
    limits = Limits(
        wall_seconds=PROBE_SECONDS,
        cpu_seconds=PROBE_SECONDS,
        memory_bytes=MEMORY_BYTES,
        file_bytes=0,
        readable=(path,),
    )
    try:
        answer = run_module(CHILD, {"do": "probe", "path": str(path.resolve())}, limits=limits, preload=LIBRARIES)
    except ProcessFailed as failure:
        log.warning("Probing failed: %s: %s", failure.reason, failure.stderr_tail)
        return {"kind": "unknown"}
    return cast(Mapping[str, object], answer["probe"])


def poster(video: Path) -> Path | None:
    """The first frame of a video as a JPEG beside it, made in a limited child process; None if that does not work."""
    return _beside(video, "poster", POSTER)


def preview(video: Path) -> Path | None:
    """The first seconds of a video, small and silent, beside it; as `poster`."""
    return _beside(video, "preview", PREVIEW)


def _beside(video: Path, what: str, name: str) -> Path | None:
    into = video.with_name(name)
    limits = Limits(
        wall_seconds=PROBE_SECONDS,
        cpu_seconds=PROBE_SECONDS,
        memory_bytes=MEMORY_BYTES,
        file_bytes=MAX_POSTER_BYTES,
        readable=(video,),
        writable=(video.parent,),
    )
    try:
        request = {"do": what, "path": str(video.resolve()), "into": str(into.resolve())}
        run_module(CHILD, request, limits=limits, preload=LIBRARIES)
    except ProcessFailed as failure:
        log.warning("No %s: %s: %s", what, failure.reason, failure.stderr_tail)
        into.unlink(missing_ok=True)
    return into if into.exists() else None


def _outcome(answer: Mapping[str, object], output: Path) -> Finished | Failed:
    """The child's result as base's records; the child is ours, so its fields are taken as promised."""
    if "failed" in answer:
        failed = cast(Mapping[str, object], answer["failed"])
        return Failed(
            str(failed["message"]),
            permanent=bool(failed.get("permanent", True)),
            source=str(failed["source"]),
            params=cast(Mapping[str, str | int | float], failed["params"]),
        )
    made = cast(Mapping[str, object], answer["finished"])
    poster, preview = output.with_name(POSTER), output.with_name(PREVIEW)
    return Finished(
        path=output,
        seconds=cast(float, made["seconds"]),
        width=cast(int, made["width"]),
        height=cast(int, made["height"]),
        fps=cast(float, made["fps"]),
        timings=cast(Mapping[str, int], made["timings"]),
        prompt_used=tuple(cast(list[str], made["prompt_used"])),
        notes=tuple(Note(**note) for note in cast(list[dict[str, Any]], made["notes"])),
        poster=poster if poster.exists() else None,
        preview=preview if preview.exists() else None,
        cpu_seconds=cast(float, made["cpu_seconds"]),
        peak_bytes=cast(int, made["peak_bytes"]),
    )


def _failure(failure: ProcessFailed) -> Failed:
    """A child that ran out of time or memory would do so again; one that crashed may have been killed by chance."""
    match failure.reason:
        case "timeout":
            return Failed(TOO_LONG)
        case "memory":
            return Failed(TOO_BIG)
        case "crashed":
            return Failed(CRASHED, permanent=False)
