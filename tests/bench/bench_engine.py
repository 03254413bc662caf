"""What the built-in engine costs, beside its goals: `make bench-engine`; LONG=1 adds ten minutes, MEDIA=DIR videos.

Costs are processor time (user and system) of whole child processes, against that of encoding the same frames alone, so
that they say the same on every machine. This process stays small: a child's peak memory begins with its parent's.
"""

import json
import os
import subprocess
import sys
import tempfile
import wave
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from jobs.engines.local.pipeline import Order

ROOT = Path(__file__).resolve().parents[2]
FACE = ROOT / "static" / "samples" / "face.jpg"
VOICE = ROOT / "static" / "samples" / "voice.wav"

SPOKEN_SECONDS, SHORT_SECONDS, LONG_SECONDS = 30, 12, 600
FPS = 25
ENCODED_FRAMES = 300  # held in memory to be encoded alone
VIDEO_SIZE = 1080, 1920
DRIFT_PIXELS = 60  # the moving crop of the source video
VIDEO_ENDINGS = {".mp4", ".mov", ".webm", ".mkv"}


@dataclass(frozen=True)
class Cost:
    """What a child process took, and what it printed."""

    cpu_seconds: float
    wall_seconds: float
    peak_mb: float
    said: dict[str, float]


@dataclass(frozen=True)
class Row:
    """One line of the table; `goal` is the most that it may be."""

    name: str
    value: float
    goal: float
    unit: str = ""

    def __str__(self) -> str:
        verdict = "ok" if self.value <= self.goal else "misses"
        return f"{self.name:<46}{self.value:>9.2f}{self.goal:>9.2f} {self.unit:<6}{verdict}"


# --- In the parent ---------------------------------------------------------------------


def main() -> None:
    """Print the table, a line as soon as it is known."""
    print(f"{'':<46}{'is':>9}{'goal':>9}")
    with tempfile.TemporaryDirectory() as folder:
        for row in rows(Path(folder)):
            print(row, flush=True)


def rows(folder: Path) -> Iterator[Row]:
    """All measurements, the costly ones last."""
    voice = write_voice(folder / "voice.wav", SPOKEN_SECONDS)
    silence = write_voice(folder / "silence.wav", SPOKEN_SECONDS, silent=True)
    yield Row("voice analysis", run("listen", voice).said["cpu"] / SPOKEN_SECONDS, 0.04, "s/s")
    yield Row("refusal: silence", run("refuse", FACE, silence, folder).wall_seconds, 3, "s")
    yield Row("refusal: no face", run("refuse", "blank", voice, folder).wall_seconds, 3, "s")
    for resolution, goal in ((480, 2.5), (720, 2.0)):
        whole = run("make", "image", FACE, voice, resolution, folder)
        encoding = run("encode", "image", FACE, voice, resolution, folder).said["cpu"]
        frames = SPOKEN_SECONDS * FPS
        yield Row(f"photo {resolution}p: whole ÷ encoding", whole.cpu_seconds / (encoding * frames), goal)
        if resolution == 480:
            yield Row("photo 480p: wall", whole.wall_seconds / SPOKEN_SECONDS, 0.15, "s/s")
    yield Row(f"photo 720p, {SPOKEN_SECONDS} s: peak memory", whole.peak_mb, 600, "MB")
    short = write_voice(folder / "short.wav", SHORT_SECONDS)
    run("film", folder)
    yield video_row("video 720p from 1080p", folder / "film.mp4", short, folder)
    media = os.environ.get("MEDIA")
    for video in sorted(Path(media).iterdir()) if media else ():
        if video.suffix.lower() in VIDEO_ENDINGS:
            yield video_row(f"video 720p, {video.name[:20]}", video, short, folder)
    if os.environ.get("LONG"):
        long = run("make", "image", FACE, write_voice(folder / "long.wav", LONG_SECONDS), 720, folder)
        yield Row(f"photo 720p, {LONG_SECONDS} s: peak memory", long.peak_mb, 600, "MB")


