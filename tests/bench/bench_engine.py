"""What the built-in engine costs, beside its goals: `make bench-engine`.

- LONG=1 adds ten minutes of speech, MEDIA=DIR the videos of a folder.
- PEER="command {face} {voice} {out}" adds another lip-sync program, on the same inputs in the same run, its own costs
  set against our encoding of the same number of frames. `{size}` is the short side in pixels.

Costs are processor time (user and system) of the engine's own child process, against that of encoding the same frames
alone, so that they say the same on every machine; its libraries are loaded once for all runs of a process, and have a
line of their own. All but the longest run is done a few times, and the quietest counts: what else the machine does can
only add.
"""

import compileall
import json
import os
import shlex
import subprocess
import sys
import tempfile
import wave
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from jobs.engines.base import Model, Outcome
    from jobs.engines.local.pipeline import Order

ROOT = Path(__file__).resolve().parents[2]
FACE = ROOT / "static" / "samples" / "face.jpg"
VOICE = ROOT / "static" / "samples" / "voice.wav"

SPOKEN_SECONDS, SHORT_SECONDS, LONG_SECONDS = 30, 12, 600
FIRST_REFUSAL_SECONDS, MOST_MEGABYTES, GROWTH = 5, 600, 1.1
RUNS = 3  # of which the quietest counts
TOLD_FROM, TOLD_ERROR = 0.1, 0.25  # from this share of a run on, the time left is to be right within that share of it
NO_NEARER_SECONDS = 1  # than which nobody is told: less counts as so much
FPS = 25
SEED = 7
ENCODED_FRAMES = 300  # held in memory to be encoded alone
VIDEO_SIZE = 1080, 1920
DRIFT_PIXELS = 60  # the moving crop of the source video
VIDEO_ENDINGS = {".mp4", ".mov", ".webm", ".mkv"}


Figures = dict[str, float]  # what a child says that it measured


@dataclass(frozen=True)
class Row:
    """One line of the table; `goal` is the most that it may be, 0 if there is none."""

    name: str
    value: float
    goal: float = 0
    unit: str = ""

    def __str__(self) -> str:
        if not self.goal:
            return f"{self.name:<52}{self.value:>9.2f}{'–':>9} {self.unit}"
        verdict = "ok" if self.value <= self.goal else "misses"
        return f"{self.name:<52}{self.value:>9.2f}{self.goal:>9.2f} {self.unit:<6}{verdict}"


# --- In the parent ---------------------------------------------------------------------


def main() -> None:
    """Print the table, a line as soon as it is known."""
    compileall.compile_dir(ROOT / "jobs", quiet=2)  # as the product does when it starts: the child can not keep it
    print(f"{'':<52}{'is':>9}{'goal':>9}")
    with tempfile.TemporaryDirectory() as folder:
        for row in rows(Path(folder)):
            print(row, flush=True)


def rows(folder: Path) -> Iterator[Row]:
    """All measurements, the costly ones last."""
    voice = write_voice(folder / "voice.wav", SPOKEN_SECONDS)
    short = write_voice(folder / "short.wav", SHORT_SECONDS)
    silence = write_voice(folder / "silence.wav", SPOKEN_SECONDS, silent=True)
    yield Row("loading libraries and models, once for all runs", quietest("load")["cpu"], unit="s")
    yield Row("voice analysis", quietest("listen", voice)["cpu"] / SPOKEN_SECONDS, 0.04, "s/s")
    yield Row("refusal: silence", quietest("refuse", FACE, silence, folder)["wall"], FIRST_REFUSAL_SECONDS, "s")
    yield Row("refusal: no face", quietest("refuse", "blank", voice, folder)["wall"], FIRST_REFUSAL_SECONDS, "s")
    peak_mb = 0.0
    for resolution, goal in ((480, 2.5), (720, 2.0)):
        name = f"photo {resolution}p"
        whole = run("make", "image", FACE, voice, resolution, folder, RUNS)
        encoding = quietest("encode", "image", FACE, voice, resolution, folder)["cpu"] * SPOKEN_SECONDS * FPS
        yield Row(f"{name}: whole ÷ encoding", whole["cpu"] / encoding, goal)
        yield from peer_rows(name, FACE, voice, resolution, encoding, folder)
        if resolution == 480:
            yield Row(f"{name}: wall", whole["wall"] / SPOKEN_SECONDS, 0.15, "s/s")
        yield from told_rows(name, whole)
        peak_mb = whole["peak_mb"]
    yield Row(f"photo 720p, {SPOKEN_SECONDS} s: peak memory", peak_mb, MOST_MEGABYTES, "MB")
    run("film", folder)
    yield from video_rows("video 720p from 1080p", folder / "film.mp4", short, folder)
    media = os.environ.get("MEDIA")
    for video in sorted(Path(media).rglob("*")) if media else ():
        if video.suffix.lower() in VIDEO_ENDINGS:
            yield from video_rows(f"video 720p, {video.name[:20]}", video, short, folder)
    if os.environ.get("LONG"):
        long = run("make", "image", FACE, write_voice(folder / "long.wav", LONG_SECONDS), 720, folder, 1)
        yield Row(f"photo 720p, {LONG_SECONDS} s: peak memory", long["peak_mb"], MOST_MEGABYTES, "MB")
        yield Row(f"  ÷ that of {SPOKEN_SECONDS} s", long["peak_mb"] / peak_mb, GROWTH)
        yield Row(f"photo 720p, {LONG_SECONDS} s: time left in a first run", long["first_error"], TOLD_ERROR)


