"""The addresses of the pages."""

from django.urls import path

from jobs.web import health

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
]
