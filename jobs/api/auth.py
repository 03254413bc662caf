"""Who calls: `Authorization: Bearer sk_XXXX_YYYY`."""

from django.http import HttpRequest
from ninja.security import HttpBearer

from jobs import keys, limits
from jobs.models import ApiKey

SUBMISSIONS = "/api/v1/lipsync-"


class KeyAuth(HttpBearer):
    """Gives the view the key's row as `request.auth`; whatever is wrong with a key, the answer is the same."""

    def authenticate(self, request: HttpRequest, token: str) -> ApiKey | None:
        """Counts the request against the key's limits. Raises RateLimited."""
        key = keys.recognise(token.strip())
        if key is not None:
            submits = request.method == "POST" and request.path.startswith(SUBMISSIONS)
            allowance = limits.spend(key, "submissions" if submits else "requests")
            request.allowance = allowance  # type: ignore[attr-defined]  # for the answer's headers
            if not allowance.granted:
                raise allowance.refusal()
        return key


def caller(request: HttpRequest) -> ApiKey | None:
    """Who a request says it is from, before it reaches the API; counts nothing."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return keys.recognise(token.strip()) if scheme.lower() == "bearer" else None
