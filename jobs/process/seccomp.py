"""Owns the seccomp layer: system calls that a limited child has no use for are refused (x86_64 and aarch64)."""

import ctypes
import errno
import os
import struct

from jobs.process import kernel

_SET_MODE_FILTER = 1
_FOR_ALL_THREADS = 1

# Classic BPF, from linux/filter.h, and the answers, from linux/seccomp.h.
_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _JUMP_SET, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_KILL, _REFUSE, _ALLOW = 0x80000000, 0x00050000, 0x7FFF0000
_NUMBER, _ARCHITECTURE, _ARGUMENT_0 = 0, 4, 16  # offsets into struct seccomp_data (low words)

_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_SECCOMP = {"x86_64": 317, "aarch64": 277}
_X32 = 0x40000000  # the third set of numbers of x86_64
_CLONE_THREAD = 0x00010000

# name: (x86_64, aarch64); None where the architecture has no such call.
_REFUSED: dict[str, tuple[int | None, int | None]] = {
    # Sockets of every family: a local one reaches a database that trusts our user. socketpair() stays.
    "socket": (41, 198),
    "io_uring_setup": (425, 425),  # would do the same past this filter
    # Other programs and processes
    "execve": (59, 221),
    "execveat": (322, 281),
    "fork": (57, None),
    "vfork": (58, None),
    "setsid": (112, 157),
    "setpgid": (109, 154),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "kill": (62, 129),
    "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424),
    # Namespaces, mounts, and the parts of the kernel with a history of holes
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_by_handle_at": (304, 265),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "kexec_load": (246, 104),
}
_CLONE = {"x86_64": 56, "aarch64": 220}
_CLONE3 = 435
_TGKILL = {"x86_64": 234, "aarch64": 131}
_PRLIMIT64 = {"x86_64": 302, "aarch64": 261}
_PRCTL = {"x86_64": 157, "aarch64": 167}


def restrict() -> None:
    """Refuse them from now on, in every thread. Needs no_new_privs; `Forbidden` where the host has no seccomp."""
    if kernel.MACHINE not in _ARCHITECTURES:
        raise kernel.Forbidden(f"no system call numbers for {kernel.MACHINE}")
    program = _program()
    code = ctypes.create_string_buffer(program, len(program))
    header = _Program(length=len(program) // 8, code=ctypes.addressof(code))
    kernel.syscall(
        _SECCOMP[kernel.MACHINE],
        ctypes.c_uint32(_SET_MODE_FILTER),
        ctypes.c_uint32(_FOR_ALL_THREADS),
        ctypes.byref(header),
    )


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_uint16), ("code", ctypes.c_void_p)]


def _program() -> bytes:
    refuse = _REFUSE | errno.EPERM
    steps = [
        _step(_LOAD, _ARCHITECTURE),
        _step(_JUMP_EQUAL, _ARCHITECTURES[kernel.MACHINE], yes=1),
        _step(_RETURN, _KILL),
        _step(_LOAD, _NUMBER),
        # clone3 has its flags where a filter can not read them; told that it is missing, glibc takes clone.
        *_when_equal(_CLONE3, _REFUSE | errno.ENOSYS),
    ]
    if kernel.MACHINE == "x86_64":
        steps += [_step(_JUMP_AT_LEAST, _X32, no=1), _step(_RETURN, refuse)]
    column = 0 if kernel.MACHINE == "x86_64" else 1
    for numbers in _REFUSED.values():
        number = numbers[column]
        if number is not None:
            steps += _when_equal(number, refuse)
    steps += [
        # Threads yes, processes no.
        _step(_JUMP_EQUAL, _CLONE[kernel.MACHINE], no=4),
        _step(_LOAD, _ARGUMENT_0),
        _step(_JUMP_SET, _CLONE_THREAD, yes=1),
        _step(_RETURN, refuse),
        _step(_RETURN, _ALLOW),
        # Its own limits yes, those of the process that started it, and with it of others that come, no.
        *_only_with(_PRLIMIT64[kernel.MACHINE], 0, refuse),
        # It dies with its parent.
        *_never_with(_PRCTL[kernel.MACHINE], kernel.PR_SET_PDEATHSIG, refuse),
        # abort() signals its own process: that one may be.
        *_only_with(_TGKILL[kernel.MACHINE], os.getpid(), refuse),
        _step(_RETURN, _ALLOW),
    ]
    return b"".join(steps)


def _only_with(number: int, argument: int, answer: int) -> list[bytes]:
    """A call that is answered so unless its first argument is this."""
    return [
        _step(_JUMP_EQUAL, number, no=4),
        _step(_LOAD, _ARGUMENT_0),
        _step(_JUMP_EQUAL, argument, yes=1),
        _step(_RETURN, answer),
        _step(_RETURN, _ALLOW),
    ]


def _never_with(number: int, argument: int, answer: int) -> list[bytes]:
    """A call that is answered so if its first argument is this."""
    return [
        _step(_JUMP_EQUAL, number, no=4),
        _step(_LOAD, _ARGUMENT_0),
        _step(_JUMP_EQUAL, argument, no=1),
        _step(_RETURN, answer),
        _step(_RETURN, _ALLOW),
    ]


def _step(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
    """One struct sock_filter; `yes` and `no` are how many steps to skip."""
    return struct.pack("=HBBI", code, yes, no, value)


def _when_equal(number: int, answer: int) -> list[bytes]:
    return [_step(_JUMP_EQUAL, number, no=1), _step(_RETURN, answer)]
