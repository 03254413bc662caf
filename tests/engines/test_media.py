"""Sound files: every common format comes as 16 kHz mono in time, and nothing makes the reader look elsewhere."""

import time
import wave
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.engines.base import MAX_VOICE_SECONDS
from jobs.engines.local.files import media
from jobs.engines.local.files.media import SPEECH_RATE_HZ, Probe
from jobs.errors import InvalidInput
from tests import files
from tests.engines import recordings, samples
from tests.engines.recordings import TONE_HZ, Format

SOME = settings(max_examples=60, deadline=None, database=None)
SECONDS = 1.0
TOLERANCE = 0.0201
AAC_FRAME = 1024  # AAC's last frame is filled up, and players hear that too

FORMATS = (
    *(Format("wav", "pcm_u8", 8000, layout) for layout in ("mono", "stereo")),
    *(Format("wav", "pcm_s16le", rate) for rate in (8000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000)),
    Format("wav", "pcm_s16le", 44_100, "stereo"),
    Format("wav", "pcm_s16le", 48_000, "5.1"),
    Format("wav", "pcm_s24le", 48_000, "stereo"),
    Format("wav", "pcm_f32le", 96_000, "stereo"),
    *(Format("mp3", "libmp3lame", rate) for rate in (8000, 16_000, 44_100)),
    Format("mp3", "libmp3lame", 48_000, "stereo"),
    *(Format("ipod", "aac", rate) for rate in (8000, 16_000, 44_100, 96_000)),
    Format("ipod", "aac", 48_000, "stereo"),
    Format("ipod", "alac", 44_100, "stereo"),
    Format("mp4", "aac", 44_100, "stereo"),
    Format("mov", "aac", 44_100),
    Format("matroska", "aac", 44_100),
    *(Format("flac", "flac", rate) for rate in (8000, 44_100, 96_000)),
    Format("flac", "flac", 44_100, "stereo"),
    *(Format("ogg", "libopus", rate) for rate in (8000, 16_000, 48_000)),
    Format("ogg", "libopus", 48_000, "stereo"),
    Format("ogg", "vorbis", 44_100, "stereo"),
    Format("webm", "libopus", 48_000),
    Format("webm", "libopus", 48_000, "stereo"),
    Format("aiff", "pcm_s16be"),
    Format("caf", "pcm_s16le"),
    Format("w64", "pcm_s16le"),
    Format("amr", "libopencore_amrnb", 8000),
)
# A cover can not be put into an .m4a by this writer, only into an .mp4; they are read alike.
WITH_COVER = (Format("mp4", "aac"), Format("mp3", "libmp3lame"), Format("flac", "flac"))
SMALL = (
    Format("wav", "pcm_s16le", 8000),
    Format("mp3", "libmp3lame"),
    Format("ipod", "aac"),
    Format("ogg", "libopus", 48_000),
    Format("webm", "libopus", 48_000),
    Format("flac", "flac", 8000),
)


def refusal_of(path: Path) -> InvalidInput:
    with pytest.raises(InvalidInput) as refusal:
        media.read_speech(path)
    assert refusal.value.field == "audio"
    return refusal.value


# --- What is read ----------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMATS, ids=str)
def test_every_common_format_is_read_in_time(form: Format, tmp_path: Path) -> None:
    path = recordings.write_sound(tmp_path / "no-ending", form, SECONDS)
    pcm = media.read_speech(path)
    loud = np.abs(pcm) > 2000
    padding = AAC_FRAME / form.rate_hz if form.codec == "aac" else 0
    assert pcm.dtype == np.int16
    assert -TOLERANCE <= len(pcm) / SPEECH_RATE_HZ - SECONDS <= TOLERANCE + padding
    assert loud.argmax() / SPEECH_RATE_HZ == pytest.approx(SECONDS / 2, abs=TOLERANCE)
    tone = pcm[round(0.6 * SPEECH_RATE_HZ) :][:4800]  # 0.3 s, so that a bin is 10/3 Hz
    assert np.abs(np.fft.rfft(tone)).argmax() * SPEECH_RATE_HZ / 4800 == pytest.approx(TONE_HZ, abs=4)
    known = media.probe(path)
    assert known is not None
    assert (known.kind, known.has_audio) == ("audio", True)
    assert -TOLERANCE <= known.seconds - SECONDS <= TOLERANCE + padding


def test_raw_aac_is_read_as_well_as_it_can(tmp_path: Path) -> None:
    """It can not say where its sound begins: one frame late, one too long."""
    path = recordings.write_sound(tmp_path / "voice.aac", Format("adts", "aac"), SECONDS)
    assert len(media.read_speech(path)) / SPEECH_RATE_HZ == pytest.approx(SECONDS, abs=0.06)


def test_both_ears_are_heard(tmp_path: Path) -> None:
    """A tone that is only on the right is not lost."""
    path = tmp_path / "right.wav"
    right = np.round(8000 * np.sin(np.arange(16_000) * 0.2)).astype(np.int16)
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, 16_000, 0, "NONE", ""))
        file.writeframes(np.stack([np.zeros_like(right), right], 1).tobytes())
    assert np.abs(media.read_speech(path)).max() > 2000


