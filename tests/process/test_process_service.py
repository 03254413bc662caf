"""Our own long-lived children: started, told to stop, never outliving us."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.process import Service, stop
from tests.process.processes import ROOT, is_gone, wait_until

# Writes its number, and on SIGTERM says so and ends.
POLITE = """
import os, pathlib, signal, sys
def end(*_):
    pathlib.Path(sys.argv[1] + ".told").write_text("")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
pathlib.Path(sys.argv[1] + ".new").write_text(str(os.getpid()))
os.rename(sys.argv[1] + ".new", sys.argv[1])
while True: signal.pause()
"""
DEAF = POLITE.replace("end)", "signal.SIG_IGN)")
# The first process has a helper in its group.
WITH_HELPER = "import os, sys\nif os.fork() == 0: sys.argv[1] += '.helper'\n" + POLITE


def number_in(path: Path) -> int:
    wait_until(path.exists)
    return int(path.read_text())


@pytest.fixture
def started(tmp_path: Path) -> Iterator[list[Service]]:
    services: list[Service] = []
    yield services
    for service in services:
        service.kill()


def start(started: list[Service], script: str, path: Path, **env: str) -> Service:
    service = Service(path.name, [sys.executable, "-c", script, str(path)], {**os.environ, **env})
    started.append(service)
    service.start()
    return service


def test_a_service_becomes_the_program_in_a_session_of_its_own(started: list[Service], tmp_path: Path) -> None:
    service = start(started, POLITE, tmp_path / "web")
    pid = number_in(tmp_path / "web")
    assert pid == service.pid
    assert os.getsid(pid) == pid != os.getsid(0)
    assert service.poll() is None


def test_stop_is_polite(started: list[Service], tmp_path: Path) -> None:
    services = [start(started, POLITE, tmp_path / name) for name in ("web", "queue")]
    pids = [number_in(tmp_path / name) for name in ("web", "queue")]
    stop(services, 20)
    assert [service.poll() for service in services] == [0, 0]
    assert [service.pid for service in services] == [None, None]
    assert all(map(is_gone, pids))
    assert (tmp_path / "web.told").exists()


def test_stop_ends_the_deaf(started: list[Service], tmp_path: Path) -> None:
    service = start(started, DEAF, tmp_path / "web")
    number_in(tmp_path / "web")
    service.stop(0.2)
    assert service.poll() == -signal.SIGKILL


def test_only_the_first_process_is_told_and_the_others_are_ended(started: list[Service], tmp_path: Path) -> None:
    service = start(started, WITH_HELPER, tmp_path / "queue")
    helper = number_in(tmp_path / "queue.helper")
    number_in(tmp_path / "queue")
    service.stop(20)
    assert service.poll() == 0
    wait_until(lambda: is_gone(helper))
    assert not (tmp_path / "queue.helper.told").exists()


def test_what_a_crash_leaves_is_ended_and_it_starts_again(started: list[Service], tmp_path: Path) -> None:
    service = start(started, WITH_HELPER, tmp_path / "queue")
    helper, pid = number_in(tmp_path / "queue.helper"), number_in(tmp_path / "queue")
    with pytest.raises(RuntimeError):
        service.start()
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: service.poll() == -signal.SIGKILL)
    wait_until(lambda: is_gone(helper))
    (tmp_path / "queue").unlink()
    service.start()
    assert number_in(tmp_path / "queue") == service.pid != pid


SUPERVISOR = """
import os, sys, signal
from jobs.process import Service
Service("web", [sys.executable, *sys.argv[1:]], os.environ).start()
signal.pause()
"""


def test_a_service_is_told_when_its_supervisor_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "web"
    with subprocess.Popen([sys.executable, "-c", SUPERVISOR, "-c", POLITE, str(path)], cwd=ROOT) as supervisor:
        pid = number_in(path)
        supervisor.kill()
        supervisor.wait()
        wait_until(lambda: is_gone(pid))
    assert (tmp_path / "web.told").exists()


HEIR = """
import os, subprocess, sys, time
from jobs.process import Service, bury_orphans, kernel
kernel.prctl(36, 1)  # PR_SET_CHILD_SUBREAPER: inherits as the first process of a container does
own = Service("own", [sys.executable, "-c", "raise SystemExit(7)"], {})
own.start()
leave = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'pass'])"
subprocess.run([sys.executable, "-c", leave], check=True)
def children():
    return open(f"/proc/self/task/{os.getpid()}/children").read().split()
while children():
    own.poll()
    bury_orphans([own])
    time.sleep(.01)
print(own.poll())
"""


def test_orphans_are_buried_and_services_are_not() -> None:
    heir = subprocess.run([sys.executable, "-c", HEIR], cwd=ROOT, capture_output=True, timeout=60, check=True)
    assert heir.stdout == b"7\n"
