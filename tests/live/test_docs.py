"""Every example of the API page, run as it stands: only addresses and the port are put in."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from standardwebhooks import Webhook

from tests.hook_server import hook_server
from tests.live.product import ROOT, Caller, Product, free_port, until
from tests.live.test_api_live import _wheel as node_program
from tests.live.voice import short_voice

pytestmark = pytest.mark.live
EXAMPLES = ROOT / "templates" / "docs" / "examples"
EMAIL = "reader@example.org"
# By file ending: the program that runs it, and the package of Debian that holds it.
RUNNERS = {"sh": ("sh", ""), "py": ("python", ""), "mjs": ("node", ""), "php": ("php", "php-cli php-curl"),
           "go": ("go", "golang-go")}  # fmt: skip
SECRET = f"from jobs.models import User; print(User.objects.get(email='{EMAIL}').signing_secrets.create().secret)"


@dataclass(frozen=True)
class Desk:
    """A reader's desk: an account's key and signing secret, a short voice, and a folder for each language."""

    product: Product
    folder: Path
    key: str
    secret: str
    voice: Path
    voice_url: str

    @property
    def env(self) -> dict[str, str]:
        return os.environ | {"MUNDWERK_KEY": self.key, "MUNDWERK_WEBHOOK_SECRET": self.secret}

    def place(self, task: str, ending: str, replaced: Mapping[str, str] | None = None, *, name: str = "") -> Path:
        """The example as the page shows it, in a folder of its own."""
        text = (EXAMPLES / f"{task}.{ending}").read_text()
        for old, new in (replaced or {}).items():
            assert old in text
            text = text.replace(old, new)
        folder = self.folder / f"{name or task}-{ending}"
        folder.mkdir(exist_ok=True)
        path = folder / f"{task}.{ending}"
        path.write_text(text.replace("{{ base }}", self.product.url))
        return path

    def start(self, path: Path, *arguments: str) -> "subprocess.Popen[str]":
        """Run an example; what it says is in `said.txt` beside it."""
        with (path.parent / "said.txt").open("w") as said:
            return subprocess.Popen(
                [*command(path), *arguments], cwd=path.parent, env=self.env, text=True, stdout=said, stderr=said
            )

    def call(self, method: str, path: str, body: object = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.key}"}
        return httpx.request(method, f"{self.product.url}/api/v1/{path}", json=body, headers=headers, timeout=60)

    def end_a_job(self, webhook: str) -> str:
        """The id of a job that has ended: submitted, and cancelled at once."""
        form = {"image": f"{self.product.url}/samples/face.jpg", "audio": self.voice_url}
        submitted = self.call("POST", "lipsync-image", {"webhook": webhook, "formState": form})
        job_id = str(submitted.json()["id"])
        assert self.call("DELETE", f"jobs/{job_id}").status_code == 200
        return job_id


def runner(ending: str) -> str:
    """The program for an example, or this test is not run."""
    program, packages = RUNNERS[ending]
    if ending == "py":
        return sys.executable
    found = shutil.which(program) or (node_program(program) if ending == "mjs" else None)
    if found is None:
        pytest.skip(f"not run: no {program} (apt-get install {packages})")
    return found


def command(path: Path) -> list[str]:
    """How an example is run; Go is compiled first."""
    ending = path.suffix[1:]
    if ending != "go":
        return [runner(ending), str(path)]
    built = path.with_suffix("")
    env = os.environ | {"GOCACHE": str(path.parents[1] / "go-cache"), "GOFLAGS": "", "GO111MODULE": "off"}
    subprocess.run([runner(ending), "build", "-o", built, path], check=True, env=env, cwd=path.parent)
    return [str(built)]


@pytest.fixture(scope="module")
def desk(product: Product, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    folder = tmp_path_factory.mktemp("desk")
    key = product.manage("create_api_key", EMAIL)
    secret = product.manage("shell", "--verbosity", "0", "--command", SECRET).split()[-1]
    voice = folder / "voice.wav"
    voice.write_bytes(short_voice())
    return Desk(product, folder, key, secret, voice, Caller(product, key).short_voice())


@pytest.fixture(scope="module", autouse=True)
def submissions(desk: Desk) -> Iterator[Mapping[str, "subprocess.Popen[str]"]]:
    """The first example in every language that this machine has, all at once; the other tests run meanwhile."""
    running = {}
    for ending in RUNNERS:
        if ending in ("sh", "py", "mjs") or shutil.which(RUNNERS[ending][0]):
            path = desk.place("submit", ending, {"{{ base }}/samples/voice.wav": desk.voice_url, "720p": "480p"})
            running[ending] = desk.start(path)
    yield running
    for process in running.values():
        process.kill()
        process.wait()


@pytest.mark.parametrize("ending", RUNNERS)
def test_submit_says_what_was_refused(ending: str, desk: Desk) -> None:
    runner(ending)
    path = desk.place("submit", ending, {"/lipsync-image": "/lipsync-picture"}, name="refused")
    process = desk.start(path)
    assert process.wait(30) != 0
    assert "There is nothing at this address" in (path.parent / "said.txt").read_text()


@pytest.mark.parametrize("ending", RUNNERS)
def test_upload_sends_a_file_that_can_be_submitted(ending: str, desk: Desk) -> None:
    runner(ending)
    path = desk.place("upload", ending)
    assert desk.start(path, str(desk.voice)).wait(30) == 0, (path.parent / "said.txt").read_text()
    url = (path.parent / "said.txt").read_text().strip()
    form = {"image": f"{desk.product.url}/samples/face.jpg", "audio": url}
    estimate = desk.call("POST", "estimate/lipsync-image", {"formState": form}).json()
    assert estimate == {"credits": 10, "seconds": 5, "warnings": []}


@contextmanager
def receiver(desk: Desk, ending: str) -> Iterator[tuple[str, Path]]:
    """The receiver's address, and the file of what it says."""
    port = free_port()
    path = desk.place("webhook", ending, {"3000": str(port)})
    argv = command(path)
    if ending == "php":
        argv[1:1] = ["-S", f"127.0.0.1:{port}"]
    if ending == "mjs":
        npm = shutil.which("npm") or node_program("npm")
        subprocess.run(
            [npm, "install", "--silent", "--no-fund", "--no-audit", "express@5"], cwd=path.parent, check=True
        )
    log = path.parent / "said.txt"
    with log.open("w") as said:
        process = subprocess.Popen(argv, cwd=path.parent, env=desk.env, stdout=said, stderr=said)
    url = f"http://127.0.0.1:{port}/"
    try:
        until(lambda: process.poll() is None and _answers(url), 20)
        yield url, log
    finally:
        process.kill()
        process.wait()


