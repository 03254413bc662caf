"""Owns the page to look through a run: each video with its sheet, its curve and what it misses. Plain files only."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from jobs.engines.local.measuring.goals import COLUMNS, Row, misses
from jobs.engines.local.measuring.table import columns, verdict

STYLE = """
body { font: 14px/1.5 sans-serif; margin: 2rem; max-width: 1560px; color: #1c2024 }
table { border-collapse: collapse; font-size: 12px; font-variant-numeric: tabular-nums }
td, th { padding: .2rem .5rem; border-bottom: 1px solid #ddd; text-align: right; vertical-align: top }
td:first-child { text-align: left } .misses { color: #b91c1c }
section { margin: 3rem 0 } img, video { max-width: 100% } video { max-height: 420px }
"""


@dataclass(frozen=True)
class Shown:
    """A row with its files, by their names in the run's folder; a row without a video has none."""

    row: Row
    video: str = ""
    sheet: str = ""
    curve: str = ""


def html(shown: Sequence[Shown]) -> str:
    """The page."""
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Quality</title><style>{STYLE}</style>'
        f"<h1>Quality</h1>{_table([one.row for one in shown])}{''.join(_section(one) for one in shown)}</html>\n"
    )


def _table(rows: Sequence[Row]) -> str:
    used = columns(rows)
    head = "".join(f"<th>{escape(column.title)}" for column in used)
    goals = "".join(f"<td>{escape(column.goal)}" for column in used)
    body = "".join(
        f'<tr><td><a href="#{escape(row.name, quote=True)}">{escape(row.name)}</a>'
        + "".join(
            f"<td{' class=misses' if column.verdict(row) is False else ''}>{escape(column.cell(row))}"
            for column in used
        )
        + f"<td>{verdict(row) if row.status == 'made' else row.status}"
        for row in rows
    )
    return f"<table><tr><th>{head}<th><tr><td>goal{goals}<td>{body}</table>"


def _section(shown: Shown) -> str:
    row = shown.row
    title = f'<section id="{escape(row.name, quote=True)}"><h2>{escape(row.name)}</h2>'
    if row.status != "made":
        return f"{title}<p>{row.status}: {escape(row.note)}</section>"
    missed = ", ".join(f"{c.title} {c.cell(row)}" for c in COLUMNS if c.title in misses(row)) or "nothing"
    return (
        f"{title}<p>{escape(row.model)}; misses: {escape(missed)}. {escape(row.note)}</p>"
        f'<video controls loop preload="none" src="{escape(shown.video, quote=True)}"></video>{shown.curve}'
        f'<img loading="lazy" src="{escape(shown.sheet, quote=True)}" alt=""></section>'
    )