def video_row(name: str, video: Path, voice: Path, folder: Path) -> Row:
    """Whole run against watching the video (decoding, scaling, tracking) and encoding the result."""
    whole = run("make", "video", video, voice, 720, folder).cpu_seconds
    watching = run("watch", video, folder).said["cpu"]
    encoding = run("encode", "video", video, voice, 720, folder).said["cpu"] * SHORT_SECONDS
    rate = run("rate", video).said["fps"]
    return Row(f"{name}: whole ÷ (watch + encode)", whole / (watching + encoding * rate), 1.5)


def write_voice(path: Path, seconds: int, silent: bool = False) -> Path:
    """The bundled voice over and over, or silence of that length."""
    with wave.open(str(VOICE)) as source, wave.open(str(path), "wb") as target:
        target.setparams(source.getparams())
        once = source.readframes(source.getnframes())
        size = seconds * source.getframerate() * source.getsampwidth()
        sound = bytes(size) if silent else (once * (size // len(once) + 1))[:size]
        target.writeframes(sound)
    return path


def run(task: str, *arguments: object) -> Cost:
    """Do one task in a child process."""
    command = [sys.executable, "-m", "tests.bench.bench_engine", task, *map(str, arguments)]
    start = monotonic()
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as child:
        said = child.stdout.read() if child.stdout else ""
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{' '.join(command[2:])} failed with {child.returncode}")
    return Cost(
        usage.ru_utime + usage.ru_stime,
        monotonic() - start,
        usage.ru_maxrss / 1024,
        cast(dict[str, float], json.loads(said or "{}")),
    )


# --- In the child: the engine's libraries are loaded only here ----------------------------


def make(kind: str, face: str, voice: str, resolution: str, folder: str) -> None:
    """A whole run, as the engine's own child process makes it."""
    from jobs.engines.local import pipeline

    pipeline.make(_order(kind, face, voice, int(resolution), Path(folder)), lambda done, stage: None)


def encode(kind: str, face: str, voice: str, resolution: str, folder: str) -> dict[str, float]:
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


def listen(voice: str) -> dict[str, float]:
    """Processor seconds for the voice alone, its libraries loaded before."""
    from jobs.engines.local import pipeline

    start = _cpu_seconds()
    pipeline.listen(Path(voice))
    return {"cpu": _cpu_seconds() - start}


def watch(video: str, folder: str) -> dict[str, float]:
    """Processor seconds for decoding, scaling and following the face in as many frames as are spoken."""
    import cv2

    from jobs.engines.local import film
    from jobs.engines.local.photo import video_size

    cv2.setNumThreads(1)
    facts = film.facts(Path(video))
    start = _cpu_seconds()
    size = video_size(facts.width, facts.height, 720)
    film.watch(Path(video), facts, size, round(SHORT_SECONDS * facts.fps), Path(folder))
    return {"cpu": _cpu_seconds() - start}


def rate(video: str) -> dict[str, float]:
    """The rate of the result's frames."""
    from jobs.engines.local import film

    return {"fps": float(film.facts(Path(video)).fps)}


def refuse(face: str, voice: str, folder: str) -> None:
    """A run that ends in a refusal; `face` "blank" is a picture without one."""
    import cv2
    import numpy as np

    from jobs.errors import InvalidInput

    if face == "blank":
        face = f"{folder}/blank.png"
        cv2.imwrite(face, np.full((1200, 900, 3), 128, np.uint8))
    try:
        make("image", face, voice, "480", folder)
    except InvalidInput:
        return
    raise SystemExit("was not refused")


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
    make("image", str(FACE), f"{folder}/short.wav", "720", folder)
    return f"{folder}/result.mp4"


def _order(kind: str, face: str, voice: str, resolution: int, folder: Path) -> "Order":
    from jobs.engines.local import pipeline

    return pipeline.Order(
        model="lipsync-video" if kind == "video" else "lipsync-image",
        sources={kind: Path(face), "audio": Path(voice)},
        output=folder / "result.mp4",
        resolution=resolution,
        seed=7,
    )


def _cpu_seconds() -> float:
    used = os.times()
    return used.user + used.system


TASKS: dict[str, Callable[..., dict[str, float] | None]] = {
    task.__name__: task for task in (make, encode, listen, watch, rate, refuse, film)
}

if __name__ == "__main__":
    if len(sys.argv) > 1:
        os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1")
        print(json.dumps(TASKS[sys.argv[1]](*sys.argv[2:]) or {}))
    else:
        main()
