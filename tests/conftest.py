"""What every test may ask for: people, small files, jobs, and a world of its own to write to."""

import io
import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import pytest
from django.conf import settings as django_settings
from django.core.cache import cache
from django.core.management import call_command
from pytest_django import Settings

from jobs import lifecycle
from jobs.engines import registry
from jobs.lifecycle import Order
from jobs.media import Draft
from jobs.models import ApiKey, Job, User, WalletKind
from jobs.models.job import Model
from lipsync_site.bucket import bucket_url
from tests import files, people, s3
from tests.engine import FakeEngine, FarEngine
from tests.live.product import Product


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory: pytest.TempPathFactory) -> None:
    """SQLite in a file, as in production: in memory it locks and shares in other ways. Each process has its own."""
    database = django_settings.DATABASES["default"]
    if database["ENGINE"].endswith("sqlite3"):
        database["TEST"]["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")
    else:
        database["TEST"]["NAME"] = f"test_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, settings: Settings) -> Path:
    """An empty DATA_DIR, with its media and incoming folders, and an empty cache for each test."""
    folder = tmp_path / "data"
    settings.DATA_DIR = folder
    settings.FILE_UPLOAD_TEMP_DIR = folder / "incoming"
    settings.FILE_UPLOAD_TEMP_DIR.mkdir(parents=True)
    storage = settings.STORAGES["default"]
    options = storage["OPTIONS"] | {"location": folder / "media"}
    settings.STORAGES = settings.STORAGES | {"default": storage | {"OPTIONS": options}}
    cache.clear()
    return folder


@pytest.fixture(scope="session", autouse=True)
def launched(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product | None]:
    """The product of the live tests, if there are any: ahead of all, for it makes the home page's videos meanwhile."""
    if not any("product" in getattr(item, "fixturenames", ()) for item in request.session.items):
        yield None
        return
    running = Product(tmp_path_factory.mktemp("live") / "data", ALLOW_PRIVATE_NETWORK="1", EXAMPLES="1")
    running.launch()
    yield running
    running.kill()


@pytest.fixture(scope="session")
def s3_server() -> Iterator[s3.Server]:
    """A real S3 server."""
    with s3.running() as server:
        yield server


@pytest.fixture
def bucket(s3_server: s3.Server, settings: Settings) -> str:
    """An empty bucket, set up as in production, in which this test's installation keeps its files: its name."""
    name = f"test-{uuid.uuid4().hex}"
    for setting, value in s3_server.settings(name).items():
        setattr(settings, setting, value)
    settings.S3_ADDRESSING = "path"
    settings.S3_BUCKET_URL = bucket_url(s3_server.endpoint, settings.S3_REGION, name, settings.S3_ADDRESSING)
    call_command("media_bucket", "--create", stdout=io.StringIO())
    return name


@pytest.fixture
def alice(db: None) -> User:
    """Owns what a test is about."""
    return people.person("alice@example.org")


@pytest.fixture
def bob(db: None) -> User:
    """Has the same of his own."""
    return people.person("bob@example.org")


@pytest.fixture
def charlie(db: None) -> User:
    """Has nothing and must see nothing."""
    return people.person("charlie@example.org")


@pytest.fixture
def operator(db: None) -> User:
    """May do everything in the admin."""
    return people.person("operator@example.org", is_staff=True, is_superuser=True)


@pytest.fixture
def png(tmp_path: Path) -> Path:
    """A grey PNG picture of 8 × 6 pixels, without a face."""
    return files.write_png(tmp_path / "face.png")


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """A video, of a second."""
    return files.write_clip(tmp_path / "clip.mp4")


@pytest.fixture
def wav(tmp_path: Path) -> Path:
    """A WAV recording of 3 seconds: a hum."""
    return files.write_wav(tmp_path / "voice.wav", seconds=3)


@pytest.fixture
def draft(png: Path, wav: Path) -> Callable[..., dict[str, Draft]]:
    """Makes the drafts of a photo and of a voice that is taken to last `seconds`; nothing is probed."""
    return lambda seconds=3.0: {"image": files.picture_draft(png), "audio": files.voice_draft(wav, seconds)}


class MakeJob(Protocol):
    """Submits a job as a door does; it waits in the queue."""

    def __call__(
        self,
        user: User,
        *,
        seconds: float = 3,
        resolution: int = 480,
        model: Model = Model.IMAGE,
        prompt: str = "",
        webhook: str = "",
        name: str = "",
        wallet_kind: WalletKind = WalletKind.API,
        api_key: ApiKey | None = None,
        showcase: bool = False,
    ) -> Job: ...


@pytest.fixture
def make_job(draft: Callable[..., dict[str, Draft]]) -> MakeJob:
    def make(
        user: User,
        *,
        seconds: float = 3,
        resolution: int = 480,
        model: Model = Model.IMAGE,
        prompt: str = "",
        webhook: str = "",
        name: str = "",
        wallet_kind: WalletKind = WalletKind.API,
        api_key: ApiKey | None = None,
        showcase: bool = False,
    ) -> Job:
        order = Order(model, draft(seconds), resolution, seed=7, prompt=prompt, webhook=webhook, name=name)
        return lifecycle.submit(user, order, wallet_kind, api_key=api_key, showcase=showcase)

    return make


@pytest.fixture
def fake_engine(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[FakeEngine]]:
    """Stands in the registry instead of the real engines; `acts` is what it does, `works` what it was given."""
    monkeypatch.setattr(registry, "ENGINES", {"fake": ("Fake", "tests.engine.FakeEngine")})
    settings.ENGINES = {model: ["fake"] for model in settings.ENGINES}
    FakeEngine.reset()
    yield FakeEngine
    FakeEngine.reset()


@pytest.fixture
def far_engine(fake_engine: type[FakeEngine], settings: Settings, monkeypatch: pytest.MonkeyPatch) -> type[FarEngine]:
    """One on another machine, and the other fake one to step in for it."""
    known = {"far": ("Far", "tests.engine.FarEngine"), "fake": ("Fake", "tests.engine.FakeEngine")}
    monkeypatch.setattr(registry, "ENGINES", known)
    settings.ENGINES = {model: ["far"] for model in settings.ENGINES}
    settings.CALLBACK_BASE_URL = "https://front.example.org"
    FarEngine.reset()
    return FarEngine
