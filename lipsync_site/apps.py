"""The admin as this product has it."""

from django.contrib.admin.apps import AdminConfig


class DeskConfig(AdminConfig):
    """Django's admin with our front page."""

    default_site = "lipsync_site.desk.Desk"
