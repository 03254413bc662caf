"""How allauth does things here: where its links lead, what it answers, how it keeps secrets."""

import base64
import hashlib
import logging
import secrets
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailConfirmationHMAC
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

log = logging.getLogger(__name__)


class Accounts(DefaultAccountAdapter):  # type: ignore[misc]
    """Links in mails begin with PUBLIC_BASE_URL, never with what a request says of itself."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "email_taken": _("There is an account with this address already. Log in, or set a new password."),
    }

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("account")

    def get_email_confirmation_url(self, request: HttpRequest, emailconfirmation: EmailConfirmationHMAC) -> str:
        return f"{settings.PUBLIC_BASE_URL}{reverse('account_confirm_email', args=[emailconfirmation.key])}"

    def get_reset_password_from_key_url(self, key: str) -> str:
        return f"{settings.PUBLIC_BASE_URL}{urlsplit(super().get_reset_password_from_key_url(key)).path}"

    def send_account_already_exists_mail(self, email: str) -> None:
        make_password(
            "a password that nobody has"
        )  # as long as it takes to make an account, so that the time tells nothing
        super().send_account_already_exists_mail(email)

    def send_notification_mail(self, *args: Any, **kwargs: Any) -> None:
        """What it tells of has happened; that the mail can not be sent undoes nothing."""
        try:
            super().send_notification_mail(*args, **kwargs)
        except OSError:
            log.exception("a mail of a change to an account")


class TwoFactor(DefaultMFAAdapter):  # type: ignore[misc]
    """The secrets of two-factor are encrypted with a key made from SECRET_KEY: a copied database alone opens nothing.

    Keys in SECRET_KEY_FALLBACKS still decrypt. A secret that none of them fits matches no code, as if it were lost.
    """

    error_messages = DefaultMFAAdapter.error_messages | {
        "unverified_email": _("Confirm your e-mail address first, by the link in the mail. Then switch two-factor on."),
        "add_email_blocked": _("While two-factor is on, no address can be added. Switch it off first, then on again."),
    }

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
