"""The operator's pages: look, filter, grant, cancel, send again; what changes anything goes through the story."""

from jobs.admin import accounts, ledger, queue, sharing, story, webhooks

__all__ = ["accounts", "ledger", "queue", "sharing", "story", "webhooks"]
