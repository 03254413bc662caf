"""Who calls: `Authorization: Bearer sk_XXXX_YYYY`."""

from django.http import HttpRequest
from ninja.security import HttpBearer

from jobs import keys
from jobs.models import ApiKey


class KeyAuth(HttpBearer):
    """Gives the view the key's row as `request.auth`; whatever is wrong with a key, the answer is the same."""

    def authenticate(self, request: HttpRequest, token: str) -> ApiKey | None:
        return keys.recognise(token.strip())
