"""Handing out files: by signed link, and the two bundled samples."""

from typing import BinaryIO, cast

from django.core.files.storage import default_storage
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from jobs.media import SAMPLE_FILES, SAMPLES, content_type_of, media_of_link
from jobs.web.ranges import answer_file

SHOWN = ("image/", "audio/", "video/")  # what a browser may open in place; the rest is only saved
NOT_SHOWN = ("image/svg+xml",)
DAY_SECONDS = 86_400


@require_safe
def media(request: HttpRequest, token: str, filename: str) -> HttpResponseBase:
    """The file of a signed link, or 404 whatever is wrong with the link."""
    found = media_of_link(token)
    if found is None:
        raise Http404
    try:
        file = default_storage.open(found.name)
    except FileNotFoundError:
        raise Http404 from None
    content_type = content_type_of(found)
    response = answer_file(request, cast(BinaryIO, file), file.size)
    # The link changes when it is about to expire, the file behind it never does.
    response["Cache-Control"] = "private, max-age=21600, immutable"
    save = "download" in request.GET or not _is_shown(content_type)
    return _guarded(response, content_type, content_disposition_header(save, filename.strip()))


@require_safe
def sample(request: HttpRequest, name: str) -> HttpResponseBase:
    """A bundled sample, for everybody: the API's examples use these addresses."""
    path = SAMPLES / name
    if name not in SAMPLE_FILES or not path.exists():
        raise Http404
    response = answer_file(request, path.open("rb"), path.stat().st_size)
    response["Cache-Control"] = f"public, max-age={DAY_SECONDS}"
    return _guarded(response, SAMPLE_FILES[name], content_disposition_header(False, name))


def _is_shown(content_type: str) -> bool:
    return content_type.startswith(SHOWN) and content_type not in NOT_SHOWN


def _guarded(response: HttpResponseBase, content_type: str, disposition: str | None) -> HttpResponseBase:
    """A stranger's file can play anywhere and do nothing."""
    response["Content-Type"] = content_type
    response["Content-Disposition"] = disposition or "inline"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    response["X-Content-Type-Options"] = "nosniff"
    return response
