"""Two speakers in one picture: each speaks in turn or both at once, and who listens keeps the lips closed."""

from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from jobs.engines.base import Model, SpeakingOrder
from jobs.engines.local import photo, pipeline
from jobs.engines.local.measuring import following
from jobs.engines.local.pipeline import PAUSE_SECONDS
from jobs.engines.local.shapes import F64, FPS, U8, MouthTrack
from jobs.errors import InvalidInput
from tests.engines import clips, drawings, renders, samples

pytestmark = pytest.mark.render

LEFT_SECONDS, RIGHT_SECONDS = 2.0, 1.2
CLOSED = 0.045  # of S: what the mesh reads at most on lips that are together
MODEL: Model = "lipsync-image-multi"


def pair() -> U8:
    """The bundled face on the left, somebody else on the right, 480 × 300."""
    face = clips.placed(clips.portrait())
    return np.hstack([face, clips.another(face)])


def saved(path: Path, picture: U8) -> Path:
    path.write_bytes(drawings.encoded(".png", picture))
    return path


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The beginning of the bundled voice is the left person's, what follows the right one's."""
    folder, rate = tmp_path_factory.mktemp("two"), samples.VOICE_RATE_HZ
    return {
        "image": saved(folder / "pair.png", pair()),
        "left_audio": samples.write_voice(folder / "left.wav", LEFT_SECONDS),
        "right_audio": samples.write_pcm(
            folder / "right.wav", samples.voice()[round(LEFT_SECONDS * rate) :][: round(RIGHT_SECONDS * rate)]
        ),
    }


@dataclass(frozen=True)
class Conversation:
    """A finished video: how far each mouth was open in each frame, what each was to say, and when they began."""

    seconds: float
    gaps: list[F64]
    tracks: list[MouthTrack]
    starts: list[float]
    sound: F64
    render: renders.Render

    def spoken(self, person: int) -> slice:
        begin = round(self.starts[person] * FPS)
        return slice(begin, begin + round((LEFT_SECONDS, RIGHT_SECONDS)[person] * FPS))


def talk(sources: dict[str, Path], order: SpeakingOrder, folder: Path) -> Conversation:
    spoken = [pipeline.listen(sources[name]) for name in ("left_audio", "right_audio")]
    tracks, starts = pipeline.arrange(spoken, order)
    render = renders.run(renders.work_of(folder, MODEL, sources, resolution=300, order=order))
    path = render.finished.path
    gaps = renders.gaps(path, faces=2)
    return Conversation(render.finished.seconds, gaps, tracks, starts, renders.heard(path), render)


# --- The three orders ------------------------------------------------------------------


@pytest.mark.parametrize("order", get_args(SpeakingOrder))
def test_each_speaks_in_its_time_and_listens_with_closed_lips(
    order: SpeakingOrder, sources: dict[str, Path], tmp_path: Path
) -> None:
    """One test for each order, for a conversation takes seconds to make and to measure."""
    conversation = talk(sources, order, tmp_path)
    is_as_long_as_both_together(conversation, order)
    for person in (0, 1):
        follows_its_own_voice(conversation, person)
        keeps_its_lips_closed_in_silence(conversation, person)
    begins_when_the_other_has_ended(conversation, order)
    sounds_like_both_voices_in_their_time(conversation)
    assert renders.rises(conversation.render.reports)


def is_as_long_as_both_together(conversation: Conversation, order: SpeakingOrder) -> None:
    frames = len(conversation.gaps[0])
    assert frames == round(conversation.seconds * FPS) == len(conversation.tracks[0]) == len(conversation.tracks[1])
    if order == "meanwhile":
        assert conversation.seconds == max(LEFT_SECONDS, RIGHT_SECONDS)
    else:
        assert 0 <= conversation.seconds - LEFT_SECONDS - RIGHT_SECONDS <= PAUSE_SECONDS + 0.5 / FPS


def follows_its_own_voice(conversation: Conversation, person: int) -> None:
    part = conversation.spoken(person)
    followed = following.follow(conversation.gaps[person][part], conversation.tracks[person].opening[part])
    assert followed.correlation > 0.8
    assert abs(followed.lag_frames) <= 1


def keeps_its_lips_closed_in_silence(conversation: Conversation, person: int) -> None:
    part = conversation.spoken(person)
    silent = np.delete(conversation.gaps[person], np.r_[part])
    assert np.isfinite(silent).all()
    assert silent.max(initial=0) < CLOSED
    assert conversation.gaps[person][part].max() > 1.5 * CLOSED


def begins_when_the_other_has_ended(conversation: Conversation, order: SpeakingOrder) -> None:
    left, right = conversation.spoken(0), conversation.spoken(1)
    match order:
        case "meanwhile":
            assert conversation.starts == [0, 0]
        case "left_right":
            assert (left.start, right.start >= left.stop) == (0, True)
        case "right_left":
            assert (right.start, left.start >= right.stop) == (0, True)


def sounds_like_both_voices_in_their_time(conversation: Conversation) -> None:
    """To the millisecond, and nothing else."""
    rate, sound = samples.VOICE_RATE_HZ, conversation.sound
    left, right = (
        samples.voice()[: round(LEFT_SECONDS * rate)],
        samples.voice()[round(LEFT_SECONDS * rate) :][: round(RIGHT_SECONDS * rate)],
    )
    expected = np.zeros(len(sound))
    for voice, start in zip((left, right), conversation.starts, strict=True):
        at = round(start * rate)
        said = voice.astype(np.float64) / 32_768
        correlation = np.fft.irfft(np.fft.rfft(sound, 1 << 17) * np.conj(np.fft.rfft(said, 1 << 17)))
        assert abs(int(correlation.argmax()) - at) <= rate // 1000
        expected[at : at + len(said)] += said
    assert len(sound) / rate == pytest.approx(conversation.seconds, abs=0.2)
    assert np.sqrt(((sound - expected) ** 2).mean()) < 0.15 * np.sqrt((expected**2).mean())


# --- Who is chosen ---------------------------------------------------------------------


def three(zooms: tuple[float, float, float]) -> U8:
    face = clips.placed(clips.portrait())
    people = (face, clips.another(face), np.asarray(face[:, ::-1]))
    return np.hstack([clips.placed(one, zoom=zoom) for one, zoom in zip(people, zooms, strict=True)])


def places(scene: photo.Scene) -> list[int]:
    """In which third of the picture the speakers are."""
    return [int(points[:, 0].mean() * 3 / scene.picture.shape[1]) for points in scene.speakers]


@pytest.mark.parametrize(
    ("zooms", "chosen"), [((1, 1, 0.8), [0, 1]), ((1, 0.7, 1), [0, 2]), ((0.8, 1.1, 1), [1, 2])], ids=str
)
def test_of_three_the_two_largest_speak_from_left_to_right(
    zooms: tuple[float, float, float], chosen: list[int], tmp_path: Path
) -> None:
    scene = photo.look(saved(tmp_path / "three.png", three(zooms)), 300, 2)
    assert places(scene) == chosen


def right_and_middle(path: Path) -> Path:
    grey = np.zeros((300, 720), np.uint8)
    grey[150:260, 240:] = 255
    return saved(path, grey)


def test_a_mask_chooses_two_of_three(tmp_path: Path) -> None:
    picture = saved(tmp_path / "three.png", three((1, 1, 1)))
    assert places(photo.look(picture, 300, 2, right_and_middle(tmp_path / "mask.png"))) == [1, 2]


def test_a_mask_chooses_one_that_is_only_found_by_looking_closer(tmp_path: Path) -> None:
    picture = saved(tmp_path / "three.png", three((1, 0.9, 0.9)))
    assert places(photo.look(picture, 300, 2, right_and_middle(tmp_path / "mask.png"))) == [1, 2]


def test_a_mask_over_one_of_two_is_not_enough(tmp_path: Path) -> None:
    grey = np.zeros((300, 480), np.uint8)
    grey[:, :240] = 255
    with pytest.raises(InvalidInput) as refusal:
        photo.look(saved(tmp_path / "pair.png", pair()), 300, 2, saved(tmp_path / "mask.png", grey))
    assert refusal.value.field in ("image", "mask_image")


def test_one_face_can_not_hold_a_conversation(sources: dict[str, Path], tmp_path: Path) -> None:
    renders.refused(
        renders.work_of(tmp_path, MODEL, {**sources, "image": samples.FACE}), "image", "only one face was found"
    )


@pytest.mark.parametrize("field", ["left_audio", "right_audio"])
def test_a_voice_that_is_none_is_named(field: str, sources: dict[str, Path], tmp_path: Path) -> None:
    silence = samples.write_pcm(tmp_path / "silence.wav", np.zeros(32_000, np.int16))
    renders.refused(renders.work_of(tmp_path, MODEL, {**sources, field: silence}), field, "no voice")
