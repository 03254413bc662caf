"""Callbacks: what an engine on another machine says to us. Verified, then taken as a hint to look, and nothing more.

400 if it can not be shown to come from there, 404 for an address that is not ours, 503 while it can not be judged (the
sender tries again), 200 otherwise, whatever came of it: repeated, late and early ones have no effect of their own.
Webhooks go the other way: from us to a user.
"""

import time

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from jobs import exchanges, lifecycle, roster
from jobs.engines.base import KeysMissing, NotGenuine, RemoteEngine
from jobs.models import Job
from jobs.models.job import OPEN
from jobs.net import Said

MAX_BODY_BYTES = 1_000_000


@csrf_exempt
@require_POST
def callback(request: HttpRequest, engine_name: str, token: str) -> HttpResponse:
    begun = time.monotonic()
    job_id = exchanges.job_of(token)
    if job_id is None or not roster.is_remote(engine_name):
        raise Http404
    engine = roster.get(engine_name)
    if not isinstance(engine, RemoteEngine):
        raise Http404
    body = request.read(MAX_BODY_BYTES + 1)
    if len(body) > MAX_BODY_BYTES:
        return HttpResponse(status=413)
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        remote_id = engine.hear(headers, body, roster.keys(engine_name))
    except NotGenuine:
        return HttpResponse(status=400)
    except KeysMissing:
        return HttpResponse(status=503)
    # About one that has ended there is nothing to learn, nor to keep.
    job = Job.objects.filter(pk=job_id, status__in=OPEN).first()
    if job is not None:
        said = Said("CALLBACK", settings.CALLBACK_BASE_URL, body, 200, b"", time.monotonic() - begun)
        exchanges.keep(job, engine_name, said)
        lifecycle.nudge(job_id, engine_name, remote_id)
    return HttpResponse(status=200)


urlpatterns = [path("<str:engine_name>/<str:token>/", callback, name="callback")]
