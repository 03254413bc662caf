"""Owns the limited child of the tests: does one misdeed by name, says how it went."""

import mmap
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from jobs.process import Send, kernel, serve

Request = Mapping[str, object]


def echo(request: Request, send: Send) -> Mapping[str, object]:
    """Answers with the request, some reports before it, and noise on both streams."""
    print("a library's chatter")  # noqa: T201
    os.write(1, b'{"result": {"forged": true}}\n')
    for number in range(3):
        send({"number": number})
    return {"request": dict(request)}


def environment(request: Request, send: Send) -> Mapping[str, object]:
    return {"names": sorted(os.environ), "cwd": str(Path.cwd())}


def descriptors(request: Request, send: Send) -> Mapping[str, object]:
    return {"open": sorted(int(path.name) for path in Path("/proc/self/fd").iterdir())}


def allocate(request: Request, send: Send) -> Mapping[str, object]:
    return {"length": len(bytes(4 << 30))}


def allocate_in_pieces(request: Request, send: Send) -> Mapping[str, object]:
    pieces = []
    while True:
        pieces.append(mmap.mmap(-1, 64 << 20))


def spin(request: Request, send: Send) -> Mapping[str, object]:
    while True:
        pass


def sleep(request: Request, send: Send) -> Mapping[str, object]:
    send({"pid": os.getpid()})
    threading.Event().wait()
    return {}


def fail(request: Request, send: Send) -> Mapping[str, object]:
    raise ValueError("the frame at 3 is odd")


def abort(request: Request, send: Send) -> Mapping[str, object]:
    os.abort()


def threads(request: Request, send: Send) -> Mapping[str, object]:
    """Threads and pairs of sockets stay possible."""
    heard: list[bytes] = []
    ours, theirs = socket.socketpair()
    thread = threading.Thread(target=lambda: heard.append(ours.recv(10)))
    thread.start()
    theirs.send(b"hello")
    thread.join()
    return {"heard": heard[0].decode()}


def write_much(request: Request, send: Send) -> Mapping[str, object]:
    return attempt(lambda: Path(str(request["path"])).write_bytes(bytes(3 << 20)))


def read(request: Request, send: Send) -> Mapping[str, object]:
    return attempt(lambda: Path(str(request["path"])).read_bytes())


def write(request: Request, send: Send) -> Mapping[str, object]:
    return attempt(lambda: Path(str(request["path"])).write_text("written"))


def link(request: Request, send: Send) -> Mapping[str, object]:
    return attempt(lambda: Path(str(request["path"])).symlink_to("/etc/passwd"))


def listing(request: Request, send: Send) -> Mapping[str, object]:
    return attempt(lambda: list(Path(str(request["path"])).iterdir()))


def connect(request: Request, send: Send) -> Mapping[str, object]:
    def go() -> None:
        with socket.create_connection((str(request["host"]), int(str(request["port"]))), timeout=5):
            pass

    return attempt(go)


def local_socket(request: Request, send: Send) -> Mapping[str, object]:
    return attempt(lambda: socket.socket(socket.AF_UNIX).connect(str(request["path"])))


def fork(request: Request, send: Send) -> Mapping[str, object]:
    def go() -> None:
        if os.fork() == 0:
            time.sleep(3600)

    return attempt(go)


def run_program(request: Request, send: Send) -> Mapping[str, object]:
    return attempt(lambda: subprocess.run(["/bin/true"], check=True))


def replace_itself(request: Request, send: Send) -> Mapping[str, object]:
    return attempt(lambda: os.execv("/bin/true", ["true"]))


def signal_parent(request: Request, send: Send) -> Mapping[str, object]:
    return attempt(lambda: os.kill(os.getppid(), signal.SIGTERM))


def limit_parent(request: Request, send: Send) -> Mapping[str, object]:
    return attempt(lambda: resource.prlimit(os.getppid(), resource.RLIMIT_FSIZE, (0, 0)))


def limit_itself(request: Request, send: Send) -> Mapping[str, object]:
    return attempt(lambda: resource.prlimit(0, resource.RLIMIT_FSIZE, (0, 0)))


def outlive_parent(request: Request, send: Send) -> Mapping[str, object]:
    return attempt(lambda: kernel.prctl(kernel.PR_SET_PDEATHSIG, 0))


def leave_session(request: Request, send: Send) -> Mapping[str, object]:
    return attempt(os.setsid)


def standing(request: Request, send: Send) -> Mapping[str, object]:
    """What the kernel says of this process, and of a thread of it."""
    found: dict[str, str] = {}

    def look() -> None:
        for line in Path("/proc/thread-self/status").read_text().splitlines():
            name, _, value = line.partition(":")
            found[name] = value.strip()

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    return {name: found[name] for name in ("NoNewPrivs", "Seccomp", "CapEff", "CapPrm")}


def engine_libraries(request: Request, send: Send) -> Mapping[str, object]:
    """Load what the engine loads, within the files that a child can read."""
    import av
    import cv2
    import mediapipe
    import numpy
    import pocketsphinx
    import scipy.signal

    modules = (av, cv2, mediapipe, numpy, pocketsphinx, scipy.signal)
    return {"loaded": [module.__name__ for module in modules]}


def attempt(action: Callable[[], object]) -> Mapping[str, object]:
    """Whether it worked, and the name of what stopped it."""
    try:
        action()
    except OSError as error:
        return {"done": False, "error": type(error).__name__, "errno": error.errno}
    return {"done": True}


def _handle(request: Request, send: Send) -> Mapping[str, object]:
    handler = getattr(sys.modules["__main__"], str(request["act"]))
    answer: Mapping[str, object] = handler(request, send)
    return answer


if __name__ == "__main__":
    serve(_handle)
