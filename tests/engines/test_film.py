"""Videos from videos: the mouth speaks what is heard, and every other pixel is the source's."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from jobs.engines.base import STAGES
from jobs.engines.local import film, photo, pipeline
from jobs.engines.local.faces import mask
from jobs.engines.local.faces.face import FaceFinder, face_frame
from jobs.engines.local.files.encode import Encoder
from jobs.engines.local.files.footage import Footage
from jobs.engines.local.measuring import following, mesh
from jobs.engines.local.shapes import U8, Bools, Planes
from tests.engines import clips, drawings, renders, samples
from tests.engines.clips import PLAIN, WEBM

pytestmark = pytest.mark.render

VOICE_SECONDS = 1.2


class Collector(Encoder):
    """Keeps the frames that an encoder would be given."""

    def __init__(self) -> None:
        self.frames: list[Planes] = []

    def write(self, planes: Planes) -> None:
        self.frames.append(planes)


@dataclass(frozen=True)
class Drawn:
    """Frames of the source in the result's size, and what was made of each."""

    source: list[Planes]
    result: list[Planes]

    def changed(self, frame: int) -> Bools:
        """(h, w) where the luma is another."""
        return np.asarray(self.source[frame].luma != self.result[frame].luma)

    @property
    def changed_frames(self) -> list[int]:
        return [
            i
            for i, (one, other) in enumerate(zip(self.source, self.result, strict=True))
            if not (np.array_equal(one.luma, other.luma) and np.array_equal(one.chroma, other.chroma))
        ]


def draw(video: Path, seconds: float, folder: Path, mask_image: Path | None = None) -> Drawn:
    """Speak the beginning of the bundled voice, from the source's frames to those for the encoder."""
    facts = film.facts(video)
    size = photo.video_size(facts.width, facts.height, renders.RESOLUTION)
    track = pipeline.listen(samples.write_voice(folder / "voice.wav", seconds), facts.fps)
    count = len(track)
    seen = film.watch(video, facts, size, count, folder, mask_image)
    collector = Collector()
    said: list[int] = []
    film.draw(seen, track, collector, said.append)
    assert said == list(range(1, count + 1))
    source = list(islice(Footage(video, facts, *size).forwards(), count))
    return Drawn(source, collector.frames)


def written(folder: Path, pictures: Iterable[U8]) -> Path:
    return clips.write(folder / "source.mp4", pictures)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("film")


@pytest.fixture(scope="module")
def voice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return samples.write_voice(tmp_path_factory.mktemp("voice") / "short.wav", VOICE_SECONDS)


def run(folder: Path, video: Path, voice: Path, **more: Path) -> renders.Render:
    return renders.run(renders.work_of(folder, "lipsync-video", {"video": video, "audio": voice, **more}))


def number_of_frames(video: Path) -> int:
    return sum(1 for _ in mesh.frames(video))


# --- Pixels before encoding ------------------------------------------------------------


def test_only_the_chosen_face_speaks_across_a_cut(tmp_path: Path) -> None:
    pictures = list(clips.moving(60))
    pictures[24:40] = [clips.another(picture) for picture in pictures[24:40]]
    drawn = draw(written(tmp_path, pictures), 2.4, tmp_path)
    assert set(drawn.changed_frames).isdisjoint(range(24, 40))
    assert set(range(2, 24)) | set(range(40, 60)) <= set(drawn.changed_frames)


def test_frames_without_the_face_pass_as_they_are(tmp_path: Path) -> None:
    drawn = draw(written(tmp_path, clips.passing_by(110, 20, 90)), 4.4, tmp_path)
    assert set(drawn.changed_frames).isdisjoint(range(40, 72))
    assert set(range(2, 24)) | set(range(95, 110)) <= set(drawn.changed_frames)


def test_frames_in_which_the_mouth_is_covered_pass_as_they_are(tmp_path: Path) -> None:
    drawn = draw(written(tmp_path, clips.covered(clips.moving(75), 30, 43)), 3.0, tmp_path)
    assert set(drawn.changed_frames).isdisjoint(range(30, 43))
    assert set(range(2, 26)) | set(range(48, 75)) <= set(drawn.changed_frames)


