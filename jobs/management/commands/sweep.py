"""`manage.py sweep`: pick up what went quiet, once or for ever."""

import logging
import signal
import time
from threading import Event
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, close_old_connections
from django.utils import timezone

from jobs import batches, health, lifecycle, showcase
from jobs.errors import Problem

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0


class Command(BaseCommand):
    help = "Take back jobs whose worker is gone, send webhooks that are due, clear away what nobody needs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--every", type=float, metavar="SECONDS", help="go on for ever")

    def handle(self, *_: Any, **options: Any) -> None:
        stop = Event()
        signal.signal(signal.SIGTERM, lambda *_: stop.set())
        while not stop.is_set():
            try:
                storage_answers = lifecycle.sweep()
                health.ask()
                if storage_answers:
                    batches.tidy(timezone.now())
                    showcase.go_on()
            except (DatabaseError, OSError, Problem):
                if not options["every"]:
                    raise
                log.exception("sweep")  # the database, a storage, or room on the disk, may be back the next time
                close_old_connections()
            if not options["every"]:
                return
            self._wait(stop, options["every"])

    def _wait(self, stop: Event, seconds: float) -> None:
        """Until the next sweep; jobs on other machines are looked after meanwhile."""
        end = time.monotonic() + seconds
        while not stop.wait(max(0.0, min(LOOK_SECONDS, end - time.monotonic()))) and time.monotonic() < end:
            if settings.REMOTE:
                try:
                    lifecycle.look_around(timezone.now())
                except DatabaseError:
                    log.exception("looking around")
                    close_old_connections()
