"""The set and the table: what is rendered, what it is held against, and how a run ends."""

import json
import math
import os
import wave
from pathlib import Path

import pytest

from jobs.engines.base import Failed, Finished
from jobs.engines.local.measuring import __main__ as command
from jobs.engines.local.measuring import cases, chatter, closures, page, result, table
from jobs.engines.local.measuring.cases import Case
from jobs.engines.local.measuring.goals import Row, misses
from jobs.engines.local.measuring.page import Shown
from tests.engines import samples

GOOD = {"correlation": 0.97, "lag_frames": 0, "closed_median": 0.002, "closed_p95": 0.01, "changed": 0.0}


def row(**values: float) -> Row:
    return Row("a face & a voice", "lipsync-image", "made", {**GOOD, **values})


def paths(*names: str) -> list[Path]:
    return [Path(name) for name in names]


# --- The set ---------------------------------------------------------------------------


def test_every_face_speaks_and_every_voice_is_used() -> None:
    voices = paths("a.wav", "b.wav", "c.wav", "d.wav", "e.wav")
    planned = list(cases.plan(paths("1.png", "2.png"), paths("v.mp4"), voices, paths("2.png", "3.png")))
    assert [case.model.removeprefix("lipsync-") for case in planned] == [
        *("image", "image", "video"),
        *("image-multi", "image-multi"),
    ]
    assert {path for case in planned for path in case.sources.values()} >= set(voices)
    assert [case.order for case in planned[3:]] == ["meanwhile", "left_right"]
    assert planned[3].sources == {"image": Path("2.png"), "left_audio": voices[3], "right_audio": voices[4]}
    assert len({case.name for case in planned}) == 5


