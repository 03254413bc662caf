"""`/healthz`: for load balancers and scripts."""

from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from jobs import health


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 while the database and a worker of each queue are alive, else 503; the body says which is not."""
    parts = health.report()
    return JsonResponse(dict(parts), status=200 if all(parts.values()) else 503)
