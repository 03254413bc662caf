"""Misconfiguration, as system checks with an id and a hint."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from jobs.engines.registry import ENGINES
from jobs.process import missing_layers

OPTIONAL = ("webhook_secret",)
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
            f"This host can not give the media sandbox: {', '.join(missing)}.",
            hint="Run on a kernel with Landlock and user namespaces, or unset SANDBOX_REQUIRED.",
            id="jobs.E003",
        )
    ]
