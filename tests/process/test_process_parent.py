"""The parent survives any child, and leaves none behind."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from jobs.process import Limits, ProcessFailed, run_module
from jobs.process.children import PYTHON, executed
from jobs.process.parent import MAX_LINE_BYTES, MAX_TOTAL_BYTES, STDERR_TAIL_BYTES, converse
from tests.process.processes import ROOT, is_gone, wait_until

pytestmark = pytest.mark.slow

CHILDREN = "tests.process.children"
LIMITS = Limits(wall_seconds=60, cpu_seconds=30, memory_bytes=1 << 30, file_bytes=1 << 20)


class Cancelled(Exception):
    pass


def wild(
    script: str,
    wall_seconds: float = 60,
    on_message: Callable[[Mapping[str, object]], None] | None = None,
    tick: Callable[[], None] | None = None,
) -> Mapping[str, object]:
    """A child without limits, as one would be that has been taken over."""
    start = executed([sys.executable, "-c", script], dict(os.environ))
    return converse(start, b"{}\n", wall_seconds, on_message, tick)


def failure_of(script: str, wall_seconds: float = 60) -> ProcessFailed:
    with pytest.raises(ProcessFailed) as failure:
        wild(script, wall_seconds)
    return failure.value


# Lines as Python expressions, because some are too long for a command line.
@pytest.mark.parametrize(
    "line",
    [
        "b'junk'",
        "b''",
        "b'[]'",
        "b'{}'",
        "b'null'",
        "b'\\xff\\xfe'",
        """b'{"result": 1}'""",
        """b'{"result": {"x": NaN}}'""",
        """b'{"result": {}, "report": {}}'""",
        """b'{"other": {}}'""",
        """b'{"result": {}} {"result": {}}'""",
        """b'{"result": ' + b'[' * 50_000""",
        """b'{"result": {"x": ' + b'9' * 10_000 + b'}}'""",
    ],
)
def test_a_line_that_is_not_ours_ends_the_child(line: str) -> None:
    failure = failure_of(f"import os, time; os.write(1, {line} + b'\\n'); time.sleep(3600)")
    assert failure.reason == "crashed"
    assert "wrote a" in failure.stderr_tail


def test_an_endless_line_ends_the_child() -> None:
    script = "import sys\nwhile True: sys.stdout.write('x' * 4096)"
    assert "said too much" in failure_of(script).stderr_tail


def test_endless_reports_end_the_child() -> None:
    script = f"line = '{{\"report\": {{\"x\": \"' + 'x' * {MAX_LINE_BYTES - 100} + '\"}}}}'\nwhile True: print(line)"
    reports: list[int] = []
    with pytest.raises(ProcessFailed, match="said too much"):
        wild(script, on_message=lambda message: reports.append(len(str(message))))
    assert sum(reports) <= MAX_TOTAL_BYTES


def test_only_the_end_of_stderr_is_kept() -> None:
    script = "import sys\nfor n in range(100_000): print('line', n, file=sys.stderr)\nsys.exit(3)"
    failure = failure_of(script)
    assert failure.reason == "crashed"
    assert failure.stderr_tail.endswith("line 99999\n")
    assert len(failure.stderr_tail) <= STDERR_TAIL_BYTES


def test_an_end_without_a_result_is_a_crash() -> None:
    assert failure_of("pass").reason == "crashed"


def test_a_result_is_heard_from_a_child_that_has_ended() -> None:
    assert wild('print(\'{"report": {}}\\n{"result": {"x": 1}}\')') == {"x": 1}


def test_a_child_killed_by_the_kernel_was_out_of_memory() -> None:
    assert failure_of("import os; os.kill(os.getpid(), 9)").reason == "memory"


def test_a_silent_child_ends_at_its_time() -> None:
    assert failure_of("import time; time.sleep(3600)", wall_seconds=0.3).reason == "timeout"


def test_a_child_that_closes_its_streams_ends_at_its_time() -> None:
    assert (
        failure_of("import os, time; os.close(1); os.close(2); time.sleep(3600)", wall_seconds=0.5).reason == "timeout"
    )


def test_a_chatty_child_ends_at_its_time() -> None:
    script = "import os, time\nwhile True: os.write(2, b'x' * 60000)"
    assert failure_of(script, wall_seconds=0.3).reason == "timeout"


@pytest.mark.parametrize("script", ["import time; time.sleep(3600)", "import os\nwhile True: os.write(2, b'x')"])
def test_a_tick_comes_and_can_cancel(script: str) -> None:
    ticks: list[float] = []

    def tick() -> None:
        ticks.append(time.monotonic())
        if len(ticks) == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        wild(script, tick=tick)


def test_a_report_can_cancel() -> None:
    pids: list[int] = []

    def on_message(message: Mapping[str, object]) -> None:
        pids.append(int(str(message["pid"])))
        raise Cancelled

    with pytest.raises(Cancelled):
        run_module(CHILDREN, {"act": "sleep"}, limits=LIMITS, on_message=on_message)
    assert is_gone(pids[0])


FORKING = """
import json, os, time
inside, outside = os.pipe()
grandchild = os.fork() == 0
if not grandchild: os.read(inside, 1)
print(json.dumps({"report": {"pid": os.getpid()}}), flush=True)
os.write(outside, b"x")
"""


@pytest.mark.parametrize(
    ("ending", "reason"),
    [
        ("time.sleep(3600)", "timeout"),
        ("grandchild and time.sleep(3600)", "crashed"),  # the grandchild stays, and holds the pipes
    ],
)
def test_grandchildren_end_with_the_child(ending: str, reason: str) -> None:
    pids: list[int] = []
    with pytest.raises(ProcessFailed) as failure:
        wild(FORKING + ending, wall_seconds=2, on_message=lambda message: pids.append(int(str(message["pid"]))))
    assert failure.value.reason == reason
    assert len(set(pids)) == 2
    wait_until(lambda: all(is_gone(pid) for pid in pids))


def test_grandchildren_end_after_a_result() -> None:
    pids: list[int] = []
    ending = "grandchild or print('{\"result\": {}}', flush=True)\ntime.sleep(3600)"
    assert wild(FORKING + ending, on_message=lambda message: pids.append(int(str(message["pid"])))) == {}
    assert len(set(pids)) == 2
    wait_until(lambda: all(is_gone(pid) for pid in pids))


def open_files() -> list[str]:
    return sorted(path.name for path in Path("/proc/self/fd").iterdir())


def test_nothing_stays_open_here() -> None:
    wild("print('{\"result\": {}}')")  # the first may load things
    before = open_files()
    for _ in range(3):
        wild("print('{\"result\": {}}')")
        failure_of("pass")
    assert open_files() == before


def test_no_child_is_left_unburied() -> None:
    run_module(CHILDREN, {"act": "threads"}, limits=LIMITS)
    with contextlib.suppress(ChildProcessError):  # there are none
        assert os.waitpid(-1, os.WNOHANG) == (0, 0)


def test_two_threads_at_once() -> None:
    results: list[object] = []

    def one(name: str) -> None:
        result = run_module(CHILDREN, {"act": "echo", "name": name}, limits=LIMITS)
        results.append(result["request"])

    threads = [threading.Thread(target=one, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results, key=str) == [{"act": "echo", "name": "a"}, {"act": "echo", "name": "b"}]


PARENT = """
import json
from jobs.process import Limits, run_module
limits = Limits(wall_seconds=600, cpu_seconds=600, memory_bytes=1 << 30, file_bytes=0)
run_module("tests.process.children", {"act": ACT}, limits=limits, on_message=lambda m: print(m["pid"], flush=True))
"""


def test_a_child_dies_with_its_parent() -> None:
    script = PARENT.replace("ACT", "'sleep'")
    with subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert not is_gone(pid)
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        wait_until(lambda: is_gone(pid))


def test_a_child_whose_parent_died_before_it_could_ask_ends(tmp_path: Path) -> None:
    line = {"limits": LIMITS.as_dict(), "request": {"act": "write", "path": str(tmp_path / "done")}}
    child = subprocess.run(
        [*PYTHON, "jobs.process", "child", CHILDREN, "1"],
        input=json.dumps(line).encode(),
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    assert child.returncode != 0
    assert child.stdout == b""
    assert not (tmp_path / "done").exists()
