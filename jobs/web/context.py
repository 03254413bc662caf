"""What every page knows."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest

from jobs import credits
from jobs.models import User, WalletKind
from jobs.web.preferences import theme_of
from jobs.web.words import number


def site(request: HttpRequest) -> dict[str, object]:
    return {
        "base_url": settings.PUBLIC_BASE_URL,
        "theme": theme_of(request),
        "purse": _purse(request),
        "version": settings.VERSION,
    }


def _purse(request: HttpRequest) -> Callable[[], str]:
    """The reader's user credits as a template asks for them: only pages that show them query them."""

    def purse() -> str:
        user = getattr(request, "user", None)
        return number(credits.wallet_of(user, WalletKind.USER).available) if isinstance(user, User) else ""

    return purse
