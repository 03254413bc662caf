"""Owns our own long-lived children, such as the web server and the queue's workers."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from jobs.process.children import end_group, has_ended

_TRAMPOLINE = Path(__file__).with_name("trampoline.py")


class Service:
    """A long-lived child in a session of its own, so that Ctrl-C reaches only us.

    It gets SIGTERM when the *thread* that called `start` ends, however it ends: start
    services from the main thread. When its first process is gone, `poll` and `stop`
    end what is left of its group.
    """

    def __init__(self, name: str, argv: Sequence[str], env: Mapping[str, str]) -> None:
        self.name = name
        self._argv = list(argv)
        self._env = dict(env)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process's number while it is started and not known to have ended."""
        return self._process.pid if self._process and self._process.returncode is None else None

    def start(self) -> None:
        """Start it, or start it again once it has ended. Its output goes where ours goes."""
        if self.pid is not None:
            raise RuntimeError(f"{self.name} is running")
        trampoline = [sys.executable, "-I", str(_TRAMPOLINE), str(os.getpid()), str(int(signal.SIGTERM))]
        self._process = subprocess.Popen(  # noqa: S603 - a command line of ours
            [*trampoline, *self._argv], env=self._env, stdin=subprocess.DEVNULL, start_new_session=True
        )

    def poll(self) -> int | None:
        """The exit status as of `Popen` (negative: a signal), or None while it runs."""
        process = self._process
        if process is None:
            raise RuntimeError(f"{self.name} was never started")
        if process.returncode is None and has_ended(process.pid):
            end_group(process)
        return process.returncode

    def terminate(self) -> None:
        """SIGTERM to its first process only: django-q hangs when the whole group is told."""
        if self._process and self.poll() is None:
            os.kill(self._process.pid, signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL to the whole group."""
        if self._process:
            end_group(self._process)

    def stop(self, seconds: float) -> None:
        """SIGTERM, so many seconds to end in, then SIGKILL to the group."""
        stop([self], seconds)


def stop(services: Sequence[Service], seconds: float) -> None:
    """Stop them together: SIGTERM to each, so many seconds for all of them, then SIGKILL to the groups."""
    started = [service for service in services if service.pid is not None]
    deadline = time.monotonic() + seconds
    for service in started:
        service.terminate()
    # Every one is polled each time, because polling is what ends the left-overs of those that have gone.
    while None in [service.poll() for service in started] and time.monotonic() < deadline:
        time.sleep(0.02)
    for service in started:
        service.kill()


def bury_orphans(services: Sequence[Service]) -> None:
    """Bury what has ended and is none of ours: the first process of a container inherits such. Poll services before."""
    ours = {service.pid for service in services}
    with contextlib.suppress(ChildProcessError):  # there are none
        while (ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) and ended.si_pid not in ours:
            os.waitpid(ended.si_pid, 0)
