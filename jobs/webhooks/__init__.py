"""Webhooks: from us to a user's server. Never mixed up with callbacks, which come to us."""

from jobs.webhooks.delivery import announce, begin, deliver, due, is_recent, resend, send_test
from jobs.webhooks.secrets import current_secret, retiring_secret, rotate

__all__ = [
    "announce",
    "begin",
    "current_secret",
    "deliver",
    "due",
    "is_recent",
    "resend",
    "retiring_secret",
    "rotate",
    "send_test",
]
