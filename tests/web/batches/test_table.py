"""Several videos asked for in a table, as spreadsheets write it."""

from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from jobs import batches
from jobs.models import Media
from jobs.web.table import read
from tests.web.batches.form import NEW, faults, table, the_batch, upload
from tests.web.batches.making import made
from tests.web.reading import GERMAN, words


def test_a_hundred_rows_with_files_of_their_own_come_along(alices: Client) -> None:
    """A picture, its mask and two voices each: all arrive, so that only the one is missed that was not sent."""
    names = [[f"{row}.{ending}" for ending in ("png", "mask.png", "left.wav", "right.wav")] for row in range(100)]
    rows = "".join(f"{','.join(row)}\n" for row in names)
    sent = [SimpleUploadedFile(name, b"") for row in names for name in row]

    answer = alices.post(NEW, table("image,mask_image,left_audio,right_audio\n" + rows, *sent[:-1]))

    assert faults(answer) == [
        ("101", "right_audio", "No file called “99.right.wav” was sent along."),
    ]


def test_more_files_than_a_form_takes_are_refused_with_a_sentence(alices: Client) -> None:
    sent = [SimpleUploadedFile(f"{number}.wav", b"x") for number in range(411)]

    answer = alices.post(NEW, table("image,audio\na.png,0.wav\n", *sent))

    assert answer.status_code == 413
    assert "At most 410 files can be sent at once. Go back and choose fewer." in words(answer)


def test_a_table_makes_videos_of_every_kind(alices: Client, png: Path, wav: Path, clip: Path) -> None:
    text = (
        "image,video,audio,left_audio,right_audio,order,resolution,prompt,seed,name\n"
        "face.png,,voice.wav,,,,720p,calm,7,First\n"
        ",clip.mp4,voice.wav,,,,,,,\n"
        "\n"
        "face.png,,,voice.wav,voice.wav,left_right,480,,,Echo\n"
    )

    batch = made(the_batch(alices.post(NEW, table(text, upload(png), upload(wav), upload(clip)))))

    first, second, third = batches.jobs_in(batch)
    assert batch.name == "greetings"
    assert (first.model, first.name, first.resolution, first.prompt, first.seed) == (
        "lipsync-image", "First", 720, "calm", 7,
    )  # fmt: skip
    assert (second.model, second.name, second.resolution) == ("lipsync-video", "clip – voice", 480)
    assert (third.model, third.speaking_order, third.price) == ("lipsync-image-multi", "left_right", 12)
    assert Media.objects.count() == 3
    assert first.input("audio") == second.input("audio") == third.input("left_audio") == third.input("right_audio")


ROWS = [["Image", " audio ", "prompt", "name"], ["gesicht.png", "größe.wav", '"calm; a\tlot, so"', '"Über\nuns"']]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("begins", ["", "sep={}\r\n"])
def test_a_table_is_read_as_spreadsheets_write_it(encoding: str, separator: str, begins: str) -> None:
    text = begins.format(separator) + "".join(separator.join(row) + "\r\n" for row in ROWS)

    (row,), faults = read(text.encode(encoding))

    assert faults == []
    assert row.number == (3 if begins else 2)
    assert row.files == {"image": "gesicht.png", "audio": "größe.wav"}
    assert (row.name, row.prompt) == ("Über\nuns", "calm; a\tlot, so")


def test_a_file_is_found_however_its_accents_are_spelt(alices: Client, png: Path, wav: Path) -> None:
    text = "".join(";".join(row) + "\r\n" for row in ROWS)
    sent = [upload(png, "gesicht.png"), upload(wav, "gro\u0308ße.wav")]  # as macOS does

    batch = the_batch(alices.post(NEW, table(text.encode("cp1252"), *sent)))

    (order,) = batches.planned(batch)
    assert (order.name, order.prompt) == ("Über\nuns", "calm; a\tlot, so")


@pytest.mark.parametrize(("language", "separator"), [({}, ","), (GERMAN, ";")])
def test_the_template_is_a_table_that_is_understood(alices: Client, language: dict[str, str], separator: str) -> None:
    answer = alices.get(f"{NEW}table.csv", headers=language)

    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert "mundwerk.csv" in answer["Content-Disposition"]
    assert answer.content.startswith(b"\xef\xbb\xbfimage" + separator.encode())
    found = faults(alices.post(NEW, table(answer.content)))  # only its files are not there
    assert {(row, column) for row, column, _ in found} == {
        ("2", "image"), ("2", "audio"), ("4", "image"), ("4", "left_audio"), ("4", "right_audio"),
    }  # fmt: skip
