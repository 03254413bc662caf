"""The operator's pages: look, filter, grant, cancel, send again; what changes anything goes through the story."""

from django.contrib import admin

from jobs.admin import accounts, ledger, queue, story, webhooks

__all__ = ["accounts", "ledger", "queue", "story", "webhooks"]

admin.site.site_header = admin.site.site_title = "Mundwerk"
admin.site.index_title = "Operation"
