"""The operator's pages are in English, whatever the rest of the site speaks.

They name things as the code, the log and docs/operating.md name them; half of them in another language, Django's half,
would be harder to read than none.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import translation

LANGUAGE = "en"


def in_english(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """After `LocaleMiddleware`, which chooses anew for each request, and when it is known who asks."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path.startswith(reverse("admin:index")) and request.user.is_staff:
            translation.activate(LANGUAGE)
            request.LANGUAGE_CODE = LANGUAGE
        return get_response(request)

    return middleware
