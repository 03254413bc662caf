"""Table: what is measured of each result, how it is written, and what it has to be."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from jobs.engines.base import Model

Status = Literal["made", "refused", "crashed"]
Values = Mapping[str, float]


@dataclass(frozen=True)
class Row:
    """One face of one result, or a case that gave none; `note` says why, or what was unusual."""

    name: str
    model: Model
    status: Status
    values: Values = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True)
class Column:
    """`key` names the value in `Row.values`, `goal` is for the reader, `meets` for the machine (None: no goal here)."""

    key: str
    title: str
    form: str
    goal: str = ""
    meets: Callable[[float, Row], bool | None] = lambda value, row: None

    def cell(self, row: Row) -> str:
        """The value, with an exclamation mark where it misses its goal; a dash where there is none."""
        value = row.values.get(self.key, math.nan)
        if math.isnan(value):
            return "–"
        return self.form.format(value) + (" !" if self.verdict(row) is False else "")

    def verdict(self, row: Row) -> bool | None:
        """Whether the row meets the goal; None where it has no such value or no goal."""
        value = row.values.get(self.key, math.nan)
        return None if math.isnan(value) else self.meets(value, row)


def _is_video(row: Row) -> bool:
    return row.model == "lipsync-video"


COLUMNS: tuple[Column, ...] = (
    Column(
        "correlation",
        "follows",
        "{:.3f}",
        "≥ .95 photo, ≥ .93 video",
        lambda value, row: value >= (0.93 if _is_video(row) else 0.95),
    ),
    Column("lag_frames", "lag", "{:+.0f}", "0 frames", lambda value, row: value == 0),
    Column("closed_median", "closed", "{:.3f}", "≤ .010 S median", lambda value, row: value <= 0.010),
    Column("closed_own", "source closed", "{:.3f}"),
    Column("closed_beyond", "closed − source", "{:+.3f}", "≤ .010 S", lambda value, row: value <= 0.010),
    Column("closed_p95", "closed p95", "{:.3f}", "≤ .040 S", lambda value, row: value <= 0.040),
    Column("phones_open", "M B P open", "{:.0f}", "0 of those known", lambda value, row: value == 0),
    Column("phones_known", "M B P known", "{:.0f}"),
    Column("widest", "wide", "{:.3f}"),
    Column("changed", "outside", "{:.2%}", "0 % changed", lambda value, row: value == 0),
    Column("changed_most", "by at most", "{:.0f}"),
    Column("lips_jitter", "lips tremble", "{:.4f}"),
    Column("chin_jitter", "chin trembles", "{:.4f}"),
    Column("lips_ratio", "÷ source", "{:.2f}", "≤ 1.1", lambda value, row: value <= 1.1),
    Column("chin_ratio", "÷ source (chin)", "{:.2f}", "≤ 1.1", lambda value, row: value <= 1.1),
    Column(
        "late_by_phones",
        "late",
        "{:+.1f}",
        "± 1 frame (known phones)",
        lambda value, row: abs(value) <= 1,
    ),
    Column("late_by_loudness", "late by loudness", "{:+.1f}"),
    Column("absent", "without face", "{:.0%}"),
    Column("cpu", "CPU s/s", "{:.2f}"),
    Column("peak_mb", "MB", "{:.0f}"),
    Column("refused_seconds", "s to refusal", "{:.1f}"),
)


def misses(row: Row) -> list[str]:
    """Titles of the columns whose goal a row misses."""
    return [column.title for column in COLUMNS if column.verdict(row) is False]
