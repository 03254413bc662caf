"""Leave for the studio's script to send a file ahead of the form, to wherever files are kept."""

import uuid

from django.http import Http404, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from jobs.errors import InvalidInput, NotFound, RateLimited, Unavailable
from jobs.media import Part, open_ticket, parts_left
from jobs.web import words
from jobs.web.forms import UploadForm
from jobs.web.htmx import Request, for_members


@require_POST
@for_members
def new_upload(request: Request) -> HttpResponse:
    """`{"id", "upload": {"method", "url", "headers", "fields"}}`, or for a large file `{"id", "parts"}`.

    `parts` are PUT one by one, each `{"start", "end", "url"}`. 422 or 503 with `{"problem"}`.
    """
    form = UploadForm(request.POST)
    if not form.is_valid():
        return JsonResponse({"problem": next(iter(form.errors.values()))[0]}, status=422)
    asked = form.cleaned_data
    content_type = asked["type"] or "application/octet-stream"
    try:
        ticket = open_ticket(request.user, asked["filename"], content_type, asked["size"], in_parts=True)
    except (InvalidInput, RateLimited) as problem:
        return JsonResponse({"problem": words.sentence(problem)}, status=422)
    except Unavailable as problem:
        return JsonResponse({"problem": words.sentence(problem)}, status=503)
    if ticket.parts:
        return JsonResponse({"id": str(ticket.media_id), "parts": _listed(ticket.parts)})
    target = ticket.target
    how = {
        "method": target.method,
        "url": target.url,
        "headers": dict(target.headers),
        "fields": dict(target.fields),
    }
    return JsonResponse({"id": str(ticket.media_id), "upload": how})


@require_safe
@never_cache
@for_members
def rest_of_upload(request: Request, media_id: uuid.UUID) -> HttpResponse:
    """`{"id", "parts"}`: those that have not come yet. 404 if none are awaited, 503 with `{"problem"}`."""
    try:
        parts = parts_left(request.user, media_id)
    except NotFound as problem:
        raise Http404 from problem
    except Unavailable as problem:
        return JsonResponse({"problem": words.sentence(problem)}, status=503)
    return JsonResponse({"id": str(media_id), "parts": _listed(parts)})


def _listed(parts: tuple[Part, ...]) -> list[dict[str, object]]:
    return [{"start": part.start, "end": part.end, "url": part.url} for part in parts]
