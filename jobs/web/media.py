"""Handing out files: by signed link, and the bundled samples."""

from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from jobs.media import SAMPLE_FILES, SAMPLES, content_type_of, disposition, local_path, media_of_link, media_path
from jobs.web.ranges import answer_file

DAY_SECONDS = 86_400


@require_safe
def media(request: HttpRequest, token: str, filename: str) -> HttpResponseBase:
    """The file of a signed link, or 404 whatever is wrong with the link."""
    found = media_of_link(token)
    if found is None:
        raise Http404
    save = "download" in request.GET
    if settings.MEDIA != "disk":  # a link from before the files moved
        return HttpResponseRedirect(media_path(found, filename, save=save))
    try:
        path = local_path(found, Path(settings.FILE_UPLOAD_TEMP_DIR))
        file = path.open("rb")
    except FileNotFoundError:
        raise Http404 from None
    content_type = content_type_of(found)
    response = answer_file(request, file, path.stat().st_size)
    # The link changes when it is about to expire, the file behind it never does.
    response["Cache-Control"] = "private, max-age=21600, immutable"
    return _guarded(response, content_type, disposition(filename, content_type, save=save))


@require_safe
def sample(request: HttpRequest, name: str) -> HttpResponseBase:
    """A bundled sample, for everybody: the API's examples use these addresses."""
    path = SAMPLES / name
    if name not in SAMPLE_FILES or not path.exists():
        raise Http404
    response = answer_file(request, path.open("rb"), path.stat().st_size)
    response["Cache-Control"] = f"public, max-age={DAY_SECONDS}"
    return _guarded(response, SAMPLE_FILES[name], disposition(name, SAMPLE_FILES[name], save=False))


def _guarded(response: HttpResponseBase, content_type: str, as_what: str) -> HttpResponseBase:
    """A stranger's file can play anywhere and do nothing."""
    response["Content-Type"] = content_type
    response["Content-Disposition"] = as_what
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    response["X-Content-Type-Options"] = "nosniff"
    return response
