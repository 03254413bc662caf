"""The addresses of the pages."""

from django.urls import include, path

from jobs.web import api_keys, credits, docs, gallery, health, home, job, media, preferences, pricing, studio, webhooks

urlpatterns = [
    path("", home.home, name="home"),
    path("studio/", studio.studio, name="studio"),
    path("gallery/", gallery.gallery, name="gallery"),
    path("gallery/<uuid:job_id>/", gallery.one, name="card"),
    path("jobs/<uuid:job_id>/", job.job, name="job"),
    path("jobs/<uuid:job_id>/cancel/", job.cancel, name="cancel"),
    path("jobs/<uuid:job_id>/again/", job.again, name="again"),
    path("api-keys/", api_keys.api_keys, name="api_keys"),
    path("api-keys/<str:public_id>/revoke/", api_keys.revoke, name="revoke"),
    path("webhooks/", webhooks.deliveries, name="webhooks"),
    path("webhooks/secret/", webhooks.secret, name="secret"),
    path("webhooks/secret/rotate/", webhooks.rotate, name="rotate"),
    path("webhooks/test/", webhooks.send_test, name="send_test"),
    path("webhooks/<str:delivery_id>/", webhooks.delivery, name="delivery"),
    path("webhooks/<str:delivery_id>/send/", webhooks.send_again, name="send_again"),
    path("credits/", credits.wallets, name="credits"),
    path("pricing/", pricing.pricing, name="pricing"),
    path("docs/", docs.docs, name="docs"),
    path("api/v1/docs", docs.try_it, name="try"),
    path("media/<str:token>/<str:filename>", media.media, name="media"),
    path("samples/<str:name>", media.sample, name="sample"),
    path("theme/", preferences.theme, name="theme"),
    path("i18n/", include("django.conf.urls.i18n")),
    path("robots.txt", home.robots, name="robots"),
    path("favicon.ico", home.favicon, name="favicon"),
    path("healthz", health.healthz, name="healthz"),
]
