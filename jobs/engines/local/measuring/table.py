"""Owns the table: for a terminal, as Markdown, and as JSON."""

import json
import math
from collections.abc import Sequence
from typing import Any

from jobs.engines.local.measuring.goals import COLUMNS, Column, Row, misses


def markdown(rows: Sequence[Row]) -> str:
    """The whole table with its goals, then what was refused or crashed."""
    used = columns(rows)
    made = [row for row in rows if row.status == "made"]
    lines = [
        "| | " + " | ".join(column.title for column in used) + " | |",
        "| --- |" + " ---: |" * len(used) + " --- |",
        "| goal | " + " | ".join(column.goal for column in used) + " | |",
        *(f"| {row.name} | {' | '.join(column.cell(row) for column in used)} | {verdict(row)} |" for row in made),
        "| met | " + " | ".join(_met(column, made) for column in used) + " | |",
    ]
    rest = [f"- {row.status}: {row.name}: {row.note}{_after(row)}" for row in rows if row.status != "made"]
    return "\n".join([*lines, "", *rest, ""])


def text(rows: Sequence[Row]) -> str:
    """The same for a terminal, in columns."""
    used = columns(rows)
    made = [row for row in rows if row.status == "made"]
    cells = [
        ["", *(column.title for column in used), ""],
        *([row.name, *(column.cell(row) for column in used), verdict(row)] for row in made),
        ["met", *(_met(column, made) for column in used), ""],
    ]
    widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))]
    lines = [
        "  ".join(cell.ljust(width) if i == 0 else cell.rjust(width) for i, (cell, width) in enumerate(pairs)).rstrip()
        for pairs in (list(zip(row, widths, strict=True)) for row in cells)
    ]
    goals = [f"{column.title}: {column.goal}" for column in used if column.goal]
    rest = [f"{row.status}: {row.name}: {row.note}{_after(row)}" for row in rows if row.status != "made"]
    return "\n".join([*lines, "Goals: " + "; ".join(goals) + ". ! misses its goal.", *rest, ""])


def as_json(rows: Sequence[Row]) -> str:
    """A list of rows with all values; a value that is not known is null."""
    listed: list[dict[str, Any]] = [
        {
            "name": row.name,
            "model": row.model,
            "status": row.status,
            "note": row.note,
            "values": {key: None if math.isnan(value) else round(value, 5) for key, value in row.values.items()},
            "misses": misses(row),
        }
        for row in rows
    ]
    return json.dumps(listed, ensure_ascii=False, indent=1) + "\n"


def columns(rows: Sequence[Row]) -> list[Column]:
    """Those that at least one row has a value for."""
    made = [row for row in rows if row.status == "made"]
    return [column for column in COLUMNS if any(not math.isnan(row.values.get(column.key, math.nan)) for row in made)]


def verdict(row: Row) -> str:
    """ "ok", or how many goals are missed."""
    count = len(misses(row))
    return "ok" if not count else f"misses {count}"


def _met(column: Column, rows: Sequence[Row]) -> str:
    verdicts = [verdict for row in rows if (verdict := column.verdict(row)) is not None]
    return f"{sum(verdicts)}/{len(verdicts)}" if verdicts else ""


def _after(row: Row) -> str:
    seconds = row.values.get("refused_seconds", math.nan)
    return "" if math.isnan(seconds) else f" ({seconds:.1f} s)"
