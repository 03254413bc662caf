"""Django's own applications as this product has them."""

from django.contrib.admin.apps import AdminConfig
from django.contrib.staticfiles.apps import StaticFilesConfig


class DeskConfig(AdminConfig):
    """Django's admin with our front page."""

    default_site = "lipsync_site.desk.Desk"


class StaticConfig(StaticFilesConfig):
    """Without what an application brings and no page of ours asks for: it names scripts that are not there."""

    ignore_patterns = [*StaticFilesConfig.ignore_patterns, "django_htmx"]
