"""The API's two pages: one to read, whose examples run as they stand, and one to try it on.

An example is a plain file in `templates/docs/examples/`, written once; `{{ base }}` in it becomes this installation's
address, and nothing else is replaced. The tests run them all.
"""

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from jobs import credits
from jobs.web import words
from jobs.web.colours import Piece, pieces

EXAMPLES = Path(settings.BASE_DIR) / "templates" / "docs" / "examples"
BASE = "{{ base }}"
LANGUAGES = {"sh": "curl", "py": "Python", "mjs": "Node", "php": "PHP", "go": "Go"}
BY_HAND = "Shell"  # curl receives nothing: there the example checks one webhook
SHOWN_SECONDS = (3, 10)  # the length of the worked examples


@dataclass(frozen=True)
class Sample:
    """One file of examples. `language` is its name on a tab, `pieces` its text, coloured."""

    name: str
    language: str
    pieces: list[Piece]


@dataclass(frozen=True)
class ErrorCode:
    """A row of the table of errors."""

    status: int
    code: str
    advice: str | Promise


@dataclass(frozen=True)
class Price:
    """A worked example."""

    seconds: int
    resolution: int
    credits: int


ERRORS = (
    ErrorCode(400, "invalid_json", _("Send a body that is JSON.")),
    ErrorCode(401, "unauthorized", _("Check the key. It may have been revoked, or have expired.")),
    ErrorCode(402, "insufficient_credits", _("The sentence says how many credits are missing. Nothing was made.")),
    ErrorCode(
        404, "not_found", _("Check the address and the id. What belongs to another account is not found either.")
    ),
    ErrorCode(405, "method_not_allowed", _("The <code>Allow</code> header lists the methods of this address.")),
    ErrorCode(
        409,
        "conflict",
        _("A request with the same Idempotency-Key is still under way, or the job’s state does not allow it."),
    ),
    ErrorCode(413, "payload_too_large", _("Send less. Files go to an upload, not into the body.")),
    ErrorCode(415, "unsupported_media_type", _("Send <code>Content-Type: application/json</code>.")),
    ErrorCode(422, "invalid_request", _("Correct the field it names. <code>errors</code> lists all of them.")),
    ErrorCode(422, "idempotency_mismatch", _("This Idempotency-Key was used for another request. Take a new one.")),
    ErrorCode(429, "rate_limited", _("Wait as many seconds as <code>Retry-After</code> says.")),
    ErrorCode(500, "internal", _("Our mistake. It was logged under the <code>requestId</code>; try again later.")),
    ErrorCode(503, "unavailable", _("It does not work right now. Try again in a moment.")),
)


@never_cache
@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """Everything about the API, with this installation's own address and limits."""
    context = {
        "submit": samples("submit"),
        "upload": samples("upload"),
        "webhook": receivers(),
        "answers": {path.stem.replace("-", "_"): sample(path.name).pieces for path in sorted(EXAMPLES.glob("*.json"))},
        "errors": ERRORS,
        "rates": credits.CREDITS_PER_SECOND,
        "least": credits.MIN_BILLED_SECONDS,
        "prices": [
            Price(seconds, resolution, credits.price(seconds, resolution))
            for seconds, resolution in zip(SHOWN_SECONDS, (720, 480), strict=True)
        ],
        "submissions": settings.RATE_LIMITS["submissions"],
        "requests": settings.RATE_LIMITS["requests"],
        "open_jobs": settings.MAX_OPEN_JOBS,
        "megabytes": words.number(settings.MAX_MEDIA_BYTES // 1_000_000),
        "upload_minutes": settings.UPLOAD_TICKET_SECONDS // 60,
        "fetch_seconds": settings.FETCH_SECONDS,
        "link_days": settings.MEDIA_LINK_SECONDS // 86_400,
    }
    return render(request, "docs/page.html", context)


@never_cache
@require_safe
def try_it(request: HttpRequest) -> HttpResponse:
    """The OpenAPI document as a page from which requests can be sent."""
    return render(request, "docs/try.html")


def samples(task: str) -> list[Sample]:
    """The examples of one task, one for each language."""
    return [sample(f"{task}.{ending}") for ending in LANGUAGES]


def receivers() -> list[Sample]:
    """The examples that receive webhooks; the one for the shell is the last."""
    by_hand, *rest = samples("webhook")
    return [*rest, replace(by_hand, language=BY_HAND)]


def sample(filename: str) -> Sample:
    """One of the example files, for this installation."""
    return _sample(filename, settings.PUBLIC_BASE_URL)


@cache
def _sample(filename: str, base_url: str) -> Sample:
    ending = filename.rpartition(".")[2]
    text = (EXAMPLES / filename).read_text().replace(BASE, base_url)
    return Sample(filename.replace(".", "-"), LANGUAGES.get(ending, "JSON"), pieces(text.rstrip("\n"), ending))
