"""What the built-in engine costs, beside its goals: `make bench-engine`.

- LONG=1 adds ten minutes of speech, MEDIA=DIR the videos of a folder.
- PEER="command {face} {voice} {out}" adds another lip-sync program, on the same inputs in the same run, its own costs
  set against our encoding of the same number of frames. `{size}` is the short side in pixels.

Costs are processor time (user and system) of whole child processes, against that of encoding the same frames alone, so
that they say the same on every machine. This process stays small: a child's peak memory begins with its parent's.
"""

import json
import os
import shlex
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
FIRST_REFUSAL_SECONDS, MOST_MEGABYTES, GROWTH = 5, 600, 1.1
TOLD_FROM = 0.1  # of a run: from here on the time left is to be right within a quarter
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
    print(f"{'':<52}{'is':>9}{'goal':>9}")
    with tempfile.TemporaryDirectory() as folder:
        for row in rows(Path(folder)):
            print(row, flush=True)


def rows(folder: Path) -> Iterator[Row]:
    """All measurements, the costly ones last."""
    voice = write_voice(folder / "voice.wav", SPOKEN_SECONDS)
    short = write_voice(folder / "short.wav", SHORT_SECONDS)
    silence = write_voice(folder / "silence.wav", SPOKEN_SECONDS, silent=True)
    yield Row("voice analysis", run("listen", voice).said["cpu"] / SPOKEN_SECONDS, 0.04, "s/s")
    yield Row("refusal: silence", run("refuse", FACE, silence, folder).wall_seconds, FIRST_REFUSAL_SECONDS, "s")
    yield Row("refusal: no face", run("refuse", "blank", voice, folder).wall_seconds, FIRST_REFUSAL_SECONDS, "s")
    for resolution, goal in ((480, 2.5), (720, 2.0)):
        whole = run("make", "image", FACE, voice, resolution, folder)
        encoding = run("encode", "image", FACE, voice, resolution, folder).said["cpu"] * SPOKEN_SECONDS * FPS
        yield Row(f"photo {resolution}p: whole ÷ encoding", whole.cpu_seconds / encoding, goal)
        yield from peer_rows(f"photo {resolution}p", FACE, voice, resolution, encoding, folder)
        if resolution == 480:
            yield Row("photo 480p: wall", whole.wall_seconds / SPOKEN_SECONDS, 0.15, "s/s")
        yield Row(f"photo {resolution}p: time left, worst error", whole.said["error"], 0.25)
    yield Row(f"photo 720p, {SPOKEN_SECONDS} s: peak memory", whole.peak_mb, MOST_MEGABYTES, "MB")
    run("film", folder)
    yield from video_rows("video 720p from 1080p", folder / "film.mp4", short, folder)
    media = os.environ.get("MEDIA")
    for video in sorted(Path(media).rglob("*")) if media else ():
        if video.suffix.lower() in VIDEO_ENDINGS:
            yield from video_rows(f"video 720p, {video.name[:20]}", video, short, folder)
    if os.environ.get("LONG"):
        long = run("make", "image", FACE, write_voice(folder / "long.wav", LONG_SECONDS), 720, folder)
        yield Row(f"photo 720p, {LONG_SECONDS} s: peak memory", long.peak_mb, MOST_MEGABYTES, "MB")
        yield Row(f"  ÷ that of {SPOKEN_SECONDS} s", long.peak_mb / whole.peak_mb, GROWTH)
        yield Row(f"photo 720p, {LONG_SECONDS} s: time left, worst error", long.said["error"], 0.25)


def video_rows(name: str, video: Path, voice: Path, folder: Path) -> Iterator[Row]:
    """Whole run against decoding and scaling the frames once, following the face in them, and encoding the result."""
    whole = run("make", "video", video, voice, 720, folder)
    following = run("follow", video).said["cpu"]
    rate = run("rate", video).said["fps"]
    encoding = run("encode", "video", video, voice, 720, folder).said["cpu"] * SHORT_SECONDS * rate
    yield Row(f"{name}: whole ÷ (decode + track + encode)", whole.cpu_seconds / (following + encoding), 1.5)
    yield from peer_rows(name, video, voice, 720, following + encoding, folder)
    yield Row(f"{name}: time left, worst error", whole.said["error"], 0.25)


def peer_rows(name: str, face: Path, voice: Path, size: int, least_cpu: float, folder: Path) -> Iterator[Row]:
    """The same for the program in PEER, if there is one."""
    command = os.environ.get("PEER")
    if not command:
        return
    places = {"face": face, "voice": voice, "out": folder / "peer.mp4", "size": size}
    peer = timed([part.format(**places) for part in shlex.split(command)])
    yield Row(f"  peer, {name}: the same", peer.cpu_seconds / least_cpu)
    yield Row(f"  peer, {name}: wall", peer.wall_seconds / seconds_of(voice), unit="s/s")


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


def run(task: str, *arguments: object) -> Cost:
    """Do one task in a child process."""
    return timed([sys.executable, "-m", "tests.bench.bench_engine", task, *map(str, arguments)])


def timed(command: list[str]) -> Cost:
    """What a command takes, with all that it starts and waits for; figures that it prints as JSON are in `said`."""
    start = monotonic()
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as child:
        said = child.stdout.read() if child.stdout else ""
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{' '.join(command)} failed with {child.returncode}")
    return Cost(
        usage.ru_utime + usage.ru_stime,
        monotonic() - start,
        usage.ru_maxrss / 1024,
        cast(dict[str, float], json.loads(said)) if said.startswith("{") else {},
    )


# --- In the child: the engine's libraries are loaded only here ----------------------------


def make(kind: str, face: str, voice: str, resolution: str, folder: str) -> dict[str, float]:
    """A whole run, as the engine's own child process makes it: how wrong the time left was at worst."""
    start = monotonic()
    from jobs.engines.local import pipeline

    told: list[tuple[float, float]] = []
    pipeline.make(
        _order(kind, face, voice, int(resolution), Path(folder)),
        lambda done, stage: told.append((monotonic() - start, done)),
    )
    return {"error": worst_error(told, monotonic() - start)}


def worst_error(told: list[tuple[float, float]], seconds: float) -> float:
    """Of runs foretold from (seconds gone, share done): the largest error after the first tenth, as a share."""
    foretold = [gone / done for gone, done in told if gone >= TOLD_FROM * seconds and done > 0]
    return max(abs(one / seconds - 1) for one in foretold)


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


def follow(video: str) -> dict[str, float]:
    """Processor seconds for decoding and scaling as many frames as are spoken, and following the face in them.

    Only every second one is looked at, as the engine does, which makes the goal the harder one.
    """
    from itertools import islice

    import cv2

    from jobs.engines.local import film
    from jobs.engines.local.faces.face import FaceFinder, FaceFollower
    from jobs.engines.local.faces.tracking import EVERY
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
    for number, planes in enumerate(islice(pictures.forwards(), round(SHORT_SECONDS * facts.fps))):
        if number % EVERY == 0:
            follower.follow(planes)
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
    task.__name__: task for task in (make, encode, listen, follow, rate, refuse, film)
}

if __name__ == "__main__":
    if len(sys.argv) > 1:
        os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1")
        print(json.dumps(TASKS[sys.argv[1]](*sys.argv[2:]) or {}))
    else:
        main()
