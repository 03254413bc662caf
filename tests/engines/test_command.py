"""`manage.py lipsync`: one video from the command line."""

from fractions import Fraction
from io import StringIO
from pathlib import Path

import av
import numpy as np
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from jobs.engines.local.shapes import U8
from tests.engines import clips, drawings, samples

pytestmark = pytest.mark.render


def lipsync(face: Path, voice: Path | tuple[Path, ...], output: Path, *options: str) -> str:
    """What the command prints."""
    out = StringIO()
    voices = [str(path) for path in (voice if isinstance(voice, tuple) else (voice,))]
    call_command("lipsync", str(face), *voices, "-o", str(output), *options, stdout=out, stderr=StringIO())
    return out.getvalue()


def saved(path: Path, picture: U8) -> Path:
    path.write_bytes(drawings.encoded(".png", picture))
    return path


@pytest.fixture
def voice(tmp_path: Path) -> Path:
    return samples.write_voice(tmp_path / "voice.wav", 1)


def test_a_face_and_a_voice_become_a_file(voice: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.mp4"
    assert lipsync(samples.FACE, voice, output, "--seed", "3") == f"{output}: 480×600, 1.00 s at 25 fps\n"
    with av.open(str(output)) as file:
        assert file.streams.video[0].frames == 25
    assert list(Path(settings.FILE_UPLOAD_TEMP_DIR).iterdir()) == []


@pytest.mark.parametrize(
    ("face", "words"),
    [("missing.png", "There is no file"), ("voice.wav", "This file is not a picture that can be read.")],
)
def test_a_bad_face_ends_it_with_a_sentence(face: str, words: str, voice: Path, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=words):
        lipsync(tmp_path / face, voice, tmp_path / "out.mp4")
    assert not (tmp_path / "out.mp4").exists()


def test_a_bad_voice_ends_it_with_a_sentence_and_keeps_what_was_there(tmp_path: Path) -> None:
    output = tmp_path / "out.mp4"
    output.write_text("an older video")
    with pytest.raises(CommandError, match="This file is not a sound recording that can be read"):
        lipsync(samples.FACE, samples.FACE, output)
    assert output.read_text() == "an older video"


def test_a_missing_folder_is_named_before_the_work_begins(voice: Path, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=f"There is no folder {tmp_path / 'gone'}"):
        lipsync(samples.FACE, voice, tmp_path / "gone" / "out.mp4")


def test_a_video_speaks_too_whatever_its_name(voice: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    output = tmp_path / "out.mp4"
    clips.write(tmp_path / "video.jpg", clips.moving(36, 30), clips.Form(fps=Fraction(30)))
    monkeypatch.chdir(tmp_path)
    assert lipsync(Path("video.jpg"), voice, output) == f"{output}: 480×600, 1.00 s at 30 fps\n"
    with av.open(str(output)) as file:
        assert file.streams.video[0].frames == 30


def test_two_voices_make_a_conversation_in_the_order_asked_for(voice: Path, tmp_path: Path) -> None:
    output, face = tmp_path / "out.mp4", clips.placed(clips.portrait())
    pair = saved(tmp_path / "pair.png", np.hstack([face, clips.another(face)]))
    said = lipsync(pair, (voice, voice), output, "--order", "right_left")
    assert said.startswith(f"{output}: 768×480, 2.")


def test_a_mask_limits_and_one_that_misses_is_refused(voice: Path, tmp_path: Path) -> None:
    output, grey = tmp_path / "out.mp4", np.zeros((300, 240), np.uint8)
    grey[:50, :50] = 255
    corner = saved(tmp_path / "corner.png", grey)
    with pytest.raises(CommandError, match="The mask covers no mouth"):
        lipsync(samples.FACE, voice, output, "--mask", str(corner))
    grey[160:240, 60:200] = 255
    mouth = saved(tmp_path / "mouth.png", grey)
    lipsync(samples.FACE, voice, output, "--mask", str(mouth))
    with av.open(str(output)) as file:
        pictures = [frame.to_ndarray(format="gray") for frame in file.decode(video=0)]
    moved = np.abs(np.stack(pictures).astype(int) - pictures[0]).max(0)
    assert moved[340:460, 140:380].max() > 40
    assert moved[120:300].max() < 25  # nor do the eyes blink


def test_a_third_voice_is_one_too_many(voice: Path, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="At most two voices"):
        lipsync(samples.FACE, (voice, voice, voice), tmp_path / "out.mp4")


def test_a_missing_mask_is_named(voice: Path, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="There is no file"):
        lipsync(samples.FACE, voice, tmp_path / "out.mp4", "--mask", str(tmp_path / "gone.png"))
