"""The style guide: every part of the pages in every state, light beside dark; only while DEBUG is on."""

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from jobs.models import Job, Status
from jobs.models.job import Model
from jobs.web.cards import Card

ICONS_FILE = settings.BASE_DIR / "static" / "icons.svg"
COLOURS = (
    *("body", "panel", "raised", "well", "line", "edge", "ink", "ink-2", "ink-3"),
    *("key", "key-soft", "ok", "bad", "bad-soft"),
)
SIZES = ("3xl", "2xl", "xl", "lg", "md", "sm", "xs")
SPACES = range(1, 10)
# State, icon, heading, text.
DROPS = (
    ("", "photo", "Drop a picture, or choose one", "Empty: JPEG, PNG or WebP."),
    ("is-over", "upload", "Let go", "A file is held over it."),
    ("is-bad", "alert", "No face found", "Choose a picture in which eyes and mouth can be seen."),
)
NO_FACE = "No face was found in the picture. Choose one that shows a face from the front."
STATES = (
    (Status.QUEUED, "Waits", "", ""),
    (Status.RUNNING, "Is being made", "Drawing the lips", "0:14"),
    (Status.DONE, "Finished", "", ""),
    (Status.FAILED, "Did not work", "", ""),
    (Status.CANCELLED, "Changed my mind", "", ""),
)


@dataclass(frozen=True)
class Side:
    """One theme with cards of its own, because an id may be on a page only once."""

    theme: str
    cards: list[Card]


@require_safe
def styleguide(request: HttpRequest) -> HttpResponse:
    if not settings.DEBUG:
        raise Http404
    context = {
        "sides": [Side(theme, list(_cards())) for theme in ("light", "dark")],
        "colours": COLOURS,
        "sizes": SIZES,
        "spaces": SPACES,
        "icons": re.findall(r'<symbol id="([\w-]+)"', ICONS_FILE.read_text(encoding="utf-8")),
        "drops": DROPS,
    }
    return render(request, "styleguide/page.html", context)


def _cards() -> Iterator[Card]:
    """A card in every state, of jobs that are in no database."""
    for status, title, stage, left in STATES:
        done = status == Status.DONE
        video = reverse("sample", args=["clip.mp4"]) if done else ""
        yield Card(
            job=Job(
                pk=uuid.uuid4(),
                status=status,
                model=Model.IMAGE,
                resolution=480,
                name=title,
                price=16,
                error_template=NO_FACE,
            ),
            ratio="tall",
            picture=reverse("sample", args=["face.jpg"]),
            video=video,
            preview="",
            download=video,
            seconds="0:06" if done else "",
            order="",
            percent=42,
            stage=stage,
            left=left,
            place=3 if status == Status.QUEUED else 0,
            made="",
            title=title,
        )
