"""Misconfiguration, as system checks with an id and a hint."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from jobs.engines.registry import ENGINES
from jobs.media.places import PLACES
from jobs.process import missing_layers

OPTIONAL = ("webhook_secret", "media_host")
HOSTED = ("wavespeed", "fal")


@register
def engines_are_known(**_: Any) -> list[CheckMessage]:
    unknown = sorted({name for names in settings.ENGINES.values() for name in names} - set(ENGINES))
    return [
        Error(f"ENGINE={name} is no engine.", hint=f"One of: {', '.join(ENGINES)}.", id="jobs.E001") for name in unknown
    ]


@register
def engines_have_their_settings(**_: Any) -> list[CheckMessage]:
    lacking = [
        (engine, name)
        for engine in settings.REMOTE
        for name, value in settings.ENGINE_OPTIONS.get(engine, {}).items()
        if not value and name not in OPTIONAL
    ]
    return [
        Error(
            f"ENGINE={engine} needs {engine.upper()}_{name.upper()}.",
            hint="docs/engines.md says what it is.",
            id="jobs.E004",
        )
        for engine, name in lacking
    ]


@register
def hosted_engines_reach_the_files(**_: Any) -> list[CheckMessage]:
    """They are handed addresses, which on this machine alone nobody else can open."""
    host = urlsplit(settings.PUBLIC_BASE_URL).hostname
    hosted = [name for name in settings.REMOTE if name in HOSTED]
    if not hosted or host not in ("localhost", "127.0.0.1", "::1"):
        return []
    return [
        Warning(
            f"ENGINE={name} fetches files from PUBLIC_BASE_URL, and {settings.PUBLIC_BASE_URL} is this machine alone.",
            hint="Set PUBLIC_BASE_URL to an address that the internet reaches.",
            id="jobs.W001",
        )
        for name in hosted
    ]


@register
def media_has_its_place(**_: Any) -> list[CheckMessage]:
    if settings.MEDIA not in PLACES:
        return [Error(f"MEDIA={settings.MEDIA} is no place.", hint=f"One of: {', '.join(PLACES)}.", id="jobs.E020")]
    if settings.MEDIA == "disk":
        return []
    return [*_bucket_errors(), *_bucket_warnings()]


def _bucket_errors() -> list[CheckMessage]:
    found: list[CheckMessage] = [
        Error(f"MEDIA=s3 needs {name}.", hint="docs/operating.md says what it is.", id="jobs.E021")
        for name in ("S3_BUCKET", "S3_ACCESS_KEY", "S3_SECRET_KEY")
        if not getattr(settings, name)
    ]
    for name in ("S3_ENDPOINT", "S3_PUBLIC_ENDPOINT"):
        parts = urlsplit(getattr(settings, name))
        if getattr(settings, name) and (parts.scheme not in ("http", "https") or not parts.netloc or parts.path):
            hint = "A scheme and a host, such as https://s3.example.org; the bucket goes into S3_BUCKET."
            found.append(Error(f"{name} is no address of a server.", hint=hint, id="jobs.E022"))
    if settings.S3_ADDRESSING not in ("path", "virtual"):
        hint = "path: the bucket after the host; virtual: before it."
        found.append(Error(f"S3_ADDRESSING={settings.S3_ADDRESSING} is unknown.", hint=hint, id="jobs.E023"))
    return found


def _bucket_warnings() -> list[CheckMessage]:
    found: list[CheckMessage] = []
    if settings.HTTPS and settings.S3_BUCKET_URL.startswith("http://"):
        hint = "Set S3_PUBLIC_ENDPOINT to an https:// address: browsers load nothing else into such pages."
        found.append(Warning("The site is reached by https, its files by http.", hint=hint, id="jobs.W020"))
    if settings.MEDIA_LINK_SECONDS > 7 * 86_400:
        hint = "Set MEDIA_LINK_SECONDS to at most 604800."
        found.append(Warning("No link into a bucket lives longer than 7 days.", hint=hint, id="jobs.W021"))
    return found


@register
def queue_waits_for_its_tasks(**_: Any) -> list[CheckMessage]:
    """A queue repeats what was not acknowledged within `retry`: it must be longer than anything it runs."""
    cluster = settings.Q_CLUSTER
    configured = {"default": cluster, **{name: cluster | own for name, own in cluster["ALT_CLUSTERS"].items()}}
    return [
        Error(
            f"Queue {name}: retry ({queue['retry']} s) is too short for its timeout ({queue['timeout']} s).",
            hint="Set retry to at least (2 / workers + 1) × timeout.",
            id="jobs.E002",
        )
        for name, queue in configured.items()
        if queue["retry"] < (2 / queue["workers"] + 1) * queue["timeout"]
    ]


@register(deploy=True)
def sandbox_is_whole(**_: Any) -> list[CheckMessage]:
    """Run by `check --deploy`, because it starts a process."""
    missing = missing_layers()
    if not missing or not settings.SANDBOX_REQUIRED:
        return []
    return [
        Error(
            f"This host cannot give the media sandbox: {', '.join(missing)}.",
            hint="Run on a kernel with Landlock and user namespaces, or unset SANDBOX_REQUIRED.",
            id="jobs.E003",
        )
    ]
