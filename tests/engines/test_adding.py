"""An engine is added as docs/engines.md says, and makes a video."""

import re
import sys
from pathlib import Path
from types import ModuleType

import pytest
from django.conf import settings as django_settings
from django.test import Client
from pytest_django import Settings

from jobs import exchanges, lifecycle
from jobs.engines import registry
from jobs.models import Status, User
from tests import files
from tests.conftest import MakeJob
from tests.engines.providers import provider

pytestmark = pytest.mark.render
DOCUMENT = django_settings.BASE_DIR / "docs" / "engines.md"


@pytest.fixture
def echo(monkeypatch: pytest.MonkeyPatch) -> str:
    """The dotted path of the document's engine."""
    (code,) = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    module = ModuleType("engine_of_the_document")
    exec(compile(code, str(DOCUMENT), "exec"), module.__dict__)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return f"{module.__name__}.EchoEngine"


def test_the_documents_engine_makes_a_video(
    echo: str, alice: User, make_job: MakeJob, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with provider() as shop:
        monkeypatch.setattr(registry, "ENGINES", {"echo": ("Echo", echo)})
        settings.ENGINES = {"lipsync-image": ["echo"]}
        settings.ENGINE_OPTIONS = {"echo": {"url": shop.url, "key": "key-1"}}
        settings.CALLBACK_BASE_URL = "https://front.example.org"
        shop.answer("POST", "/videos", 200, {"id": "e-1"})
        shop.answer("GET", "/videos/e-1", 200, {"state": "queued"})
        job = make_job(alice)

        lifecycle.start(str(job.pk))
        lifecycle.look(str(job.pk))
        job.refresh_from_db()
        assert (job.status, job.remote_id) == (Status.RUNNING, "e-1")
        assert shop.asked[0].json()["tell"] == exchanges.callback_address(job)

        clip = files.write_clip(tmp_path / "clip.mp4", seconds=3)
        shop.answer("GET", "/video.mp4", 200, clip.read_bytes())
        shop.answer("GET", "/videos/e-1", 200, {"state": "done", "video": f"{shop.url}/video.mp4"})
        address = exchanges.callback_address(job).removeprefix("https://front.example.org")
        assert Client().post(address, b"{}", content_type="application/json").status_code == 200
        lifecycle.look(str(job.pk))

    job.refresh_from_db()
    assert (job.status, job.engine) == (Status.DONE, "echo 1")
    assert job.result is not None
    assert job.result.seconds == 3.0
    assert job.poster is not None
