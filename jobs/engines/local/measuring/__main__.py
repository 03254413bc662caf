"""`python -m jobs.engines.local.measuring`: `make quality`. Ends with 1 if anything crashed."""

import argparse
import logging
import sys
import tempfile
import traceback
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import cv2

from jobs.engines.base import Failed, Finished, Work
from jobs.engines.local.engine import LocalEngine
from jobs.engines.local.measuring import cases, page, result, table
from jobs.engines.local.measuring.cases import Case
from jobs.engines.local.measuring.chatter import without_chatter
from jobs.engines.local.measuring.page import Shown

SAMPLES = Path(__file__).resolve().parents[4] / "static" / "samples"
ENGINE = Path(__file__).resolve().parents[1]
REFERENCE = (SAMPLES / "face.jpg", SAMPLES / "voice.wav")  # its phones are known


def main() -> int:
    """Render and measure what the command line says."""
    chosen = _arguments()
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    cv2.setNumThreads(1)
    out: Path = chosen.out or Path(tempfile.mkdtemp(prefix="mundwerk-quality-"))
    (out / "voices").mkdir(parents=True, exist_ok=True)
    say = sys.stdout.write
    say(f"Results go to {out}\n")
    shown: list[Shown] = []
    as_begun = engine_state()
    for number, planned in enumerate(_planned(chosen, out)):
        case = cases.rested(planned, out / "voices")
        shown += run(case, chosen.resolution, out / f"{number:02d}-{case.name.replace(' ', '-')}.mp4")
        last = shown[-1].row
        verdict = table.verdict(last) if last.status == "made" else f"{last.status}: {last.note}"
        say(f"{case.name}: {verdict}\n")
        sys.stdout.flush()
        write(shown, out)  # what there is so far can be looked at already
    say("\n" + table.text([one.row for one in shown]))
    if engine_state() != as_begun:
        say("The engine's files changed during the run: renders and what they are held against may differ.\n")
    say(f"Look at {out / 'index.html'}\n")
    return int(any(one.row.status == "crashed" for one in shown))


def engine_state() -> frozenset[tuple[str, int]]:
    """The engine's files, with when each was changed: a run is of one engine only as long as nobody changes it."""
    files = (path for path in ENGINE.rglob("*") if path.suffix in (".py", ".npz"))
    return frozenset((str(path), path.stat().st_mtime_ns) for path in files)


def run(case: Case, resolution: int, output: Path) -> list[Shown]:
    """Render and measure one case; never raises."""
    try:
        began = monotonic()
        outcome = render(case, resolution, output)
        if isinstance(outcome, Failed):
            return [result.refused(case, outcome, monotonic() - began)]
        return result.measured(case, outcome, resolution)
    except Exception as error:
        traceback.print_exc()
        return [result.crashed(case, f"{type(error).__name__}: {error}")]


def render(case: Case, resolution: int, output: Path) -> Finished | Failed:
    """One render as the product does it, in the limited child; blocks."""
    work = Work(case.name, case.model, case.sources, output, resolution, seed=1, speaking_order=case.order)
    return LocalEngine().run(work, lambda progress, stage: None)


def write(shown: list[Shown], out: Path) -> None:
    """The table and the page, into the run's folder."""
    rows = [one.row for one in shown]
    (out / "table.md").write_text(table.markdown(rows))
    (out / "table.json").write_text(table.as_json(rows))
    (out / "index.html").write_text(page.html(shown))


def _planned(chosen: argparse.Namespace, out: Path) -> Iterator[Case]:
    """The bundled sample first, if a whole set is asked for: its phones are known."""

    def cut(voice: Path) -> Path:
        return cases.beginning(voice, chosen.seconds, out / "voices")

    if chosen.media is None:
        yield cases.one(chosen.face, cut(chosen.voice))
        return
    yield cases.one(REFERENCE[0], cut(REFERENCE[1]))
    found = cases.find(chosen.media)
    pictures = found["image"]
    pairs = [picture for picture in pictures if cases.shows_two(picture, chosen.resolution)]
    yield from cases.plan(pictures, found["video"], [cut(voice) for voice in found["audio"]], pairs)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Render faces with voices and measure the mouths in the results.")
    parser.add_argument("--media", type=Path, help="a folder of pictures, videos and voices: render them all")
    parser.add_argument("--face", type=Path, default=REFERENCE[0], help="without --media: a picture or video")
    parser.add_argument("--voice", type=Path, default=REFERENCE[1], help="… and a recording")
    parser.add_argument("--resolution", type=int, default=480, choices=(480, 720))
    parser.add_argument("--seconds", type=float, default=8.0, help="how much of each voice is used")
    parser.add_argument("--out", type=Path, help="where results go; a temporary folder by default")
    chosen = parser.parse_args()
    for path in (chosen.media, chosen.face, chosen.voice):
        if path is not None and not path.exists():
            parser.error(f"there is no {path}")
    return chosen


if __name__ == "__main__":
    with without_chatter():
        ended = main()
    sys.exit(ended)
