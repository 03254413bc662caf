"""Several videos at once in the browser: asked for, priced, made, watched, cancelled, tried again, saved."""

import io
import re
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar, Protocol

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django_q.models import OrmQ

from jobs import batches, lifecycle, media
from jobs.errors import InvalidInput
from jobs.lifecycle import Order
from jobs.media import SAMPLES, intake
from jobs.models import Batch, Job, Media, MediaKind, Status, User, WalletKind
from jobs.models.job import Model
from jobs.roster import NO_ENGINE
from jobs.web.table import read
from tests import engine, files
from tests.conftest import MakeJob
from tests.engine import RESULT, FakeEngine
from tests.web.cards import look, shown
from tests.web.reading import GERMAN, HTMX, element, problem, source, whole, words

NEW = "/batches/new/"


def upload(path: Path, name: str = "") -> SimpleUploadedFile:
    return SimpleUploadedFile(name or path.name, path.read_bytes())


@pytest.fixture
def voices(png: Path, wav: Path) -> dict[str, object]:
    """A complete form: one picture, three recordings."""
    return {
        "way": "voices",
        "face": upload(png),
        "voices": [upload(wav, f"{word}.wav") for word in ("one", "two", "three")],
        "resolution": "480",
        "consent": "on",
    }


def table(text: str | bytes, *attached: SimpleUploadedFile, **fields: str) -> dict[str, object]:
    """A complete form with a table."""
    content = text if isinstance(text, bytes) else text.encode()
    sent = SimpleUploadedFile("greetings.csv", content, "text/csv")
    return {"way": "table", "table": sent, "attached": list(attached), "consent": "on", **fields}


def the_batch(answer: Any) -> Batch:
    """Where the answer sends the reader."""
    assert answer.status_code == 303, words(answer)
    found = re.fullmatch(r"/batches/([0-9a-f-]{36})/", answer["Location"])
    assert found
    return Batch.objects.get(pk=found[1])


def faults(answer: Any) -> list[tuple[str, str, str]]:
    """The rows of what is wrong; nothing was made or kept then."""
    assert answer.status_code == 422
    assert not Batch.objects.exists()
    assert not Media.objects.exists()
    body = source(answer).partition('id="faults"')[2].partition("</table>")[0].partition("<tbody>")[2]
    cells = re.findall(r"<tr><th[^>]*>(.*?)</th><td[^>]*>(.*?)</td><td[^>]*>(.*?)</td></tr>", body, re.DOTALL)
    return [
        (row, re.sub(r"<[^>]*>", "", column), sentence.replace("&#x27;", "'").replace("&quot;", '"'))
        for row, column, sentence in cells
    ]


class Plan(Protocol):
    """Plans a batch of Alice's: a picture, and the recordings one, two and three. Nothing is probed."""

    def __call__(self, name: str = "Greetings") -> Batch: ...


@pytest.fixture
def plan(alice: User, png: Path, tmp_path: Path) -> Plan:
    face = files.picture_draft(png)
    voices = [files.voice_draft(files.write_wav(tmp_path / f"{word}.wav", 1), 3) for word in ("one", "two", "three")]
    orders = [Order(Model.IMAGE, {"image": face, "audio": voice}) for voice in voices]
    return lambda name="Greetings": batches.plan(alice, name, orders)


def made(batch: Batch) -> Batch:
    """The batch, said yes to."""
    return batches.submit(batch.owner, batch.pk)


def work(batch: Batch, fake_engine: type[FakeEngine], *acts: Any) -> list[Job]:
    jobs = list(batches.jobs_in(batch))
    for job, act in zip(jobs, acts, strict=False):
        fake_engine.acts = act
        lifecycle.start(str(job.pk))
    return jobs


# --- One face, several voices ------------------------------------------------------------------


def test_the_studio_leads_here_and_both_ways_are_there(alices: Client) -> None:
    assert f'href="{NEW}"' in source(alices.get("/studio/"))

    first, second = alices.get(NEW), alices.get(f"{NEW}?way=table")

    assert "multiple" in element(first, "voices")
    assert "multiple" not in element(first, "face")
    assert "multiple" in element(second, "attached")
    assert f'href="{NEW}?way=table"' in source(first)
    assert f'href="{NEW}table.csv"' in source(second)


