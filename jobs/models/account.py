"""Who uses it: people, known by their e-mail address, and the keys of their programs."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractUser):
    """An account. There are no user names: the e-mail address is the name."""

    username = None  # type: ignore[assignment]
    email = models.EmailField(_("e-mail address"), unique=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]

    class Meta(AbstractUser.Meta):  # type: ignore[name-defined,misc]  # the stubs do not have it
        indexes: ClassVar = [models.Index(fields=["-date_joined", "-id"], name="user_newest")]

    def __str__(self) -> str:
        return self.email


class ApiKey(models.Model):
    """A key of an account. What is stored can not be turned back into the key."""

    user = models.ForeignKey(User, models.CASCADE, related_name="api_keys")
    name = models.CharField(_("name"), max_length=80, blank=True)
    public_id = models.CharField(max_length=12, unique=True, help_text="The part after sk_, shown in lists.")
    digest = models.BinaryField(max_length=32, help_text="SHA-256 of the whole key.")
    created = models.DateTimeField(default=timezone.now)
    last_used = models.DateTimeField(null=True, blank=True, help_text="To the minute.")
    expires = models.DateTimeField(null=True, blank=True)
    revoked = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created", "-pk")
        indexes: ClassVar = [models.Index(fields=["-created", "-id"], name="key_newest")]

    def __str__(self) -> str:
        return f"sk_{self.public_id}_…"

    @property
    def shown_name(self) -> str:
        return self.name or str(self)
