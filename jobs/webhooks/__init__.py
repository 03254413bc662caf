"""Webhooks: from us to a user's server. Never mixed up with callbacks, which come to us."""

from jobs.webhooks.delivery import announce, deliver, due, resend

__all__ = ["announce", "deliver", "due", "resend"]
