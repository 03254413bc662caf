"""An engine that renders nothing: a test says what it does."""

from collections.abc import Callable, Mapping
from typing import ClassVar, get_args

from jobs.engines.base import (
    Failed,
    Finished,
    KeysMissing,
    Model,
    Note,
    NotGenuine,
    Offer,
    Outcome,
    Report,
    Running,
    Work,
)
from jobs.net import Said

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


def place(work: Work, report: Report) -> Outcome:
    """Have it begun on another machine."""
    if not work.away.remote_id:
        work.away.mark(True)
        work.away.remember("far-1")
    return Running(0.1, pause=60)


def wait(work: Work, report: Report) -> Outcome:
    """It is not done yet."""
    return Running(0.5, pause=60)


class FakeEngine:
    """Set `acts`; look at `works`."""

    name = "fake"
    version = "1"
    offers: ClassVar[Mapping[Model, Offer]] = dict.fromkeys(get_args(Model), Offer())
    acts: ClassVar[Callable[[Work, Report], Outcome]] = succeed
    works: ClassVar[list[Work]] = []

    @classmethod
    def reset(cls) -> None:
        cls.acts = succeed
        cls.works = []

    def run(self, work: Work, report: Report) -> Outcome:
        FakeEngine.works.append(work)
        return type(self).__dict__["acts"](work, report)  # type: ignore[no-any-return]  # a function, not a method


class FarEngine(FakeEngine):
    """One on another machine: set `acts` and `sees`; look at `works`, `looks` and `cancelled`."""

    name = "far"
    longest_seconds = 3600.0
    acts: ClassVar[Callable[[Work, Report], Outcome]] = place
    sees: ClassVar[Callable[[Work, Report], Outcome]] = wait
    looks: ClassVar[list[Work]] = []
    cancelled: ClassVar[list[str]] = []

    @classmethod
    def reset(cls) -> None:
        cls.acts, cls.sees = place, wait
        cls.looks, cls.cancelled = [], []

    def look(self, work: Work, report: Report) -> Outcome:
        FarEngine.looks.append(work)
        return type(self).__dict__["sees"](work, report)  # type: ignore[no-any-return]  # a function, not a method

    def cancel(self, model: Model, remote_id: str, keep: Callable[[Said], None]) -> None:
        FarEngine.cancelled.append(remote_id)

    def keys(self) -> Mapping[str, str]:
        return {"word": "please"}

    def hear(self, headers: Mapping[str, str], body: bytes, keys: Mapping[str, str]) -> str:
        """Takes what says the magic word."""
        if not keys:
            raise KeysMissing
        if headers.get("x-word") != keys["word"]:
            raise NotGenuine
        return body.decode()
