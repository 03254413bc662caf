"""What a limited child can not do. Every refusal is tried for real; layers that a host forbids skip their tests."""

import errno
import functools
import json
import os
import socket
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import pytest

from jobs.process import Limits, ProcessFailed, missing_layers, run_module
from jobs.process.children import PYTHON, executed
from jobs.process.parent import converse
from tests.process.processes import ROOT

pytestmark = pytest.mark.slow

CHILDREN = "tests.process.children"
LIMITS = Limits(wall_seconds=60, cpu_seconds=30, memory_bytes=1 << 30, file_bytes=1 << 20)


class Run(Protocol):
    """Do one of the acts of `tests.process.children`, in a child that begins one way or the other."""

    def __call__(self, act: str, limits: Limits = LIMITS, **request: object) -> Mapping[str, object]: ...


@pytest.fixture(params=["", "json"], ids=["executed", "forked"])
def run(request: pytest.FixtureRequest) -> Run:
    preload: str = request.param

    def run(act: str, limits: Limits = LIMITS, **asked: object) -> Mapping[str, object]:
        return run_module(CHILDREN, {"act": act, **asked}, limits=limits, preload=preload)

    return run


@functools.cache
def missing() -> tuple[str, ...]:
    return missing_layers()


def needs(layer: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(f"{layer!r} in missing()", reason=f"this host forbids: {layer}")


def test_missing_layers_are_names_of_layers() -> None:
    known = {"network namespace", "capabilities", "no new privileges", "parent-death signal", "not dumpable"}
    assert set(missing()) <= known | {"Landlock", "seccomp"}


@pytest.mark.parametrize("preload", ["", "json"])
def test_a_child_answers_and_reports(preload: str) -> None:
    reports: list[Mapping[str, object]] = []
    request = {"act": "echo", "größe": 3}
    result = run_module(CHILDREN, request, limits=LIMITS, on_message=reports.append, preload=preload)
    assert result == {"request": request}
    assert reports == [{"number": 0}, {"number": 1}, {"number": 2}]


def test_a_large_request_arrives(run: Run) -> None:
    result = run("echo", text="x" * 200_000)
    assert len(str(result["request"])) > 200_000


def test_secrets_stay_here(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SECRET_KEY", "AWS_SECRET_ACCESS_KEY", "DATABASE_URL", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "hunter2")
    result = run("environment")
    assert result["cwd"] == "/"
    known = {"PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "HOME", "TMPDIR", "MALLOC_ARENA_MAX", "LD_LIBRARY_PATH"}
    known |= {"PYTHONPATH", "PYTHONUTF8", "PYTHONFAULTHANDLER", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"}
    assert isinstance(result["names"], list)
    assert set(result["names"]) <= known


def test_temporary_files_go_where_it_may_write(run: Run, tmp_path: Path) -> None:
    limits = replace(LIMITS, writable=(tmp_path,))
    assert run("write", limits, path=str(tmp_path / "frame"))["done"]
    assert (tmp_path / "frame").read_text() == "written"


@pytest.mark.parametrize("act", ["allocate", "allocate_in_pieces"])
def test_too_much_memory(run: Run, act: str) -> None:
    with pytest.raises(ProcessFailed) as failure:
        run(act)
    assert failure.value.reason == "memory"


def test_too_much_computing(run: Run) -> None:
    with pytest.raises(ProcessFailed) as failure:
        run("spin", replace(LIMITS, cpu_seconds=1))
    assert failure.value.reason == "timeout"


def test_too_large_a_file(run: Run, tmp_path: Path) -> None:
    result = run("write_much", replace(LIMITS, writable=(tmp_path,)), path=str(tmp_path / "big"))
    assert not result["done"]
    assert (tmp_path / "big").stat().st_size <= LIMITS.file_bytes


def test_an_exception_is_a_crash_with_its_traceback(run: Run) -> None:
    with pytest.raises(ProcessFailed) as failure:
        run("fail")
    assert failure.value.reason == "crashed"
    assert "ValueError: the frame at 3 is odd" in failure.value.stderr_tail


def test_an_abort_is_a_crash(run: Run) -> None:
    with pytest.raises(ProcessFailed) as failure:
        run("abort")
    assert failure.value.reason == "crashed"
    assert "Fatal Python error: Aborted" in failure.value.stderr_tail


def test_threads_and_socket_pairs_are_left(run: Run) -> None:
    assert run("threads") == {"heard": "hello"}


@pytest.mark.render
def test_the_engines_libraries_load(run: Run, tmp_path: Path) -> None:
    result = run("engine_libraries", replace(LIMITS, memory_bytes=4 << 30, writable=(tmp_path,)))
    assert result["loaded"] == ["av", "cv2", "mediapipe", "numpy", "pocketsphinx", "scipy.signal"]


@needs("Landlock")
@pytest.mark.parametrize(
    "path", ["/etc/passwd", "/proc/{ppid}/environ", "/proc/1/cmdline", "/proc/self/root/etc/passwd"]
)
def test_foreign_files_stay_closed(run: Run, path: str) -> None:
    path = path.format(ppid=os.getpid())
    assert Path(path).read_bytes()  # we can
    result = run("read", path=path)
    assert (result["done"], result["error"]) == (False, "PermissionError")


@needs("Landlock")
def test_only_the_named_files_are_open(run: Run, tmp_path: Path) -> None:
    named, neighbour = tmp_path / "named", tmp_path / "neighbour"
    for path in (named, neighbour):
        path.write_text("content")
    limits = replace(LIMITS, readable=(named,))
    assert run("read", limits, path=str(named))["done"]
    assert not run("write", limits, path=str(named))["done"]
    assert not run("read", limits, path=str(neighbour))["done"]
    assert not run("listing", limits, path=str(tmp_path))["done"]
    assert not run("write", limits, path=str(tmp_path / "new"))["done"]
    assert named.read_text() == "content"
    assert not (tmp_path / "new").exists()


@needs("Landlock")
def test_the_code_is_open_but_not_what_lies_beside_it(run: Run) -> None:
    assert run("read", path=str(ROOT / "jobs" / "errors.py"))["done"]
    assert not run("listing", path=str(ROOT))["done"]
    assert not run("read", path=str(ROOT / "pyproject.toml"))["done"]


@needs("Landlock")
def test_links_that_would_lead_the_parent_astray_are_not_made(run: Run, tmp_path: Path) -> None:
    assert not run("link", replace(LIMITS, writable=(tmp_path,)), path=str(tmp_path / "result.mp4"))["done"]
    assert not (tmp_path / "result.mp4").is_symlink()


def test_a_missing_input_is_said_before_anything_starts(run: Run, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        run("echo", replace(LIMITS, readable=(tmp_path / "gone",)))


# A child on a host that forbids a layer, for which the call that puts it on is broken first.
POOR_HOST = """
import errno
from jobs.process import child, kernel, landlock, seccomp
def refuse(*_):
    raise kernel.Forbidden(errno.ENOSYS, "forbidden")
{broken} = refuse
child.launch("{module}", {parent})
"""
BROKEN = {"kernel.unshare": "network namespace", "landlock.version": "Landlock", "seccomp.restrict": "seccomp"}


def run_on_poor_host(broken: str, module: str, request: Mapping[str, object]) -> Mapping[str, object]:
    script = POOR_HOST.format(broken=broken, module=module, parent=os.getpid())
    line = json.dumps({"limits": LIMITS.as_dict(), "request": request}).encode()
    environment = {"PYTHONPATH": str(ROOT)}
    return converse(executed([sys.executable, "-c", script], environment), line + b"\n", 60, None, None)


@pytest.mark.parametrize(("broken", "layer"), BROKEN.items())
def test_a_forbidden_layer_is_skipped_and_named(broken: str, layer: str) -> None:
    named = run_on_poor_host(broken, "jobs.process.probe", {})["missing"]
    assert isinstance(named, list)
    assert set(named) == {layer, *missing()}


def test_a_layer_that_fails_for_another_reason_ends_the_child(tmp_path: Path) -> None:
    gone = {**LIMITS.as_dict(), "readable": [str(tmp_path / "gone")]}
    line = json.dumps({"limits": gone, "request": {"act": "echo"}}).encode()
    start = executed([*PYTHON, "jobs.process", "child", CHILDREN, str(os.getpid())], {"PYTHONPATH": str(ROOT)})
    with pytest.raises(ProcessFailed, match="FileNotFoundError"):
        converse(start, line, 60, None, None)


@pytest.mark.parametrize("broken", [*BROKEN, "kernel.drop_capabilities"])
def test_no_network_even_without_one_layer(broken: str) -> None:
    if {"network namespace", "seccomp"} & set(missing()):
        pytest.skip("this host forbids one of the two ways to take the network away")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        socket.create_connection(("127.0.0.1", port)).close()  # we can
        answer = run_on_poor_host(broken, CHILDREN, {"act": "connect", "host": "127.0.0.1", "port": port})
    assert not answer["done"]


@needs("seccomp")
@pytest.mark.parametrize(
    "act",
    [
        *("fork", "run_program", "replace_itself", "signal_parent", "limit_parent", "outlive_parent"),
        *("leave_session", "local_socket"),
    ],
)
def test_refused_system_calls(run: Run, act: str, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        server.listen()
        result = run(act, replace(LIMITS, readable=(tmp_path,)), path=str(tmp_path / "s"))
    assert (result["done"], result["errno"]) == (False, errno.EPERM)


def test_a_child_may_limit_itself_further(run: Run) -> None:
    assert run("limit_itself")["done"]


@needs("seccomp")
@needs("capabilities")
def test_threads_inherit_the_limits(run: Run) -> None:
    kept = "2".zfill(16) if os.geteuid() == 0 else "0" * 16  # CAP_DAC_OVERRIDE
    assert run("standing") == {"NoNewPrivs": "1", "Seccomp": "2", "CapEff": kept, "CapPrm": kept}
