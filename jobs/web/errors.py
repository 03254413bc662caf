"""Error pages: what happened, and what to do."""

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFilesSent
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import render
from django.template.loader import render_to_string

from jobs.web.middleware import GetResponse


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if isinstance(exception, TooManyFilesSent):
        return _page(request, 413, most_files=settings.DATA_UPLOAD_MAX_NUMBER_FILES)
    return _page(request, 413 if isinstance(exception, RequestDataTooBig) else 400)


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(request, 403)


def page_not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(request, 404)


def too_many_requests(request: HttpRequest) -> HttpResponse:
    """allauth's limits come here."""
    return _page(request, 429)


def with_a_page_for_405(get_response: GetResponse) -> GetResponse:
    """Where a view takes no such method, the answer has a page too; the API's have their own."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if not isinstance(response, HttpResponseNotAllowed) or response.content:
            return response
        page = _page(request, 405)
        page["Allow"] = response["Allow"]
        return page

    return middleware


def server_error(request: HttpRequest) -> HttpResponse:
    """Drawn without the request: whatever broke (the database, the session) must not break this page, too."""
    return HttpResponse(render_to_string("error.html", {"status": 500}), status=500)


def _page(request: HttpRequest, status: int, **more: object) -> HttpResponse:
    return render(request, "error.html", {"status": status, **more}, status=status)
