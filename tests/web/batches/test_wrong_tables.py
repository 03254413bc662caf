"""Tables with something wrong in them: every row is said, and none is made."""

from pathlib import Path

import pytest
from django.test import Client

from tests.web.batches.form import NEW, faults, table, upload
from tests.web.reading import HTMX, problem


def test_every_row_that_is_wrong_is_said_and_none_is_made(alices: Client, png: Path, wav: Path) -> None:
    text = (
        "image,video,audio,left_audio,right_audio,order,resolution,prompt,seed,name\n"
        "face.png,,voice.wav,,,,,,,\n"  # right
        "face.png,face.png,voice.wav,,,,,,,\n"
        ",,voice.wav,,,,,,,\n"
        "face.png,,voice.wav,voice.wav,,,,,,\n"
        ",face.png,,voice.wav,voice.wav,,,,,\n"
        "face.png,,,voice.wav,,,,,,\n"
        "\n"
        f"face.png,,voice.wav,,,backwards,1080p,{'x' * 501},-2,{'y' * 121}\n"
        "face.png,,lost.wav,,,,,,1.5,,,surplus\n"
        "face.png,,lost.wav,,,,,,,\n"
        "face.png,,twice.wav,,,,,,,\n"
    )
    sent = [upload(png), upload(wav), upload(wav, "twice.wav"), upload(wav, "twice.wav")]

    for headers in ({}, HTMX):
        for one in sent:
            one.seek(0)
        found = faults(alices.post(NEW, table(text, *sent), headers=headers))

        seed = "The seed is a whole number from 0 to 2147483647. Leave it empty for a random one."
        assert found == [
            ("3", "video", "Name a picture or a video, not both."),
            ("4", "image", "Name a file that you send along, or an address."),
            ("5", "audio", "Name one voice, or one on the left and one on the right."),
            ("6", "video", "Two people can speak in a picture only. Name it in the column image."),
            ("7", "right_audio", "Name a file that you send along, or an address."),
            ("9", "resolution", "Choose one of: 480p, 720p."),
            ("9", "order", "Choose one of: meanwhile, left_right, right_left."),
            ("9", "prompt", "Use at most 500 characters."),
            ("9", "name", "Use at most 120 characters."),
            ("9", "seed", seed),
            ("10", "–", "The row has more cells than there are columns."),
            ("10", "seed", seed),
            ("11", "audio", "No file called “lost.wav” was sent along."),
            ("12", "audio", "Several files called “twice.wav” were sent along."),
        ]


def test_files_of_the_wrong_kind_are_said_by_row(alices: Client, png: Path, wav: Path) -> None:
    text = "image,audio,mask_image\nface.png,voice.wav,face.png\nvoice.wav,face.png,voice.wav\n"

    found = faults(alices.post(NEW, table(text, upload(png), upload(wav))))

    assert [(row, column) for row, column, _ in found] == [("3", "image"), ("3", "audio"), ("3", "mask_image")]


def test_what_no_engine_can_do_is_said_by_row(
    alices: Client, png: Path, wav: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.roster.entries", lambda _: [])

    found = faults(alices.post(NEW, table("image,audio\nface.png,voice.wav\n", upload(png), upload(wav))))

    assert [(row, column) for row, column, _ in found] == [("2", "–")]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            "image,audio,colour,audio\n",
            [("colour", "There is no such column."), ("audio", "This column is there twice.")],
        ),
        ("image,audio\n", [("–", "The table has no rows below the names of its columns.")]),
        ("image,audio\n,,\n", [("–", "The table has no rows below the names of its columns.")]),
        (b"\x89PNG\r\n\x1a\n\0\0\0", [("–", "This is not a table. Save it as CSV and choose it again.")]),
        ("sep=;\n", [("–", "This is not a table. Save it as CSV and choose it again.")]),
        ('image,audio\n"' + "x" * 200_000, [("–", "This is not a table. Save it as CSV and choose it again.")]),
    ],
)
def test_a_table_that_is_none_is_refused(alices: Client, content: str | bytes, said: list[tuple[str, str]]) -> None:
    found = faults(alices.post(NEW, table(content)))

    assert [(row, column) for row, column, _ in found] == [("1", column) for column, _ in said]
    for (*_, sentence), (_, begins) in zip(found, said, strict=True):
        assert sentence.startswith(begins)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("image,audio\n" + "a.png,b.wav\n" * 101, "These are 101 videos; at most 100 can be made at once."),
        ("image,audio\n" + "\n" * 1_000_000, "The table is too large. It may have 100 rows."),
        ("", "The file is empty. Choose another one."),
    ],
)
def test_a_table_that_is_too_long_or_empty_is_refused(alices: Client, content: str, sentence: str) -> None:
    answer = alices.post(NEW, table(content))

    assert problem(answer, "table") == sentence
    assert faults(answer) == []
