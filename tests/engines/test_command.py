"""`manage.py lipsync`: one video from the command line."""

from io import StringIO
from pathlib import Path

import av
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from tests.engines import samples

pytestmark = pytest.mark.render


def lipsync(face: Path, voice: Path, output: Path, *options: str) -> str:
    """What the command prints."""
    out = StringIO()
    call_command("lipsync", str(face), str(voice), "-o", str(output), *options, stdout=out, stderr=StringIO())
    return out.getvalue()


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
