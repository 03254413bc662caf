"""Owns one render as the product does it, in the limited child, and what it costs."""

import contextlib
import resource
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from jobs.engines.base import Failed, Finished, Work
from jobs.engines.local.engine import LocalEngine
from jobs.engines.local.measuring.cases import Case


@dataclass(frozen=True)
class Render:
    """How a render ended, with the processor's time and the most memory that its process held."""

    outcome: Finished | Failed
    cpu_seconds: float
    wall_seconds: float
    peak_bytes: int

    @property
    def cpu_per_second(self) -> float:
        """Processor seconds for a second of video; NaN without one."""
        return self.cpu_seconds / self.outcome.seconds if isinstance(self.outcome, Finished) else float("nan")


def render(case: Case, resolution: int, output: Path) -> Render:
    """Make the video of a case; blocks."""
    work = Work(case.name, case.model, case.sources, output, resolution, seed=1, speaking_order=case.order)
    peak = 0

    def report(progress: float, stage: str) -> None:
        nonlocal peak
        peak = max(peak, _children_peak())

    spent, began = _children_cpu(), monotonic()
    outcome = LocalEngine().run(work, report)
    return Render(outcome, _children_cpu() - spent, monotonic() - began, peak)


def _children_cpu() -> float:
    """Seconds that ended children have used so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _children_peak() -> int:
    """The most memory that any child alive has held, in bytes."""
    numbers = " ".join(path.read_text() for path in Path("/proc/self/task").glob("*/children")).split()
    return max((_peak(number) for number in numbers), default=0)


def _peak(number: str) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{number}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0
