"""Owns every process that this installation starts: limited children for untrusted media, and our own services.

In the parent::

    result = run_module("jobs.engines.local.worker", request, limits=limits, on_message=report, tick=beat)

In the child's module, at its end::

    if __name__ == "__main__":
        serve(handle)          # handle(request, send) -> result

The child is limited before the first line of its module runs, so that the
module may import what it likes at its top. Linux only.
"""

from jobs.process.child import Handler, Send, serve
from jobs.process.limits import Limits, ProcessFailed, Reason
from jobs.process.parent import missing_layers, run_module
from jobs.process.service import Service, bury_orphans, stop

__all__ = [
    "Handler",
    "Limits",
    "ProcessFailed",
    "Reason",
    "Send",
    "Service",
    "bury_orphans",
    "missing_layers",
    "run_module",
    "serve",
    "stop",
]
