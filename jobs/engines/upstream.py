"""Another installation of this product as the engine: a render node, or any server that speaks the same API.

- The files go there as uploads, then the job under an Idempotency-Key. What was sent is noted, and the node's id
  remembered, so that whoever takes the job up after a crash sends or asks for the same one and pays for no second.
- The node calls back when a job ends. Whether it can or not, it is asked every few seconds.
- A job that was cancelled here is cancelled there.
"""

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from typing import Any, ClassVar
from urllib.parse import urlsplit

from jobs.engines.base import Failed, Finished, Model, Note, NotGenuine, Offer, Outcome, Report, Running, Work
from jobs.engines.remote import (
    NOT_REACHED,
    OURS,
    REFUSED,
    NotNow,
    Patience,
    bring_home,
    escaped,
    members,
    recent,
    spoken_seconds,
    told,
    usable,
    words_of,
)
from jobs.errors import gettext_noop
from jobs.net import NotSent, Policy, Reply, Said, Service, Unreachable

POLL_SECONDS = 2.0
UPLOADED = 0.05  # the share of the work that sending the files is
SIGNATURE = "v1"
LOST = gettext_noop("The render service no longer knows this video.")


class _Refused(Exception):
    """The service will not do it; `outcome` says what that means."""

    def __init__(self, outcome: Failed) -> None:
        super().__init__(outcome.message)
        self.outcome = outcome


class UpstreamEngine:
    """See `jobs.engines.base.RemoteEngine`; `url` ends before the endpoints (…/api/v1), `key` is one of that server's.

    With `webhook_secret`, that of the key's account, callbacks without its signature are turned away. `media_host` is
    where the node's results are, if that is elsewhere on the own network.
    """

    name = "upstream"
    version = "1"
    offers: ClassVar[Mapping[Model, Offer]] = {
        "lipsync-image": Offer(),
        "lipsync-image-multi": Offer(),
        "lipsync-video": Offer(),
    }
    longest_seconds = 6 * 3600.0

    def __init__(self, url: str, key: str, webhook_secret: str = "", media_host: str = "") -> None:
        self._url, self._key, self._secret = url, key, webhook_secret
        self._hosts = {urlsplit(url).hostname, media_host}

    def run(self, work: Work, report: Report) -> Outcome:
        """Send the files and the job there, unless that was done. Sent again it is the same job to the node."""
        if work.away.remote_id:
            return Running(UPLOADED, POLL_SECONDS, answer="not asked")
        say, beat = told(report)
        say(0.0, "looking")
        try:
            work.away.remember(self._submitted(work, Patience(beat), beat))
        except _Refused as refused:
            work.away.mark(False)
            return refused.outcome
        except NotNow:
            return Failed(NOT_REACHED, permanent=False)
        return Running(UPLOADED, POLL_SECONDS)

    def look(self, work: Work, report: Report) -> Outcome:
        """Ask once how the job stands; bring the video home if it is there."""
        if not work.away.remote_id:
            return self.run(work, report)  # it is not certain that the node has it
        try:
            job = self._job(work)
        except _Refused as refused:
            return refused.outcome
        except (NotNow, Unreachable):
            return Failed(NOT_REACHED, permanent=False)
        match job.get("status"):
            case "completed":
                return self._finished(work, job, told(report)[1])
            case "failed":
                return Failed(escaped(str(job.get("error") or REFUSED)))
            case _:  # an unknown word means: still at work
                return Running(UPLOADED + (1 - UPLOADED) * _share(job.get("progress")), POLL_SECONDS)

    def cancel(self, model: Model, remote_id: str, keep: Callable[[Said], None]) -> None:
        """Best effort: a node that can not be told finishes a video that nobody fetches."""
        try:
            self._service(keep).call("DELETE", f"jobs/{remote_id}")
        except Unreachable:
            return

    def keys(self) -> Mapping[str, str]:
        """None: what callbacks are judged by is in the settings."""
        return {}

    def hear(self, headers: Mapping[str, str], body: bytes, keys: Mapping[str, str]) -> str:
        """The job's id in a callback, whose signature (Standard Webhooks 1.0) has to be right if we know the secret."""
        if self._secret and not _is_signed(headers, body, self._secret):
            raise NotGenuine
        return str(members(Reply(200, body)).get("id") or "")

    def _service(self, keep: Callable[[Said], None]) -> Service:
        return Service(self._url, {"Authorization": f"Bearer {self._key}"}, keep=keep)

    def _submitted(self, work: Work, patience: Patience, beat: Callable[[], None]) -> str:
        """The node's id of the job."""
        service = self._service(work.away.keep)
        notes = work.away.notes
        if not notes:
            notes = {"form": self._form(service, work, patience, beat), "key": f"{work.job_id}-{work.away.attempt}"}
            work.away.note(notes)
        body = {"formState": notes["form"]} | ({"webhook": work.away.callback} if work.away.callback else {})
        once = {"Idempotency-Key": str(notes["key"])}
        doubtful = work.away.submitted

        def post() -> Reply:
            """From now on the node may have the job, unless there never was a connection."""
            nonlocal doubtful
            work.away.mark(True)
            try:
                reply = service.call("POST", work.model, body, once)
            except NotSent:
                if not doubtful:
                    work.away.mark(False)
                raise
            except Unreachable:
                doubtful = True
                raise
            doubtful = True
            if reply.status == 409:  # it is still busy with the same one, sent before
                raise NotNow
            return usable(reply)

        return str(_accepted(patience.until(post))["id"])

    def _form(self, service: Service, work: Work, patience: Patience, beat: Callable[[], None]) -> Mapping[str, object]:
        """What is asked for, the files uploaded."""
        form: dict[str, object] = {
            name: patience.until(lambda name=name: _sent(service, work, name, beat))  # type: ignore[misc]  # bound
            for name in work.sources
        }
        form |= {"resolution": f"{work.resolution}p", "seed": work.seed, "prompt": work.prompt}
        if work.model == "lipsync-image-multi":
            form["order"] = work.speaking_order
        return form

    def _job(self, work: Work) -> Mapping[str, object]:
        """The job as the node has it."""
        reply = usable(self._service(work.away.keep).call("GET", f"jobs/{work.away.remote_id}"))
        if reply.status == 404:
            work.away.remember("")
            work.away.note({})  # sent again it is another job
            raise _Refused(Failed(LOST, permanent=False))
        return _accepted(reply)

    def _finished(self, work: Work, job: Mapping[str, object], beat: Callable[[], None]) -> Outcome:
        output = str(job.get("output"))
        # A node may be on the own network; where else its answers lead to is looked at like any address.
        policy = Policy(allow_private=urlsplit(output).hostname in self._hosts)
        made = bring_home(output, work.output, policy, spoken_seconds(work), beat)
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
            poster=made.poster,
            preview=made.preview,
        )


