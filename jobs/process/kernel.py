"""Owns the calls to the kernel that Python's standard library does not have."""

import ctypes
import errno
import os
import platform

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_NO_NEW_PRIVS = 38

CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000

MACHINE = platform.machine()

_CAP_DAC_OVERRIDE = 1 << 1
_CAPABILITY_VERSION_3 = 0x20080522
_CAPSET = {"x86_64": 126, "aarch64": 91}

_libc = ctypes.CDLL(None, use_errno=True)


class Forbidden(OSError):
    """The host does not allow this call, or does not have it. Other errors are ours, and not to be passed over."""


# Too old a kernel, a container's own filter, a missing right, a used-up quota of namespaces.
_FORBIDDEN = frozenset({errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM, errno.EACCES, errno.ENOSPC, errno.EUSERS})


def _check(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise (Forbidden if number in _FORBIDDEN else OSError)(number, os.strerror(number))
    return result


def prctl(option: int, value: int) -> None:
    """prctl(2) with one argument."""
    _check(_libc.prctl(option, ctypes.c_ulong(value), ctypes.c_ulong(0), ctypes.c_ulong(0), ctypes.c_ulong(0)))


def unshare(flags: int) -> None:
    """unshare(2)."""
    _check(_libc.unshare(flags))


def syscall(number: int, *arguments: object) -> int:
    """A system call by number; arguments are ctypes values or pointers."""
    return _check(_libc.syscall(ctypes.c_long(number), *arguments))


def drop_capabilities() -> None:
    """Give up what root and the makers of user namespaces can do, but for one thing.

    Root keeps the right to pass over the modes of files: an installation in somebody
    else's closed home folder could not load its own code. Landlock still says which files.
    """
    if MACHINE not in _CAPSET:
        raise Forbidden(f"no system call numbers for {MACHINE}")
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    # Effective, permitted and inheritable, twice (the low and the high 32 bits).
    little = (ctypes.c_uint32 * 6)(_CAP_DAC_OVERRIDE, _CAP_DAC_OVERRIDE)
    nothing = (ctypes.c_uint32 * 6)()
    try:
        syscall(_CAPSET[MACHINE], header, little if os.geteuid() == 0 else nothing)
    except Forbidden:  # a root without that right, as in some containers
        syscall(_CAPSET[MACHINE], header, nothing)