def test_no_pixel_changes_but_round_the_mouth(tmp_path: Path) -> None:
    drawn = draw(written(tmp_path, clips.moving(30)), VOICE_SECONDS, tmp_path)
    finder = FaceFinder()
    for frame in (3, 15, 27):
        changed = drawn.changed(frame)
        (points,) = finder.find(clips.bgr(drawn.source[frame]))
        y, x = np.nonzero(changed)
        at = face_frame(points).to_face(np.stack([x, y], 1).astype(np.float64))
        assert len(at) > 200
        assert np.abs(at[:, 0]).max() < 1.15
        assert -0.75 < at[:, 1].min() < at[:, 1].max() < 1.35
        eyes = drawn.source[frame].luma[: int(points[33, 1]) - 4]
        assert np.array_equal(eyes, drawn.result[frame].luma[: len(eyes)])


def test_a_mask_limits_the_pixels(tmp_path: Path) -> None:
    """And chooses who speaks: of two faces the one on the right, which is not the first to be found."""
    pictures = [np.hstack([picture, clips.placed(picture, zoom=0.85)]) for picture in clips.moving(30)]
    grey = np.zeros((300, 480), np.uint8)
    grey[150:290, 300:420] = 255
    path = tmp_path / "mask.png"
    path.write_bytes(drawings.encoded(".png", grey))
    drawn = draw(written(tmp_path, pictures), VOICE_SECONDS, tmp_path, path)
    limits = mask.read(path, 384, 240)
    assert limits is not None
    assert len(drawn.changed_frames) >= 25
    for frame in range(30):
        assert not (drawn.changed(frame) & (limits.hard == 0)).any()
    assert drawn.changed(20).sum() > 100


def test_without_a_mask_the_largest_face_speaks(tmp_path: Path) -> None:
    pictures = [np.hstack([clips.placed(picture, zoom=0.8), picture]) for picture in clips.moving(20)]
    drawn = draw(written(tmp_path, pictures), 0.8, tmp_path)
    middle = drawn.source[0].width // 2
    changed = np.any([drawn.changed(frame) for frame in drawn.changed_frames], axis=0)
    assert changed[:, middle:].sum() > 500
    assert not changed[:, : middle - 12].any()


def test_the_same_orders_make_the_same_frames(tmp_path: Path) -> None:
    video = written(tmp_path, clips.moving(20))
    one, other = (draw(video, 0.8, tmp_path) for _ in range(2))
    for first, second in zip(one.result, other.result, strict=True):
        assert np.array_equal(first.luma, second.luma)
        assert np.array_equal(first.chroma, second.chroma)


# --- Whole videos ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fps", "made_fps", "form"),
    [
        (Fraction(24), Fraction(24), PLAIN),
        (Fraction(30_000, 1001), Fraction(30_000, 1001), PLAIN),
        (Fraction(60), Fraction(30), WEBM),
    ],
    ids=["24", "29.97", "60"],
)
def test_a_longer_video_is_trimmed_and_keeps_its_rate(
    fps: Fraction, made_fps: Fraction, form: clips.Form, folder: Path, voice: Path, tmp_path: Path
) -> None:
    video = clips.write(tmp_path / "source", clips.moving(round(1.6 * fps), float(fps)), replace(form, fps=fps))
    render = run(folder, video, voice)
    made = render.finished
    assert made.fps == pytest.approx(float(made_fps))
    assert (made.width, made.height) == (240, 300)
    assert number_of_frames(made.path) == round(VOICE_SECONDS * made_fps) == round(made.seconds * made_fps)
    assert renders.rises(render.reports)
    assert sorted(path.name for path in made.path.parent.iterdir()) == ["poster.jpg", "preview.mp4", "result.mp4"]


