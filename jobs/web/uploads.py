"""Leave for the studio's script to send a file ahead of the form, to wherever files are kept."""

from django.http import HttpResponse, JsonResponse
from django.views.decorators.http import require_POST

from jobs.errors import InvalidInput, RateLimited
from jobs.media import open_ticket
from jobs.web import words
from jobs.web.forms import UploadForm
from jobs.web.htmx import Request, for_members


@require_POST
@for_members
def new_upload(request: Request) -> HttpResponse:
    """`{"id", "upload": {"method", "url", "headers", "fields"}}`, or 422 with `{"problem"}`."""
    form = UploadForm(request.POST)
    if not form.is_valid():
        return JsonResponse({"problem": next(iter(form.errors.values()))[0]}, status=422)
    asked = form.cleaned_data
    try:
        ticket = open_ticket(
            request.user, asked["filename"], asked["type"] or "application/octet-stream", asked["size"]
        )
    except (InvalidInput, RateLimited) as problem:
        return JsonResponse({"problem": words.sentence(problem)}, status=422)
    target = ticket.target
    how = {
        "method": target.method,
        "url": target.url,
        "headers": dict(target.headers),
        "fields": dict(target.fields),
    }
    return JsonResponse({"id": str(ticket.media_id), "upload": how})
