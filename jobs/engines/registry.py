"""The engines by name. A dotted path, so that naming an engine loads nothing."""

from collections.abc import Mapping
from importlib import import_module
from typing import cast

from jobs.engines.base import Engine

ENGINES: Mapping[str, tuple[str, str]] = {
    # name: (label, dotted path of the class)
    "local": ("Built-in", "jobs.engines.local.engine.LocalEngine"),
    "upstream": ("Render node", "jobs.engines.upstream.UpstreamEngine"),
    "wavespeed": ("WaveSpeed", "jobs.engines.wavespeed.WaveSpeedEngine"),
    "fal": ("fal", "jobs.engines.fal.FalEngine"),
}


def engine_class(name: str) -> type[Engine]:
    """The class of the engine called `name`: what it is called and offers."""
    module, _, attribute = ENGINES[name][1].rpartition(".")
    return cast(type[Engine], getattr(import_module(module), attribute))


def engine(name: str, options: Mapping[str, str] | None = None) -> Engine:
    """The engine called `name`, with its settings."""
    return engine_class(name)(**(options or {}))
