"""Every address of the site."""

from django.contrib import admin
from django.urls import include, path

from jobs.api.urls import api
from jobs.web import errors

urlpatterns = [
    path("", include("jobs.web.urls")),
    path("api/v1/", api.urls),
    path("callbacks/", include("jobs.callbacks")),
    path("accounts/", include("allauth.account.urls")),
    path("accounts/2fa/", include("allauth.mfa.urls")),
    path("admin/", admin.site.urls),
]
handler400 = errors.bad_request
handler403 = errors.permission_denied
handler404 = errors.page_not_found
handler429 = errors.too_many_requests
handler500 = errors.server_error
