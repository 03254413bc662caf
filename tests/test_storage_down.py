"""A storage of files that answers nothing but errors: how often it is asked, and what is left for later."""

import io
import threading
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from jobs import batches, lifecycle, tasks
from jobs.errors import Unavailable
from jobs.lifecycle import Order
from jobs.media import ZipStream
from jobs.media.tidy import ORPHAN_AFTER
from jobs.models import Batch, Job, Media, User
from jobs.models.job import Model
from tests import files
from tests.conftest import MakeJob
from tests.engine import FakeEngine
from tests.web.reading import words


class _Broken(BaseHTTPRequestHandler):
    """Refuses everything for now, and notes what it was asked for."""

    asked: ClassVar[list[tuple[str, str]]] = []

    def _refuse(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.asked.append((self.command, self.path))
        self.send_response(503)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _refuse

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def broken(settings: Settings) -> Iterator[list[tuple[str, str]]]:
    """What the storage is asked for, from when `break_down` is called; before, files are on the disk."""
    _Broken.asked = []
    with ThreadingHTTPServer(("127.0.0.1", 0), _Broken) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        settings.S3_ENDPOINT = f"http://127.0.0.1:{server.server_port}"
        settings.S3_BUCKET, settings.S3_ACCESS_KEY, settings.S3_SECRET_KEY = "videos", "key", "secret"
        settings.S3_ADDRESSING = "path"
        yield _Broken.asked
        server.shutdown()
        thread.join()


def asked_for(broken: list[tuple[str, str]]) -> int:
    """Of how many files; each is tried a few times."""
    return len(set(broken))


def several(owner: User, count: int, **fields: object) -> None:
    Media.objects.bulk_create(Media(owner=owner, name=f"inputs/{number}", size=1, **fields) for number in range(count))


def test_a_sweep_asks_once_and_leaves_the_rest_for_the_next(
    alice: User, make_job: MakeJob, settings: Settings, broken: list[tuple[str, str]]
) -> None:
    jobs = [make_job(alice) for _ in range(3)]
    for job in jobs:
        lifecycle.cancel(alice, job.pk)
    lifecycle.hide(alice, [job.pk for job in jobs])
    Job.objects.update(erase_after=timezone.now())
    several(alice, 5, created=timezone.now() - ORPHAN_AFTER * 2)
    old = Batch.objects.create(owner=alice, plan=[], created=timezone.now() - batches.PLAN_KEPT * 2)
    settings.MEDIA = "s3"

    call_command("sweep")

    assert asked_for(broken) == 1
    assert Job.objects.filter(erase_after=None).count() == 1
    assert Media.objects.count() == 3 * 2 + 5

    settings.MEDIA = "disk"
    call_command("sweep")

    assert not Job.objects.exclude(erase_after=None).exists()
    assert not Batch.objects.filter(pk=old.pk).exists()
    # Those of the video of the first sweep go when files that nobody needs do.
    left = Media.objects.filter(owner=alice)
    assert {media.ready for media in left} == {False}
    assert left.count() == 2


def test_of_many_orphans_one_is_tried(alice: User, settings: Settings, broken: list[tuple[str, str]]) -> None:
    several(alice, 5, created=timezone.now() - ORPHAN_AFTER - timedelta(hours=1))
    settings.MEDIA = "s3"

    assert lifecycle.sweep() is False

    assert asked_for(broken) == 1
    assert list(Media.objects.values_list("ready", flat=True)) == [False] * 5


def test_a_plan_is_discarded_at_once_though_its_files_stay(
    alice: User, png: Path, wav: Path, settings: Settings, broken: list[tuple[str, str]]
) -> None:
    orders = [
        Order(Model.IMAGE, {"image": files.picture_draft(png), "audio": files.voice_draft(wav, 3)}) for _ in range(2)
    ]
    batch = batches.plan(alice, "Greetings", orders)
    settings.MEDIA = "s3"

    batches.discard(alice, batch.pk)

    assert not Batch.objects.exists()
    assert asked_for(broken) == 1
    assert set(Media.objects.values_list("ready", flat=True)) == {False}


def test_a_plan_that_can_not_be_kept_gives_up_at_its_first_file(
    alice: User, png: Path, wav: Path, settings: Settings, broken: list[tuple[str, str]]
) -> None:
    settings.MEDIA = "s3"
    order = Order(Model.IMAGE, {"image": files.picture_draft(png), "audio": files.voice_draft(wav, 3)})

    with pytest.raises(Unavailable):
        batches.plan(alice, "Greetings", [order])

    assert {method for method, _ in broken} == {"PUT"}
    assert asked_for(broken) == 1


def test_the_files_of_a_removed_account_wait_without_a_task_for_ever(
    alice: User, settings: Settings, broken: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    further: list[object] = []
    monkeypatch.setattr("jobs.accounts.removal.FILES_AT_ONCE", 2)
    monkeypatch.setattr("jobs.accounts.removal.enqueue", lambda *task: further.append(task))
    several(alice, 3, ready=False)
    User.objects.filter(pk=alice.pk).update(is_active=False)
    settings.MEDIA = "s3"

    tasks.drop_files(str(alice.pk))

    assert (asked_for(broken), further) == (1, [])
    assert Media.objects.count() == 3


def test_an_archive_that_is_being_sent_says_what_is_missing_and_asks_once(
    alice: User, settings: Settings, broken: list[tuple[str, str]]
) -> None:
    several(alice, 3)
    stream = ZipStream(timezone.now())
    settings.MEDIA = "s3"

    files = [(f"{number}.mp4", media, None) for number, media in enumerate(Media.objects.order_by("name"))]
    whole = b"".join([*stream.document("a.json", {}), *stream.kept(files, "Missing:"), *stream.end()])

    with zipfile.ZipFile(io.BytesIO(whole)) as archived:
        assert archived.namelist() == ["a.json", "missing.txt"]
        assert archived.read("missing.txt").decode() == "Missing:\n\n0.mp4\n1.mp4\n2.mp4\n"
    assert asked_for(broken) == 1


def test_what_can_not_be_read_now_is_not_begun(
    alice: User, make_job: MakeJob, fake_engine: type[FakeEngine], settings: Settings, broken: list[tuple[str, str]]
) -> None:
    job = make_job(alice)
    lifecycle.start(str(job.pk))
    batch = Batch.objects.create(owner=alice, name="Greetings")
    Job.objects.update(batch=batch)
    browser = Client()
    browser.force_login(alice)
    settings.MEDIA = "s3"

    results = browser.get(f"/batches/{batch.pk}/results.zip", follow=True)
    # The second time, too: what was not begun does not count.
    exports = [browser.post("/account/export/", follow=True) for _ in range(2)]

    for answer in (results, *exports):
        assert "The storage of files does not answer right now." in words(answer)
