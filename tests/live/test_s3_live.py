"""The whole product with its files in a real S3 server: a person in a browser, and a program with a key."""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import httpx
import pytest
from playwright.sync_api import Browser, Page, Request, expect

from tests import s3
from tests.live.browsing import RENDER_MS, generate_in_vain
from tests.live.chromium import SAMPLES, person_at
from tests.live.line import Line, line_to
from tests.live.pages import SHORT_VOICE, send, sign_up
from tests.live.product import Caller, Product, until
from tests.live.test_docs import RUNNERS, Desk, runner
from tests.live.voice import short_voice

pytestmark = [pytest.mark.live, pytest.mark.s3, pytest.mark.browser]
BUCKET = "mundwerk"
# As if the minute were over in which what was deleted can be brought back.
AFTER_UNDO = """from django.db.models import F
from jobs.lifecycle import UNDO
from jobs.models import Job
assert Job.objects.exclude(removed=None).update(erase_after=F("erase_after") - UNDO)"""


@pytest.fixture(scope="module")
def product(s3_server: s3.Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """An installation like the others', but for where its files are."""
    folder = tmp_path_factory.mktemp("s3") / "data"
    running = Product(folder, ALLOW_PRIVATE_NETWORK="1", **s3_server.settings(BUCKET))
    assert "is private" in running.manage("media_bucket", "--create")
    running.start()
    yield running
    assert running.stop() == 0
    log = running.log.read_text()
    assert s3_server.secret_key not in log
    assert "X-Amz-Signature" not in log
    assert not (folder / "media").exists()


@pytest.fixture
def page(browser: Browser, product: Product) -> Iterator[Page]:
    with person_at(browser, product) as person:
        yield person.new_page()


@pytest.fixture(scope="module")
def files(s3_server: s3.Server) -> Any:
    """Tells the names of all files in the bucket."""
    client = boto3.session.Session().client(
        "s3",
        endpoint_url=s3_server.endpoint,
        region_name="us-east-1",
        aws_access_key_id=s3_server.access_key,
        aws_secret_access_key=s3_server.secret_key,
    )
    return lambda: {one["Key"] for one in client.list_objects_v2(Bucket=BUCKET).get("Contents", [])}


@pytest.fixture(scope="module")
def desk(product: Product, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    key = product.manage("create_api_key", "reader@example.org")
    return Desk(product, tmp_path_factory.mktemp("desk"), key, "", SAMPLES / "voice.wav", "")


def test_a_persons_files_go_to_the_bucket_and_come_from_it(
    page: Page, files: Any, s3_server: s3.Server, product: Product
) -> None:
    sign_up(page, "bucket@example.org")
    posts: list[Request] = []
    page.on("request", lambda request: posts.append(request) if request.method == "POST" else None)
    page.locator("#image").set_input_files(SAMPLES / "face.jpg")
    page.locator("#audio").set_input_files(SHORT_VOICE)
    page.locator("#consent").check()
    page.locator("#generate").click()
    page.wait_for_url("**/gallery/")

    sent = [request for request in posts if request.url.startswith(f"{s3_server.endpoint}/{BUCKET}/")]
    assert len(sent) == 2
    forms = [request for request in posts if request.url.endswith("/studio/")]
    assert len(forms) == 1  # with the ids alone
    card = page.locator("#gallery .card").first
    expect(card).to_have_attribute("data-state", "done", timeout=RENDER_MS)
    mine = {name for name in files() if not name.startswith("incoming/")}

    card.locator(".card__title a").click()
    page.wait_for_function("() => document.querySelector('[data-player] video')?.duration > 0")
    video = page.locator("[data-player] video")
    assert str(video.evaluate("video => video.currentSrc")).startswith(f"{s3_server.endpoint}/{BUCKET}/results/")
    page.locator("[data-player] [data-play]").click()
    page.wait_for_function("() => document.querySelector('[data-player] video').currentTime > 0.4")
    with page.expect_download() as download:
        page.locator("#download").click()
    assert download.value.suggested_filename == "face – voice.mp4"
    assert download.value.path().read_bytes()[4:8] == b"ftyp"

    page.locator("#delete").click()
    page.wait_for_url("**/gallery/")
    assert not any(name.startswith("incoming/") for name in files())
    assert mine <= files()  # as long as it can be undone; then picture, voice, result and poster go
    product.manage("shell", "--no-imports", "--command", AFTER_UNDO)
    until(lambda: len(mine & files()) <= len(mine) - 4, 30)


def test_a_connection_that_is_lost_is_tried_again(page: Page, s3_server: s3.Server) -> None:
    sign_up(page, "lost@example.org")
    lost: list[str] = []

    def once(route: Any) -> None:
        if len(lost) < 2:
            lost.append(route.request.url)
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route(f"{s3_server.endpoint}/{BUCKET}/", once)
    send(page)
    assert len(lost) == 2


@pytest.fixture
def heavy(tmp_path: Path) -> Path:
    """A voice with so much beside it that it is sent in three parts."""
    path, voice = tmp_path / "heavy.wav", short_voice()
    beside = b"JUNK" + struct.pack("<I", 20 << 20) + bytes(20 << 20)
    path.write_bytes(b"RIFF" + struct.pack("<I", len(voice) + len(beside) - 8) + voice[8:] + beside)
    return path


def part_of(request: Request) -> str:
    """Which part of a file a request sends."""
    numbers = parse_qs(urlsplit(request.url).query).get("partNumber", [])
    return numbers[0] if numbers and request.method == "PUT" else ""


def watch_parts(page: Page) -> tuple[list[str], list[str]]:
    """The parts that are begun to be sent, and those that arrive, as it happens."""
    begun: list[str] = []
    arrived: list[str] = []
    page.on("request", lambda request: begun.append(part_of(request)) if part_of(request) else None)
    page.on("requestfinished", lambda request: arrived.append(part_of(request)) if part_of(request) else None)
    return begun, arrived


def choose(page: Page, voice: Path) -> None:
    page.goto("/studio/?sample=1")
    page.locator("#audio").set_input_files(voice)
    page.locator("#consent").check()


@pytest.fixture
def line(s3_server: s3.Server) -> Iterator[Line]:
    """Leads to the S3 server."""
    with line_to(urlsplit(s3_server.endpoint).port or 80) as line:
        yield line


@pytest.fixture
def far_product(s3_server: s3.Server, line: Line, tmp_path: Path) -> Iterator[Product]:
    """An installation whose bucket browsers reach by way of `line` alone."""
    settings = s3_server.settings("at-the-end-of-a-line") | {"S3_PUBLIC_ENDPOINT": f"http://127.0.0.1:{line.port}"}
    running = Product(tmp_path / "data", ALLOW_PRIVATE_NETWORK="1", **settings)
    running.manage("media_bucket", "--create")
    running.start()
    yield running
    assert running.stop() == 0


def test_a_large_file_goes_on_after_its_connection_was_cut(
    browser: Browser, far_product: Product, line: Line, heavy: Path
) -> None:
    """In mid-part, for so long that the page gives up; pressing again sends what is missing and no more."""
    with person_at(browser, far_product) as person:
        page = person.new_page()
        sign_up(page, "cut@example.org")
        begun, arrived = watch_parts(page)
        choose(page, heavy)
        line.cut_after(12 << 20)
        generate_in_vain(page)
        assert line.is_cut
        assert (arrived, begun[:2]) == (["1"], ["1", "2"])

        line.mend()
        before = line.sent
        page.locator("#generate").click()
        page.wait_for_url("**/gallery/")

        assert arrived == ["1", "2", "3"]
        assert begun[-2:] == ["2", "3"]
        assert set(begun[2:-2]) <= {"2"}
        missing = heavy.stat().st_size - (8 << 20)
        assert missing < line.sent - before < missing + (1 << 16)


def test_a_part_that_is_lost_follows_by_itself(page: Page, heavy: Path, files: Any) -> None:
    sign_up(page, "part@example.org")
    begun, arrived = watch_parts(page)
    lost: list[str] = []

    def once(route: Any) -> None:
        if part_of(route.request) == "3" and not lost:
            lost.append(route.request.url)
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route("**/incoming/**", once)
    choose(page, heavy)
    page.locator("#generate").click()
    page.wait_for_url("**/gallery/")

    assert begun == ["1", "2", "3", "3"]
    assert arrived == ["1", "2", "3"]


def test_without_scripts_the_files_go_through_the_server(browser: Browser, product: Product, files: Any) -> None:
    context = browser.new_context(base_url=product.url, java_script_enabled=False)
    page = context.new_page()
    sign_up(page, "plain@example.org")
    before = files()
    page.locator("#image").set_input_files(SAMPLES / "face.jpg")
    page.locator("#audio").set_input_files(SHORT_VOICE)
    page.locator("#consent").check()
    page.locator("#generate").click()
    page.wait_for_url("**/gallery/")
    assert len([name for name in files() - before if name.startswith("inputs/")]) >= 2
    context.close()


def test_a_program_sends_and_fetches_past_us(product: Product, s3_server: s3.Server) -> None:
    caller = Caller(product, product.manage("create_api_key", "program@example.org"))
    image = caller.upload("face.jpg", "image/jpeg", (SAMPLES / "face.jpg").read_bytes())

    ended = caller.ended(caller.submit(image=image, audio=caller.short_voice()))

    assert ended["status"] == "completed", ended
    assert ended["output"].startswith(f"{s3_server.endpoint}/{BUCKET}/results/")
    part = httpx.get(ended["output"], headers={"Range": "bytes=4-7"})
    assert (part.status_code, part.content) == (206, b"ftyp")


@pytest.mark.parametrize("ending", RUNNERS)
def test_the_pages_upload_examples_send_past_us_too(ending: str, desk: Desk) -> None:
    runner(ending)
    path = desk.place("upload", ending)
    assert desk.start(path, str(desk.voice)).wait(60) == 0, (path.parent / "said.txt").read_text()
    url = (path.parent / "said.txt").read_text().strip()
    form = {"image": f"{desk.product.url}/samples/face.jpg", "audio": url}
    estimate = desk.call("POST", "estimate/lipsync-image", {"formState": form}).json()
    assert (estimate["credits"], estimate["seconds"]) == (16, 8)
