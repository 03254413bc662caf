"""A table of videos to make, as a spreadsheet saves it: its rows, or what is wrong with each.

The columns are the fields of the API's `formState`, and `name`. A cell for a file
holds a public address, or the name of a file that was sent along.
"""

import csv
import io
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from jobs.engines.base import SpeakingOrder
from jobs.lifecycle import MAX_SEED
from jobs.models.job import Model
from jobs.web.forms import MASK, MAX_PROMPT, ORDERS, PARTS, RESOLUTIONS

MAX_BYTES = 1_000_000
MAX_NAME = 120
MAX_CELL = 2048
COLUMNS = (
    "image",
    "video",
    "audio",
    "left_audio",
    "right_audio",
    "order",
    MASK,
    "resolution",
    "prompt",
    "seed",
    "name",
)
SEPARATORS = ",;\t"
EXAMPLES: Sequence[Mapping[str, str]] = (
    {"image": "face.jpg", "audio": "hello.wav", "resolution": "480p", "prompt": "smiling", "name": "Hello"},
    {"video": "https://example.org/clip.mp4", "audio": "https://example.org/voice.mp3", "resolution": "720p"},
    {"image": "two.jpg", "left_audio": "left.wav", "right_audio": "right.wav", "order": "left_right", "seed": "7"},
)


@dataclass(frozen=True)
class Fault:
    """What is wrong in a row, as the spreadsheet counts them: the first is that of the names. `column` may be ""."""

    row: int
    column: str
    sentence: str


@dataclass(frozen=True)
class Row:
    """A video to make; `files` are the cells that name its files, by field."""

    number: int
    model: Model
    files: Mapping[str, str]
    resolution: int
    prompt: str
    seed: int
    name: str
    order: SpeakingOrder


def template(separator: str) -> bytes:
    """A table to begin with. The mark at its front tells spreadsheets that it is UTF-8."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, delimiter=separator)
    writer.writeheader()
    writer.writerows(EXAMPLES)
    return text.getvalue().encode("utf-8-sig")


def read(content: bytes) -> tuple[list[Row], list[Fault]]:
    """The rows of a table, and what is wrong with those that are not among them."""
    try:
        header, lines = _lines(_text(content))
    except csv.Error:
        return [], [Fault(1, "", _("This is not a table. Save it as CSV and choose it again."))]
    unknown = [name for name in header if name not in COLUMNS]
    twice = {name for name in header if name and header.count(name) > 1}
    faults = [
        Fault(1, name, _("There is no such column. These are known: {names}.").format(names=", ".join(COLUMNS)))
        for name in unknown
    ] + [Fault(1, name, _("This column is there twice.")) for name in sorted(twice)]
    if faults:
        return [], faults
    rows = []
    for number, cells in lines:
        row, wrong = _row(number, header, cells)
        faults += wrong
        if row is not None:
            rows.append(row)
    if not rows and not faults:
        return [], [Fault(1, "", _("The table has no rows below the names of its columns."))]
    return rows, faults


def same(filename: str) -> str:
    """The name by which a file is found: as it is written, however the system spells its accents."""
    return unicodedata.normalize("NFC", filename.strip())


def is_address(cell: str) -> bool:
    """Whether a cell holds an address, and not the name of a file."""
    return "://" in cell


def _text(content: bytes) -> str:
    """UTF-8 if it is that; else UTF-16 by its mark, or what Windows has in Western Europe."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def _lines(text: str) -> tuple[list[str], Iterator[tuple[int, list[str]]]]:
    """The names of the columns, and below them each row that is not empty, with its number. Raises csv.Error."""
    if "\0" in text:
        raise csv.Error("not text")
    first = text.partition("\n")[0].removesuffix("\r")
    if first.lower().startswith("sep=") and len(first) == 5:  # Excel's own word about it
        separator, skipped = first[4], 1
    else:
        separator, skipped = max(SEPARATORS, key=first.count), 0
    cells = [[cell.strip() for cell in line] for line in csv.reader(io.StringIO(text), delimiter=separator)]
    if len(cells) <= skipped:
        raise csv.Error("empty")
    header = [name.lower().removeprefix("formstate.") for name in cells[skipped]]
    while header and not header[-1]:
        header.pop()
    below = enumerate(cells[skipped + 1 :], start=skipped + 2)
    return header, ((number, line) for number, line in below if any(line))


def _row(number: int, header: Sequence[str], cells: Sequence[str]) -> tuple[Row | None, list[Fault]]:
    given = {name: cell for name, cell in zip(header, cells, strict=False) if cell}
    faults: list[Fault] = []

    def wrong(column: str, sentence: str) -> None:
        faults.append(Fault(number, column, sentence))

    if any(cells[len(header) :]):
        wrong("", _("The row has more cells than there are columns."))
    for name, cell in given.items():
        if len(cell) > MAX_CELL:
            wrong(name, _("Use at most %(limit_value)d characters.") % {"limit_value": MAX_CELL})
    model = _model(given, wrong)
    resolution = given.get("resolution", RESOLUTIONS[0][0]).lower().removesuffix("p")
    if resolution not in dict(RESOLUTIONS):
        wrong("resolution", _("Choose one of: {words}.").format(words=", ".join(dict(RESOLUTIONS).values())))
    order = given.get("order", ORDERS[0][0]).lower()
    if order not in dict(ORDERS):
        wrong("order", _("Choose one of: {words}.").format(words=", ".join(dict(ORDERS))))
    for name, limit in (("prompt", MAX_PROMPT), ("name", MAX_NAME)):
        if limit < len(given.get(name, "")) <= MAX_CELL:
            wrong(name, _("Use at most %(limit_value)d characters.") % {"limit_value": limit})
    seed = given.get("seed", "-1")
    if not (seed.removeprefix("-").isdecimal() and len(seed) <= 10 and -1 <= int(seed) <= MAX_SEED):
        wrong("seed", _("The seed is a whole number from 0 to 2147483647. Leave it empty for a random one."))
    if faults or model is None:
        return None, faults
    return (
        Row(
            number,
            model,
            {field: given[field] for field in (*PARTS[model], MASK) if field in given},
            int(resolution),
            given.get("prompt", ""),
            int(seed),
            given.get("name", ""),
            order,  # type: ignore[arg-type]  # one of ORDERS
        ),
        [],
    )


def _model(given: Mapping[str, str], wrong: Callable[[str, str], None]) -> Model | None:
    """The kind of video that a row is, by the files that it names."""
    if "image" in given and "video" in given:
        wrong("video", _("Name a picture or a video, not both."))
        return None
    two = "left_audio" in given or "right_audio" in given
    if "audio" in given and two:
        wrong("audio", _("Name one voice, or one on the left and one on the right."))
        return None
    if "video" in given and two:
        wrong("video", _("Two people can speak in a picture only. Name it in the column image."))
        return None
    model = Model.MULTI if two else Model.VIDEO if "video" in given else Model.IMAGE
    missing = [field for field in PARTS[model] if field not in given]
    for field in missing:
        wrong(field, _("Name a file that you send along, or an address."))
    return None if missing else model
