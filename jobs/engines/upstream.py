"""Another installation of this product as the engine: a render node, or any server that speaks the same API.

- The files go there as uploads, the job with our own job's id as its Idempotency-Key; the node's id is remembered, so
  that whoever takes the job up after a crash asks for that one and pays for no second.
- Progress is asked for every two seconds. There is no callback that could get lost.
- A job that was cancelled here is cancelled there.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from jobs.engines.base import Failed, Finished, Model, Note, Outcome, Report, Stopped, Work
from jobs.engines.local.engine import probe
from jobs.engines.remote import NOT_REACHED, NotNow, Patience, bring_home, escaped, told, usable, words_of
from jobs.errors import gettext_noop
from jobs.net import Policy, Reply, Service, Unreachable

POLL_SECONDS = 2.0
UPLOADED = 0.05  # the share of the work that sending the files is
VOICES: Mapping[Model, tuple[str, ...]] = {
    "lipsync-video": ("audio",),
    "lipsync-image": ("audio",),
    "lipsync-image-multi": ("left_audio", "right_audio"),
}
# What a refusal means to us, by its status; its own words are for the operator.
OURS = gettext_noop("The render service refused this installation. Tell whoever runs it.")
REFUSED = gettext_noop("The render service refused this video.")
LOST = gettext_noop("The render service no longer knows this video.")


class _Refused(Exception):
    """The service will not do it; `outcome` says what that means."""

    def __init__(self, outcome: Failed) -> None:
        super().__init__(outcome.message)
        self.outcome = outcome


class UpstreamEngine:
    """See `jobs.engines.base.Engine`; `url` ends before the endpoints (…/api/v1), `key` is one of that server's."""

    name = "upstream"
    version = "1"

    def __init__(self, url: str, key: str) -> None:
        self._service = Service(url, {"Authorization": f"Bearer {key}"})
        self._host = urlsplit(url).hostname

    def run(self, work: Work, report: Report) -> Outcome:
        say, beat = told(report)
        patience = Patience(beat)
        say(0.0, "looking")
        remote = work.remote_id
        try:
            if not remote:
                remote = self._submitted(work, patience)
                work.remember(remote)
            return self._followed(work, remote, patience, say)
        except _Refused as refused:
            return refused.outcome
        except NotNow:
            return Failed(NOT_REACHED, permanent=False)
        except Stopped as stop:
            if stop.for_good and remote:
                self._cancel(remote)
            raise

    def _submitted(self, work: Work, patience: Patience) -> str:
        """The node's id of the job."""
        form: dict[str, object] = {
            name: patience.until(lambda name=name: self._sent(work, name))  # type: ignore[misc]  # a default binds it
            for name in work.sources
        }
        form |= {"resolution": f"{work.resolution}p", "seed": work.seed, "prompt": work.prompt}
        if work.model == "lipsync-image-multi":
            form["order"] = work.speaking_order
        once = {"Idempotency-Key": work.job_id}
        reply = patience.until(lambda: self._call("POST", work.model, {"formState": form}, once))
        if reply.status == 422 and _code(reply) == "idempotency_mismatch":
            # An earlier attempt came so far and died before it could remember the id: its job goes to waste.
            again = {"Idempotency-Key": f"{work.job_id}-{work.attempt}"}
            reply = patience.until(lambda: self._call("POST", work.model, {"formState": form}, again))
        return str(_accepted(reply)["id"])

    def _sent(self, work: Work, name: str) -> str:
        """Upload one file: the address to put into the form."""
        file = work.sources[name]
        asked = {"filename": name, "contentType": "application/octet-stream", "size": file.stat().st_size}
        ticket = _accepted(self._call("POST", "uploads", asked))
        target = ticket["upload"]
        sent = usable(self._service.send_file(target["method"], target["url"], file, target["headers"]))
        if not 200 <= sent.status < 300:
            raise NotNow
        return str(ticket["url"])

    def _followed(self, work: Work, remote: str, patience: Patience, say: Report) -> Outcome:
        """Ask until it has ended, then bring the video home."""
        while True:
            job = self._job(work, remote, patience)
            match job.get("status"):
                case "completed":
                    return self._finished(work, job)
                case "failed":
                    return Failed(escaped(str(job.get("error") or REFUSED)))
                case _:  # an unknown word means: still at work
                    say(UPLOADED + (1 - UPLOADED) * _share(job.get("progress")), "drawing")
            patience.wait(POLL_SECONDS)

    def _job(self, work: Work, remote: str, patience: Patience) -> Mapping[str, object]:
        def ask() -> Mapping[str, object]:
            reply = self._call("GET", f"jobs/{remote}")
            if reply.status == 404:
                work.remember("")
                raise _Refused(Failed(LOST, permanent=False))
            return _accepted(reply)

        return patience.until(ask)

    def _finished(self, work: Work, job: Mapping[str, object]) -> Outcome:
        lengths = [float(str(probe(work.sources[name]).get("seconds", 0.0))) for name in VOICES[work.model]]
        spoken = sum(lengths) if work.speaking_order != "meanwhile" else max(lengths)
        output = str(job.get("output"))
        # A node may be on the own network; where else its answers lead to is looked at like any address.
        policy = Policy(allow_private=urlsplit(output).hostname == self._host)
        made = bring_home(output, work.output, policy, spoken)
        if isinstance(made, Failed):
            return made
        timings = job.get("timings")
        used, warnings = job.get("promptUsed"), job.get("warnings")
        return Finished(
            path=made.path,
            seconds=made.seconds,
            width=made.width,
            height=made.height,
            fps=made.fps,
            timings={str(k): int(v) for k, v in timings.items()} if isinstance(timings, Mapping) else {},
            prompt_used=tuple(str(word) for word in used) if isinstance(used, list) else (),
            notes=tuple(Note(escaped(str(one))) for one in warnings) if isinstance(warnings, list) else (),
        )

    def _call(self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None) -> Reply:
        return usable(self._service.call(method, path, body, headers))

    def _cancel(self, remote: str) -> None:
        """Best effort: a node that can not be told finishes a video that nobody fetches."""
        try:
            self._service.call("DELETE", f"jobs/{remote}")
        except Unreachable:
            return


def _accepted(reply: Reply) -> Mapping[str, Any]:
    """The JSON of a good answer; raises _Refused for a refusal, NotNow for what is no answer at all."""
    if reply.status in (401, 402, 403):
        raise _Refused(Failed(OURS))
    if reply.status >= 400:
        raise _Refused(Failed(words_of(reply, REFUSED)))
    try:
        found = reply.json()
    except ValueError as error:
        raise NotNow from error
    if not isinstance(found, dict):
        raise NotNow
    return found


def _code(reply: Reply) -> object:
    try:
        return reply.json().get("code")
    except (ValueError, AttributeError):
        return None


def _share(progress: object) -> float:
    return min(1.0, max(0.0, float(progress))) if isinstance(progress, int | float) else 0.0
