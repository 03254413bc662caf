"""The admin's site: Django's, with the figures of `jobs.admin.cockpit` on its front page."""

from typing import Any

from allauth.account.decorators import secure_admin_login
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone


class Desk(AdminSite):
    """The figures are for who may see the jobs; the way in is the one of the site, two-factor and limits included."""

    site_header = site_title = "Mundwerk"
    index_title = "Operation"
    index_template = "admin/cockpit.html"

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        # Not earlier: the pages there register with this site.
        from jobs.admin.cockpit import panels

        shown = panels(timezone.now()) if request.user.has_perm("jobs.view_job") else []
        return super().index(request, (extra_context or {}) | {"panels": shown})

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        answer: HttpResponse = secure_admin_login(super().login)(request, extra_context)
        return answer