def _sent(service: Service, work: Work, name: str, beat: Callable[[], None]) -> str:
    """Upload one file: the address to put into the form."""
    file = work.sources[name]
    asked = {"filename": name, "contentType": "application/octet-stream", "size": file.stat().st_size}
    ticket = _accepted(usable(service.call("POST", "uploads", asked)))
    target = ticket["upload"]
    fields = target.get("fields") or {}
    sent = usable(service.send_file(target["method"], target["url"], file, target["headers"], fields, beat))
    if not 200 <= sent.status < 300:
        raise NotNow
    return str(ticket["url"])


def _accepted(reply: Reply) -> Mapping[str, Any]:
    """The JSON of a good answer; raises _Refused for a refusal, NotNow for what is no answer at all."""
    if reply.status in (401, 402, 403):
        raise _Refused(Failed(OURS, elsewhere=True))
    if reply.status >= 400:
        raise _Refused(Failed(words_of(reply, REFUSED)))
    found = members(reply)
    if not found:
        raise NotNow
    return found


def _is_signed(headers: Mapping[str, str], body: bytes, secret: str) -> bool:
    """Whether one of the signatures is that of `id.timestamp.body`, and the time about now."""
    message_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"))
    except binascii.Error:
        return False
    message = f"{message_id}.{timestamp}.".encode() + body
    right = base64.b64encode(hmac.new(key, message, hashlib.sha256).digest()).decode()
    signatures = (given.partition(",") for given in headers.get("webhook-signature", "").split())
    return recent(timestamp, time.time()) and any(
        version == SIGNATURE and hmac.compare_digest(given.encode(), right.encode()) for version, _, given in signatures
    )


def _share(progress: object) -> float:
    return min(1.0, max(0.0, float(progress))) if isinstance(progress, int | float) else 0.0
