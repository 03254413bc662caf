"""What every page knows."""

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, object]:
    return {"base_url": settings.PUBLIC_BASE_URL, "theme": request.COOKIES.get("theme", "")}
