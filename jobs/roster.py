"""Which engines an installation has for a kind of video, and which of them is to have a job.

The operator's settings give the order. An engine on another machine that gave no usable answer several times in a row
is left alone for a while, each time for longer, so that jobs go to the next one or wait, and nobody runs after it.
"""

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db.models import F
from django.utils import timezone

from jobs.engines import registry
from jobs.engines.base import Engine, Model, Offer, RemoteEngine, SpeakingOrder
from jobs.errors import InvalidInput, Unavailable, gettext_noop
from jobs.models import EngineState, Job, Status

log = logging.getLogger(__name__)

FAILURES_IN_A_ROW = 5
LEFT_ALONE, LEFT_ALONE_AT_MOST = timedelta(seconds=60), timedelta(minutes=15)
KEYS_FOR = timedelta(hours=24)

NO_ENGINE = gettext_noop("This installation does not make this kind of video.")
NO_ORDER = gettext_noop("No engine of this installation lets two people speak in this order. Let them speak at once.")
NO_MASK = gettext_noop("No engine of this installation takes a mask for this kind of video. Leave it out.")


@dataclass(frozen=True)
class Entry:
    """One engine for one kind of video."""

    name: str
    label: str
    offer: Offer
    paid: bool  # by the video, to somebody else


def entries(model: Model) -> tuple[Entry, ...]:
    """The engines for a kind of video, the preferred one first."""
    found = []
    for name in settings.ENGINES[model]:
        engine = registry.engine_class(name)
        offer = engine.offers.get(model)
        if offer is not None:
            found.append(Entry(name, registry.ENGINES[name][0], offer, getattr(engine, "paid", False)))
    return tuple(found)


def get(name: str) -> Engine:
    """The engine called `name`, with its settings."""
    return registry.engine(name, settings.ENGINE_OPTIONS.get(name))


def is_remote(name: str) -> bool:
    """Whether the engine is on another machine."""
    return name in registry.ENGINES and hasattr(registry.engine_class(name), "look")


def candidates(
    model: Model, resolution: int, *, mask: bool, order: SpeakingOrder = "meanwhile", wanted: str = ""
) -> tuple[str, ...]:
    """The engines that can make such a video, in order. Raises InvalidInput if there is none."""
    able = [entry for entry in entries(model) if not wanted or entry.name == wanted]
    able = [entry for entry in able if resolution in entry.offer.resolutions]
    if not able:
        raise InvalidInput(NO_ENGINE)
    able = [entry for entry in able if entry.offer.mask or not mask]
    if not able:
        raise InvalidInput(NO_MASK, field="mask_image")
    able = [entry for entry in able if order in entry.offer.orders]
    if not able:
        raise InvalidInput(NO_ORDER, field="order")
    return tuple(entry.name for entry in able)


def choose(names: Collection[str], given_up: Collection[str] = ()) -> str | None:
    """The first engine that works and has room; None if all of them are out of order, or full.

    Those in `given_up` could not do this job: they come last.
    """
    closed = _closed(names)
    for name in sorted(names, key=lambda name: name in given_up):
        if name not in closed and not (is_remote(name) and _full(name)):
            return name
    return None


def any_open(names: Collection[str]) -> bool:
    """Whether one of these engines works, be it full or not."""
    return bool(set(names) - _closed(names))


def _closed(names: Collection[str]) -> set[str]:
    left_alone = EngineState.objects.filter(name__in=names, closed_until__gt=timezone.now())
    return set(left_alone.values_list("name", flat=True))


def _full(name: str) -> bool:
    away = Job.objects.filter(status=Status.RUNNING, placed_with=name).count()
    return away >= int(settings.MAX_JOBS_AWAY)


def answered(name: str) -> None:
    """The engine gave a usable answer: what went wrong before is forgotten."""
    EngineState.objects.get_or_create(name=name)
    EngineState.objects.filter(name=name).update(failures=0, trips=0, closed_until=None, last_answer=timezone.now())


def gave_out(name: str, reason: str) -> None:
    """The engine gave no usable answer."""
    now = timezone.now()
    EngineState.objects.get_or_create(name=name)
    EngineState.objects.filter(name=name).update(failures=F("failures") + 1, last_failure=now, last_reason=reason[:300])
    state = EngineState.objects.get(name=name)
    if state.failures >= FAILURES_IN_A_ROW and (state.closed_until is None or state.closed_until <= now):
        pause = min(LEFT_ALONE * 2**state.trips, LEFT_ALONE_AT_MOST)
        # After it one job goes there, and a single failure more leaves the engine alone again.
        EngineState.objects.filter(name=name, trips=state.trips).update(trips=F("trips") + 1, closed_until=now + pause)
        log.warning("engine %s: left alone for %d s: %s", name, pause.total_seconds(), reason)


def reopen(name: str) -> None:
    """Let jobs go to an engine again at once: the operator has seen to it."""
    EngineState.objects.filter(name=name).update(failures=0, trips=0, closed_until=None)


def keys(name: str) -> Mapping[str, str]:
    """What callbacks of an engine are judged by, as last asked for."""
    state = EngineState.objects.filter(name=name).first()
    return state.keys if state else {}


def ask_for_keys(name: str) -> None:
    """Ask an engine for what its callbacks are judged by, unless that was done within a day."""
    now = timezone.now()
    engine = get(name)
    if not isinstance(engine, RemoteEngine):
        return
    EngineState.objects.get_or_create(name=name)
    state = EngineState.objects.get(name=name)
    if state.keys_asked is not None and state.keys_asked > now - KEYS_FOR:
        return
    try:
        found = dict(engine.keys())
    except Unavailable as problem:
        # The old ones may still do; without any, callbacks are turned away and jobs are asked for instead.
        log.warning("engine %s: no keys for its callbacks: %s", name, problem)
        return
    EngineState.objects.filter(name=name).update(keys=found, keys_asked=now)
