"""Taking one's data along: all of it, nobody else's, no secret, and not too often."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client

from jobs import keys, media, sharing, webhooks
from jobs.media import Draft
from jobs.media.probe import Facts
from jobs.models import Attempt, Batch, Delivery, Job, Media, MediaKind, Status, User
from jobs.wire import job_object
from tests.engine import RESULT
from tests.web.conftest import JobIn
from tests.web.reading import whole, words

EXPORT = "/account/export/"


def archive(answer: Any) -> zipfile.ZipFile:
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/zip"
    assert "mundwerk-account.zip" in answer["Content-Disposition"]
    read = zipfile.ZipFile(io.BytesIO(whole(answer)))
    assert read.testzip() is None
    return read


def in_it(read: zipfile.ZipFile, name: str) -> Any:
    return json.loads(read.read(name))


def test_everything_of_the_account_is_in_it(alices: Client, alice: User, bob: User, job_in: JobIn) -> None:
    EmailAddress.objects.create(user=alice, email=alice.email, primary=True, verified=True)
    job, failed = job_in(Status.DONE, alice, name="Good morning"), job_in(Status.FAILED, alice)
    job_in(Status.DONE, bob, name="Bob's own")
    several = Batch.objects.create(owner=alice, name="Greetings")
    Job.objects.filter(pk=job.pk).update(batch=several)
    sharing.share(alice, job.pk)
    key, _ = keys.create(alice, "laptop")
    Delivery.objects.create(user=alice, job=job, url="https://alice.example.org/hook", body='{"id":"1"}')
    Attempt.objects.create(delivery=Delivery.objects.get(), number=1, code=500, milliseconds=5, answer="hm")

    read = archive(alices.post(EXPORT))

    account = in_it(read, "account.json")
    assert (account["email"], account["twoFactor"]) == (alice.email, False)
    assert account["emailAddresses"] == [{"email": alice.email, "primary": True, "confirmed": True}]
    assert {wallet["kind"]: wallet["available"] for wallet in account["wallets"]} == {"api": 490}
    jobs = {one["id"]: one for one in in_it(read, "jobs.json")}
    assert set(jobs) == {str(job.pk), str(failed.pk)}
    shown = jobs[str(job.pk)]
    job.refresh_from_db()
    assert shown.items() >= dict(job_object(job)).items()
    assert (shown["name"], shown["batch"]) == ("Good morning", "Greetings")
    assert jobs[str(failed.pk)]["batch"] is None
    assert read.read(shown["files"]["result"]) == RESULT
    assert read.read(shown["files"]["image"])[1:4] == b"PNG"
    moves = [(move["kind"], move["credits"]) for move in in_it(read, "credits.json")]
    assert moves == [("grant", 500), ("hold", 10), ("capture", 10), ("hold", 10), ("release", 10)]
    (delivery,) = in_it(read, "webhooks.json")
    assert (delivery["url"], delivery["attempts"][0]["status"]) == ("https://alice.example.org/hook", 500)
    assert [one["key"] for one in in_it(read, "keys.json")] == [str(key)]
    assert [one["job"] for one in in_it(read, "shared_pages.json")] == [str(job.pk)]
    files = {one["path"] for one in in_it(read, "files.json")}
    assert files == {name for name in read.namelist() if name.startswith("files/")}
    assert len(files) == 5  # a picture and a voice of each, and one result


def test_no_secret_and_nothing_of_others_is_in_it(alices: Client, alice: User, bob: User, job_in: JobIn) -> None:
    _, secret = keys.create(alice)
    signing = webhooks.current_secret(alice).secret
    job_in(Status.DONE, bob, name="Bob's own")

    read = archive(alices.post(EXPORT))

    everything = b"".join(read.read(name) for name in read.namelist()).decode()
    for hidden in (secret, signing, alice.password, "Bob's own", bob.email):
        assert hidden not in everything
    assert alice.email in everything


@pytest.mark.s3
@pytest.mark.usefixtures("bucket")
def test_the_files_come_from_the_bucket_that_keeps_them(alices: Client, alice: User, tmp_path: Path) -> None:
    (tmp_path / "picture").write_bytes(b"a picture")
    kept = media.keep(alice, Draft(tmp_path / "picture", "my face.png", "image/png", Facts(MediaKind.IMAGE)))

    read = archive(alices.post(EXPORT))

    assert read.read(f"files/{kept.pk}.png") == b"a picture"


def test_what_a_file_is_called_leads_nowhere_and_a_lost_one_is_left_out(alices: Client, alice: User) -> None:
    name = default_storage.save("inputs/x", ContentFile(b"a picture"))
    Media.objects.create(owner=alice, name=name, filename="../../etc/my face.PNG", size=9)
    lost = Media.objects.create(owner=alice, name="inputs/lost", filename="lost.png", size=9)

    read = archive(alices.post(EXPORT))

    assert str(lost.pk) in read.read("missing.txt").decode()
    (path,) = (name for name in read.namelist() if name.startswith("files/"))
    assert read.read(path) == b"a picture"
    assert path.endswith(".PNG")
    assert path.count("/") == 1
    assert str(lost.pk) not in path


def test_it_is_made_while_it_is_sent(alices: Client, alice: User, job_in: JobIn) -> None:
    job_in(Status.DONE, alice)

    answer: Any = alices.post(EXPORT)

    assert answer.streaming
    assert next(iter(answer.streaming_content)).startswith(b"PK")
    answer.close()  # somebody who breaks it off leaves nothing behind that complains


def test_it_may_be_asked_for_every_five_minutes(alices: Client, charlies: Client) -> None:
    archive(alices.post(EXPORT))

    again = alices.post(EXPORT, follow=True)

    assert "You may download your data once every 5 minutes. Try again in" in words(again)
    archive(charlies.post(EXPORT))


@pytest.mark.parametrize("method", ["get", "head", "put"])
def test_nothing_but_a_form_makes_it(alices: Client, method: str) -> None:
    assert getattr(alices, method)(EXPORT).status_code == 405
    assert not Job.objects.exists()
