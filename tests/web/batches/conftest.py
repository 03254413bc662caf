"""A form that is complete, and batches that are planned."""

from pathlib import Path
from typing import Protocol

import pytest

from jobs import batches
from jobs.lifecycle import Order
from jobs.models import Batch, User
from jobs.models.job import Model
from tests import files
from tests.web.batches.form import upload


@pytest.fixture
def voices(png: Path, wav: Path) -> dict[str, object]:
    """A complete form: one picture, three recordings."""
    return {
        "way": "voices",
        "face": upload(png),
        "voices": [upload(wav, f"{word}.wav") for word in ("one", "two", "three")],
        "resolution": "480",
        "consent": "on",
    }


class Plan(Protocol):
    """Plans a batch of Alice's: a picture, and the recordings one, two and three. Nothing is probed."""

    def __call__(self, name: str = "Greetings") -> Batch: ...


@pytest.fixture
def plan(alice: User, png: Path, tmp_path: Path) -> Plan:
    face = files.picture_draft(png)
    voices = [files.voice_draft(files.write_wav(tmp_path / f"{word}.wav", 1), 3) for word in ("one", "two", "three")]
    orders = [Order(Model.IMAGE, {"image": face, "audio": voice}) for voice in voices]
    return lambda name="Greetings": batches.plan(alice, name, orders)
