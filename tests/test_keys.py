"""API keys: their form, who is recognised, what the database holds of them; the command that makes one."""

import re
import zlib
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from jobs import keys
from jobs.models import ApiKey, User

FORM = re.compile(r"sk_[0-9A-Za-z]{12}_[0-9A-Za-z]{38}")


def test_a_key_has_the_published_form_and_our_mark(alice: User) -> None:
    row, key = keys.create(alice, "  laptop ")

    assert FORM.fullmatch(key)
    assert key.startswith(f"sk_{row.public_id}_")
    assert row.public_id.startswith(keys.MARK)
    assert (row.user, row.name, str(row)) == (alice, "laptop", f"sk_{row.public_id}_…")


def test_the_checksum_is_crc32_in_base_62(alice: User) -> None:
    _, key = keys.create(alice)

    number = 0
    for digit in key[-6:]:
        number = number * 62 + keys.ALPHABET.index(digit)
    assert number == zlib.crc32(key[:-6].encode())


def test_keys_differ(alice: User) -> None:
    made = [keys.create(alice)[1] for _ in range(50)]

    assert len({key[:15] for key in made}) == len({key[16:] for key in made}) == 50


def test_a_key_is_recognised_with_its_account(alice: User, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    row, key = keys.create(alice)
    keys.recognise(key)

    with django_assert_num_queries(1):
        found = keys.recognise(key)
        assert found == row
        assert found.user == alice


def test_a_mistyped_key_is_refused_without_a_query(
    alice: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    _, key = keys.create(alice)
    typos = [key[:at] + ("0" if key[at] != "0" else "1") + key[at + 1 :] for at in range(len(key))]
    nonsense = [
        "",
        "sk_",
        "sk__",
        key[:-1],
        key + "0",
        key + "\n",
        " " + key,
        key.replace("_", "-"),
        "sk_mw" + "é" * 50,
    ]

    with django_assert_num_queries(0):
        assert [keys.recognise(wrong) for wrong in typos + nonsense] == [None] * (len(typos) + len(nonsense))


def test_a_key_with_a_right_checksum_that_we_never_made_is_refused(alice: User) -> None:
    row, key = keys.create(alice)
    body = f"sk_{row.public_id}_{'0' * keys.SECRET_LENGTH}"
    forged = body + keys._check(body)

    assert keys.recognise(forged) is None
    ApiKey.objects.all().delete()
    assert keys.recognise(key) is None


def test_a_revoked_key_is_refused_at_once(alice: User) -> None:
    row, key = keys.create(alice)

    assert keys.revoke(alice, row.public_id)

    assert keys.recognise(key) is None
    row.refresh_from_db()
    first = row.revoked
    assert keys.revoke(alice, row.public_id)
    row.refresh_from_db()
    assert row.revoked == first


def test_nobody_revokes_the_key_of_another(alice: User, charlie: User) -> None:
    row, key = keys.create(alice)

    assert not keys.revoke(charlie, row.public_id)
    assert keys.recognise(key) == row


def test_a_key_is_refused_after_its_end(alice: User) -> None:
    now = timezone.now()
    _, ended = keys.create(alice, expires=now)
    _, valid = keys.create(alice, expires=now + timedelta(hours=1))

    assert keys.recognise(ended) is None
    assert keys.recognise(valid)


def test_a_key_of_an_inactive_account_is_refused(alice: User) -> None:
    _, key = keys.create(alice)
    User.objects.filter(pk=alice.pk).update(is_active=False)

    assert keys.recognise(key) is None


def last_use(row: ApiKey) -> datetime | None:
    return ApiKey.objects.get(pk=row.pk).last_used


def test_the_last_use_is_kept_to_the_minute(alice: User) -> None:
    row, key = keys.create(alice)
    assert last_use(row) is None

    keys.recognise(key)
    first = last_use(row)
    assert first is not None
    keys.recognise(key)
    assert last_use(row) == first

    longer_ago = first - keys.LAST_USED_STEP
    ApiKey.objects.update(last_used=longer_ago)
    keys.recognise(key)
    assert last_use(row) != longer_ago


@pytest.mark.skipif(connection.vendor != "sqlite", reason="looks into the database's file")
@pytest.mark.django_db(transaction=True)
def test_the_database_holds_no_key() -> None:
    alice = User.objects.create_user("alice@example.org")
    row, key = keys.create(alice, "laptop")
    keys.recognise(key)

    name = Path(connection.settings_dict["NAME"])
    dump = b"".join(path.read_bytes() for path in name.parent.glob(name.name + "*"))  # with the journal
    assert row.public_id.encode() in dump
    assert key.encode() not in dump
    assert key[-keys.SECRET_LENGTH - keys.CHECK_LENGTH :].encode() not in dump


# --- manage.py create_api_key ------------------------------------------------------------


def create_api_key(*args: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("create_api_key", *args, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_the_command_makes_an_account_that_nobody_can_log_in_to(db: None) -> None:
    out, err = create_api_key("New@Example.org", "--name", "CI")

    key = out.removesuffix("\n")
    assert FORM.fullmatch(key)
    row = keys.recognise(key)
    assert row is not None
    assert (row.user.email, row.name, row.user.has_usable_password()) == ("new@example.org", "CI", False)
    assert not row.user.is_staff
    assert "There was no account new@example.org: it was made, without a password." in err
    assert key not in err


def test_the_command_uses_the_account_that_is_there(alice: User) -> None:
    out, err = create_api_key(alice.email.upper())

    row = keys.recognise(out.strip())
    assert row is not None
    assert row.user == alice
    assert row.user.has_usable_password()
    assert User.objects.count() == 1
    assert "no account" not in err


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (("alice",), "“alice” is no e-mail address."),
        (("",), "“” is no e-mail address."),
        (("new@example.org", "--name", "x" * 81), "The name is too long: 80 characters are allowed."),
    ],
)
def test_the_command_says_what_is_wrong(db: None, args: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(CommandError, match=re.escape(sentence)):
        create_api_key(*args)

    assert not User.objects.exists()


def test_the_command_makes_no_key_that_would_not_work(alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(is_active=False)

    with pytest.raises(CommandError, match="not active"):
        create_api_key(alice.email)

    assert not ApiKey.objects.exists()