def test_one_face_and_three_voices_are_priced_before_they_are_made(
    alices: Client, alice: User, voices: dict[str, object]
) -> None:
    batch = the_batch(alices.post(NEW, voices | {"resolution": "720", "prompt": "calm", "name": "Greetings"}))

    page = alices.get(f"/batches/{batch.pk}/")
    assert "3 videos, 60 credits" in words(page)
    assert "Make 3 videos" in words(page)
    assert [name in words(page) for name in ("Greetings", "one", "two", "three", "440")] == [True] * 5
    assert not Job.objects.exists()

    answer = alices.post(f"/batches/{batch.pk}/submit/")

    assert (answer.status_code, answer["Location"]) == (303, f"/batches/{batch.pk}/")
    jobs = list(batches.jobs_in(batch))
    assert [(job.name, job.model, job.resolution, job.prompt, job.price) for job in jobs] == [
        (name, "lipsync-image", 720, "calm", 20) for name in ("one", "two", "three")
    ]
    assert {job.wallet.kind for job in jobs} == {WalletKind.USER}
    assert Media.objects.count() == 4
    assert shown(alices.get(f"/batches/{batch.pk}/")) == [job.pk for job in jobs]


def test_the_face_may_be_a_video(alices: Client, voices: dict[str, object], clip: Path) -> None:
    batch = made(the_batch(alices.post(NEW, voices | {"face": upload(clip)})))

    assert [job.model for job in batches.jobs_in(batch)] == ["lipsync-video"] * 3
    assert batch.name == "clip"


def test_each_voice_that_can_not_be_used_is_named(alices: Client, voices: dict[str, object], wav: Path) -> None:
    sent = [upload(wav), SimpleUploadedFile("diary.wav", b"Dear diary"), SimpleUploadedFile("list.mp3", b"Milk")]

    found = faults(alices.post(NEW, voices | {"voices": sent}))

    sentence = "This is not a sound recording. Choose a WAV, MP3, M4A, FLAC or OGG file."
    assert found == [("2", "diary.wav", sentence), ("3", "list.mp3", sentence)]


def test_a_recording_is_no_face(alices: Client, voices: dict[str, object], wav: Path, data_dir: Path) -> None:
    answer = alices.post(NEW, voices | {"face": upload(wav)})

    assert faults(answer) == []
    assert problem(answer, "face").startswith("This is neither a picture nor a video.")
    assert list((data_dir / "incoming").iterdir()) == []