def video_rows(name: str, video: Path, voice: Path, folder: Path) -> Iterator[Row]:
    """Whole run against decoding and scaling the frames once, following the face in them, and encoding the result."""
    whole = run("make", "video", video, voice, 720, folder, RUNS)
    following = quietest("follow", video)["cpu"]
    rate = run("rate", video)["fps"]
    encoding = quietest("encode", "video", video, voice, 720, folder)["cpu"] * SHORT_SECONDS * rate
    yield Row(f"{name}: whole ÷ (decode + track + encode)", whole["cpu"] / (following + encoding), 1.5)
    yield from peer_rows(name, video, voice, 720, following + encoding, folder)
    yield from told_rows(name, whole)


def told_rows(name: str, whole: Figures) -> Iterator[Row]:
    """How wrong the time left was at worst: in a process's first run, and in the next ones, which know of that."""
    yield Row(f"{name}: time left in a first run", whole["first_error"])
    yield Row(f"{name}: time left, worst error", whole["error"], TOLD_ERROR)


def peer_rows(name: str, face: Path, voice: Path, size: int, least_cpu: float, folder: Path) -> Iterator[Row]:
    """The same for the program in PEER, if there is one."""
    command = os.environ.get("PEER")
    if not command:
        return
    places = {"face": face, "voice": voice, "out": folder / "peer.mp4", "size": size}
    words = [part.format(**places) for part in shlex.split(command)]
    costs = [timed(words) for _ in range(RUNS)]
    yield Row(f"  peer, {name}: the same", min(cpu for cpu, _ in costs) / least_cpu)
    yield Row(f"  peer, {name}: wall", min(wall for _, wall in costs) / seconds_of(voice), unit="s/s")


def seconds_of(voice: Path) -> float:
    """Of a WAV file."""
    with wave.open(str(voice)) as file:
        return float(file.getnframes() / file.getframerate())


