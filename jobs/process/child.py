"""Owns the child's half of the conversation: reads the request, gives up its rights, runs the handler, answers.

stdin: one JSON line {"limits", "request"}. The answers are JSON lines
{"report": {…}} and at the end {"result": {…}} on what was stdout; whatever the
libraries print goes to stderr.
"""

import importlib.util
import json
import os
import runpy
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NoReturn, cast

from jobs.process import layers
from jobs.process.limits import Limits

Send = Callable[[Mapping[str, object]], None]
Handler = Callable[[Mapping[str, object], Send], Mapping[str, object]]

EXIT_MEMORY = 71
EXIT_CRASHED = 70

# How libraries in C++ say that there is no memory when they do not raise MemoryError.
MEMORY_WORDS = ("bad_alloc", "Insufficient memory", "Cannot allocate memory", "failed to allocate")


@dataclass(frozen=True)
class _Errand:
    request: Mapping[str, object]
    missing: tuple[str, ...]
    answers: BinaryIO


_errand: _Errand | None = None


def launch(module: str, parent: int) -> None:
    """Limit this process, then run `module` as the main program; it calls `serve`.

    `parent` is the number of the process that started this one.
    """
    _begin(module, parent)
    sys.argv = [module]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except Exception as error:
        _give_up(error)


def serve(handler: Handler) -> NoReturn:
    """Hand the request to `handler(request, send)` and its answer to the parent, and exit.

    `send` reports while the handler works. Both speak JSON objects. A handler that
    raises ends as `ProcessFailed`, its traceback in `stderr_tail`.
    """
    errand = _errand or _begin("jobs", os.getppid())

    def send(message: Mapping[str, object]) -> None:
        _write(errand.answers, {"report": message})

    try:
        _write(errand.answers, {"result": handler(errand.request, send)})
    except Exception as error:
        _give_up(error)
    # At once: the threads of some libraries do not end by themselves.
    sys.stderr.flush()
    os._exit(0)


def layers_missing_here() -> tuple[str, ...]:
    """In a child: which layers the host forbade."""
    return _errand.missing if _errand else ()


def _begin(module: str, parent: int) -> _Errand:
    global _errand
    layers.die_with_parent()
    if os.getppid() != parent:
        os._exit(EXIT_CRASHED)  # it died before we asked for the signal
    message = cast(Mapping[str, object], json.loads(sys.stdin.buffer.readline()))
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    limits = Limits.from_dict(cast(Mapping[str, object], message["limits"]))
    missing = layers.apply(limits, {*_folders("jobs"), *_folders(module)})
    _errand = _Errand(cast(Mapping[str, object], message["request"]), missing, answers)
    return _errand


def _folders(module: str) -> list[Path]:
    """Where the module's top package lives."""
    spec = importlib.util.find_spec(module.partition(".")[0])
    return [Path(place).resolve() for place in (spec.submodule_search_locations or ())] if spec else []


def _write(answers: BinaryIO, message: Mapping[str, object]) -> None:
    answers.write(json.dumps(message, allow_nan=False).encode() + b"\n")
    answers.flush()


def _give_up(error: Exception) -> NoReturn:
    traceback.print_exception(error)
    sys.stderr.flush()
    out_of_memory = isinstance(error, MemoryError) or any(words in str(error) for words in MEMORY_WORDS)
    os._exit(EXIT_MEMORY if out_of_memory else EXIT_CRASHED)
