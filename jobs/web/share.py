"""Shared pages: a finished video for whoever has its address, without an account."""

from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from csp.decorators import csp_replace
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import Resolver404, resolve, reverse
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_POST, require_safe

from jobs import sharing
from jobs.errors import Problem
from jobs.media import media_url
from jobs.models import Complaint, Media, Share, jobs_of
from jobs.web import words
from jobs.web.cards import Card, card
from jobs.web.forms import ComplaintForm, ShareForm
from jobs.web.htmx import Request, for_members, go_to

# More than these about one page tell the operator nothing new, and would let a stranger fill the disk.
MOST_COMPLAINTS = 20
WIDEST_PLAYER = 1280


@dataclass(frozen=True)
class Shown:
    """A shared page: its card, and its addresses for other sites."""

    share: Share
    card: Card
    result: Media
    address: str
    player: str
    video: str
    poster: str
    oembed: str
    made: str


@never_cache
@require_safe
def page(request: HttpRequest, token: str) -> HttpResponse:
    shown = _shown(token)
    return _unlisted(render(request, "share/page.html", {"shown": shown, "form": ComplaintForm()}))


@never_cache
@require_safe
@xframe_options_exempt
@csp_replace({"frame-ancestors": ["*"]})  # type: ignore[arg-type]  # its types are narrower than it
def player(request: HttpRequest, token: str) -> HttpResponse:
    """The video alone, for a frame on somebody else's page."""
    return _unlisted(render(request, "share/player.html", {"shown": _shown(token)}))


@never_cache
@require_safe
def oembed(request: HttpRequest) -> HttpResponse:
    """What another site needs to show a shared page's video, after https://oembed.com."""
    if request.GET.get("format", "json") != "json":
        return HttpResponse(gettext("Only JSON is spoken here."), status=501, content_type="text/plain")
    try:
        found = resolve(urlsplit(request.GET.get("url", "")).path)
    except Resolver404:
        raise Http404 from None
    if found.url_name != "share":
        raise Http404
    shown = _shown(found.kwargs["token"])
    width, height = _fitted(shown.result, _side(request, "maxwidth"), _side(request, "maxheight"))
    frame = (
        f'<iframe src="{shown.player}" width="{width}" height="{height}" allow="fullscreen" frameborder="0"></iframe>'
    )
    told: dict[str, object] = {
        "version": "1.0",
        "type": "video",
        "provider_name": "Mundwerk",
        "provider_url": settings.PUBLIC_BASE_URL,
        "title": shown.card.title,
        "html": frame,
        "width": width,
        "height": height,
    }
    if shown.poster:
        told |= {
            "thumbnail_url": shown.poster,
            "thumbnail_width": shown.result.width,
            "thumbnail_height": shown.result.height,
        }
    return JsonResponse(told)


@require_POST
def report(request: HttpRequest, token: str) -> HttpResponse:
    """Somebody objects to a shared video: the operator is told."""
    shown = _shown(token)
    form = ComplaintForm(request.POST)
    if not form.is_valid():
        return _unlisted(render(request, "share/page.html", {"shown": shown, "form": form}, status=422))
    if shown.share.complaints.filter(settled=None).count() < MOST_COMPLAINTS:
        Complaint.objects.create(share=shown.share, text=form.cleaned_data["text"])
    messages.success(request, gettext("Thank you. Whoever runs this site has been told."))
    return redirect("share", token)


@require_POST
@for_members
def share(request: Request, job_id: UUID) -> HttpResponse:
    get_object_or_404(jobs_of(request.user), pk=job_id)
    form = ShareForm(request.POST)
    days = form.days()
    try:
        sharing.share(request.user, job_id, timedelta(days=days) if days else None)
    except Problem as problem:
        messages.error(request, words.sentence(problem))
    return go_to(request, reverse("job", args=[job_id]))


@require_POST
@for_members
def unshare(request: Request, job_id: UUID) -> HttpResponse:
    get_object_or_404(jobs_of(request.user), pk=job_id)
    if sharing.unshare(job_id):
        messages.success(request, gettext("The shared page is gone. Its address will never work again."))
    return go_to(request, reverse("job", args=[job_id]))


def address_of(share: Share) -> str:
    """Of a shared page, from anywhere."""
    return str(settings.PUBLIC_BASE_URL + reverse("share", args=[share.token]))


def _shown(token: str) -> Shown:
    """The page of a token; 404 if there is none, or no longer."""
    found = Share.objects.filter(token=token).select_related("job__user", "job__result", "job__poster").first()
    result: Media | None = found.job.result if found else None
    if found is None or not found.is_open or result is None or found.job.removed:
        raise Http404
    job, address = found.job, address_of(found)
    return Shown(
        share=found,
        card=card(job),
        result=result,
        address=address,
        player=settings.PUBLIC_BASE_URL + reverse("player", args=[token]),
        video=media_url(result, f"{job.name or 'video'}.mp4"),
        poster=media_url(job.poster) if job.poster else "",
        oembed=f"{settings.PUBLIC_BASE_URL}{reverse('oembed')}?{urlencode({'url': address})}",
        made=words.day((job.finished or job.created).date()),
    )


def _unlisted(response: HttpResponse) -> HttpResponse:
    response["X-Robots-Tag"] = "noindex"
    return response


def _side(request: HttpRequest, name: str) -> int:
    asked = request.GET.get(name, "")
    return int(asked) if asked.isascii() and asked.isdigit() and 0 < len(asked) < 6 and int(asked) else WIDEST_PLAYER


def _fitted(video: Media, width: int, height: int) -> tuple[int, int]:
    """The video's size, shrunk to fit."""
    wide, high = video.width or 16, video.height or 9
    scale = min(1.0, width / wide, height / high)
    return max(1, round(wide * scale)), max(1, round(high * scale))
