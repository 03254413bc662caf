"""Webhooks: what was sent, where, what came back; sending again, a test, and the secret that signs."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from urllib.parse import urlencode, urlsplit

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from jobs import webhooks, wire
from jobs.errors import Rejected
from jobs.models import Attempt, Delivery, DeliveryStatus, SigningSecret
from jobs.web import words
from jobs.web.forms import AddressForm
from jobs.web.htmx import Request, for_members, go_to, wants_part
from jobs.web.pages import pages

PAGE = 25
FILTERS: Mapping[str, str | Promise] = {
    "": _("All"),
    DeliveryStatus.PENDING: DeliveryStatus.PENDING.label,
    DeliveryStatus.DELIVERED: DeliveryStatus.DELIVERED.label,
    DeliveryStatus.GIVEN_UP: DeliveryStatus.GIVEN_UP.label,
}
# How often a page with something open asks: what is sent within a minute is watched, the rest is looked in on.
SOON = timedelta(minutes=1)
SOON_SECONDS, LATER_SECONDS = 2, 30


@dataclass(frozen=True)
class Choice:
    """One of the filters."""

    label: str | Promise
    address: str
    chosen: bool


@dataclass(frozen=True)
class Line:
    """A delivery as the list and its own page show it."""

    delivery: Delivery
    title: str
    host: str
    state: str  # "sending", "waiting", "again", "delivered" or "given_up"
    job: str  # the address of its job's page, if there is one
    created: str
    next_try: str


@dataclass(frozen=True)
class Try:
    """An attempt as it is shown."""

    attempt: Attempt
    at: str
    took: str
    result: str  # 200 OK
    good: bool
    problem: str


@never_cache
@require_safe
@for_members
def deliveries(request: Request) -> HttpResponse:
    template = "webhooks/_deliveries.html" if wants_part(request) else "webhooks/page.html"
    return render(request, template, _context(request))


@never_cache
@require_safe
@for_members
def delivery(request: Request, delivery_id: str) -> HttpResponse:
    """One delivery with all its attempts."""
    found = get_object_or_404(_own(request), pk=delivery_id)
    tries = [_try(attempt) for attempt in found.attempts.order_by("-number")]
    context = {
        "line": _line(found),
        "tries": tries,
        "every": _every([found]),
        "may_resend": webhooks.is_recent(found),
        "created": words.moment(found.created),
        "delivered": words.moment(found.delivered) if found.delivered else "",
        "path": _path(found.url),
        "body": json.dumps(json.loads(found.body), indent=2, ensure_ascii=False),
        "bytes": words.number(len(found.body.encode())),
    }
    return render(request, "webhooks/_delivery.html" if wants_part(request) else "webhooks/delivery.html", context)


@require_POST
@for_members
def send_again(request: Request, delivery_id: str) -> HttpResponse:
    found = get_object_or_404(_own(request), pk=delivery_id)
    if webhooks.resend(found):
        messages.success(request, gettext("It is being sent again."))
    elif webhooks.is_recent(found):
        messages.info(request, gettext("It is being sent already."))
    else:
        messages.error(request, gettext("It is older than 30 days and is not sent again."))
    return go_to(request, reverse("delivery", args=[found.pk]))


@never_cache
@require_POST
@for_members
def send_test(request: Request) -> HttpResponse:
    form = AddressForm(request.POST)
    if form.is_valid():
        try:
            sent = webhooks.send_test(request.user, form.cleaned_data["url"], wire.example_object())
        except Rejected as problem:
            form.add_error("url", capfirst(words.sentence(problem)))
        else:
            return go_to(request, reverse("delivery", args=[sent.pk]))
    if wants_part(request):
        return render(request, "webhooks/_test.html", {"form": form}, status=422)
    return render(request, "webhooks/page.html", _context(request) | {"form": form}, status=422)


@never_cache
@require_POST
@for_members
def secret(request: Request) -> HttpResponse:
    """Show the secret, in this answer only."""
    context = _secret(request) | {"secret": webhooks.current_secret(request.user).secret}
    if wants_part(request):
        return render(request, "webhooks/_secret.html", context)
    return render(request, "webhooks/page.html", _context(request) | context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@for_members
def rotate(request: Request) -> HttpResponse:
    """Ask, then do it."""
    if request.method == "POST":
        named = request.POST.get("secret", "")
        if named.isdecimal() and len(named) < 19 and webhooks.rotate(request.user, int(named)):
            messages.success(request, gettext("There is a new secret. The old one signs beside it for 24 hours."))
        return go_to(request, reverse("webhooks"))
    context = {"current": SigningSecret.objects.filter(user=request.user, retires=None).first()}
    return render(request, "webhooks/_rotate.html" if wants_part(request) else "webhooks/rotate.html", context)


def _own(request: Request) -> QuerySet[Delivery]:
    return Delivery.objects.filter(user=request.user).select_related("job")


def _context(request: Request) -> dict[str, object]:
    """The list, and all that stands around it."""
    chosen = request.GET.get("state", "")
    own = _own(request).order_by("-created", "-pk")
    here = reverse("webhooks")
    page = pages(request, own.filter(status=chosen) if chosen in DeliveryStatus.values else own, PAGE, here)
    return {
        "address": f"{here}?{request.GET.urlencode()}" if request.GET else here,
        "page": page,
        "lines": [_line(found) for found in page.rows],
        "any": bool(page.total) or own.exists(),
        "every": _every(page.rows),
        "filters": [_choice(state, label, chosen) for state, label in FILTERS.items()],
        "form": AddressForm(),
        **_secret(request),
    }


def _secret(request: Request) -> dict[str, object]:
    retiring = webhooks.retiring_secret(request.user)
    return {"retires": words.until(retiring.retires) if retiring and retiring.retires else ""}


def _choice(state: str, label: str | Promise, chosen: str) -> Choice:
    address = f"{reverse('webhooks')}?{urlencode({'state': state})}" if state else reverse("webhooks")
    return Choice(label, address, state == (chosen if chosen in FILTERS else ""))


def _every(found: list[Delivery]) -> int:
    """Seconds until the page should ask again; 0 if nothing is open."""
    times = [one.due for one in found if one.is_open and one.due]
    if not times:
        return 0
    return SOON_SECONDS if min(times) < timezone.now() + SOON else LATER_SECONDS


def _line(found: Delivery) -> Line:
    job = found.job
    state = _state(found)
    return Line(
        delivery=found,
        title=(job.name or gettext("Untitled")) if job else gettext("Test event"),
        host=urlsplit(found.url).netloc,
        state=state,
        job=reverse("job", args=[job.pk]) if job and not job.removed else "",
        created=words.ago(found.created),
        next_try=words.until(found.due) if found.due and state != "sending" else "",
    )


def _state(found: Delivery) -> str:
    if found.status != DeliveryStatus.PENDING:
        return found.status
    if found.begun and found.due and found.due > timezone.now():
        return "sending"
    return "again" if found.tries else "waiting"


def _try(attempt: Attempt) -> Try:
    known = {entry.value: entry.phrase for entry in HTTPStatus}
    return Try(
        attempt=attempt,
        at=words.second(attempt.at),
        took=words.duration(attempt.milliseconds),
        result=f"{attempt.code} {known.get(attempt.code, '')}".strip() if attempt.code else gettext("No answer"),
        good=attempt.code is not None and 200 <= attempt.code < 300,
        problem=capfirst(attempt.sentence_here),
    )


def _path(url: str) -> str:
    """What stands in the first line of the request."""
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