@pytest.mark.parametrize(
    ("change", "field", "sentence"),
    [
        ({"face": ""}, "face", "Choose a picture or a video."),
        ({"voices": []}, "voices", "Choose the recordings, one for each video."),
        ({"consent": ""}, "consent", "Without this consent no video can be made."),
        ({"resolution": "1080"}, "resolution", "1080 is not one of the available choices"),
        ({"prompt": "x" * 501}, "prompt", "at most 500 characters"),
        ({"name": "x" * 121}, "name", "at most 120 characters"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(
    alices: Client, voices: dict[str, object], change: dict[str, object], field: str, sentence: str
) -> None:
    for headers in ({}, HTMX):
        for name in ("face", "voices"):
            for one in voices[name] if isinstance(voices[name], list) else [voices[name]]:  # type: ignore[attr-defined]
                one.seek(0)
        answer = alices.post(NEW, voices | change, headers=headers)

        assert sentence in problem(answer, field)
        assert "Nothing was made." in words(answer)
        assert faults(answer) == []
        assert ("<html" in source(answer)) == (not headers)


def test_more_than_a_hundred_are_refused_before_they_are_looked_at(
    alices: Client, voices: dict[str, object], wav: Path
) -> None:
    answer = alices.post(NEW, voices | {"voices": [upload(wav)] * 101})

    assert problem(answer, "voices") == "These are 101 videos; at most 100 can be made at once."
    assert faults(answer) == []


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


def test_with_htmx_the_browser_is_sent_on(alices: Client, voices: dict[str, object]) -> None:
    answer = alices.post(NEW, voices, headers=HTMX)

    assert answer["HX-Redirect"] == f"/batches/{Batch.objects.get().pk}/"


# --- A table -----------------------------------------------------------------------------------


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


def test_addresses_are_fetched_once_each(alices: Client, settings: Any) -> None:
    settings.PUBLIC_BASE_URL = "https://mundwerk.example.org"
    samples = "https://mundwerk.example.org/samples"
    text = f"image,audio\n{samples}/face.jpg,{samples}/voice.wav\n{samples}/face.jpg,{samples}/voice.wav\n"

    batch = made(the_batch(alices.post(NEW, table(text))))

    assert batches.standing(batch).total == 2
    assert sorted(Media.objects.values_list("filename", flat=True)) == ["face.jpg", "voice.wav"]


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


def test_an_address_that_may_not_be_fetched_is_said_by_row(alices: Client, png: Path) -> None:
    text = "image,audio\nface.png,http://127.0.0.1/voice.wav\nface.png,ftp://example.org/voice.wav\n"

    found = faults(alices.post(NEW, table(text, upload(png))))

    assert [(row, column) for row, column, _ in found] == [("2", "audio"), ("3", "audio")]
    assert all(sentence for *_, sentence in found)


class _Media(BaseHTTPRequestHandler):
    """Gives a recording for every path but `/gone`, and keeps which were asked for."""

    asked: ClassVar[list[str]] = []
    recording: ClassVar[bytes] = b""

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(404 if self.path == "/gone" else 200)
        self.send_header("Content-Length", str(len(self.recording)))
        self.end_headers()
        self.wfile.write(self.recording)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def voices_at(wav: Path, settings: Any) -> Iterator[str]:
    """The address of a server on this machine; private addresses are allowed."""
    settings.ALLOW_PRIVATE_NETWORK = True
    _Media.asked, _Media.recording = [], wav.read_bytes()
    with ThreadingHTTPServer(("127.0.0.1", 0), _Media) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def of_addresses(png: Path, *addresses: str) -> dict[str, object]:
    return table("image,audio\n" + "".join(f"face.png,{address}\n" for address in addresses), upload(png))


def test_what_many_rows_name_is_fetched_once(alices: Client, png: Path, voices_at: str) -> None:
    addresses = [f"{voices_at}/{name}.wav" for name in ("a", "b", "a", "c", "d", "e", "b")]

    batch = the_batch(alices.post(NEW, of_addresses(png, *addresses)))

    assert sorted(_Media.asked) == ["/a.wav", "/b.wav", "/c.wav", "/d.wav", "/e.wav"]
    assert [order.inputs["audio"].filename for order in batches.planned(batch)] == [
        "a.wav", "b.wav", "a.wav", "c.wav", "d.wav", "e.wav", "b.wav",
    ]  # fmt: skip


def test_an_address_without_a_file_is_said_by_row(alices: Client, png: Path, voices_at: str, data_dir: Path) -> None:
    answer = alices.post(NEW, of_addresses(png, f"{voices_at}/a.wav", f"{voices_at}/gone"))

    ((row, column, sentence),) = faults(answer)
    assert (row, column) == ("3", "audio")
    assert "404" in sentence
    assert list((data_dir / "incoming").iterdir()) == []


@pytest.mark.parametrize(
    ("limit", "value", "sentence"),
    [
        ("ALL_SECONDS", -1, "The addresses took more than -1 s together. Send the files along, or fewer at once."),
        ("TIMES_THE_LARGEST", -1, "The files have more than -500 MB together. Make fewer videos at once."),
    ],
)
def test_all_addresses_together_have_limits(
    alices: Client, png: Path, voices_at: str, monkeypatch: pytest.MonkeyPatch, limit: str, value: int, sentence: str
) -> None:
    monkeypatch.setattr(intake, limit, value)

    found = faults(alices.post(NEW, of_addresses(png, f"{voices_at}/a.wav")))

    assert ("2", "audio", sentence) in found
    assert _Media.asked == []


@pytest.mark.parametrize(
    ("limit", "sentence"),
    [
        ("ALL_SECONDS", "The addresses took more than -1 s together. Send the files along, or fewer at once."),
        ("TIMES_THE_LARGEST", "The files have more than -500 MB together. Make fewer videos at once."),
    ],
)
def test_uploads_by_address_have_the_same_limits(
    alices: Client, alice: User, png: Path, settings: Any, monkeypatch: pytest.MonkeyPatch, limit: str, sentence: str
) -> None:
    monkeypatch.setattr(intake, limit, -1)
    address = f"{settings.PUBLIC_BASE_URL}/api/v1/uploads/3f0c5b9e-1b7e-4f63-9f6a-0d6a3c1d2e4f"

    assert ("2", "audio", sentence) in faults(alices.post(NEW, of_addresses(png, address)))


def test_the_bytes_of_uploads_by_address_count(alice: User, settings: Any) -> None:
    settings.MAX_MEDIA_BYTES = 100
    uploads = [
        Media.objects.create(owner=alice, name=f"inputs/{number}", size=150, kind=MediaKind.AUDIO, seconds=1)
        for number in range(5)
    ]
    sources = {f"{settings.PUBLIC_BASE_URL}/api/v1/uploads/{media.pk}": media for media in uploads}

    with intake.Intake(alice) as taking:
        taken = taking.each({address: address for address in sources})

    assert [isinstance(one, InvalidInput) for one in taken.values()] == [False, False, False, True, True]


def test_what_no_engine_can_do_is_said_by_row(
    alices: Client, png: Path, wav: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.roster.entries", lambda _: [])

    found = faults(alices.post(NEW, table("image,audio\nface.png,voice.wav\n", upload(png), upload(wav))))

    assert [(row, column) for row, column, _ in found] == [("2", "–")]


def test_what_no_engine_can_do_with_voices_is_said_above_all(
    alices: Client, voices: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.roster.entries", lambda _: [])

    answer = alices.post(NEW, voices)

    assert faults(answer) == []
    assert NO_ENGINE in words(answer)


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


# --- The price, and yes or no ------------------------------------------------------------------


def test_without_credits_for_all_the_page_says_what_is_missing(
    alices: Client, alice: User, make_job: MakeJob, plan: Plan
) -> None:
    make_job(alice, seconds=240, wallet_kind=WalletKind.USER)  # 480 of 500
    batch = plan()

    page = alices.get(f"/batches/{batch.pk}/")
    assert "10 credits are missing in your wallet." in words(page)
    assert 'id="make"' not in source(page)
    answer = alices.post(f"/batches/{batch.pk}/submit/", follow=True)

    assert "These 3 videos cost 30 credits and the wallet has 20: 10 are missing." in words(answer)
    assert Job.objects.count() == 1


def test_pressed_twice_it_is_made_once(alices: Client, plan: Plan) -> None:
    batch = made(plan())

    assert alices.post(f"/batches/{batch.pk}/submit/").status_code == 303

    assert Job.objects.count() == OrmQ.objects.count() == 3


def test_who_says_no_leaves_nothing_behind(alices: Client, plan: Plan, data_dir: Path) -> None:
    batch = plan()

    answer = alices.post(f"/batches/{batch.pk}/discard/")

    assert (answer.status_code, answer["Location"]) == (303, NEW)
    assert not Batch.objects.exists()
    assert [path for path in (data_dir / "media").rglob("*") if path.is_file()] == []
    assert alices.get(f"/batches/{batch.pk}/").status_code == 404


def test_one_plan_too_many_is_said_above_the_form(alices: Client, plan: Plan, voices: dict[str, object]) -> None:
    for _ in range(batches.MAX_PLANS):
        plan()

    answer = alices.post(NEW, voices)

    assert answer.status_code == 422
    assert "5 batches are waiting to be made, which is the limit. Make or discard one of them first." in words(answer)


def test_a_plan_whose_files_are_gone_says_so(alices: Client, plan: Plan) -> None:
    batch = plan()
    Media.objects.filter(kind=MediaKind.AUDIO).delete()

    assert "The files of this batch are gone" in words(alices.get(f"/batches/{batch.pk}/"))
    assert "are gone" in words(alices.post(f"/batches/{batch.pk}/submit/", follow=True))
    assert not Job.objects.exists()


# --- The group's page ----------------------------------------------------------------------------


def test_the_page_says_how_far_it_is_and_learns_what_has_changed(
    alices: Client, alice: User, plan: Plan, fake_engine: type[FakeEngine]
) -> None:
    batch = made(plan())
    page = alices.get(f"/batches/{batch.pk}/")
    assert "0 of 3 done" in words(page)
    assert look(alices, page).status_code == 204

    jobs = work(batch, fake_engine, engine.succeed, engine.fail)
    part = look(alices, page)
    assert "1 of 3 done" in words(part)
    assert "1 failed" in words(part)
    assert "The recording holds 0 voices." in words(part)
    assert "Cancel 1 video" in words(part)
    assert "<html" not in source(part)
    assert set(shown(part)) == {job.pk for job in jobs}
    assert 'hx-swap-oob="morph:#batch-live"' in element(part, "batch-live")
    assert "data-fits" not in source(part)

    batches.cancel(alice, batch.pk)
    assert "1 cancelled" in words(look(alices, part))
    page = alices.get(f"/batches/{batch.pk}/")
    assert "1 cancelled" in words(page)
    assert 'id="cancel"' not in source(page)
    assert len(shown(page)) == 3


def test_of_its_page_only_its_own_videos_change(
    alices: Client, alice: User, plan: Plan, fake_engine: type[FakeEngine], make_job: MakeJob
) -> None:
    batch = made(plan())
    jobs = work(batch, fake_engine, engine.fail, engine.fail)
    page = alices.get(f"/batches/{batch.pk}/")

    other = make_job(alice)
    lifecycle.hide(alice, [jobs[0].pk])
    new = lifecycle.again(jobs[1].pk)
    part = look(alices, page)

    assert "0 of 2 done" in words(part)
    assert {new.pk, jobs[2].pk} == set(shown(part))
    for left in jobs[:2]:
        assert f'<li id="job-{left.pk}" hx-swap-oob="delete">' in source(part)
    assert str(other.pk) not in source(part)  # it never was on this page


@pytest.mark.parametrize("mark", ["", "x"])
def test_a_mark_that_is_none_loads_the_page_anew(alices: Client, plan: Plan, mark: str) -> None:
    answer = alices.get(f"/batches/{made(plan()).pk}/changes/", {"since": mark}, headers=HTMX)

    assert answer["HX-Refresh"] == "true"


def test_many_cards_are_on_numbered_pages(alices: Client, alice: User, png: Path, wav: Path) -> None:
    face, voice = files.picture_draft(png), files.voice_draft(wav, 3)
    orders = [Order(Model.IMAGE, {"image": face, "audio": voice}, name=str(n)) for n in range(30)]
    batch = batches.submit(alice, batches.plan(alice, "Many", orders).pk)

    first, second = (shown(alices.get(f"/batches/{batch.pk}/?page={page}")) for page in (1, 2))

    assert (len(first), len(second)) == (24, 6)
    assert first + second == [job.pk for job in batches.jobs_in(batch)]


def test_what_is_open_is_cancelled_by_one_press(alices: Client, plan: Plan, fake_engine: type[FakeEngine]) -> None:
    batch = made(plan())
    work(batch, fake_engine, engine.succeed)

    answer = alices.post(f"/batches/{batch.pk}/cancel/")

    assert (answer.status_code, answer["Location"]) == (303, f"/batches/{batch.pk}/")
    assert [job.status for job in batches.jobs_in(batch)] == [Status.DONE, Status.CANCELLED, Status.CANCELLED]


def test_what_failed_is_tried_again_by_one_press(alices: Client, plan: Plan, fake_engine: type[FakeEngine]) -> None:
    batch = made(plan())
    work(batch, fake_engine, engine.fail, engine.succeed, engine.fail)

    for _ in range(2):  # a double click
        assert alices.post(f"/batches/{batch.pk}/retry/").status_code == 303

    assert [job.status for job in batches.jobs_in(batch)] == [Status.DONE, Status.QUEUED, Status.QUEUED]
    assert Job.objects.count() == 5


def test_the_list_tells_of_each_batch(
    alices: Client, plan: Plan, fake_engine: type[FakeEngine], png: Path, wav: Path
) -> None:
    assert "Nothing here yet" in words(alices.get("/batches/"))
    batch = made(plan("Greetings"))
    work(batch, fake_engine, engine.succeed, engine.fail)
    the_batch(alices.post(NEW, table("image,audio\nface.png,voice.wav\n", upload(png), upload(wav), name="Later")))

    page = alices.get("/batches/")

    assert "1 of 3 done · 1 failed" in words(page)
    assert "Not made yet" in words(page)
    assert source(page).index("Later") < source(page).index("Greetings")


def test_a_batch_whose_videos_are_all_deleted_is_no_longer_in_the_list(alices: Client, alice: User, plan: Plan) -> None:
    batch = made(plan())
    batches.cancel(alice, batch.pk)
    for job in batches.jobs_in(batch):
        lifecycle.remove(alice, job.pk)

    assert "All videos of this batch are deleted." in words(alices.get(f"/batches/{batch.pk}/"))
    assert f"/batches/{batch.pk}/" not in source(alices.get("/batches/"))


def test_the_gallery_and_the_job_lead_to_the_batch(alices: Client, alice: User, make_job: MakeJob, plan: Plan) -> None:
    other = make_job(alice)
    batch = made(plan("Greetings"))
    jobs = [job.pk for job in batches.jobs_in(batch)]

    link = f'<a href="/batches/{batch.pk}/">Greetings</a>'
    assert source(alices.get("/gallery/")).count(link) == 3
    assert link in source(alices.get(f"/jobs/{jobs[0]}/"))

    only = alices.get(f"/gallery/?batch={batch.pk}")
    assert shown(only) == jobs[::-1]
    assert "Only those of “Greetings”." in words(only)
    assert f'name="batch" value="{batch.pk}"' in source(only)
    assert shown(alices.get(f"/gallery/?batch={batch.pk}&q=two")) == [jobs[1]]
    for unknown in ("x", str(other.pk)):
        assert len(shown(alices.get(f"/gallery/?batch={unknown}"))) == 4


def test_the_gallery_of_another_ones_batch_is_the_own_whole_one(
    alices: Client, charlies: Client, charlie: User, make_job: MakeJob, plan: Plan
) -> None:
    batch = made(plan("A secret speech"))
    own = make_job(charlie)

    answer = charlies.get(f"/gallery/?batch={batch.pk}")

    assert shown(answer) == [own.pk]
    assert "A secret speech" not in words(answer)


# --- All results in one file -----------------------------------------------------------------------


def test_all_videos_that_are_done_come_in_one_zip(
    alices: Client, alice: User, plan: Plan, fake_engine: type[FakeEngine]
) -> None:
    batch = made(plan("Über/uns"))
    address = f"/batches/{batch.pk}/results.zip"
    assert alices.get(address).status_code == 404
    jobs = work(batch, fake_engine, engine.succeed, engine.fail, engine.succeed)
    lifecycle.rename(alice, jobs[2].pk, "FACE – ONE")

    answer = alices.get(address)

    body = whole(answer)
    assert answer["Content-Type"] == "application/zip"
    assert "Content-Length" not in answer  # while it is sent, a video may be deleted
    assert "filename*=utf-8''%C3%9Cber_uns.zip" in answer["Content-Disposition"]
    with zipfile.ZipFile(io.BytesIO(body)) as archived:
        assert archived.testzip() is None
        assert archived.namelist() == ["face – one.mp4", "FACE – ONE (2).mp4"]
        assert {info.compress_type for info in archived.infolist()} == {zipfile.ZIP_STORED}
        assert archived.read("face – one.mp4") == RESULT


def test_a_video_that_is_gone_is_named_in_the_zip(alices: Client, plan: Plan, fake_engine: type[FakeEngine]) -> None:
    batch = made(plan())
    jobs = work(batch, fake_engine, engine.succeed, engine.succeed, engine.succeed)
    answer = alices.get(f"/batches/{batch.pk}/results.zip")
    jobs[1].refresh_from_db()
    assert jobs[1].result is not None
    media.drop(jobs[1].result)  # before its turn came

    with zipfile.ZipFile(io.BytesIO(whole(answer))) as archived:
        assert archived.testzip() is None
        assert archived.namelist() == ["face – one.mp4", "face – three.mp4", "missing.txt"]
        text = archived.read("missing.txt").decode()
    assert text == "These videos could not be read, or were deleted meanwhile:\n\nface – two.mp4\n"


def test_the_sample_face_speaks(alices: Client, voices: dict[str, object]) -> None:
    """With a real picture and a real voice the price is the voice's."""
    real = {"face": upload(SAMPLES / "face.jpg"), "voices": [upload(SAMPLES / "voice.wav")]}

    batch = the_batch(alices.post(NEW, voices | real))

    assert "1 video, 16 credits" in words(alices.get(f"/batches/{batch.pk}/"))
