"""Misconfiguration, as system checks with an id and a hint."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from jobs.engines.registry import ENGINES
from jobs.process import missing_layers


@register
def engine_is_known(**_: Any) -> list[CheckMessage]:
    if settings.ENGINE in ENGINES:
        return []
    return [Error(f"ENGINE={settings.ENGINE} is no engine.", hint=f"One of: {', '.join(ENGINES)}.", id="jobs.E001")]


@register
def engine_has_its_settings(**_: Any) -> list[CheckMessage]:
    lacking = [name for name, value in settings.ENGINE_OPTIONS.get(settings.ENGINE, {}).items() if not value]
    return [
        Error(
            f"ENGINE={settings.ENGINE} needs {settings.ENGINE.upper()}_{name.upper()}.",
            hint="docs/engines.md says what it is.",
            id="jobs.E004",
        )
        for name in lacking
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