def write_voice(path: Path, seconds: int, silent: bool = False) -> Path:
    """The bundled voice over and over, or silence of that length."""
    with wave.open(str(VOICE)) as source, wave.open(str(path), "wb") as target:
        target.setparams(source.getparams())
        once = source.readframes(source.getnframes())
        size = seconds * source.getframerate() * source.getsampwidth()
        sound = bytes(size) if silent else (once * (size // len(once) + 1))[:size]
        target.writeframes(sound)
    return path


def quietest(task: str, *arguments: object) -> Figures:
    """What a task says of itself in the fastest of a few runs: the one that was least disturbed."""
    return _quietest([run(task, *arguments) for _ in range(RUNS)])


def _quietest(runs: Sequence[Figures]) -> Figures:
    return min(runs, key=lambda figures: figures["wall"])


def run(task: str, *arguments: object) -> Figures:
    """Do one task in a child process: what it says that it measured; its time as "wall" if it says nothing of it."""
    start = monotonic()
    command = [sys.executable, "-m", "tests.bench.bench_engine", task, *map(str, arguments)]
    said = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout
    return {"wall": monotonic() - start} | cast(Figures, json.loads(said))


def timed(command: list[str]) -> tuple[float, float]:
    """Processor seconds of a command, with all that it starts and waits for, and seconds."""
    before, start = _children_seconds(), monotonic()
    subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return _children_seconds() - before, monotonic() - start


def _children_seconds() -> float:
    used = os.times()
    return used.children_user + used.children_system


# --- In the child: the engine's libraries are loaded only here ----------------------------


def make(kind: str, face: str, voice: str, resolution: str, folder: str, runs: str) -> Figures:
    """Whole runs as the product makes them, one after the other: the quietest one's costs, and the most memory.

    How wrong the time left was at worst is said of the first run, and of the quietest one that knew of another.
    """
    made = [_made(kind, face, voice, int(resolution), folder) for _ in range(int(runs))]
    peak = max(one["peak_mb"] for one in made)
    error = _quietest(made[1:] or made)["error"]
    return _quietest(made) | {"peak_mb": peak, "first_error": made[0]["error"], "error": error}


def _made(kind: str, face: str, voice: str, resolution: int, folder: str) -> Figures:
    from jobs.engines.base import Finished

    start = monotonic()
    told: list[tuple[float, float]] = []
    outcome = _whole(kind, face, voice, resolution, folder, lambda done: told.append((monotonic() - start, done)))
    seconds = monotonic() - start
    if not isinstance(outcome, Finished):
        raise SystemExit(f"was not made: {outcome}")
    error = worst_error(told, seconds)
    return {"cpu": outcome.cpu_seconds, "wall": seconds, "peak_mb": outcome.peak_bytes / 2**20, "error": error}


def worst_error(told: list[tuple[float, float]], seconds: float) -> float:
    """Of (seconds gone, share done) told in a run of `seconds`: the time left, foretold, against what it was.

    The largest error after the first tenth, as a share of the time that was left.
    """
    errors = [
        abs(gone * (1 - done) / done - (seconds - gone)) / max(NO_NEARER_SECONDS, seconds - gone)
        for gone, done in told
        if gone >= TOLD_FROM * seconds and done > 0
    ]
    return max(errors)


def encode(kind: str, face: str, voice: str, resolution: str, folder: str) -> Figures:
    """Processor seconds for each frame of a result's first ones, encoded again and alone."""
    from contextlib import suppress
    from unittest import mock

    from jobs.engines.local import pipeline
    from jobs.engines.local.files.encode import Encoder
    from jobs.engines.local.shapes import Planes

    held: list[Planes] = []
    given: list[object] = []

    class Full(Exception):
        """Enough frames are held."""

    class Keeper:
        """Stands in for the encoder: holds what it is given."""

        def __init__(self, *arguments: object) -> None:
            given[:] = arguments

        def __enter__(self) -> "Keeper":
            return self

        def __exit__(self, *error: object) -> None:
            return None

        def write(self, planes: Planes) -> None:
            """Hold one frame."""
            held.append(Planes(planes.luma.copy(), planes.chroma.copy()))
            if len(held) == ENCODED_FRAMES:
                raise Full

    with mock.patch.object(pipeline, "Encoder", Keeper), suppress(Full):
        pipeline.make(_order(kind, face, voice, int(resolution), Path(folder)), lambda done, stage: None)
    start = _cpu_seconds()
    with Encoder(*given) as encoder:  # type: ignore[arg-type]
        for planes in held:
            encoder.write(planes)
    return {"cpu": (_cpu_seconds() - start) / len(held)}


def load() -> Figures:
    """Processor seconds for what all runs of a process share; PEER loads its own in each run."""
    before = _cpu_seconds()
    from jobs.engines.local import preload_all  # noqa: F401

    return {"cpu": _cpu_seconds() - before}


def listen(voice: str) -> Figures:
    """Processor seconds for the voice alone, its libraries and models loaded before, as they are for a run."""
    from jobs.engines.local import pipeline, preload_all  # noqa: F401

    start = _cpu_seconds()
    pipeline.listen(Path(voice))
    return {"cpu": _cpu_seconds() - start}


def follow(video: str) -> Figures:
    """Processor seconds for decoding and scaling as many frames as are spoken, and following the face in them."""
    from itertools import islice

    import cv2

    from jobs.engines.local import film
    from jobs.engines.local.faces.face import FaceFinder, FaceFollower
    from jobs.engines.local.files.footage import Footage
    from jobs.engines.local.frames import raster
    from jobs.engines.local.photo import video_size

    cv2.setNumThreads(1)
    facts = film.facts(Path(video))
    width, height = video_size(facts.width, facts.height, 720)
    pictures = Footage(Path(video), facts, width, height)
    first = next(iter(pictures.forwards()))
    follower = FaceFollower()
    follower.begin(FaceFinder().find(raster.to_bgr(first))[0])
    start = _cpu_seconds()
    for planes in islice(pictures.forwards(), round(SHORT_SECONDS * facts.fps)):
        follower.follow(planes)
    return {"cpu": _cpu_seconds() - start}


def rate(video: str) -> Figures:
    """The rate of the result's frames."""
    from jobs.engines.local import film

    return {"fps": float(film.facts(Path(video)).fps)}


def refuse(face: str, voice: str, folder: str) -> Figures:
    """How soon the product refuses; `face` "blank" is a picture without one."""
    from jobs.engines.base import Failed

    if face == "blank":
        import cv2
        import numpy as np

        face = f"{folder}/blank.png"
        cv2.imwrite(face, np.full((1200, 900, 3), 128, np.uint8))
    start = monotonic()
    outcome = _whole("image", face, voice, 480, folder, lambda done: None)
    seconds = monotonic() - start
    if not isinstance(outcome, Failed) or not outcome.permanent:
        raise SystemExit(f"was not refused: {outcome}")
    return {"wall": seconds}


def film(folder: str) -> None:
    """A source video of 1080 × 1920: the engine's own result, enlarged, its crop slowly moving."""
    from fractions import Fraction

    import cv2
    import numpy as np

    from jobs.engines.local.files.encode import Encoder
    from jobs.engines.local.files.footage import Footage, look_into
    from jobs.engines.local.files.soundtrack import Soundtrack, Voice
    from jobs.engines.local.shapes import Planes

    small = Path(make_small(folder))
    facts = look_into(small)
    width, height = VIDEO_SIZE
    wide = width + 2 * DRIFT_PIXELS
    tall = round(wide * facts.height / facts.width / 2) * 2
    top = (height - tall) // 4 * 2
    sound = Soundtrack([Voice(Path(folder) / "short.wav")])
    with Encoder(Path(folder) / "film.mp4", width, height, Fraction(FPS), sound) as encoder:
        for number, planes in enumerate(Footage(small, facts, facts.width, facts.height).forwards()):
            x = round(DRIFT_PIXELS * (1 + np.sin(number / 40)) / 2) * 2
            luma = cv2.resize(planes.luma, (wide, tall))[:, x : x + width]
            chroma = cv2.resize(planes.chroma, (wide // 2, tall // 2))[:, x // 2 : (x + width) // 2]
            out = Planes(np.full((height, width), 90, np.uint8), np.full((height // 2, width // 2, 2), 128, np.uint8))
            out.luma[top : top + tall], out.chroma[top // 2 : (top + tall) // 2] = luma, chroma
            encoder.write(out)


def make_small(folder: str) -> str:
    """The result that `film` enlarges."""
    from jobs.engines.local import pipeline

    pipeline.make(_order("image", str(FACE), f"{folder}/short.wav", 720, Path(folder)), lambda done, stage: None)
    return f"{folder}/result.mp4"


def _whole(kind: str, face: str, voice: str, resolution: int, folder: str, told: Callable[[float], None]) -> "Outcome":
    """Make a video through the engine's own front door, its child process with limits included."""
    from jobs.engines.base import Work
    from jobs.engines.local.engine import LocalEngine

    sources = {kind: Path(face), "audio": Path(voice)}
    work = Work("bench", _model(kind), sources, Path(folder) / "result.mp4", resolution, SEED)
    return LocalEngine().run(work, lambda done, stage: told(done))


def _model(kind: str) -> "Model":
    return "lipsync-video" if kind == "video" else "lipsync-image"


def _order(kind: str, face: str, voice: str, resolution: int, folder: Path) -> "Order":
    from jobs.engines.local import pipeline

    return pipeline.Order(
        model=_model(kind),
        sources={kind: Path(face), "audio": Path(voice)},
        output=folder / "result.mp4",
        resolution=resolution,
        seed=SEED,
    )


def _cpu_seconds() -> float:
    used = os.times()
    return used.user + used.system


TASKS: dict[str, Callable[..., Figures | None]] = {
    task.__name__: task for task in (make, encode, load, listen, follow, rate, refuse, film)
}

if __name__ == "__main__":
    if len(sys.argv) > 1:
        os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1")
        print(json.dumps(TASKS[sys.argv[1]](*sys.argv[2:]) or {}))
    else:
        main()
