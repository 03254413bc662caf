"""All results of a batch in one file."""

import io
import zipfile

from django.test import Client

from jobs import lifecycle, media
from jobs.models import User
from tests import engine
from tests.engine import RESULT, FakeEngine
from tests.web.batches.conftest import Plan
from tests.web.batches.making import made, work
from tests.web.reading import whole


def test_all_videos_that_are_done_come_in_one_zip(
    alices: Client, alice: User, plan: Plan, fake_engine: type[FakeEngine]
) -> None:
    batch = made(plan("Über/uns"))
    address = f"/batches/{batch.pk}/results.zip"
    assert alices.get(address).status_code == 404
    jobs = work(batch, fake_engine, engine.succeed, engine.fail, engine.succeed)
    lifecycle.rename(alice, jobs[2].pk, "FACE – ONE")

    answer = alices.get(address)

    body = whole(answer)
    assert answer["Content-Type"] == "application/zip"
    assert "Content-Length" not in answer  # while it is sent, a video may be deleted
    assert "filename*=utf-8''%C3%9Cber_uns.zip" in answer["Content-Disposition"]
    with zipfile.ZipFile(io.BytesIO(body)) as archived:
        assert archived.testzip() is None
        assert archived.namelist() == ["face – one.mp4", "FACE – ONE (2).mp4"]
        assert {info.compress_type for info in archived.infolist()} == {zipfile.ZIP_STORED}
        assert archived.read("face – one.mp4") == RESULT


def test_a_video_that_is_gone_is_named_in_the_zip(alices: Client, plan: Plan, fake_engine: type[FakeEngine]) -> None:
    batch = made(plan())
    jobs = work(batch, fake_engine, engine.succeed, engine.succeed, engine.succeed)
    answer = alices.get(f"/batches/{batch.pk}/results.zip")
    jobs[1].refresh_from_db()
    assert jobs[1].result is not None
    media.drop(jobs[1].result)  # before its turn came

    with zipfile.ZipFile(io.BytesIO(whole(answer))) as archived:
        assert archived.testzip() is None
        assert archived.namelist() == ["face – one.mp4", "face – three.mp4", "missing.txt"]
        text = archived.read("missing.txt").decode()
    assert text == "These videos could not be read, or were deleted meanwhile:\n\nface – two.mp4\n"
