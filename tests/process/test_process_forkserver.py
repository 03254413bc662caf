"""A forked child is as alone as an executed one, and neither it nor its server outlives what it is for."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from jobs.process import Limits, ProcessFailed, children, forkserver, run_module
from tests.process.processes import ROOT, is_gone, servers, wait_until

pytestmark = pytest.mark.slow

CHILDREN = "tests.process.children"
LIMITS = Limits(wall_seconds=60, cpu_seconds=30, memory_bytes=1 << 30, file_bytes=1 << 20)
PRELOAD = "colorsys"  # a module that nobody else here forks from


class Cancelled(Exception):
    pass


def run(act: str, preload: str = PRELOAD) -> Mapping[str, object]:
    return run_module(CHILDREN, {"act": act}, limits=LIMITS, preload=preload)


def run_server(preload: str) -> str:
    """A server of ours that has just forked; one that it has replaced may still be on its way out."""
    run("environment", preload=preload)
    wait_until(lambda: len(servers(preload)) == 1)
    return servers(preload)[0]


def test_it_has_what_an_executed_child_has_open() -> None:
    assert run("descriptors") == run("descriptors", preload="")


def test_one_server_serves_them_all() -> None:
    server = run_server(PRELOAD)
    assert run_server(PRELOAD) == server


def test_it_ends_when_its_parent_wants_no_more() -> None:
    pids: list[int] = []

    def cancel(message: Mapping[str, object]) -> None:
        pids.append(int(str(message["pid"])))
        raise Cancelled

    with pytest.raises(Cancelled):
        run_module(CHILDREN, {"act": "sleep"}, limits=LIMITS, on_message=cancel, preload=PRELOAD)
    assert is_gone(pids[0])


def test_children_of_a_server_that_dies_have_crashed_and_the_next_has_another_server() -> None:
    server = run_server(PRELOAD)

    def kill(message: Mapping[str, object]) -> None:
        os.kill(int(server), signal.SIGKILL)

    with pytest.raises(ProcessFailed) as failure:
        run_module(CHILDREN, {"act": "sleep"}, limits=LIMITS, on_message=kill, preload=PRELOAD)
    assert failure.value.reason == "crashed"
    assert run("threads") == {"heard": "hello"}
    assert run_server(PRELOAD) != server


@pytest.mark.parametrize("act", ["abort", "fail"])
def test_only_after_a_crash_that_it_may_have_been_driven_to_comes_another_server(act: str) -> None:
    """Whoever makes children crash does not get the same addresses to try again."""
    server = run_server(PRELOAD)
    with pytest.raises(ProcessFailed):
        run(act)
    assert (run_server(PRELOAD) == server) == (act == "fail")


def test_a_child_ends_when_its_server_does_not_answer() -> None:
    server = run_server(PRELOAD)
    pids: list[int] = []

    def cancel(message: Mapping[str, object]) -> None:
        pids.append(int(str(message["pid"])))
        os.kill(int(server), signal.SIGSTOP)
        raise Cancelled

    try:
        with pytest.raises(Cancelled):
            run_module(CHILDREN, {"act": "sleep"}, limits=LIMITS, on_message=cancel, preload=PRELOAD)
        assert is_gone(pids[0])
    finally:
        os.kill(int(server), signal.SIGCONT)


def test_a_server_that_does_not_begin_is_given_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(children, "GRACE_SECONDS", 0.1)
    server = run_server(PRELOAD)
    os.kill(int(server), signal.SIGSTOP)
    with pytest.raises(ProcessFailed) as failure:
        run_module(CHILDREN, {"act": "echo"}, limits=replace(LIMITS, wall_seconds=0.1), preload=PRELOAD)
    assert failure.value.reason == "timeout"
    wait_until(lambda: is_gone(int(server)))
    run("environment")


def test_a_server_that_takes_no_more_orders_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped, with as many orders waiting as its socket holds."""
    monkeypatch.setattr(children, "GRACE_SECONDS", 0.2)
    os.kill(int(run_server("nturl2path")), signal.SIGSTOP)
    start = children.forked("nturl2path", CHILDREN, {})
    with Path(os.devnull).open("w+b") as nothing:
        streams = 3 * [nothing.fileno()]
        waiting = [start(*streams) for _ in range(2 + int(Path("/proc/sys/net/unix/max_dgram_qlen").read_text()))]
        for child in waiting:
            child.end()
    assert run("threads", preload="nturl2path") == {"heard": "hello"}


def test_what_goes_wrong_before_its_module_runs_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Limits, "as_dict", lambda limits: {"wall_seconds": 3})
    with pytest.raises(ProcessFailed, match="KeyError"):
        run("environment")


def test_without_what_it_needs_children_are_executed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "can_fork", lambda: False)
    before = servers("this")
    run("environment", preload="this")
    assert servers("this") == before


def test_a_module_that_can_not_be_loaded_is_a_crash() -> None:
    with pytest.raises(ProcessFailed) as failure:
        run("environment", preload="no_such_module")
    assert failure.value.reason == "crashed"


PARENT = """
from jobs.process import Limits, run_module
limits = Limits(wall_seconds=600, cpu_seconds=600, memory_bytes=1 << 30, file_bytes=0)
say = lambda message: print(message["pid"], flush=True)
run_module("tests.process.children", {"act": "sleep"}, limits=limits, on_message=say, preload="this")
"""


def test_both_end_with_the_parent() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], cwd=ROOT, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        (server,) = servers("this", str(parent.pid))
        parent.kill()
        wait_until(lambda: is_gone(child) and is_gone(int(server)))


@pytest.fixture
def orders() -> Iterator[socket.socket]:
    """Of a server that is soon bored."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        number = theirs.fileno()
        script = f"from jobs.process import forkserver as s; s.IDLE_SECONDS = .1; s.serve('json', {number})"
        server = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, pass_fds=[number])
        theirs.close()
        yield ours
        ours.close()
        assert server.wait(20) == 0


def test_an_idle_server_ends(orders: socket.socket) -> None:
    assert orders.recv(1) == b""
    with pytest.raises(BrokenPipeError):
        orders.send(forkserver.order("json", {}))


def test_what_the_engine_loads_ahead_starts_no_thread() -> None:
    script = "import os, jobs.engines.local.preload_all; print(len(os.listdir('/proc/self/task')))"
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    said = subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, check=True)
    assert said.stdout == b"1\n"