@pytest.mark.parametrize(("left", "right"), [(1.0, -1.0), (1.0, -0.9), (0.9, -1.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)])
def test_two_channels_never_cancel_each_other(left: float, right: float, tmp_path: Path) -> None:
    """A microphone that is wired the wrong way round, or one that is off."""
    tone = np.sin(np.arange(48_000) * 0.05) * 8_000
    samples = np.stack([left * tone, right * tone], 1).astype("<i2")
    path = tmp_path / "voice.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, 48_000, 0, "NONE", ""))
        file.writeframes(samples.tobytes())
    heard = media.read_speech(path).astype(np.float64)
    assert len(heard) == pytest.approx(16_000, abs=320)
    assert np.sqrt((heard**2).mean()) > 0.4 * np.sqrt((tone**2).mean())


def test_a_recording_at_16_khz_comes_unchanged() -> None:
    assert np.array_equal(media.read_speech(samples.VOICE), samples.voice())


@pytest.mark.parametrize("form", WITH_COVER, ids=str)
def test_a_cover_picture_is_no_video(form: Format, tmp_path: Path) -> None:
    path = recordings.write_sound(tmp_path / "song", form, SECONDS, cover=True)
    with av.open(str(path)) as file:
        assert file.streams.video  # it is there
    known = media.probe(path)
    assert known is not None
    assert (known.kind, known.width) == ("audio", 0)
    assert len(media.read_speech(path)) / SPEECH_RATE_HZ == pytest.approx(SECONDS, abs=0.05)


def test_a_video_is_known_by_its_headers(tmp_path: Path) -> None:
    known = media.probe(recordings.write_video(tmp_path / "face.wav"))
    assert known == Probe("video", 1.0, 64, 48, 25.0, has_audio=False)


@pytest.mark.parametrize(("layout", "heard"), [("mono", "mono"), ("stereo", "stereo"), ("5.1", "stereo")])
def test_the_sound_format_is_mono_or_stereo(layout: str, heard: str, tmp_path: Path) -> None:
    path = recordings.write_sound(tmp_path / "a", Format("wav", "pcm_s16le", 22_050, layout), SECONDS)
    assert media.sound_format(path) == (22_050, heard)


# --- What is refused -------------------------------------------------------------------

