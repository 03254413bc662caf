"""`manage.py serve`: the whole product on one machine, prepared, started, watched and stopped together."""

import compileall
import os
import secrets
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from jobs import health, showcase
from jobs.enqueue import queues
from jobs.errors import Problem
from jobs.models import User
from jobs.net import is_listening
from jobs.process import Service, bury_orphans, missing_layers, stop
from lipsync_site import static

READY_SECONDS = 60
STOP_SECONDS = 25
SWEEP_SECONDS = 5
LOOK_SECONDS = 0.5
# A queue whose workers have given no sign of life for so long is started anew.
PATIENCE_SECONDS = 120
# A service that ends so often within a minute will not get better by itself.
MAX_ENDS_A_MINUTE = 5
FIRST_ADMIN = "admin@mundwerk.localhost"


class Command(BaseCommand):
    help = "Prepare and start the web server, the workers and the sweep; Ctrl-C stops them all."

    def handle(self, *_: Any, **__: Any) -> None:
        if _is_served():
            raise CommandError(
                f"Port {settings.PORT} is in use. Stop what runs there, or choose another: make run PORT=8001"
            )
        self._prepare()
        connections.close_all()
        signal.signal(signal.SIGTERM, _interrupt)
        watch = _Watch(_services(), self.stderr.write)
        try:
            watch.start()
            self._welcome(watch)
            watch.stay()
        except KeyboardInterrupt:
            self.stdout.write("\nStopping …")
        finally:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            watch.stop()
        self.stdout.write("Stopped. What was being made goes on at the next start.")

    def _prepare(self) -> None:
        self.stdout.write(f"Mundwerk {settings.VERSION}, data in {settings.DATA_DIR}")
        call_command("migrate", interactive=False, verbosity=0)
        static.collect()
        compileall.compile_dir(settings.BASE_DIR / "jobs", quiet=2)  # the media sandbox can not keep what it compiles
        missing = missing_layers()
        if missing and settings.SANDBOX_REQUIRED:
            raise CommandError(f"This host cannot give the media sandbox: {', '.join(missing)}.")
        if missing:
            self.stdout.write(f"Note: the media sandbox has to do without: {', '.join(missing)}.")
        try:
            showcase.ensure()
        except Problem as problem:  # the next start will
            self.stdout.write(f"Note: the example could not be looked after. {problem}")
        health.forget()

    def _welcome(self, watch: "_Watch") -> None:
        watch.until_ready(READY_SECONDS)
        lines = [
            "",
            f"  Mundwerk is ready:   {settings.PUBLIC_BASE_URL}",
            f"  Sign up there; the admin is at {settings.PUBLIC_BASE_URL}/admin/",
        ]
        if not User.objects.filter(is_superuser=True).exists():
            password = secrets.token_urlsafe(12)
            User.objects.create_superuser(FIRST_ADMIN, password)
            lines += [f"  First admin account: {FIRST_ADMIN}", f"  Its password, shown this once: {password}"]
        lines += ["  Ctrl-C stops everything.", ""]
        self.stdout.write("\n".join(lines))
        self.stdout.flush()


class _Watch:
    """Keeps the services running: one that ends is started again, one that hangs is replaced."""

    def __init__(self, services: Sequence[Service], complain: Callable[[str], object]) -> None:
        self._services = services
        self._complain = complain
        self._ends: dict[str, list[float]] = {service.name: [] for service in services}
        self._quiet_since: dict[str, float] = {}

    def start(self) -> None:
        for service in self._services:
            service.start()

    def stop(self) -> None:
        stop(self._services, STOP_SECONDS)

    def until_ready(self, seconds: float) -> None:
        """Wait until pages are served and every queue has a worker."""
        deadline = time.monotonic() + seconds
        while not (_is_served() and all(health.report().values())):
            if time.monotonic() > deadline:
                raise CommandError(f"Not ready after {seconds:.0f} seconds: {dict(health.report())}")
            self._look()
            time.sleep(0.1)

    def stay(self) -> None:
        """Watch until interrupted."""
        while True:
            self._look()
            self._listen()
            time.sleep(LOOK_SECONDS)

    def _look(self) -> None:
        for service in self._services:
            status = service.poll()
            if status is None:
                continue
            now = time.monotonic()
            ends = self._ends[service.name] = [end for end in self._ends[service.name] if end > now - 60] + [now]
            if len(ends) > MAX_ENDS_A_MINUTE:
                raise CommandError(f"The {service.name} ends again and again; its last words are above.")
            self._complain(f"The {service.name} ended with status {status}; starting it again.")
            service.start()
        bury_orphans(self._services)

    def _listen(self) -> None:
        for part, alive in health.report().items():
            if alive:
                self._quiet_since.pop(part, None)
            elif time.monotonic() - self._quiet_since.setdefault(part, time.monotonic()) > PATIENCE_SECONDS:
                del self._quiet_since[part]
                for service in self._services:
                    if service.name == part:
                        self._complain(f"The {part} has gone quiet; replacing it.")
                        service.stop(STOP_SECONDS)
                        service.start()


def _services() -> list[Service]:
    env = os.environ | {
        "DATA_DIR": str(settings.DATA_DIR),
        "PORT": str(settings.PORT),
        "MUNDWERK_SERVICE": "1",
        "PYTHONUNBUFFERED": "1",
    }
    manage = [sys.executable, str(settings.BASE_DIR / "manage.py")]
    checked = ["--skip-checks"]  # we did, for all of us
    granian = [str(Path(sys.executable).with_name("granian")), "--interface", "wsgi", "--log-level", "error"]
    threads = ["--workers", "1", "--blocking-threads", str(settings.WEB_THREADS)]
    address = ["--host", settings.HOST, "--port", str(settings.PORT), "--working-dir", str(settings.BASE_DIR)]
    return [
        Service("web server", [*granian, *threads, *address, "lipsync_site.wsgi:application"], env),
        # Named as in `health.report`, so that a quiet one is found.
        *(
            Service(f"{queue} worker", [*manage, "worker", queue, *checked], env | {"Q_CLUSTER_NAME": queue})
            for queue in queues()
        ),
        Service("sweep", [*manage, "sweep", "--every", str(SWEEP_SECONDS), *checked], env),
    ]


def _is_served() -> bool:
    everywhere = settings.HOST in ("0.0.0.0", "::")  # noqa: S104
    return is_listening("127.0.0.1" if everywhere else settings.HOST, settings.PORT)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