def _answers(url: str) -> bool:
    try:
        return bool(httpx.get(url).status_code)
    except httpx.TransportError:
        return False


@pytest.mark.parametrize("ending", ["py", "mjs", "php", "go"])
def test_a_receiver_takes_what_is_ours_and_nothing_else(ending: str, desk: Desk) -> None:
    runner(ending)
    body = '{"id": "forged", "status": "failed", "output": null, "error": "über"}'
    now = datetime.now(UTC)

    def signed(at: datetime, text: str = body) -> dict[str, str]:
        return {
            "webhook-id": "msg_1", "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": Webhook(desk.secret).sign("msg_1", at, text), "Content-Type": "application/json",
        }  # fmt: skip

    rotated = signed(now)
    rotated["webhook-signature"] = f"v1,b2xk {rotated['webhook-signature']}"
    cases = [
        (signed(now), 204),
        (rotated, 204),
        (signed(now, body.replace("forged", "other")), 401),
        (signed(now - timedelta(minutes=6)), 401),
        (signed(now + timedelta(minutes=6)), 401),
        (signed(now) | {"webhook-id": "msg_2"}, 401),
        (signed(now) | {"webhook-signature": "v1,"}, 401),
        ({"Content-Type": "application/json"}, 401),
    ]
    with receiver(desk, ending) as (url, log):
        job_id = desk.end_a_job(url)
        until(lambda: f"{job_id} failed Cancelled" in log.read_text(), 20)
        assert [httpx.post(url, content=body, headers=headers).status_code for headers, _ in cases] == [
            status for _, status in cases
        ]
        assert log.read_text().count("forged failed über") == 2


def test_the_shell_verifies_one_webhook_by_hand(desk: Desk) -> None:
    path = desk.place("webhook", "sh")
    with hook_server() as hooks:
        desk.end_a_job(hooks.url)
        until(lambda: hooks.received, 20)
    sent = hooks.received[0]
    arguments = [sent.headers[name] for name in ("webhook-id", "webhook-timestamp", "webhook-signature")]

    def verify(body: bytes, arguments: list[str]) -> int:
        return subprocess.run(["sh", path, *arguments], input=body, env=desk.env, capture_output=True).returncode

    assert verify(sent.body, arguments) == 0
    assert verify(sent.body, [*arguments[:2], f"v1,b2xk {arguments[2]}"]) == 0
    assert verify(sent.body.replace(b"failed", b"passed"), arguments) == 1
    assert verify(sent.body, [arguments[0], str(int(arguments[1]) - 600), arguments[2]]) == 1


@pytest.mark.parametrize("ending", RUNNERS)
def test_submit_waits_and_saves_the_video(
    ending: str, desk: Desk, submissions: Mapping[str, "subprocess.Popen[str]"]
) -> None:
    runner(ending)
    status = submissions[ending].wait(120)
    folder = desk.folder / f"submit-{ending}"
    said = (folder / "said.txt").read_text().split()
    assert status == 0, said
    assert (said[0], said[2]) == ("Job", "result.mp4")
    job = desk.call("GET", f"jobs/{said[1]}").json()
    assert job["status"] == "completed"
    video = (folder / "result.mp4").read_bytes()
    assert video[4:8] == b"ftyp"
    assert video == httpx.get(job["output"]).content
