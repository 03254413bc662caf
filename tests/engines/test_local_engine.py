"""The built-in engine as a job uses it: in its limited child process, from files to a file."""

import hashlib
import os
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from jobs.engines.base import STAGES, Failed, Finished, Model, Outcome, Work
from jobs.engines.local import __main__ as child_process
from jobs.engines.local import engine as local
from jobs.engines.local import photo, pipeline
from jobs.engines.local.engine import LocalEngine
from jobs.engines.local.measuring import closures, following, mesh
from jobs.engines.registry import engine
from jobs.process import run_module
from tests import files
from tests.engines import drawings, recordings, samples
from tests.engines.music import music
from tests.pictures import read_picture
from tests.process.processes import at_work, is_gone

pytestmark = pytest.mark.render

SHORT_SECONDS = 1.2


class Cancelled(Exception):
    pass


@dataclass
class Render:
    """One run of the engine, and what it reported."""

    outcome: Outcome
    output: Path
    reports: list[tuple[float, str]] = field(default_factory=list)

    @property
    def finished(self) -> Finished:
        assert isinstance(self.outcome, Finished), self.outcome
        return self.outcome


def work_of(
    folder: Path,
    image: Path,
    voice: Path,
    *,
    seed: int = 7,
    resolution: int = 480,
    model: Model = "lipsync-image",
    prompt: str = "",
) -> Work:
    """An order whose result goes into a folder of its own."""
    output = folder / f"out-{len(list(folder.iterdir()))}" / "result.mp4"
    output.parent.mkdir()
    return Work("a-job", model, {"image": image, "audio": voice}, output, resolution, seed, prompt)


def run(work: Work) -> Render:
    reports: list[tuple[float, str]] = []
    outcome = LocalEngine().run(work, lambda progress, stage: reports.append((progress, stage)))
    return Render(outcome, work.output, reports)


