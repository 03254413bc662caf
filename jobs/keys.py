"""API keys: `sk_XXXX_YYYY`, made, shown once, recognised, revoked.

XXXX is the public id: 12 base-62 characters that begin with a mark of ours, so
that secret scanners can tell whose key it is. YYYY is 32 random base-62
characters (190 bits) and 6 of CRC-32 over all that precedes them, so that a
mistyped key is refused without a query. Only the id and a SHA-256 are stored.
"""

import hashlib
import hmac
import re
import secrets
import string
import zlib
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from jobs.models import ApiKey, User

MARK = "mw"
ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
ID_LENGTH, SECRET_LENGTH, CHECK_LENGTH = 12, 32, 6
KEY = re.compile(
    rf"sk_({MARK}[0-9A-Za-z]{{{ID_LENGTH - len(MARK)}}})_[0-9A-Za-z]{{{SECRET_LENGTH + CHECK_LENGTH}}}", re.ASCII
)
# How exact `last_used` is: a write for every request would cost more than it tells.
LAST_USED_STEP = timedelta(minutes=1)


def create(user: User, name: str = "", expires: datetime | None = None) -> tuple[ApiKey, str]:
    """A new key for `user`: its row, and the key itself, which nobody can show again."""
    public_id = MARK + _random(ID_LENGTH - len(MARK))
    body = f"sk_{public_id}_{_random(SECRET_LENGTH)}"
    key = body + _check(body)
    row = ApiKey.objects.create(user=user, name=name.strip(), public_id=public_id, digest=_digest(key), expires=expires)
    return row, key


def recognise(key: str) -> ApiKey | None:
    """The row of a key that is valid now, its user at hand; None for every other, whatever is wrong with it."""
    match = KEY.fullmatch(key)
    if match is None or not hmac.compare_digest(_check(key[:-CHECK_LENGTH]), key[-CHECK_LENGTH:]):
        return None
    now = timezone.now()
    row = (
        ApiKey.objects.select_related("user")
        .filter(Q(expires=None) | Q(expires__gt=now), public_id=match[1], revoked=None, user__is_active=True)
        .first()
    )
    if row is None or not hmac.compare_digest(bytes(row.digest), _digest(key)):
        return None
    if row.last_used is None or now - row.last_used >= LAST_USED_STEP:
        ApiKey.objects.filter(pk=row.pk).update(last_used=now)
    return row


def revoke(user: User, public_id: str) -> bool:
    """Revoke the key at once; False if the account has no such key. Revoking twice keeps the first time."""
    own = ApiKey.objects.filter(user=user, public_id=public_id)
    own.filter(revoked=None).update(revoked=timezone.now())
    return own.exists()


def _random(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def _check(body: str) -> str:
    number, digits = zlib.crc32(body.encode()), ""
    for _ in range(CHECK_LENGTH):
        number, digit = divmod(number, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
