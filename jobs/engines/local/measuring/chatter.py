"""Owns quiet: what mediapipe's libraries write to stderr whenever they are loaded is no news."""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

CHATTER = re.compile(rb"[WI]0000 |INFO: Created TensorFlow Lite|WARNING: All log messages before absl::InitializeLog")
LAST_WORDS_SECONDS = 1.0


@contextmanager
def without_chatter() -> Iterator[None]:
    """Lines of that kind are left out of this process's stderr, whoever in it writes them; all others pass."""
    sys.stderr.flush()
    real = os.dup(2)
    ear, mouth = os.pipe()
    os.dup2(mouth, 2)
    os.close(mouth)
    sieve = Thread(target=_sieve, args=(ear, real), daemon=True)
    sieve.start()
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(real, 2)
        sieve.join(LAST_WORDS_SECONDS)  # a child that lives on would keep the pipe open


def _sieve(ear: int, real: int) -> None:
    with open(ear, "rb") as lines, open(real, "wb", buffering=0) as out:  # descriptors
        for line in lines:
            if not CHATTER.match(line):
                out.write(line)
