"""An engine that renders nothing: a test says what it does."""

from collections.abc import Callable
from typing import ClassVar

from jobs.engines.base import Failed, Finished, Note, Outcome, Report, Work

RESULT = b"not really a video"


def succeed(work: Work, report: Report) -> Outcome:
    """Write something and say that it is a video of three seconds."""
    report(0.5, "drawing")
    work.output.write_bytes(RESULT)
    return Finished(
        work.output,
        seconds=3.0,
        width=480,
        height=640,
        fps=25,
        timings={"drawing": 12},
        prompt_used=("smile",),
        notes=(Note("The face is {degrees}° away.", {"degrees": 50}),),
    )


def fail(work: Work, report: Report) -> Outcome:
    """There will never be a video of this."""
    return Failed("The recording holds {count} voices.", source="audio", params={"count": 0})


def stumble(work: Work, report: Report) -> Outcome:
    """There may be a video the next time."""
    return Failed("The renderer lost its way.", permanent=False)


class FakeEngine:
    """Set `acts`; look at `works`."""

    name = "fake"
    version = "1"
    acts: ClassVar[Callable[[Work, Report], Outcome]] = succeed
    works: ClassVar[list[Work]] = []

    @classmethod
    def reset(cls) -> None:
        cls.acts = succeed
        cls.works = []

    def run(self, work: Work, report: Report) -> Outcome:
        FakeEngine.works.append(work)
        return type(self).__dict__["acts"](work, report)  # type: ignore[no-any-return]  # a function, not a method