PLAYLIST = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXTINF:1.0,\n{secret}\n#EXT-X-ENDLIST\n"
CONCAT = "ffconcat version 1.0\nfile {secret}\n"
TEXTS = {
    "playlist": PLAYLIST,
    "playlist of addresses": PLAYLIST.replace("{secret}", "file://{folder}/{secret}"),
    "playlist of playlists": "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{secret}\n",
    "concat script": CONCAT,
    "manifest": '<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
    'mediaPresentationDuration="PT1S" profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period><AdaptationSet '
    'mimeType="audio/mp4"><Representation id="1" bandwidth="1"><BaseURL>{secret}</BaseURL></Representation>'
    "</AdaptationSet></Period></MPD>",
    "session": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n",
    "text": "A voice, described in words.\n" * 40,
    "subtitle": "1\n00:00:00,000 --> 00:00:02,000\nHello\n\n",
    "drawing": '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="{secret}"/></svg>',
    "web page": '<!doctype html><audio src="{secret}"></audio>',
}
# Beginnings that make a file look like something that is allowed.
MASKS = {
    "tag": b"ID3\x03\0\0\0\0\0\x0a" + bytes(10),
    "empty wav": b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x80\x3e\0\0\0\x7d\0\0\x02\0\x10\0data\0\0\0\0",
    "empty mp4": b"\0\0\0\x18ftypisom\0\0\0\0isommp42",
    "ogg page": b"OggS\0\x02" + bytes(20) + b"\x01\x1e",
}


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A recording that somebody else left in the same folder."""
    return recordings.write_sound(tmp_path / "secret.mp3", Format("mp3", "libmp3lame"), SECONDS)


def filled_in(text: str, secret: Path) -> bytes:
    return text.format(secret=secret.name, folder=secret.parent).encode()


@pytest.mark.parametrize(("text", "ending"), [(PLAYLIST, "m3u8"), (CONCAT, "wav")])
def test_without_our_guard_the_secret_would_be_read(text: str, ending: str, secret: Path) -> None:
    path = secret.with_name(f"voice.{ending}")
    path.write_bytes(filled_in(text, secret))
    with recordings.openings(secret) as opened, av.open(str(path)) as file:
        assert sum(packet.size for packet in file.demux()) > 1000
    assert opened


@pytest.mark.parametrize("ending", ["mp4", "wav", "mp3", "m3u8", "ffconcat", "sdp"])
@pytest.mark.parametrize("name", TEXTS)
def test_what_names_other_files_is_refused_and_opens_none(name: str, ending: str, secret: Path) -> None:
    path = secret.with_name(f"voice.{ending}")
    path.write_bytes(filled_in(TEXTS[name], secret))
    with recordings.openings(secret) as opened:
        assert "not a sound recording" in refusal_of(path).sentence
        assert media.probe(path) is None
        with pytest.raises(InvalidInput):
            media.sound_format(path)
    assert opened == []


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("text", [PLAYLIST, CONCAT])
def test_a_mask_before_it_changes_nothing(mask: str, text: str, secret: Path) -> None:
    path = secret.with_name("voice.mp3")
    path.write_bytes(MASKS[mask] + filled_in(text, secret))
    with recordings.openings(secret) as opened:
        refusal_of(path)
    assert opened == []


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "voice.wav"
    path.touch()
    assert "not a sound recording" in refusal_of(path).sentence
    assert media.probe(path) is None


def test_pictures_and_silent_videos_are_no_recordings(tmp_path: Path) -> None:
    assert "not a sound recording" in refusal_of(samples.FACE).sentence
    assert "not a sound recording" in refusal_of(files.write_png(tmp_path / "a.wav")).sentence
    assert "not a sound recording" in refusal_of(recordings.write_video(tmp_path / "a.mp4")).sentence


def test_a_short_recording_is_refused_with_its_length(tmp_path: Path) -> None:
    refusal = refusal_of(files.write_wav(tmp_path / "a.wav", seconds=0.2))
    assert refusal.sentence == "The recording is only 0.2 seconds long. At least 0.3 are needed."


def write_long(path: Path, seconds: float, stated_bytes: int | None = None) -> Path:
    """A WAV of 8 bits at 8 kHz without content, which takes no room on disk."""
    size = round(seconds * 8000)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 1, 8000, 0, "NONE", ""))
    head = bytearray(path.read_bytes())
    head[4:8] = (size + 36 if stated_bytes is None else stated_bytes).to_bytes(4, "little")
    head[40:44] = (size if stated_bytes is None else stated_bytes).to_bytes(4, "little")
    with path.open("wb") as file_:
        file_.write(head)
        file_.truncate(len(head) + size)
    return path


def test_a_long_recording_is_refused_by_its_header(tmp_path: Path) -> None:
    path = write_long(tmp_path / "a.wav", 200_000)
    begin = time.process_time()
    assert refusal_of(path).sentence == "The recording is 3333.3 minutes long. At most 10 are allowed."
    assert time.process_time() - begin < 0.2  # decoding it would take minutes


def test_a_long_recording_that_denies_it_is_refused_too(tmp_path: Path) -> None:
    """As programs write that did not know the length beforehand; decoding stops just after the limit."""
    path = write_long(tmp_path / "a.wav", 2 * MAX_VOICE_SECONDS, stated_bytes=0xFFFF_FFFF)
    assert refusal_of(path).sentence.endswith("At most 10 are allowed.")


# --- Damage ----------------------------------------------------------------------------


def is_read_or_refused(path: Path) -> int:
    """How many samples; −1 for none."""
    try:
        return len(media.read_speech(path))
    except InvalidInput:
        return -1


@pytest.mark.slow
@pytest.mark.parametrize("form", SMALL, ids=str)
def test_a_recording_cut_anywhere_is_heard_as_far_as_it_goes_or_refused(form: Format, tmp_path: Path) -> None:
    whole = recordings.write_sound(tmp_path / "whole", form, SECONDS)
    content, most = whole.read_bytes(), len(media.read_speech(whole))
    cut = tmp_path / "cut"
    for length in (*range(0, min(200, len(content)), 7), *range(200, len(content), len(content) // 20)):
        cut.write_bytes(content[:length])
        assert is_read_or_refused(cut) <= most


@pytest.fixture(scope="module")
def intact(tmp_path_factory: pytest.TempPathFactory) -> dict[Format, bytes]:
    folder = tmp_path_factory.mktemp("intact")
    return {form: recordings.write_sound(folder / str(form), form, SECONDS).read_bytes() for form in SMALL}


@pytest.mark.slow
@pytest.mark.parametrize("form", SMALL, ids=str)
def test_one_wrong_byte_anywhere_in_a_header_is_no_trouble(
    form: Format, intact: dict[Format, bytes], tmp_path: Path
) -> None:
    """Unknown codecs, brands that are no text, sizes that point nowhere."""
    path = tmp_path / "damaged"
    for at in range(min(160, len(intact[form]))):
        content = bytearray(intact[form])
        content[at] = 0x80 if content[at] != 0x80 else 0xFF
        path.write_bytes(bytes(content))
        is_read_or_refused(path)
        media.probe(path)


WOUNDS = st.lists(
    st.tuples(st.integers(0, 300) | st.integers(0, 1 << 20), st.integers(0, 255)), min_size=1, max_size=20
)


@pytest.mark.slow
@SOME
@given(st.sampled_from(SMALL), WOUNDS)
def test_damaged_recordings_are_read_or_refused_in_our_words(
    tmp_path_factory: pytest.TempPathFactory, intact: dict[Format, bytes], form: Format, wounds: list[tuple[int, int]]
) -> None:
    content = bytearray(intact[form])
    for at, value in wounds:
        content[at % len(content)] = value
    path = tmp_path_factory.getbasetemp() / "damaged"
    path.write_bytes(bytes(content))
    is_read_or_refused(path)
    media.probe(path)
