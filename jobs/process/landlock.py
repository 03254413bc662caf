"""Owns the Landlock layer: which files a limited child can open (kernel 5.13 and later)."""

import ctypes
import os
import stat
from collections.abc import Iterable
from pathlib import Path

from jobs.process import kernel

# The three calls have the same numbers on every architecture.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION_FLAG = 1
_RULE_PATH_BENEATH = 1

# Rights, from linux/landlock.h. EXECUTE, the making of devices, sockets, FIFOs and symbolic links are
# given to nobody: the parent reads what the child made with its own rights and must not be led elsewhere.
WRITE_FILE, READ_FILE, READ_DIR = 1 << 1, 1 << 2, 1 << 3
REMOVE_DIR, REMOVE_FILE, MAKE_DIR, MAKE_REG = 1 << 4, 1 << 5, 1 << 7, 1 << 8
REFER, TRUNCATE = 1 << 13, 1 << 14

_READ = READ_FILE | READ_DIR
_WRITE = _READ | WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | REFER | TRUNCATE
_FOR_FILES = READ_FILE | WRITE_FILE | TRUNCATE

# How many of the file rights each version of the interface knows (1-based; later ones as the last).
_RIGHTS_BY_VERSION = (13, 14, 15, 15, 16)
_BIND_AND_CONNECT_TCP = 0b11  # from version 4
_ABSTRACT_SOCKETS_AND_SIGNALS = 0b11  # from version 6


def version() -> int:
    """The kernel's Landlock version; `Forbidden` where there is none."""
    return kernel.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION_FLAG))


def restrict(readable: Iterable[Path], writable: Iterable[Path]) -> None:
    """From now on this thread, and what it starts, opens only these (and TCP nothing).

    Needs no_new_privs. `Forbidden` where the host has no Landlock; other errors, such
    as a path that is not there, are not to be mistaken for that.
    """
    known = version()
    handled = (1 << _RIGHTS_BY_VERSION[min(known, len(_RIGHTS_BY_VERSION)) - 1]) - 1
    words = [handled]
    if known >= 4:
        words.append(_BIND_AND_CONNECT_TCP)
    if known >= 6:
        words.append(_ABSTRACT_SOCKETS_AND_SIGNALS)
    attributes = (ctypes.c_uint64 * len(words))(*words)
    ruleset = kernel.syscall(
        _CREATE_RULESET, attributes, ctypes.c_size_t(ctypes.sizeof(attributes)), ctypes.c_uint32(0)
    )
    try:
        for path in readable:
            _allow(ruleset, path, _READ & handled)
        for path in writable:
            _allow(ruleset, path, _WRITE & handled)
        kernel.syscall(_RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0))
    finally:
        os.close(ruleset)


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = [("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32)]


def _allow(ruleset: int, path: Path, rights: int) -> None:
    place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        if not stat.S_ISDIR(os.fstat(place).st_mode):
            rights &= _FOR_FILES
        rule = _PathBeneath(allowed=rights, folder=place)
        kernel.syscall(
            _ADD_RULE,
            ctypes.c_int(ruleset),
            ctypes.c_int(_RULE_PATH_BENEATH),
            ctypes.byref(rule),
            ctypes.c_uint32(0),
        )
    finally:
        os.close(place)
