"""The ways to a batch: the studio, the list of all, the gallery, the page of a video."""

from pathlib import Path

from django.test import Client

from jobs import batches, lifecycle
from jobs.models import User
from tests import engine
from tests.conftest import MakeJob
from tests.engine import FakeEngine
from tests.web.batches.conftest import Plan
from tests.web.batches.form import NEW, table, the_batch, upload
from tests.web.batches.making import made, work
from tests.web.cards import shown
from tests.web.reading import element, source, words


def test_the_studio_leads_here_and_both_ways_are_there(alices: Client) -> None:
    assert f'href="{NEW}"' in source(alices.get("/studio/"))

    first, second = alices.get(NEW), alices.get(f"{NEW}?way=table")

    assert "multiple" in element(first, "voices")
    assert "multiple" not in element(first, "face")
    assert "multiple" in element(second, "attached")
    assert f'href="{NEW}?way=table"' in source(first)
    assert f'href="{NEW}table.csv"' in source(second)


def test_the_list_tells_of_each_batch(
    alices: Client, plan: Plan, fake_engine: type[FakeEngine], png: Path, wav: Path
) -> None:
    assert "Nothing here yet" in words(alices.get("/batches/"))
    batch = made(plan("Greetings"))
    work(batch, fake_engine, engine.succeed, engine.fail)
    the_batch(alices.post(NEW, table("image,audio\nface.png,voice.wav\n", upload(png), upload(wav), name="Later")))

    page = alices.get("/batches/")

    assert "1 of 3 done · 1 failed" in words(page)
    assert "Not made yet" in words(page)
    assert source(page).index("Later") < source(page).index("Greetings")


def test_a_batch_whose_videos_are_all_deleted_is_no_longer_in_the_list(alices: Client, alice: User, plan: Plan) -> None:
    batch = made(plan())
    batches.cancel(alice, batch.pk)
    for job in batches.jobs_in(batch):
        lifecycle.remove(alice, job.pk)

    assert "All videos of this batch are deleted." in words(alices.get(f"/batches/{batch.pk}/"))
    assert f"/batches/{batch.pk}/" not in source(alices.get("/batches/"))


def test_the_gallery_and_the_job_lead_to_the_batch(alices: Client, alice: User, make_job: MakeJob, plan: Plan) -> None:
    other = make_job(alice)
    batch = made(plan("Greetings"))
    jobs = [job.pk for job in batches.jobs_in(batch)]

    link = f'<a href="/batches/{batch.pk}/">Greetings</a>'
    assert source(alices.get("/gallery/")).count(link) == 3
    assert link in source(alices.get(f"/jobs/{jobs[0]}/"))

    only = alices.get(f"/gallery/?batch={batch.pk}")
    assert shown(only) == jobs[::-1]
    assert "Only those of “Greetings”." in words(only)
    assert f'name="batch" value="{batch.pk}"' in source(only)
    assert shown(alices.get(f"/gallery/?batch={batch.pk}&q=two")) == [jobs[1]]
    for unknown in ("x", str(other.pk)):
        assert len(shown(alices.get(f"/gallery/?batch={unknown}"))) == 4


def test_the_gallery_of_another_ones_batch_is_the_own_whole_one(
    alices: Client, charlies: Client, charlie: User, make_job: MakeJob, plan: Plan
) -> None:
    batch = made(plan("A secret speech"))
    own = make_job(charlie)

    answer = charlies.get(f"/gallery/?batch={batch.pk}")

    assert shown(answer) == [own.pk]
    assert "A secret speech" not in words(answer)
