"""The engines by name. A dotted path, so that naming an engine loads nothing."""

from collections.abc import Mapping
from importlib import import_module
from typing import cast

from jobs.engines.base import Engine

ENGINES: Mapping[str, tuple[str, str]] = {
    # name: (label, dotted path of the class)
    "local": ("Built-in", "jobs.engines.local.engine.LocalEngine"),
    "upstream": ("Render node", "jobs.engines.upstream.UpstreamEngine"),
}


def engine(name: str, options: Mapping[str, str] | None = None) -> Engine:
    """The engine called `name`, with its settings."""
    module, _, attribute = ENGINES[name][1].rpartition(".")
    return cast(Engine, getattr(import_module(module), attribute)(**(options or {})))
