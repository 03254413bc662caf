"""Two installations: a front that makes nothing itself, and the render node that it sends its jobs to."""

import io
import json
import math
import threading
import wave
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from tests.live.product import Caller, Product, free_port, until

pytestmark = pytest.mark.live
SAMPLES = Path(__file__).resolve().parents[2] / "static" / "samples"
NODE_ACCOUNT = "front@example.org"


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    running = Product(tmp_path_factory.mktemp("node") / "data", ALLOW_PRIVATE_NETWORK="1", GRANT_API_CREDITS="5000")
    running.start()
    yield running
    running.kill()


@pytest.fixture(scope="module")
def key(node: Product) -> str:
    return node.manage("create_api_key", NODE_ACCOUNT)


@pytest.fixture(scope="module")
def front(node: Product, key: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    running = front_of(f"{node.url}/api/v1", key, tmp_path_factory.mktemp("front"), secret=secret_of(node))
    running.start()
    yield running
    running.kill()


def secret_of(node: Product) -> str:
    """What the node signs its webhooks to the front's account with."""
    account = f"User.objects.get(email={NODE_ACCOUNT!r})"
    lines = ["from jobs import webhooks", "from jobs.models import User", f"print(webhooks.current_secret({account}))"]
    return node.manage("shell", "--no-imports", "-c", "; ".join(lines)).splitlines()[-1]


def front_of(url: str, key: str, folder: Path, *, calls_back: bool = True, secret: str = "") -> Product:
    """A front; where the node can not reach it, callbacks are sent to a place where nobody listens."""
    front = Product(folder / "data", ENGINE="upstream", UPSTREAM_URL=url, UPSTREAM_KEY=key, ALLOW_PRIVATE_NETWORK="1")
    front.env |= {
        "UPSTREAM_WEBHOOK_SECRET": secret,
        "CALLBACK_BASE_URL": front.url if calls_back else f"http://localhost:{free_port()}",
    }
    return front


@pytest.fixture(scope="module")
def caller(front: Product) -> Caller:
    return Caller(front, front.manage("create_api_key", "program@example.org"))


def long_voice(seconds: int) -> bytes:
    """The bundled voice over and over, as WAV."""
    with wave.open(str(SAMPLES / "voice.wav")) as source:
        once, form = source.readframes(source.getnframes()), source.getparams()
    written = io.BytesIO()
    with wave.open(written, "wb") as target:
        target.setparams(form)
        target.writeframes(once * math.ceil(seconds * form.framerate / form.nframes))
    return written.getvalue()


def jobs_of(node: Product, key: str) -> list[dict[str, object]]:
    answer = httpx.get(f"{node.url}/api/v1/jobs", headers={"Authorization": f"Bearer {key}"})
    found: list[dict[str, object]] = answer.json()["jobs"]
    return found


def test_the_node_makes_it_and_the_front_has_its_own_copy(caller: Caller, node: Product, key: str) -> None:
    job = caller.ended(caller.submit(seed=42, prompt="calm", audio=caller.short_voice()))
    assert job["status"] == "completed", job
    assert job["output"].startswith(caller.base)
    assert httpx.get(job["output"]).content[4:8] == b"ftyp"
    assert set(job["timings"]) >= {"looking", "listening", "drawing"}
    assert job["promptUsed"] == ["calm"]
    assert [one["status"] for one in jobs_of(node, key) if one["seed"] == 42] == ["completed"]


def test_what_the_node_refuses_fails_with_its_sentence_and_the_credits_back(caller: Caller, front: Product) -> None:
    blank = caller.upload("notes.txt", "text/plain", b"Dear diary")
    job = caller.ended(caller.submit(image=blank))
    assert job["status"] == "failed"
    assert "picture" in job["error"]
    front.manage("check_ledger")


def test_a_job_cancelled_at_the_front_is_cancelled_at_the_node(caller: Caller, node: Product, key: str) -> None:
    voice = caller.upload("long.wav", "audio/wav", long_voice(60))  # or it would be done before
    job_id = caller.submit(resolution="720p", seed=44, audio=voice)
    until(lambda: caller.job(job_id)["progress"] > 0, 60)

    assert caller.cancel(job_id)["error"] == "Cancelled"

    def there() -> dict[str, object]:
        return next(job for job in jobs_of(node, key) if job["seed"] == 44)

    until(lambda: there()["status"] != "processing", 30)
    assert (there()["status"], there()["error"]) == ("failed", "Cancelled")


def test_a_front_killed_in_mid_job_pays_for_no_second_one(
    caller: Caller, front: Product, node: Product, key: str
) -> None:
    job_id = caller.submit(resolution="720p", seed=45)
    until(lambda: caller.job(job_id)["progress"] > 0.1, 60)
    front.kill()
    front.start()
    assert caller.ended(job_id)["status"] == "completed"
    assert [job["seed"] for job in jobs_of(node, key)].count(45) == 1


def test_a_node_killed_in_mid_job_and_started_again_still_delivers(caller: Caller, node: Product) -> None:
    job_id = caller.submit(resolution="720p", seed=46)
    until(lambda: caller.job(job_id)["progress"] > 0.1, 60)
    node.kill()
    node.start()
    assert caller.ended(job_id)["status"] == "completed"


# --- A node that misbehaves ---------------------------------------------------------------


class Moody(ThreadingHTTPServer):
    """Stands before the node: answers some requests in its own way, hands on the rest."""

    daemon_threads = True

    def __init__(self, behind: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behind = behind
        self.moods: list[tuple[int, bytes]] = []
        self.answered: list[int] = []
        self.callbacks: list[str] = []  # where the front wants to be called back
        self.before_accepting: Callable[[str], object] = lambda job_id: None

    @property
    def url(self) -> str:
        return f"http://localhost:{self.server_port}/api/v1"


class _Handler(BaseHTTPRequestHandler):
    server: Moody

    def do(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.server.moods:
            status, content = self.server.moods.pop(0)
        else:
            kept = {name: value for name, value in self.headers.items() if name not in ("Host", "Content-Length")}
            reply = httpx.request(self.command, self.server.behind + self.path, content=body, headers=kept, timeout=60)
            status, content = reply.status_code, reply.content
            if self.command == "POST" and b"formState" in body and status == 200:
                self.server.callbacks.append(json.loads(body).get("webhook", ""))
                self.server.before_accepting(reply.json()["id"])
        self.server.answered.append(status)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_DELETE = do

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture(scope="module")
def between(node: Product) -> Iterator[Moody]:
    server = Moody(node.url)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def moody(between: Moody) -> Iterator[Moody]:
    """In no mood yet."""
    yield between
    between.moods, between.before_accepting = [], lambda job_id: None


@pytest.fixture(scope="module")
def beyond(between: Moody, key: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    """A program of a front whose node is moody; nothing else is under way there any more."""
    front = front_of(between.url, key, tmp_path_factory.mktemp("beyond"))
    front.start()
    try:
        caller = Caller(front, front.manage("create_api_key", "program@example.org"))
        assert caller.ended(caller.submit(audio=caller.short_voice()))["status"] == "completed"
        yield caller
        front.manage("check_ledger")
    finally:
        front.kill()


def test_a_node_that_is_busy_broken_or_babbles_is_asked_again(moody: Moody, beyond: Caller) -> None:
    moody.moods = [(500, b"oops"), (429, b"{}"), (200, b"<html>"), (200, b"[]")]

    job = beyond.ended(beyond.submit(seed=47, audio=beyond.short_voice()))

    assert job["status"] == "completed", job
    assert moody.moods == []
    moody.moods = [(401, b"{}")]
    assert "refused this installation" in beyond.ended(beyond.submit())["error"]
    moody.moods = [(422, json.dumps({"error": "No such thing as {tea}.", "code": "x"}).encode())]
    assert beyond.ended(beyond.submit())["error"] == "No such thing as {tea}."


def test_a_callback_before_the_answer_to_the_submission_is_not_lost(
    moody: Moody, beyond: Caller, node: Product, key: str
) -> None:
    def done_and_told(job_id: str) -> None:
        """Hold the answer back until the node has made the video and has called back."""

        def told() -> bool:
            count = f"print(Delivery.objects.filter(job_id={job_id!r}, status='delivered').count())"
            return node.manage("shell", "--no-imports", "-c", f"from jobs.models import Delivery; {count}") == "1"

        until(told, 20)

    moody.before_accepting = done_and_told
    job = beyond.ended(beyond.submit(seed=48, audio=beyond.short_voice()))
    assert job["status"] == "completed", job
    assert [one["seed"] for one in jobs_of(node, key)].count(48) == 1


def test_a_hundred_callbacks_are_as_good_as_one_and_forged_ones_as_none(moody: Moody, beyond: Caller) -> None:
    voice = beyond.upload("long.wav", "audio/wav", long_voice(15))
    job_id = beyond.submit(seed=49, audio=voice)
    until(lambda: beyond.job(job_id)["progress"] > 0.05, 60)
    address = moody.callbacks[-1]
    forged = address.replace(address.rstrip("/")[-8:], "AAAAAAAA")

    answers = [httpx.post(address, content=b"{}").status_code for _ in range(50)]
    assert {httpx.post(forged, content=b"{}").status_code for _ in range(20)} == {404}
    job = beyond.ended(job_id)
    answers += [httpx.post(address, content=b"{}").status_code for _ in range(50)]

    assert set(answers) == {200}
    assert job["status"] == "completed"
    assert beyond.job(job_id)["output"].split("?")[0].endswith(".mp4")


def test_an_unsigned_callback_is_turned_away_where_the_secret_is_known(front: Product, caller: Caller) -> None:
    job_id = caller.submit(seed=50)
    lines = ["from jobs.models import Job", "from jobs.exchanges import callback_address"]
    find = f"print(callback_address(Job.objects.get(pk={job_id!r})))"

    def address() -> str | None:
        found = front.manage("shell", "--no-imports", "-c", "; ".join([*lines, find]))
        return found if "/upstream/" in found else None

    assert httpx.post(until(address, 30), content=b'{"id": "x"}').status_code == 400
    assert caller.ended(job_id)["status"] == "completed"


def test_a_lost_callback_is_made_up_for_by_asking(node: Product, key: str, tmp_path: Path) -> None:
    front = front_of(f"{node.url}/api/v1", key, tmp_path, calls_back=False)
    front.start()
    try:
        caller = Caller(front, front.manage("create_api_key", "program@example.org"))
        assert caller.ended(caller.submit(seed=51, audio=caller.short_voice()))["status"] == "completed"
    finally:
        front.kill()


def test_while_nobody_is_there_the_job_waits_and_can_be_cancelled(tmp_path: Path) -> None:
    front = front_of(f"http://localhost:{free_port()}/api/v1", "sk_none", tmp_path)
    front.start()
    try:
        caller = Caller(front, front.manage("create_api_key", "program@example.org"))
        job_id = caller.submit()
        assert caller.job(job_id)["status"] == "processing"
        assert caller.cancel(job_id)["error"] == "Cancelled"
        front.manage("check_ledger")
    finally:
        front.kill()
