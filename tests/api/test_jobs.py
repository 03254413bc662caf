"""A program's own jobs: listed, cancelled, removed, and priced before they are made."""

import re
from typing import Any

import pytest
from django.core.files.storage import default_storage

from jobs import credits, lifecycle
from jobs.models import Job, JobInput, Media, Movement, Status, User, WalletKind
from tests.api.conftest import Program
from tests.conftest import MakeJob
from tests.engine import FakeEngine


def listed(program: Program, query: str = "") -> Any:
    answer = program.get(f"jobs{query}")
    assert answer.status_code == 200, answer.content
    return answer.json()


@pytest.mark.django_db
def test_a_list_is_newest_first_and_goes_on_where_the_last_one_ended(
    program: Program, alice: User, bob: User, make_job: MakeJob
) -> None:
    made = [str(make_job(alice).pk) for _ in range(5)]
    make_job(bob)
    seen: list[str] = []
    cursor: str | None = ""
    for wanted in (2, 2, 1):
        page = listed(program, f"?limit=2&cursor={cursor}")
        assert len(page["jobs"]) == wanted
        seen += [job["id"] for job in page["jobs"]]
        cursor = page["nextCursor"]
    assert cursor is None
    assert seen == made[::-1]


@pytest.mark.django_db
def test_a_list_can_be_of_one_state_or_kind(
    program: Program, alice: User, make_job: MakeJob, fake_engine: type[FakeEngine]
) -> None:
    done, waiting, cancelled = (make_job(alice) for _ in range(3))
    lifecycle.start(str(done.pk))
    lifecycle.cancel(alice, cancelled.pk)
    for status, job in (("completed", done), ("processing", waiting), ("failed", cancelled)):
        assert [one["id"] for one in listed(program, f"?status={status}")["jobs"]] == [str(job.pk)]
    assert listed(program, "?model=lipsync-video")["jobs"] == []
    assert len(listed(program, "?model=lipsync-image")["jobs"]) == 3


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("?limit=0", "limit"), ("?limit=101", "limit"), ("?limit=x", "limit"), ("?status=done", "status"),
        ("?model=x", "model"), ("?cursor=abc", "cursor"), ("?cursor=%00", "cursor"),
    ],
)  # fmt: skip
def test_a_list_that_can_not_be_is_refused_by_name(query: str, field: str, program: Program) -> None:
    answer = program.get(f"jobs{query}")
    assert answer.status_code == 422
    assert answer.json()["field"] == field


@pytest.mark.django_db
def test_deleting_an_open_job_cancels_it_and_gives_the_credits_back(
    program: Program, alice: User, make_job: MakeJob
) -> None:
    job = make_job(alice)
    answer = program.delete(f"jobs/{job.pk}")
    assert (answer.status_code, answer.json()["status"], answer.json()["error"]) == (200, "failed", "Cancelled")
    assert credits.wallet_of(alice, WalletKind.API).held == 0


@pytest.mark.django_db
def test_deleting_an_ended_job_removes_it_with_its_files_but_not_its_movements(
    program: Program, alice: User, make_job: MakeJob, fake_engine: type[FakeEngine]
) -> None:
    job = make_job(alice)
    lifecycle.start(str(job.pk))
    names = [*Media.objects.values_list("name", flat=True)]
    assert len(names) == 3
    movements = Movement.objects.count()
    assert program.delete(f"jobs/{job.pk}").status_code == 204
    assert program.get(f"jobs/{job.pk}").status_code == program.delete(f"jobs/{job.pk}").status_code == 404
    assert listed(program)["jobs"] == []
    assert not Media.objects.exists()
    assert not JobInput.objects.exists()
    assert not any(default_storage.exists(name) for name in names)
    assert Movement.objects.count() == movements
    assert Job.objects.get().status == Status.DONE


@pytest.mark.django_db
def test_a_job_that_its_owner_deleted_on_a_page_is_gone_until_that_is_undone(
    program: Program, alice: User, make_job: MakeJob, fake_engine: type[FakeEngine]
) -> None:
    job = make_job(alice)
    lifecycle.start(str(job.pk))
    assert lifecycle.hide(alice, [job.pk]) == 1
    moment = Job.objects.get().removed
    assert moment
    assert program.get(f"jobs/{job.pk}").status_code == program.delete(f"jobs/{job.pk}").status_code == 404
    assert listed(program)["jobs"] == []
    lifecycle.sweep()
    assert lifecycle.bring_back(alice, moment) == 1
    assert program.get(f"jobs/{job.pk}").json()["status"] == "completed"
    assert all(default_storage.exists(name) for name in Media.objects.values_list("name", flat=True))


@pytest.mark.django_db
def test_an_upload_that_another_job_needs_survives(
    program: Program, alice: User, make_job: MakeJob, fake_engine: type[FakeEngine]
) -> None:
    first, second = make_job(alice), make_job(alice)
    shared = first.inputs.get(field="image").media
    JobInput.objects.filter(job=second, field="image").update(media=shared)
    lifecycle.start(str(first.pk))
    assert program.delete(f"jobs/{first.pk}").status_code == 204
    assert default_storage.exists(Media.objects.get(pk=shared.pk).name)


@pytest.mark.django_db
def test_somebody_elses_job_is_not_there(program: Program, stranger: Program, alice: User, make_job: MakeJob) -> None:
    job = make_job(alice)
    assert stranger.delete(f"jobs/{job.pk}").status_code == 404
    assert listed(stranger)["jobs"] == []
    assert Job.objects.get().status == Status.QUEUED


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("lipsync-image", {"image": "face.png", "audio": "voice.wav"}),
        ("lipsync-video", {"video": "face.png", "audio": "voice.wav", "resolution": "720p"}),
        (
            "lipsync-image-multi",
            {"image": "face.png", "left_audio": "voice.wav", "right_audio": "voice.wav", "order": "left_right"},
        ),
    ],
)
def test_an_estimate_is_what_the_submission_holds_and_makes_nothing(
    path: str, fields: dict[str, str], program: Program, alice: User, media_at: str
) -> None:
    form = {name: value if name in ("resolution", "order") else f"{media_at}/{value}" for name, value in fields.items()}
    estimate = program.post(f"estimate/{path}", {"formState": form})
    assert estimate.status_code == 200, estimate.content
    (warning,) = estimate.json()["warnings"]  # of a picture of 8 × 6 pixels
    assert re.search(r"is too small for (480|720)p: the (video|result) gets 16 × 12 pixels", warning)
    assert not Job.objects.exists()
    assert not Media.objects.exists()
    assert program.post(path, {"formState": form}).status_code == 200
    held = program.get("credits").json()
    assert held == {"balance": 500 - estimate.json()["credits"], "held": estimate.json()["credits"]}