def test_a_shorter_video_goes_forth_and_back(folder: Path, tmp_path: Path) -> None:
    """Numbered by a bar that grows along the upper border, frame by frame."""

    def with_a_bar() -> Iterable[U8]:
        for number, picture in enumerate(clips.moving(25)):
            picture[:12] = 0
            picture[:12, : 8 * (number + 1)] = 255
            yield picture

    voice = samples.write_voice(tmp_path / "voice.wav", 3)
    made = run(folder, written(tmp_path, with_a_bar()), voice).finished
    shown = [round(float((picture[4, :, 1] > 127).sum()) / 8) - 1 for picture in mesh.frames(made.path)]
    assert len(shown) == 75
    assert shown[:20] == list(range(20))
    assert (np.abs(np.diff(shown)) == 1).all()
    assert max(shown) >= 20
    assert min(shown[25:60]) <= 4


def test_a_turned_silent_video_comes_out_upright(folder: Path, voice: Path, tmp_path: Path) -> None:
    lying = [np.ascontiguousarray(np.rot90(picture, -1)) for picture in clips.moving(32)]
    made = run(folder, clips.write(tmp_path / "source", lying, replace(PLAIN, turn=90)), voice).finished
    assert (made.width, made.height) == (240, 300)
    first = next(mesh.frames(made.path))
    (points,) = FaceFinder().find(first)
    assert points[10, 1] < points[2, 1] < points[152, 1]
    assert np.abs(first.astype(int) - next(iter(clips.moving(1)))).mean() < 6
    assert np.abs(renders.heard(made.path)).max() > 0.05


def test_the_mouth_follows_the_voice_and_not_the_one_it_spoke_before(
    talking: Path, folder: Path, tmp_path: Path
) -> None:
    voice = samples.write_voice(tmp_path / "voice.wav", 2)
    intended = pipeline.listen(voice).opening
    (before,), (after,) = renders.gaps(talking), renders.gaps(run(folder, talking, voice).finished.path)
    followed = following.follow(after, intended)
    assert followed.correlation > 0.8
    assert abs(followed.lag_frames) <= 1
    assert following.follow(before, intended).correlation < 0.5


def test_a_seed_makes_the_same_video_again(folder: Path, voice: Path, tmp_path: Path) -> None:
    video = written(tmp_path, clips.moving(32))
    first, again = (renders.digests(run(folder, video, voice).finished.path) for _ in range(2))
    assert first == again
    assert len(set(first)) == len(first)


# --- Refusals and the end in the middle ------------------------------------------------


def test_a_video_without_a_face_is_refused(folder: Path, voice: Path, tmp_path: Path) -> None:
    video = written(tmp_path, clips.numbered(75, 320, 240))
    renders.refused(renders.work_of(folder, "lipsync-video", {"video": video, "audio": voice}), "video", "No face")


def test_a_small_face_is_refused_with_its_measures(folder: Path, voice: Path, tmp_path: Path) -> None:
    video = written(tmp_path, [clips.placed(picture, zoom=0.3) for picture in clips.moving(10)])
    work = renders.work_of(folder, "lipsync-video", {"video": video, "audio": voice})
    renders.refused(work, "video", "pixels wide; 44 are needed")


def test_a_mask_beside_the_mouth_is_refused(folder: Path, voice: Path, tmp_path: Path) -> None:
    grey = np.zeros((300, 240), np.uint8)
    grey[:60, :60] = 255
    path = tmp_path / "mask.png"
    path.write_bytes(drawings.encoded(".png", grey))
    sources = {"video": written(tmp_path, clips.moving(10)), "audio": voice, "mask_image": path}
    renders.refused(renders.work_of(folder, "lipsync-video", sources), "mask_image", "covers no mouth")


@pytest.mark.parametrize("last", STAGES)
def test_a_report_that_raises_ends_it_at_once(last: str, folder: Path, voice: Path, tmp_path: Path) -> None:
    sources = {"video": written(tmp_path, clips.moving(32)), "audio": voice}
    renders.cancelled(renders.work_of(folder, "lipsync-video", sources), last)