def test_files_are_known_by_their_content(tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    picture, voice = tmp_path / "deep" / "er" / "a.wav", tmp_path / "b.png"
    picture.write_bytes(samples.FACE.read_bytes())
    voice.write_bytes(samples.VOICE.read_bytes())
    (tmp_path / "notes.mp4").write_text("nothing")
    found = cases.find(tmp_path)
    assert (found["image"], found["audio"], found["video"]) == ([picture], [voice], [])


def test_a_voice_is_cut_with_its_phones(tmp_path: Path) -> None:
    cut = cases.beginning(samples.VOICE, 2.0, tmp_path)
    with wave.open(str(cut)) as file:
        assert file.getnframes() / file.getframerate() == pytest.approx(2, abs=0.01)
    known = closures.phones_beside(cut)
    assert known == closures.read_phones(samples.PHONES)[: len(known)]
    assert 1.5 < known[-1].end_seconds <= 2


def test_a_video_rests_after_its_voice_to_tell_how_much_it_trembles(tmp_path: Path) -> None:
    voice = cases.beginning(samples.VOICE, 2.0, tmp_path)
    planned = Case("v", "lipsync-video", {"video": Path("v.mp4"), "audio": voice})
    case = cases.rested(planned, tmp_path)
    with wave.open(str(voice)) as spoken, wave.open(str(case.sources["audio"])) as file:
        assert file.getparams()[:3] == spoken.getparams()[:3]
        sound, before = file.readframes(file.getnframes()), spoken.readframes(spoken.getnframes())
        rest = bytes(round(case.rest_seconds * file.getframerate()) * file.getsampwidth() * file.getnchannels())
    assert sound == before + rest
    assert case.rest_seconds >= 3
    assert closures.phones_beside(case.sources["audio"]) == closures.phones_beside(voice)
    picture = cases.one(samples.FACE, voice)
    assert cases.rested(picture, tmp_path) == picture


def test_what_is_no_voice_is_left_for_the_engine_to_refuse(tmp_path: Path) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_text("no sound")
    assert cases.beginning(broken, 2, tmp_path) == broken


# --- The goals -------------------------------------------------------------------------


def test_goals_that_are_met_are_not_missed() -> None:
    assert misses(row()) == []
    assert table.verdict(row()) == "ok"


@pytest.mark.parametrize(
    ("key", "value", "title"),
    [
        ("correlation", 0.94, "follows"),
        ("lag_frames", -1, "lag"),
        ("closed_median", 0.011, "closed"),
        ("closed_beyond", 0.011, "closed − source"),
        ("closed_p95", 0.05, "closed p95"),
        ("changed", 1e-6, "outside"),
        ("lips_ratio", 1.2, "÷ source"),
        ("late_by_phones", -1.5, "late"),
        ("phones_open", 1, "M B P open"),
    ],
)
def test_each_goal_can_be_missed(key: str, value: float, title: str) -> None:
    assert misses(row(**{key: value})) == [title]


def test_a_video_may_follow_a_little_less() -> None:
    video = Row("v", "lipsync-video", "made", {**GOOD, "correlation": 0.94})
    assert misses(video) == []


def test_what_is_not_known_is_neither_met_nor_missed() -> None:
    unknown = row(correlation=math.nan)
    assert misses(unknown) == []
    assert "NaN" not in table.as_json([unknown])
    (read,) = json.loads(table.as_json([unknown]))
    assert read["values"]["correlation"] is None


def test_the_table_says_what_missed_was_refused_and_crashed() -> None:
    rows = [
        row(correlation=0.5),
        Row("b", "lipsync-image", "refused", {"refused_seconds": 1.25}, "No face."),
        Row("c", "lipsync-image", "crashed", {}, "It broke."),
    ]
    for written in (table.text(rows), table.markdown(rows)):
        assert "0.500 !" in written
        assert "misses 1" in written
        assert "refused: b: No face. (1.2 s)" in written
        assert "crashed: c: It broke." in written
        assert "0/1" in written


def test_names_can_not_break_the_page() -> None:
    written = page.html([Shown(Row("<b>&", "lipsync-image", "made", GOOD), "a.mp4", "a.png", "<svg></svg>")])
    assert "<b>&<" not in written
    assert "&lt;b&gt;&amp;" in written
    assert 'src="a.mp4"' in written


# --- Renders ---------------------------------------------------------------------------


@pytest.mark.render
def test_a_render_is_measured_from_end_to_end(tmp_path: Path) -> None:
    voice = cases.beginning(samples.VOICE, 2.0, tmp_path)
    case = cases.one(samples.FACE, voice)
    made = command.render(case, 240, tmp_path / "result.mp4")
    assert isinstance(made, Finished)
    (shown,) = result.measured(case, made, 240)
    values = shown.row.values
    assert 0.1 < values["cpu"] < 20
    assert 100 < values["peak_mb"] < 2000
    assert values["correlation"] > 0.9
    assert values["phones_known"] > 2
    assert values["absent"] == 0
    assert values["closed_own"] == pytest.approx(0, abs=closures.CLOSED_GAP)
    assert values["closed_beyond"] == pytest.approx(values["closed_median"] - values["closed_own"])
    assert abs(values["late_by_phones"]) < 2
    assert (tmp_path / shown.sheet).stat().st_size > 10_000
    assert shown.curve.startswith("<svg")


@pytest.mark.render
def test_a_refusal_with_a_sentence_is_no_crash(tmp_path: Path) -> None:
    case = Case("no picture", "lipsync-image", {"image": samples.VOICE, "audio": samples.VOICE})
    (shown,) = command.run(case, 240, tmp_path / "result.mp4")
    assert shown.row.status == "refused"
    assert shown.row.note.endswith(".")
    assert shown.row.values["refused_seconds"] > 0


def test_a_failure_that_is_not_the_users_is_a_crash() -> None:
    case = Case("a", "lipsync-image", {})
    assert result.refused(case, Failed("It stopped.", permanent=False), 1).row.status == "crashed"
    assert result.refused(case, Failed("No face in {n}.", params={"n": 3}), 1).row.note == "No face in 3."


def test_a_case_that_raises_does_not_end_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("of all things")

    monkeypatch.setattr(command, "render", broken)
    (shown,) = command.run(Case("a", "lipsync-image", {}), 240, tmp_path / "result.mp4")
    assert (shown.row.status, shown.row.note) == ("crashed", "ZeroDivisionError: of all things")


# --- What is said meanwhile ------------------------------------------------------------


def test_only_the_libraries_chatter_is_left_out(capfd: pytest.CaptureFixture[str]) -> None:
    with chatter.without_chatter():
        os.write(2, b"W0000 00:00:1.5 7 feedback_manager.cc:114] Feedback manager requires a model\n")
        os.write(2, b"Something broke.\n")
    os.write(2, b"I0000 said later\n")
    assert capfd.readouterr().err == "Something broke.\nI0000 said later\n"
