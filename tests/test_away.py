"""The story of a job that another machine does: placed, asked for, called back about, lost, found and recalled."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from django_q.models import OrmQ
from pytest_django import Settings

from jobs import accounts, credits, exchanges, lifecycle, media, roster
from jobs.engines.base import Failed, Outcome, Report, Running, Work
from jobs.errors import Unavailable
from jobs.lifecycle import NO_ENGINE_WORKS, SILENT, TOO_SLOW
from jobs.models import EngineState, Exchange, Job, Status, User, WalletKind
from jobs.net import Said
from tests import engine
from tests.conftest import MakeJob
from tests.engine import FakeEngine, FarEngine


def looks_due() -> int:
    """How many looks wait in the queue."""
    return sum(entry.task["func"] == "jobs.tasks.look" for entry in OrmQ.objects.all())


def placed(user: User, make_job: MakeJob) -> Job:
    """A job that another machine has."""
    job = make_job(user)
    lifecycle.start(str(job.pk))
    job.refresh_from_db()
    return job


def past(job: Job, **fields: float) -> None:
    """Let times of a job be so many seconds ago."""
    Job.objects.filter(pk=job.pk).update(
        **{name: timezone.now() - timedelta(seconds=seconds) for name, seconds in fields.items()}
    )


def unreachable(work: Work, report: Report) -> Outcome:
    return Failed("Nobody there.", permanent=False)


def refused(work: Work, report: Report) -> Outcome:
    return Failed("No credits there.", elsewhere=True)


def call_back(job: Job, body: str = "far-1", word: str = "please") -> int:
    address = exchanges.callback_address(job).removeprefix("https://front.example.org")
    answer = Client().post(address, body, content_type="text/plain", headers={"X-Word": word})
    return int(answer.status_code)


# --- Placing and looking ---------------------------------------------------------------------


def test_a_placed_job_keeps_no_worker(alice: User, make_job: MakeJob, far_engine: type[FarEngine]) -> None:
    job = placed(alice, make_job)

    assert (job.status, job.lease_until, job.remote_id, job.placed_with) == (Status.RUNNING, None, "far-1", "far")
    assert job.look_at is not None
    assert job.look_at > timezone.now() + timedelta(seconds=50)
    (work,) = far_engine.works
    assert set(work.away.links) == {"image", "audio"}
    assert work.away.links["image"].startswith("http")
    assert work.away.callback.startswith("https://front.example.org/callbacks/far/")


def test_the_sweep_looks_when_it_is_time_and_not_before(
    alice: User, make_job: MakeJob, far_engine: type[FarEngine]
) -> None:
    job = placed(alice, make_job)
    lifecycle.sweep()
    assert looks_due() == 0

    past(job, look_at=1)
    lifecycle.sweep()
    lifecycle.sweep()

    assert looks_due() == 1
    lifecycle.look(str(job.pk))
    job.refresh_from_db()
    assert (job.status, job.progress, job.lease_until) == (Status.RUNNING, 0.5, None)


def test_a_look_that_finds_the_video_ends_the_story(
    alice: User, make_job: MakeJob, far_engine: type[FarEngine]
) -> None:
    job = placed(alice, make_job)
    far_engine.sees = engine.succeed

    lifecycle.look(str(job.pk))

    job.refresh_from_db()
    assert (job.status, job.engine) == (Status.DONE, "far 1")
    assert job.result is not None
    assert credits.wallet_of(alice, WalletKind.API).held == 0
    lifecycle.look(str(job.pk))
    assert len(far_engine.looks) == 1


def test_only_one_looks_at_a_time(alice: User, make_job: MakeJob, far_engine: type[FarEngine]) -> None:
    job = placed(alice, make_job)

    def look_again(work: Work, report: Report) -> Outcome:
        lifecycle.look(str(job.pk))
        return engine.wait(work, report)

    far_engine.sees = look_again
    lifecycle.look(str(job.pk))

    assert len(far_engine.looks) == 1


def test_a_worker_that_dies_in_a_look_places_nothing_twice(
    alice: User, make_job: MakeJob, far_engine: type[FarEngine]
) -> None:
    job = placed(alice, make_job)
    Job.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=1), look_at=None)

    lifecycle.sweep()
    lifecycle.start(str(job.pk))

    job.refresh_from_db()
    assert (job.status, job.remote_id, job.lease_until) == (Status.RUNNING, "far-1", None)
    assert far_engine.works[-1].away.remote_id == "far-1"


# --- Silence and failure ------------------------------------------------------------------------


def test_silence_is_borne_in_growing_pauses_and_not_for_ever(
    alice: User, make_job: MakeJob, far_engine: type[FarEngine], settings: Settings
) -> None:
    job = placed(alice, make_job)
    far_engine.sees = unreachable

    def pause() -> float:
        lifecycle.look(str(job.pk))
        job.refresh_from_db()
        assert job.look_at is not None
        return (job.look_at - timezone.now()).total_seconds()

    assert pause() == pytest.approx(2, abs=1)
    past(job, heard=10)
    assert pause() == pytest.approx(10, abs=1)
    past(job, heard=settings.SILENCE_SECONDS - 10)
    assert pause() == pytest.approx(30, abs=1)
    past(job, heard=settings.SILENCE_SECONDS + 1)
    lifecycle.look(str(job.pk))

    job.refresh_from_db()
    assert (job.status, job.error) == (Status.FAILED, SILENT)
    assert credits.wallet_of(alice, WalletKind.API).held == 0
    assert far_engine.cancelled == ["far-1"]


def test_a_job_that_takes_too_long_there_is_given_up(
    alice: User, make_job: MakeJob, far_engine: type[FarEngine]
) -> None:
    job = placed(alice, make_job)
    past(job, submitted=far_engine.longest_seconds + 1)

    lifecycle.look(str(job.pk))

    job.refresh_from_db()
    assert (job.status, job.error) == (Status.FAILED, TOO_SLOW)
    assert far_engine.cancelled == ["far-1"]


def test_a_submission_that_may_have_arrived_is_never_repeated(
    alice: User, make_job: MakeJob, far_engine: type[FarEngine]
) -> None:
    def vanish(work: Work, report: Report) -> Outcome:
        work.away.mark(True)
        raise SystemExit  # as if the worker had been killed there

    far_engine.acts = vanish
    job = make_job(alice)
    with pytest.raises(SystemExit):
        lifecycle.start(str(job.pk))
    past(job, lease_until=1)
    far_engine.acts = engine.place
    lifecycle.sweep()
    lifecycle.start(str(job.pk))

    assert [work.away.submitted for work in far_engine.works] == [False, True]
    job.refresh_from_db()
    assert job.placed_with == "far"


def test_another_engine_steps_in_for_one_that_can_not(
    alice: User, make_job: MakeJob, far_engine: type[FarEngine], settings: Settings
) -> None:
    settings.ENGINES = {model: ["far", "fake"] for model in settings.ENGINES}
    for act in (refused, unreachable):
        far_engine.acts = act
        job = make_job(alice)
        lifecycle.start(str(job.pk))
        job.refresh_from_db()
        assert (job.status, job.given_up, job.attempts) == (Status.QUEUED, ["far"], 0)

        lifecycle.start(str(job.pk))

        job.refresh_from_db()
        assert (job.status, job.engine) == (Status.DONE, "fake 1")


def test_without_another_engine_a_refusal_ends_the_job(
    alice: User, make_job: MakeJob, far_engine: type[FarEngine]
) -> None:
    far_engine.acts = refused
    job = placed(alice, make_job)

    assert (job.status, job.error) == (Status.FAILED, "No credits there.")
    assert credits.wallet_of(alice, WalletKind.API).held == 0


def test_a_job_the_other_machine_lost_is_placed_again(
    alice: User, make_job: MakeJob, far_engine: type[FarEngine]
) -> None:
    def lost(work: Work, report: Report) -> Outcome:
        work.away.remember("")
        return Failed("Gone.", permanent=False)

    job = placed(alice, make_job)
    far_engine.sees = lost
    lifecycle.look(str(job.pk))

    job.refresh_from_db()
    assert (job.status, job.remote_id, job.submitted) == (Status.QUEUED, "", None)


def test_a_job_that_an_engine_did_not_take_waits_and_costs_no_attempt(
    alice: User, make_job: MakeJob, far_engine: type[FarEngine], settings: Settings
) -> None:
    far_engine.acts = unreachable
    job = make_job(alice)
    OrmQ.objects.all().delete()
    for _ in range(settings.MAX_ATTEMPTS + 1):
        lifecycle.start(str(job.pk))
    job.refresh_from_db()
    assert (job.status, job.attempts, OrmQ.objects.count()) == (Status.QUEUED, 0, 0)

    past(job, kicked=lifecycle.KICK_AGAIN.total_seconds() + 1)
    lifecycle.sweep()
    assert OrmQ.objects.filter(key="render").count() == 1

    past(job, created=settings.WAIT_SECONDS + 1)
    EngineState.objects.update(closed_until=None)
    lifecycle.start(str(job.pk))
    job.refresh_from_db()
    assert (job.status, job.error) == (Status.FAILED, NO_ENGINE_WORKS)


def test_submissions_that_are_not_answered_count_against_the_engine(
    alice: User, make_job: MakeJob, far_engine: type[FarEngine]
) -> None:
    def unanswered(work: Work, report: Report) -> Outcome:
        work.away.mark(True)
        return Running(answer="none")

    def not_asked(work: Work, report: Report) -> Outcome:
        return Running(answer="not asked")

    far_engine.acts, far_engine.sees = unanswered, not_asked
    for _ in range(roster.FAILURES_IN_A_ROW):
        job = placed(alice, make_job)
        lifecycle.look(str(job.pk))
    assert roster.choose(["far"]) is None


def test_a_finished_video_waits_for_the_storage(
    alice: User, make_job: MakeJob, far_engine: type[FarEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    def not_now(*_: object, **__: object) -> None:
        raise Unavailable("The storage does not answer.")

    job = placed(alice, make_job)
    far_engine.sees = engine.succeed
    with monkeypatch.context() as patched:
        patched.setattr(media, "keep_result", not_now)
        lifecycle.look(str(job.pk))
    job.refresh_from_db()
    assert (job.status, job.lease_until, job.attempts) == (Status.RUNNING, None, 1)

    lifecycle.look(str(job.pk))
    job.refresh_from_db()
    assert job.status == Status.DONE


def test_since_when_a_machine_may_have_a_job_is_kept(
    alice: User, make_job: MakeJob, far_engine: type[FarEngine]
) -> None:
    job = placed(alice, make_job)
    past(job, submitted=100, heard=100)
    before = Job.objects.get(pk=job.pk)

    def mark_again(work: Work, report: Report) -> Outcome:
        work.away.mark(True)
        return unreachable(work, report)

    far_engine.sees = mark_again
    lifecycle.look(str(job.pk))
    after = Job.objects.get(pk=job.pk)
    assert (after.submitted, after.heard) == (before.submitted, before.heard)


# --- Left alone for a while ---------------------------------------------------------------------


def test_an_engine_that_gives_out_again_and_again_is_left_alone_for_longer_and_longer(
    alice: User, make_job: MakeJob, far_engine: type[FarEngine], settings: Settings
) -> None:
    def pause() -> float:
        state = EngineState.objects.get(name="far")
        assert state.closed_until is not None
        return (state.closed_until - timezone.now()).total_seconds()

    for _ in range(roster.FAILURES_IN_A_ROW - 1):
        roster.gave_out("far", "Nobody there.")
    assert roster.choose(["far"]) == "far"
    roster.gave_out("far", "Nobody there.")
    assert roster.choose(["far"]) is None
    assert roster.choose(["far", "fake"]) == "fake"
    assert pause() == pytest.approx(60, abs=2)

    job = make_job(alice)
    lifecycle.start(str(job.pk))
    job.refresh_from_db()
    assert (job.status, far_engine.works) == (Status.QUEUED, [])

    # One attempt after the pause, and a longer pause if that fails, too.
    EngineState.objects.update(closed_until=timezone.now() - timedelta(seconds=1))
    assert roster.choose(["far"]) == "far"
    roster.gave_out("far", "Nobody there.")
    assert pause() == pytest.approx(120, abs=2)
    for _ in range(8):
        EngineState.objects.update(closed_until=timezone.now() - timedelta(seconds=1))
        roster.gave_out("far", "Nobody there.")
    assert pause() == pytest.approx(900, abs=2)

    EngineState.objects.update(closed_until=timezone.now() - timedelta(seconds=1))
    lifecycle.start(str(job.pk))
    state = EngineState.objects.get(name="far")
    assert (state.failures, state.trips, state.closed_until) == (0, 0, None)


def test_nobody_waits_for_ever_for_an_engine(
    alice: User, make_job: MakeJob, far_engine: type[FarEngine], settings: Settings
) -> None:
    job = make_job(alice)
    EngineState.objects.create(name="far", closed_until=timezone.now() + timedelta(hours=1))
    lifecycle.start(str(job.pk))
    past(job, created=settings.WAIT_SECONDS + 1)
    lifecycle.start(str(job.pk))

    job.refresh_from_db()
    assert job.status == Status.FAILED
    assert "out of order" in job.error
    assert credits.wallet_of(alice, WalletKind.API).held == 0


def test_no_more_jobs_are_away_than_allowed(
    alice: User, make_job: MakeJob, far_engine: type[FarEngine], settings: Settings
) -> None:
    settings.MAX_JOBS_AWAY = 1
    first = placed(alice, make_job)
    second = placed(alice, make_job)
    past(second, created=settings.WAIT_SECONDS + 1)
    lifecycle.start(str(second.pk))
    second.refresh_from_db()
    assert second.status == Status.QUEUED  # for as long as it takes: the engine works

    OrmQ.objects.all().delete()
    far_engine.sees = engine.succeed
    lifecycle.look(str(first.pk))
    assert [entry.task["args"][0] for entry in OrmQ.objects.filter(key="render")] == [str(second.pk)]


# --- Cancelling -----------------------------------------------------------------------------------


def test_a_cancelled_job_is_recalled_once(alice: User, make_job: MakeJob, far_engine: type[FarEngine]) -> None:
    job = placed(alice, make_job)

    lifecycle.cancel(alice, job.pk)
    assert far_engine.cancelled == []
    lifecycle.recall(str(job.pk))
    lifecycle.recall(str(job.pk))

    assert far_engine.cancelled == ["far-1"]


def test_a_job_cancelled_while_it_is_placed_is_recalled(
    alice: User, make_job: MakeJob, far_engine: type[FarEngine]
) -> None:
    job = make_job(alice)

    def cancelled_meanwhile(work: Work, report: Report) -> Outcome:
        lifecycle.cancel(alice, job.pk)
        return engine.place(work, report)

    far_engine.acts = cancelled_meanwhile
    lifecycle.start(str(job.pk))

    assert far_engine.cancelled == ["far-1"]


@pytest.mark.parametrize("meanwhile", [False, True])
def test_the_jobs_of_a_removed_account_are_recalled(
    alice: User, make_job: MakeJob, far_engine: type[FarEngine], *, meanwhile: bool
) -> None:
    def removed_meanwhile(work: Work, report: Report) -> Outcome:
        accounts.remove(alice)
        return engine.place(work, report)

    far_engine.acts = removed_meanwhile if meanwhile else engine.place
    job = placed(alice, make_job)
    if not meanwhile:
        accounts.remove(alice)

    lifecycle.recall(str(job.pk))  # as the queue was told

    assert far_engine.cancelled == ["far-1"]
    assert credits.wallet_of(alice, WalletKind.API).held == 0


def test_an_open_job_is_never_recalled(alice: User, make_job: MakeJob, far_engine: type[FarEngine]) -> None:
    job = placed(alice, make_job)
    lifecycle.recall(str(job.pk))
    assert far_engine.cancelled == []


# --- Callbacks --------------------------------------------------------------------------------------


def test_a_callback_makes_us_look_at_once_and_a_hundred_no_more_often(
    alice: User, make_job: MakeJob, far_engine: type[FarEngine]
) -> None:
    job = placed(alice, make_job)

    assert [call_back(job) for _ in range(100)] == [200] * 100
    assert looks_due() == 1

    far_engine.sees = engine.succeed
    lifecycle.look(str(job.pk))
    movements = job.movements.count()
    assert [call_back(job) for _ in range(100)] == [200] * 100
    assert job.movements.count() == movements
    assert looks_due() == 1


def test_a_callback_before_the_submission_was_answered_is_not_lost(
    alice: User, make_job: MakeJob, far_engine: type[FarEngine]
) -> None:
    job = make_job(alice)

    def called_back_meanwhile(work: Work, report: Report) -> Outcome:
        job.refresh_from_db()
        assert call_back(job) == 200
        return engine.place(work, report)

    far_engine.acts = called_back_meanwhile
    lifecycle.start(str(job.pk))

    job.refresh_from_db()
    assert job.look_at is not None
    assert job.look_at <= timezone.now()
    lifecycle.sweep()
    assert looks_due() >= 1


def test_a_callback_tells_the_id_that_a_crash_has_lost(
    alice: User, make_job: MakeJob, far_engine: type[FarEngine]
) -> None:
    job = placed(alice, make_job)
    Job.objects.filter(pk=job.pk).update(remote_id="")

    assert call_back(job, "far-9") == 200

    job.refresh_from_db()
    assert job.remote_id == "far-9"


def test_a_callback_about_an_earlier_attempt_has_no_effect(
    alice: User, make_job: MakeJob, far_engine: type[FarEngine]
) -> None:
    job = placed(alice, make_job)
    assert call_back(job, "far-0") == 200
    assert looks_due() == 0


def test_of_callbacks_about_a_job_that_has_ended_nothing_is_kept(
    alice: User, make_job: MakeJob, far_engine: type[FarEngine]
) -> None:
    cancelled, wanted = placed(alice, make_job), placed(alice, make_job)
    lifecycle.cancel(alice, cancelled.pk)

    assert [call_back(job) for job in (cancelled, wanted)] == [200, 200]

    assert [kept.job for kept in Exchange.objects.all()] == [wanted]


def test_nothing_that_is_said_after_the_account_was_removed_is_kept(
    alice: User, make_job: MakeJob, far_engine: type[FarEngine]
) -> None:
    def removed_meanwhile(work: Work, report: Report) -> Outcome:
        said = [Said("POST", "https://far.example.org/v3/model", body, 200, b"{}", 0.2) for body in (b"1", b"2")]
        work.away.keep(said[0])
        assert Exchange.objects.count() == 1
        accounts.remove(alice)
        work.away.keep(said[1])
        return engine.place(work, report)

    far_engine.acts = removed_meanwhile
    job = placed(alice, make_job)

    assert call_back(job) == 200
    assert not Exchange.objects.exists()


def test_what_is_not_genuine_is_turned_away(alice: User, make_job: MakeJob, far_engine: type[FarEngine]) -> None:
    job = placed(alice, make_job)

    assert call_back(job, word="open sesame") == 400
    assert looks_due() == 0
    address = exchanges.callback_address(job).removeprefix("https://front.example.org")
    for other in (address.replace("/far/", "/fake/"), address.replace("/far/", "/none/"), address[:-2] + "/"):
        assert Client().post(other, b"far-1", content_type="text/plain").status_code == 404
    assert Client().post(address, b"x" * 1_000_001, content_type="text/plain").status_code == 413
    EngineState.objects.update(keys={})
    assert call_back(job) == 503


# --- What was said -------------------------------------------------------------------------------------


def test_what_was_said_is_kept_without_what_opens_something(
    alice: User, make_job: MakeJob, far_engine: type[FarEngine]
) -> None:
    token = "t" * 60
    body = f'{{"image": "https://front.example.org/media/{token}/face.jpg?X-Amz-Signature=abc", "prompt": "calm"}}'

    def say(work: Work, report: Report) -> Outcome:
        said = Said("POST", f"https://far.example.org/v3/model?webhook={token}", body.encode(), 200, b'{"id": 1}', 0.2)
        work.away.keep(said)
        work.away.keep(said)
        return engine.place(work, report)

    far_engine.acts = say
    job = placed(alice, make_job)

    kept = Exchange.objects.get(job=job)  # the same again is kept once
    assert (kept.method, kept.address, kept.status, kept.milliseconds) == (
        "POST",
        "https://far.example.org/v3/model",
        200,
        200,
    )
    assert token not in kept.sent
    assert "abc" not in kept.sent
    assert '"prompt": "calm"' in kept.sent
    assert "face.jpg" in kept.sent


def test_the_fake_engine_beside_it_is_on_this_machine(far_engine: type[FarEngine]) -> None:
    assert roster.is_remote("far")
    assert not roster.is_remote(FakeEngine.name)
