"""The headers that prove a webhook came from us: Standard Webhooks 1.0."""

import base64
import hashlib
import hmac
from collections.abc import Iterable


def signed_headers(delivery_id: str, timestamp: int, body: bytes, secrets: Iterable[str]) -> dict[str, str]:
    """`webhook-id`, `webhook-timestamp` (seconds) and `webhook-signature`, with one signature for each secret."""
    message = f"{delivery_id}.{timestamp}.".encode() + body
    return {
        "webhook-id": delivery_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{_signature(secret, message)}" for secret in secrets),
    }


def _signature(secret: str, message: bytes) -> str:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    return base64.b64encode(hmac.new(key, message, hashlib.sha256).digest()).decode()
