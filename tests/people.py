"""The people of the tests."""

from typing import Any

from jobs.models import User

PASSWORD = "a long walk along the river"


def person(email: str, **fields: Any) -> User:
    """An account that can log in with PASSWORD."""
    return User.objects.create_user(email, PASSWORD, **fields)