def frames_of(video: Path) -> list[str]:
    """A digest of each decoded picture."""
    with av.open(str(video)) as file:
        return [hashlib.sha256(frame.to_ndarray().tobytes()).hexdigest() for frame in file.decode(video=0)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("engine")


@pytest.fixture(scope="module")
def sample(folder: Path) -> Render:
    """The bundled face and voice at 480."""
    return run(work_of(folder, samples.FACE, samples.VOICE))


@pytest.fixture(scope="module")
def short_voice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return samples.write_voice(tmp_path_factory.mktemp("voice") / "short.wav", SHORT_SECONDS)


# --- The bundled sample ----------------------------------------------------------------


def test_the_sample_becomes_a_video(sample: Render) -> None:
    made = sample.finished
    assert made.path == sample.output
    assert (made.width, made.height, made.fps) == (480, 600, 25)
    assert made.seconds == pytest.approx(len(samples.voice()) / samples.VOICE_RATE_HZ, abs=1 / 25)
    assert set(made.timings) == {"listening", "looking", "drawing"}
    assert min(made.timings.values()) > 0
    assert 0.1 < made.cpu_seconds < 60
    assert 50e6 < made.peak_bytes < 2e9
    assert sorted(path.name for path in sample.output.parent.iterdir()) == ["poster.jpg", "preview.mp4", "result.mp4"]
    assert at_work() == []


def test_the_next_run_is_told_what_stages_took(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The child itself remembers nothing."""
    monkeypatch.setattr(LocalEngine, "_paces", {})
    asked: list[Mapping[str, Any]] = []

    def listening(module: str, request: Mapping[str, Any], **how: Any) -> Mapping[str, object]:
        asked.append(request)
        return run_module(module, request, **how)

    monkeypatch.setattr("jobs.engines.local.engine.run_module", listening)
    voice = samples.write_voice(tmp_path / "voice.wav", 1)
    for _ in range(2):
        assert isinstance(run(work_of(tmp_path, samples.FACE, voice)).outcome, Finished)
    first, second = (request["paces"] for request in asked)
    assert first == {}
    assert set(second) == {"loading", *STAGES}
    assert min(second.values()) > 0


def test_the_poster_is_its_first_frame(sample: Render) -> None:
    assert sample.finished.poster == sample.output.with_name("poster.jpg")
    poster = read_picture(sample.finished.poster).astype(int)
    first = next(mesh.frames(sample.finished.path)).astype(int)
    assert poster.shape == first.shape
    assert np.abs(poster - first).mean() < 4


def test_the_video_is_what_it_is_said_to_be(sample: Render) -> None:
    made = sample.finished
    with av.open(str(made.path)) as file:
        picture, sound = file.streams.video[0], file.streams.audio[0]
        assert (picture.codec_context.name, picture.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert (picture.codec_context.width, picture.codec_context.height) == (made.width, made.height)
        assert picture.average_rate == made.fps
        assert picture.frames == round(made.seconds * made.fps)
        assert (sound.codec_context.name, sound.codec_context.sample_rate) == ("aac", samples.VOICE_RATE_HZ)
        assert len(file.streams) == 2


def test_the_video_plays_before_it_is_loaded(sample: Render) -> None:
    content = sample.finished.path.read_bytes()
    boxes: list[bytes] = []
    at = 0
    while at < len(content):
        boxes.append(content[at + 4 : at + 8])
        at += int.from_bytes(content[at : at + 4], "big")
    assert boxes[0] == b"ftyp"
    assert boxes.index(b"moov") < boxes.index(b"mdat")


def test_the_video_speaks_with_the_voice_it_was_given(sample: Render) -> None:
    """Whole, in time, and as loud as it was."""
    from jobs.engines.local.files import media

    heard, said = media.read_speech(sample.finished.path).astype(float), samples.voice().astype(float)
    assert len(said) <= len(heard) <= len(said) + 2048
    correlation = [
        np.corrcoef(heard[1000 + lag : 100_000 + lag], said[1000:100_000])[0, 1] for lag in range(-200, 201, 10)
    ]
    assert max(correlation) > 0.98
    assert abs(10 * int(np.argmax(correlation)) - 200) <= 20
    assert np.std(heard) == pytest.approx(np.std(said), rel=0.05)


def test_reports_rise_through_all_stages(sample: Render) -> None:
    progress, stages = zip(*sample.reports, strict=True)
    assert list(progress) == sorted(progress)
    assert progress[0] == 0
    assert progress[-1] == 1
    order = [STAGES.index(stage) for stage in stages]
    assert order == sorted(order)
    assert set(stages) == set(STAGES)


def test_the_mouth_in_the_video_follows_the_voice(sample: Render) -> None:
    """Measured on the finished file, as `make quality` does."""
    track = pipeline.listen(samples.VOICE)
    (points,) = photo.look(samples.FACE, 480).speakers
    gap = mesh.gaps(mesh.watch(mesh.frames(sample.finished.path), [[points] * len(track)])[0])
    followed = following.follow(gap, track.opening)
    assert followed.correlation > 0.9
    assert abs(followed.lag_frames) <= 1
    assert not np.isnan(gap).any()
    known = closures.read_phones(samples.PHONES)
    assert sum(one.closed for one in closures.at_phones(gap, known, track.fps)) >= 10


# --- Seeds and sizes -------------------------------------------------------------------


def test_a_seed_makes_the_same_video_again_and_another_one_another(folder: Path, short_voice: Path) -> None:
    first, again, other = (
        frames_of(run(work_of(folder, samples.FACE, short_voice, seed=seed, resolution=240)).finished.path)
        for seed in (1, 1, 2)
    )
    assert len(first) == round(SHORT_SECONDS * 25)
    assert first == again
    assert first != other


def test_a_larger_video_with_a_prompt(folder: Path, short_voice: Path) -> None:
    made = run(work_of(folder, samples.FACE, short_voice, resolution=720, prompt="calm, please")).finished
    assert (made.width, made.height) == (720, 900)
    assert made.prompt_used == ("calm",)


def test_a_stereo_voice_at_another_rate_stays_stereo(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "voice"
    with av.open(str(samples.VOICE)) as given, av.open(str(path), "w", format="mp3") as file:
        stream = file.add_stream("libmp3lame", rate=44_100, layout="stereo")
        resampler = av.AudioResampler("s16p", "stereo", 44_100, frame_size=1152)
        for frame in given.decode(audio=0):
            if (frame.time or 0) < SHORT_SECONDS:
                for part in resampler.resample(frame):
                    file.mux(stream.encode(part))
        file.mux(stream.encode(None))
    made = run(work_of(folder, samples.FACE, path, resolution=240)).finished
    with av.open(str(made.path)) as file_:
        codec = file_.streams.audio[0].codec_context
        assert (codec.sample_rate, codec.layout.name) == (44_100, "stereo")


# --- Refusals --------------------------------------------------------------------------


def text(path: Path) -> Path:
    path.write_text("Not what its name says.\n" * 20)
    return path


def empty(path: Path) -> Path:
    path.touch()
    return path


def sixty_megapixels(path: Path) -> Path:
    path.write_bytes(drawings.png(10_000, 6_000))
    return path


def silence(path: Path) -> Path:
    return samples.write_pcm(path, np.zeros(32_000, np.int16))


BAD_PICTURES: dict[str, tuple[Callable[[Path], Path], str]] = {
    "text": (text, "not a picture"),
    "empty": (empty, "not a picture"),
    "video": (recordings.write_video, "not a picture"),
    "voice": (lambda path: samples.write_voice(path, 1), "not a picture"),
    "60 megapixels": (sixty_megapixels, "60 megapixels"),
    "no face": (lambda path: files.write_png(path, 400, 300), "No face"),
}
BAD_VOICES: dict[str, tuple[Callable[[Path], Path], str]] = {
    "text": (text, "not a sound recording"),
    "empty": (empty, "not a sound recording"),
    "picture": (files.write_png, "not a sound recording"),
    "silent video": (recordings.write_video, "not a sound recording"),
    "silence": (silence, "no voice"),
    "hum": (lambda path: files.write_wav(path, 2), "no voice"),
    "music": (lambda path: samples.write_pcm(path, (12_000 * music(5)).astype(np.int16)), "nobody's voice"),
    "short": (lambda path: files.write_wav(path, 0.2), "only 0.2 seconds"),
}


def refused(work: Work, source: str, words: str) -> None:
    """Before the long work begins."""
    render = run(work)
    assert {stage for _, stage in render.reports} <= {"looking"}
    assert isinstance(render.outcome, Failed)
    assert (render.outcome.permanent, render.outcome.source) == (True, source)
    sentence = render.outcome.message.format(**render.outcome.params)
    assert words in sentence
    assert sentence.endswith(".")
    assert list(work.output.parent.iterdir()) == []
    assert at_work() == []


@pytest.mark.parametrize("name", BAD_PICTURES)
def test_a_bad_picture_is_refused(name: str, folder: Path, short_voice: Path, tmp_path: Path) -> None:
    make, words = BAD_PICTURES[name]
    refused(work_of(folder, make(tmp_path / "face.png"), short_voice), "image", words)


@pytest.mark.parametrize("name", BAD_VOICES)
def test_a_bad_voice_is_refused(name: str, folder: Path, tmp_path: Path) -> None:
    make, words = BAD_VOICES[name]
    refused(work_of(folder, samples.FACE, make(tmp_path / "voice.wav")), "audio", words)


# --- The end in the middle -------------------------------------------------------------


@pytest.mark.parametrize("last", STAGES)
def test_a_report_that_raises_ends_it_at_once(last: str, folder: Path, short_voice: Path) -> None:
    work = work_of(folder, samples.FACE, short_voice)
    alive: list[str] = []

    def report(progress: float, stage: str) -> None:
        if stage == last:
            alive.extend(at_work())
            raise Cancelled

    with pytest.raises(Cancelled):
        LocalEngine().run(work, report)
    assert len(alive) == 1
    assert is_gone(int(alive[0]))
    assert at_work() == []
    assert list(work.output.parent.iterdir()) == []


def test_the_registry_knows_it() -> None:
    assert isinstance(engine("local"), LocalEngine)


def test_a_killed_child_may_be_tried_again(folder: Path, short_voice: Path) -> None:
    """By an operator, or with its machine."""
    work = work_of(folder, samples.FACE, short_voice)

    def report(progress: float, stage: str) -> None:
        if stage == "drawing":
            for child in at_work():
                os.kill(int(child), signal.SIGTERM)

    outcome = LocalEngine().run(work, report)
    assert isinstance(outcome, Failed)
    assert not outcome.permanent
    assert list(work.output.parent.iterdir()) == []


def test_a_full_disk_is_said_and_may_be_tried_again(
    folder: Path, short_voice: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The child's own answer, here without a child: it may not write to the device that is always full."""

    def full(*_: object) -> None:
        with Path("/dev/full").open("wb", buffering=0) as device:
            device.write(b"a frame")

    monkeypatch.setattr(pipeline, "make", full)
    monkeypatch.setattr(local, "run_module", lambda child, request, **_: child_process.handle(request, print))
    outcome = LocalEngine().run(work_of(folder, samples.FACE, short_voice), lambda *_: None)
    assert outcome == Failed(child_process.DISK_FULL, permanent=False)


def test_what_else_the_system_refuses_is_no_full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object) -> None:
        Path("/nowhere/at/all").read_bytes()

    monkeypatch.setattr(pipeline, "make", gone)
    request = {"do": "render", "model": "", "sources": {}, "output": "", "resolution": 480, "seed": 0}
    with pytest.raises(FileNotFoundError):
        child_process.handle(request, print)
