"""Owns how a child gives up what it does not need: the layers, their order, and which the host forbids."""

import contextlib
import os
import resource
import signal
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from jobs.process import kernel, landlock, seccomp
from jobs.process.limits import Limits

# What Python, glibc and the engine's libraries open besides the Python installation. None of it is secret:
# /etc is not in the list but for these files.
_SYSTEM_READABLE = (
    "/usr",
    "/lib",
    "/lib64",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/dev/null",
    "/dev/zero",
    "/dev/urandom",
    "/proc/self",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/stat",
    "/sys/devices/system/cpu",
)
_SYSTEM_WRITABLE = ("/dev/null",)


def die_with_parent() -> None:
    """SIGKILL for this process when the *thread* that started it ends (so the starter waits in that thread)."""
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)


def apply(limits: Limits, code: Iterable[Path]) -> tuple[str, ...]:
    """Limit this process for good; `code` are the folders of our own modules. The names of layers missing here.

    To be called while there is one thread: namespaces and Landlock are per thread.
    """
    readable = [*_existing(_SYSTEM_READABLE), *_installation(), *code, *limits.readable]
    writable = [*_existing(_SYSTEM_WRITABLE), *limits.writable]
    _set_rlimits(limits)
    layers: tuple[tuple[str, Callable[[], None]], ...] = (
        ("network namespace", _leave_network),
        ("capabilities", kernel.drop_capabilities),
        ("no new privileges", lambda: kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)),
        ("parent-death signal", die_with_parent),  # again: a change of credentials may have cleared it
        ("not dumpable", lambda: kernel.prctl(kernel.PR_SET_DUMPABLE, 0)),
        ("Landlock", lambda: landlock.restrict(readable, writable)),
        ("seccomp", seccomp.restrict),
    )
    missing = []
    for name, layer in layers:
        try:
            layer()
        except kernel.Forbidden:
            missing.append(name)
    return tuple(missing)


def _set_rlimits(limits: Limits) -> None:
    wanted = (
        (resource.RLIMIT_FSIZE, limits.file_bytes),
        (resource.RLIMIT_NOFILE, limits.open_files),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_AS, limits.memory_bytes),
    )
    for what, most in wanted:
        most = _at_most(what, most)
        resource.setrlimit(what, (most, most))
    # SIGXCPU first, which tells why it ended; SIGKILL for who ignores it.
    resource.setrlimit(
        resource.RLIMIT_CPU,
        (_at_most(resource.RLIMIT_CPU, limits.cpu_seconds), _at_most(resource.RLIMIT_CPU, limits.cpu_seconds + 2)),
    )


def _at_most(what: int, wanted: int) -> int:
    """What we may ask for, where the host has set a limit of its own."""
    _, hard = resource.getrlimit(what)
    return wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)


def _leave_network() -> None:
    """A network namespace of its own, in which even loopback is down."""
    try:
        kernel.unshare(kernel.CLONE_NEWNET)
    except kernel.Forbidden:
        user, group = os.getuid(), os.getgid()
        kernel.unshare(kernel.CLONE_NEWUSER | kernel.CLONE_NEWNET)
        # Cosmetic: without the maps getuid() says "nobody"; rights on files are the same.
        with contextlib.suppress(OSError):
            Path("/proc/self/setgroups").write_text("deny")
            Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
            Path("/proc/self/gid_map").write_text(f"{group} {group} 1")


def _installation() -> list[Path]:
    """Python's own folders and the packages; never one that holds everything else."""
    ours = Path(__file__).resolve().parents[2]
    named = {Path(name).resolve() for name in (sys.prefix, sys.base_prefix, *sys.path) if name}
    return [path for path in named if path.exists() and path not in (*ours.parents, ours)]


def _existing(names: Iterable[str]) -> list[Path]:
    return [path for path in map(Path, names) if path.exists()]
