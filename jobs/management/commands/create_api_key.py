"""`create_api_key`: a key for scripts and first steps."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.db import transaction

from jobs import keys
from jobs.models import ApiKey, User


class Command(BaseCommand):
    help = "Create an API key and print it, and nothing else, on stdout: KEY=$(manage.py create_api_key me@example.org)"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", help="whose key; the account is made if there is none")
        parser.add_argument("--name", default="", help="to know it by in the list of keys")

    def handle(self, *args: Any, email: str, name: str, **options: Any) -> None:
        """Raises CommandError for an address that is none, a long name, or an account that may not log in."""
        name_limit = ApiKey._meta.get_field("name").max_length or 0
        if len(name.strip()) > name_limit:
            raise CommandError(f"The name is too long: {name_limit} characters are allowed.")
        with transaction.atomic():
            user, is_new = _account(email.strip().lower())
            row, key = keys.create(user, name)
        self.stdout.write(key)
        if is_new:
            self.stderr.write(f"There was no account {user}: it was made, without a password.")
            self.stderr.write("To log in to it, ask for a new password on the log-in page.")
        self.stderr.write(f"This is the key {row.shown_name} of {user}. It cannot be shown again: keep it.")


def _account(email: str) -> tuple[User, bool]:
    """The account with the address, and whether it is new: without a password, so that nobody can log in to it yet."""
    try:
        validate_email(email)
    except ValidationError:
        raise CommandError(f"“{email}” is no e-mail address.") from None
    user = User.objects.filter(email=email).first()
    if user is None:
        return User.objects.create_user(email), True
    if not user.is_active:
        raise CommandError(f"The account {email} is not active: no key of it would work.")
    return user, False
