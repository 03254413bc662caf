"""The whole product, started as `make run` starts it, in a data folder of its own."""

import atexit
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import httpx

from tests.live.voice import short_voice

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 90
STOP_SECONDS = 40
# One for all that is asked over and over: each of its own would read all the world's certificates first.
HTTP = httpx.Client(verify=False, timeout=60, limits=httpx.Limits(max_keepalive_connections=0))
FRESH = True
# What takes most of a first start's time.
PREPARE = """from django.core.management import call_command
from lipsync_site import static
call_command("migrate", verbosity=0)
static.collect()"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(what: Callable[[], Any], seconds: float) -> Any:
    """What `what` returns once it is true; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.1)
    return found


@cache
def _prepared() -> Path:
    """A data folder with an empty database and the site's files, as a first start makes them; gone at the end."""
    folder = tempfile.TemporaryDirectory(prefix="mundwerk-prepared-")
    atexit.register(folder.cleanup)
    data_dir = Path(folder.name) / "data"
    Product(data_dir, FRESH).manage("shell", "--no-imports", "--command", PREPARE)
    return data_dir


class Product:
    """One installation. `start`, `stop` and `kill` as often as a test likes; the data stays.

    A FRESH one starts for the first time, like a user's; the others with what such a start has made once for all.
    """

    def __init__(self, data_dir: Path, is_fresh: bool = False, /, **settings: str) -> None:
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self.log = data_dir.parent / "serve.log"
        kept = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
        ours = {"DATA_DIR": str(data_dir), "PORT": str(self.port), "LEASE_SECONDS": "6", "EXAMPLES": "0"}
        self.env = kept | ours | settings
        if not is_fresh:
            own = shutil.ignore_patterns("secrets")
            shutil.copytree(_prepared(), data_dir, ignore=own, dirs_exist_ok=True)
        self._process: subprocess.Popen[bytes] | None = None

    def manage(self, *arguments: str) -> str:
        """The output of a management command on the same data."""
        argv = [sys.executable, str(ROOT / "manage.py"), *arguments]
        return subprocess.run(argv, env=self.env, capture_output=True, text=True, check=True).stdout.strip()

    def start(self) -> None:
        self.launch()
        self.await_start()

    def launch(self) -> None:
        """Start it, and do not wait until it answers."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, str(ROOT / "manage.py"), "serve"],
                env=self.env, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip

    def await_start(self) -> None:
        until(self.healthy, START_SECONDS)

    def healthy(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log.read_text()[-3000:]
        try:
            return HTTP.get(f"{self.url}/healthz").status_code == 200
        except httpx.TransportError:
            return False

    def stop(self) -> int:
        """Ctrl-C; the exit status."""
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)
        return self._process.wait(STOP_SECONDS)

    def kill(self) -> None:
        """kill -9 of everything at once."""
        assert self._process is not None
        for pid in self.processes():
            os.kill(pid, signal.SIGKILL)
        self._process.wait(STOP_SECONDS)

    def processes(self) -> list[int]:
        """Every living process of this installation, known by its data folder."""
        mark = f"DATA_DIR={self.env['DATA_DIR']}".encode()
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (folder / "environ").read_bytes().split(b"\0") and "Z" not in _state(folder):
                    found.append(int(folder.name))
            except (OSError, ValueError):
                continue
        return [pid for pid in found if pid != os.getpid()]


def _state(folder: Path) -> str:
    return re.sub(r".*\)", "", (folder / "stat").read_text()).split()[0]


class Caller:
    """A program with a key."""

    def __init__(self, product: Product, key: str) -> None:
        self._headers = {"Authorization": f"Bearer {key}"}
        self.base = product.url
        self._short = ""

    def _call(self, method: str, path: str, body: object = None) -> httpx.Response:
        return HTTP.request(method, f"{self.base}/api/v1/{path}", json=body, headers=self._headers)

    def submit(self, **fields: Any) -> str:
        sample = {"image": f"{self.base}/samples/face.jpg", "audio": f"{self.base}/samples/voice.wav"}
        answer = self._call("POST", "lipsync-image", {"formState": sample | fields})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["id"])

    def upload(self, filename: str, content_type: str, body: bytes) -> str:
        """The address to put into a submission."""
        asked = {"filename": filename, "contentType": content_type, "size": len(body)}
        ticket = self._call("POST", "uploads", asked).json()
        target = ticket["upload"]
        how: dict[str, Any] = {"content": body}
        if target["method"] == "POST":
            how = {"data": target["fields"], "files": {"file": body}}
        sent = httpx.request(target["method"], target["url"], headers=target["headers"], **how)
        assert sent.status_code == 204, sent.text
        return str(ticket["url"])

    def job(self, job_id: str) -> dict[str, Any]:
        answer: dict[str, Any] = self._call("GET", f"jobs/{job_id}").json()
        return answer

    def cancel(self, job_id: str) -> dict[str, Any]:
        """The cancelled job."""
        answer = self._call("DELETE", f"jobs/{job_id}")
        assert answer.status_code == 200, answer.text
        cancelled: dict[str, Any] = answer.json()
        return cancelled

    def short_voice(self) -> str:
        """The address of one, for a submission of which any video will do."""
        self._short = self._short or self.upload("voice.wav", "audio/wav", short_voice())
        return self._short

    def ended(self, job_id: str, seconds: float = 120) -> dict[str, Any]:
        def job() -> dict[str, Any] | None:
            seen = self.job(job_id)
            return seen if seen["status"] != "processing" else None

        found: dict[str, Any] = until(job, seconds)
        return found
