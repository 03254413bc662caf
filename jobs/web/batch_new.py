"""Several videos at once, asked for: one face with many voices, or a table; all are looked at before any is made."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath
from typing import cast

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from jobs import batches, lifecycle
from jobs.batches import MAX_JOBS, TOO_MANY
from jobs.errors import Conflict, InvalidInput, Problem, Unavailable
from jobs.lifecycle import Order
from jobs.media import Draft, Intake
from jobs.models import MediaKind
from jobs.models.job import Model
from jobs.web import words
from jobs.web.batch_forms import TableForm, VoicesForm
from jobs.web.forms import RESOLUTIONS
from jobs.web.htmx import Request, for_members, go_to, wants_part
from jobs.web.table import COLUMNS, MAX_BYTES, Fault, Row, is_address, read, same, template

Read = tuple[list[Order], list[Fault]]

WAYS: Sequence[tuple[str, str | Promise]] = (("voices", _("One face, several voices")), ("table", _("A table")))
NO_FACE = _("This is neither a picture nor a video. Choose a JPEG, PNG, WebP, MP4, MOV or WebM file.")
FACES: Mapping[MediaKind, tuple[Model, str]] = {
    MediaKind.IMAGE: (Model.IMAGE, "image"),
    MediaKind.VIDEO: (Model.VIDEO, "video"),
}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@for_members
def new(request: Request) -> HttpResponse:
    asked = request.POST if request.method == "POST" else request.GET
    form_class = TableForm if asked.get("way") == "table" else VoicesForm
    if request.method != "POST":
        return render(request, "batches/new.html", _context(form_class()))
    form = form_class(request.POST, request.FILES)
    faults: list[Fault] = []
    if form.is_valid():
        try:
            batches.check_room(request.user)
            with Intake(request.user) as intake:
                orders, faults = _of_table(intake, form) if isinstance(form, TableForm) else _of_voices(intake, form)
                if not faults and not form.errors:
                    batch = batches.plan(request.user, _name(form), orders)
                    return go_to(request, reverse("batch", args=[batch.pk]))
        except (InvalidInput, Conflict, Unavailable) as problem:
            form.add_error(None, words.sentence(problem))
    # With htmx only the sentences come back, so the chosen files stay chosen.
    part = "batches/_problems.html" if wants_part(request) else "batches/new.html"
    return render(request, part, _context(form, faults), status=422)


@require_safe
def table_template(request: HttpRequest) -> HttpResponse:
    """A table to begin with; where a comma stands in numbers, spreadsheets expect semicolons between cells."""
    answer = HttpResponse(template(";" if get_language() == "de" else ","), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="mundwerk.csv"'
    return answer


def _name(form: VoicesForm | TableForm) -> str:
    given: str = form.cleaned_data["name"].strip()
    file: UploadedFile = form.cleaned_data["table" if isinstance(form, TableForm) else "face"]
    return given or PurePath(file.name or "").stem[:120] or gettext("Untitled")


def _too_many(videos: int) -> str:
    return gettext(TOO_MANY).format(videos=videos, limit=MAX_JOBS)


# --- One face, several voices ------------------------------------------------------------------


def _of_voices(intake: Intake, form: VoicesForm) -> Read:
    """An order for each voice; a fault is about the file at that place. What is wrong with the face is in the form."""
    face: UploadedFile = form.cleaned_data["face"]
    voices: list[UploadedFile] = form.cleaned_data["voices"]
    if len(voices) > MAX_JOBS:
        form.add_error("voices", _too_many(len(voices)))
        return [], []
    taken = intake.each({"face": face} | {str(place): voice for place, voice in enumerate(voices, start=1)})
    drawn = taken.pop("face")
    kind = MediaKind.UNKNOWN if isinstance(drawn, Problem) else drawn.facts.kind
    if wrong := _wrong(drawn, kind) or ("" if kind in FACES else str(NO_FACE)):
        form.add_error("face", wrong)
    faults = [
        Fault(int(place), voices[int(place) - 1].name or "", sentence)
        for place, voice in taken.items()
        if (sentence := _wrong(voice, MediaKind.AUDIO))
    ]
    if wrong or faults:
        return [], faults
    model, field = FACES[kind]
    return [
        Order(
            model,
            {field: cast(Draft, drawn), "audio": cast(Draft, voice)},
            resolution=int(form.cleaned_data["resolution"]),
            prompt=form.cleaned_data["prompt"].strip(),
            name=PurePath(cast(Draft, voice).filename).stem[:120],  # the face is the same in all of them
        )
        for voice in taken.values()
    ], []


# --- A table -----------------------------------------------------------------------------------


def _of_table(intake: Intake, form: TableForm) -> Read:
    """An order for each row."""
    file: UploadedFile = form.cleaned_data["table"]
    if (file.size or 0) > MAX_BYTES:
        form.add_error("table", gettext("The table is too large. It may have %(limit)d rows.") % {"limit": MAX_JOBS})
        return [], []
    rows, faults = read(file.read())
    if len(rows) > MAX_JOBS:
        form.add_error("table", _too_many(len(rows)))
        return [], []
    sent: list[UploadedFile] = form.cleaned_data["attached"]
    faults += _not_sent(rows, sent)
    if faults:  # before anything is fetched
        return [], sorted(faults, key=lambda fault: fault.row)
    files = {same(one.name or ""): one for one in sent}
    cells = {cell for row in rows for cell in row.files.values()}
    taken = intake.each({cell: cell if is_address(cell) else files[same(cell)] for cell in cells})
    orders, faults = [], []
    for row in rows:
        wrong = [
            Fault(row.number, field, sentence)
            for field, cell in row.files.items()
            if (sentence := _wrong(taken[cell], _kind(field)))
        ]
        faults += wrong
        if not wrong:
            orders.append(_order(row, taken))
            faults += _not_makeable(row, orders[-1])
    return orders, faults


def _not_makeable(row: Row, order: Order) -> list[Fault]:
    """What no engine of this installation can do."""
    try:
        lifecycle.check_makeable(order)
    except InvalidInput as problem:
        return [Fault(row.number, problem.field, words.sentence(problem))]
    return []


def _not_sent(rows: Iterable[Row], sent: Iterable[UploadedFile]) -> list[Fault]:
    """The cells that name a file that did not come along, or came twice."""
    there = Counter(same(one.name or "") for one in sent)
    faults = []
    for row in rows:
        for field, cell in row.files.items():
            if is_address(cell):
                continue
            if not there[same(cell)]:
                sentence = gettext("No file called “{name}” was sent along.").format(name=cell[:200])
                faults.append(Fault(row.number, field, sentence))
            elif there[same(cell)] > 1:
                sentence = gettext("Several files called “{name}” were sent along.").format(name=cell[:200])
                faults.append(Fault(row.number, field, sentence))
    return faults


def _order(row: Row, taken: Mapping[str, Draft | Problem]) -> Order:
    return Order(
        model=row.model,
        inputs={field: cast(Draft, taken[cell]) for field, cell in row.files.items()},
        resolution=row.resolution,
        seed=row.seed,
        prompt=row.prompt,
        name=row.name,
        speaking_order=row.order,
    )


def _kind(field: str) -> MediaKind:
    if field.endswith("audio"):
        return MediaKind.AUDIO
    return MediaKind.VIDEO if field == "video" else MediaKind.IMAGE


def _wrong(taken: Draft | Problem, kind: MediaKind) -> str:
    """The sentence about a file that can not be used as `kind`; empty if it can."""
    problem = taken if isinstance(taken, Problem) else taken.facts.unfit(kind)
    return words.sentence(problem) if problem else ""


def _context(form: VoicesForm | TableForm, faults: Sequence[Fault] = ()) -> dict[str, object]:
    way = "table" if isinstance(form, TableForm) else "voices"
    return {
        "form": form,
        "way": way,
        "ways": [(value, label, f"{reverse('batch_new')}?way={value}", value == way) for value, label in WAYS],
        "faults": faults,
        "columns": COLUMNS,
        "resolutions": RESOLUTIONS,
        "max_jobs": MAX_JOBS,
        "most_files": settings.DATA_UPLOAD_MAX_NUMBER_FILES,
        "max_megabytes": settings.MAX_MEDIA_BYTES // 1_000_000,
    }
