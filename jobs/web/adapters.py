"""How allauth does things here: where its links lead, what it answers, how it keeps secrets."""

import base64
import hashlib
import logging
import secrets

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

log = logging.getLogger(__name__)


class Accounts(DefaultAccountAdapter):  # type: ignore[misc]
    """After a change one is back on the account's page."""

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("account")


class TwoFactor(DefaultMFAAdapter):  # type: ignore[misc]
    """The secrets of two-factor are encrypted with a key made from SECRET_KEY: a copied database alone opens nothing.

    Keys in SECRET_KEY_FALLBACKS still decrypt. A secret that none of them fits matches no code, as if it were lost.
    """

    def encrypt(self, text: str) -> str:
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        try:
            return _cipher().decrypt(encrypted_text.encode()).decode()
        except InvalidToken:
            log.error("a two-factor secret was encrypted with another SECRET_KEY")
            # Not an empty one, whose codes anybody could reckon.
            return base64.b32encode(secrets.token_bytes(20)).decode()


def _cipher() -> MultiFernet:
    return MultiFernet([Fernet(_key(secret)) for secret in _secrets()])


def _secrets() -> list[str]:
    return [str(secret) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]


def _key(secret: str) -> bytes:
    return base64.urlsafe_b64encode(hashlib.sha256(b"jobs.web.adapters.two_factor:" + secret.encode()).digest())
