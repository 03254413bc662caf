"""The front page, with the video that this installation made itself; and what only machines ask for."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import render
from django.templatetags.static import static
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from jobs import credits
from jobs.models import Job, Status
from jobs.models.job import Model
from jobs.web import words
from jobs.web.cards import Card, card, with_files
from jobs.web.htmx import wants_part

SHOWN_SECONDS = 10  # the length of the worked examples
ROBOTS = "User-agent: *\nDisallow: /media/\nDisallow: /api/\n"


@dataclass(frozen=True)
class Rate:
    """A price as the page says it, with an example."""

    resolution: int
    credits: int
    seconds: int
    example: int


@never_cache
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The page, or while the showcase is being made, the part that shows it."""
    shown = _showcase()
    context: dict[str, object] = {"card": card(shown) if shown else None}
    if shown and shown.execution_ms:
        context |= {"made_in": words.decimal(shown.execution_ms / 1000)}
    if wants_part(request):
        return render(request, "home/_showcase.html", context)
    context |= {"rates": _rates(), "least": credits.MIN_BILLED_SECONDS, "examples": _examples(shown)}
    return render(request, "home/page.html", context)


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    return HttpResponse(ROBOTS, content_type="text/plain")


@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """For whoever asks without having read the page."""
    return HttpResponsePermanentRedirect(static("mark.svg"))


def _showcase() -> Job | None:
    """The newest finished photo; else the newest, whatever became of it."""
    jobs = with_files(Job.objects.filter(showcase=True, model=Model.IMAGE))
    return jobs.filter(status=Status.DONE).first() or jobs.first()


def _examples(photo: Job | None) -> dict[str, Card]:
    """The finished example of each kind."""
    done = with_files(Job.objects.filter(showcase=True, status=Status.DONE))
    found = {
        "photo": photo,
        "video": done.filter(model=Model.VIDEO).first(),
        "two": done.filter(model=Model.MULTI).first(),
    }
    return {name: card(job) for name, job in found.items() if job}


def _rates() -> list[Rate]:
    return [
        Rate(resolution, each, SHOWN_SECONDS, credits.price(SHOWN_SECONDS, resolution))
        for resolution, each in credits.CREDITS_PER_SECOND.items()
    ]
