"""A render node as its engine sees it: one submission however often it is sent, files as the ticket asks for them."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest

from jobs.engines import remote
from jobs.engines.base import Away, Failed, Outcome, Running, Work
from jobs.engines.remote import NOT_REACHED
from jobs.engines.upstream import UpstreamEngine
from tests import files
from tests.engines.providers import Provider, provider


class Row:
    """What lifecycle keeps of a job that is away."""

    def __init__(self) -> None:
        self.remote_id, self.submitted, self.notes = "", False, dict[str, Any]()

    def away(self, attempt: int = 1) -> Away:
        return Away(
            remote_id=self.remote_id,
            submitted=self.submitted,
            attempt=attempt,
            notes=self.notes,
            note=self._note,
            mark=self._mark,
            remember=self._remember,
        )

    def _note(self, notes: Mapping[str, Any]) -> None:
        self.notes = dict(notes)

    def _mark(self, submitted: bool) -> None:
        self.submitted = submitted

    def _remember(self, remote_id: str) -> None:
        self.remote_id = remote_id


def tell(progress: float, stage: str) -> None:
    """A report that nobody stops."""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TICK_SECONDS", "FIRST_PAUSE_SECONDS", "LONGEST_PAUSE_SECONDS", "GIVE_UP_SECONDS"):
        monkeypatch.setattr(remote, name, getattr(remote, name) / 400)


@pytest.fixture
def node() -> Iterator[Provider]:
    with provider() as running:
        running.answer(
            "POST",
            "/uploads",
            200,
            {
                "url": f"{running.url}/uploads/1",
                "upload": {"method": "PUT", "url": f"{running.url}/put", "headers": {}},
            },
        )
        running.answer("PUT", "/put", 204, b"")
        running.answer("POST", "/lipsync-image", 200, {"id": "n-1", "status": "processing"})
        yield running


@pytest.fixture
def work(tmp_path: Path) -> Work:
    voice = files.write_wav(tmp_path / "voice.wav", 1)
    return Work("0b7e", "lipsync-image", {"image": voice, "audio": voice}, tmp_path / "result.mp4", 480, 1)


def run(node: Provider, work: Work, row: Row, attempt: int = 1) -> Outcome:
    return UpstreamEngine(node.url, "key-1").run(replace(work, away=row.away(attempt)), tell)


def submissions(node: Provider) -> list[tuple[str, bytes]]:
    return [(one.headers["idempotency-key"], one.body) for one in node.asked if one.path == "/lipsync-image"]


def test_what_may_have_arrived_is_sent_again_word_for_word(node: Provider, work: Work) -> None:
    row = Row()
    node.answer("POST", "/lipsync-image", 500, b"oops")
    assert run(node, work, row) == Failed(NOT_REACHED, permanent=False)
    assert (row.remote_id, row.submitted) == ("", True)

    node.answer("POST", "/lipsync-image", 200, {"id": "n-1"})
    outcome = UpstreamEngine(node.url, "key-1").look(replace(work, away=row.away(attempt=2)), tell)

    assert isinstance(outcome, Running)
    assert row.remote_id == "n-1"
    assert len(submissions(node)) > 2
    assert len(set(submissions(node))) == 1
    assert sum(one.path == "/uploads" for one in node.asked) == 2  # the files went there once


def test_a_node_that_is_still_busy_with_the_same_one_is_asked_again(node: Provider, work: Work) -> None:
    answers = iter([(409, b"{}"), (409, b"{}")])
    node.answers["POST", "/lipsync-image"] = lambda: next(answers, (200, json.dumps({"id": "n-1"}).encode()))
    row = Row()
    assert isinstance(run(node, work, row), Running)
    assert row.remote_id == "n-1"


def test_a_job_that_the_node_lost_is_another_one_when_it_is_sent_again(node: Provider, work: Work) -> None:
    row = Row()
    run(node, work, row)
    UpstreamEngine(node.url, "key-1").look(replace(work, away=row.away()), tell)  # 404
    assert (row.remote_id, row.notes) == ("", {})
    run(node, work, row, attempt=2)
    assert len({key for key, _ in submissions(node)}) == 2


def test_a_refusal_leaves_nothing_there(node: Provider, work: Work) -> None:
    row = Row()
    node.answer("POST", "/lipsync-image", 422, {"error": "No."})
    assert run(node, work, row) == Failed("No.")
    assert not row.submitted


def test_a_file_goes_as_a_form_where_the_ticket_says_so(node: Provider, work: Work) -> None:
    """As a node does whose files are in a bucket."""
    ticket = {
        "method": "POST",
        "url": f"{node.url}/bucket",
        "headers": {},
        "fields": {"key": "incoming/1", "policy": "x"},
    }
    node.answer("POST", "/uploads", 200, {"url": f"{node.url}/uploads/1", "upload": ticket})
    node.answer("POST", "/bucket", 204, b"")

    assert isinstance(run(node, work, Row()), Running)

    asked = next(one for one in node.asked if one.path == "/bucket")
    assert "authorization" not in asked.headers
    kind = b"Content-Type: " + asked.headers["content-type"].encode() + b"\r\n\r\n"
    parts = {
        part.get_param("name", header="content-disposition"): part.get_payload(decode=True)
        for part in message_from_bytes(kind + asked.body).walk()
        if not part.is_multipart()
    }
    assert list(parts) == ["key", "policy", "file"]
    assert parts["key"] == b"incoming/1"
    assert parts["file"] == work.sources["image"].read_bytes()
