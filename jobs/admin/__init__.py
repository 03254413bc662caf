"""The operator's pages: look, filter, grant, cancel, send again; what changes anything goes through the story."""

from jobs.admin import accounts, engines, ledger, queue, sharing, story, webhooks

__all__ = ["accounts", "engines", "ledger", "queue", "sharing", "story", "webhooks"]
