"""Owns the first moments of a service: `trampoline.py PARENT_PID SIGNAL ARGV…` asks to be told of the parent's end,
then becomes the program. A script by itself, so that it needs nothing on Python's path."""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main(parent: int, number: int, argv: list[str]) -> None:
    """Does not return: becomes `argv`, or exits when the parent is dead already."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)
    if os.getppid() == parent:
        os.execvp(argv[0], argv)  # noqa: S606 - a command line of ours


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
