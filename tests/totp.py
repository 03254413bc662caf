"""What an authenticator app does (RFC 6238), written from the standard: the oracle of the two-factor tests."""

import base64
import hmac
import struct
import time


def code(secret: str, at: float | None = None) -> str:
    """The six digits that the app shows at `at` (seconds since 1970), now if left out."""
    step = int(time.time() if at is None else at) // 30
    digest = hmac.new(base64.b32decode(secret), struct.pack(">Q", step), "sha1").digest()
    start = digest[-1] & 15
    (number,) = struct.unpack(">I", digest[start : start + 4])
    return f"{(number & 0x7FFFFFFF) % 10**6:06}"
