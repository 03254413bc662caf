"""WaveSpeed's hosted InfiniteTalk models. Built after the public documentation; never tried against the live service.

- Files are handed over as addresses, the job's prompt as it is.
- A failure comes as an answer of status 200 whose `data.status` says so.
- Callbacks are signed with a secret that the service tells; what they say is only taken as a hint to look.
"""

import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from typing import ClassVar
from urllib.parse import quote

from jobs.engines.base import Failed, KeysMissing, Model, NotGenuine, Offer, Running, Work
from jobs.engines.remote import REFUSED, Hosted, NotNow, Ready, escaped, members, recent, usable
from jobs.errors import gettext_noop
from jobs.net import Reply, Said, Service, Unreachable

# Its words for how a job stands; one that is not here means that it is still at work.
ENDED_WELL = ("completed",)
ENDED_BADLY: Mapping[str, str] = {
    "failed": REFUSED,
    "cancelled": gettext_noop("The render service stopped this video."),
    "timeout": gettext_noop("The render service took too long for this video."),
}
PATHS: Mapping[Model, str] = {
    "lipsync-image": "wavespeed-ai/infinitetalk",
    "lipsync-image-multi": "wavespeed-ai/infinitetalk/multi",
    "lipsync-video": "wavespeed-ai/infinitetalk/video-to-video",
}
SIGNATURE = "v3"


class WaveSpeedEngine(Hosted):
    """See `jobs.engines.base.RemoteEngine`; `url` ends before the endpoints (…/api/v3)."""

    name = "wavespeed"
    version = "1"
    offers: ClassVar[Mapping[Model, Offer]] = {
        "lipsync-image": Offer(),
        "lipsync-image-multi": Offer(mask=False),
        "lipsync-video": Offer(),
    }
    longest_seconds = 1800.0

    def cancel(self, model: Model, remote_id: str, keep: Callable[[Said], None]) -> None:
        """It can not be told."""

    def keys(self) -> Mapping[str, str]:
        """The secret of this account's callbacks."""
        reply = self._service(lambda said: None).call("GET", "webhook/secret")
        data = members(reply).get("data")
        secret = data.get("secret") if isinstance(data, dict) else members(reply).get("secret")
        if reply.status != 200 or not isinstance(secret, str) or not secret:
            raise Unreachable(gettext_noop("this service did not tell its webhook secret."))
        return {"secret": secret}

    def hear(self, headers: Mapping[str, str], body: bytes, keys: Mapping[str, str]) -> str:
        """The id in a callback whose signature is right: HMAC-SHA256 of `id.timestamp.body`."""
        if not keys.get("secret"):
            raise KeysMissing
        message_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
        version, _, signature = headers.get("webhook-signature", "").partition(",")
        message = f"{message_id}.{timestamp}.".encode() + body
        # The secret counts as text; it is not base64.
        right = hmac.new(keys["secret"].removeprefix("whsec_").encode(), message, hashlib.sha256).hexdigest()
        same = hmac.compare_digest(signature.encode(), right.encode())
        if not (same and version == SIGNATURE and recent(timestamp, time.time())):
            raise NotGenuine
        return str(members(Reply(200, body)).get("id") or "")

    def _service(self, keep: Callable[[Said], None]) -> Service:
        return Service(self._url, {"Authorization": f"Bearer {self._key}"}, keep=keep)

    def _order(self, work: Work) -> tuple[str, Mapping[str, object]]:
        body: dict[str, object] = dict(work.away.links)
        body |= {"resolution": f"{work.resolution}p", "seed": work.seed}
        if work.prompt:
            body["prompt"] = work.prompt
        if work.model == "lipsync-image-multi":
            body["order"] = work.speaking_order
        path = PATHS[work.model]
        if work.away.callback:
            path += f"?webhook={quote(work.away.callback, safe='')}"
        return path, body

    def _id(self, reply: Reply) -> str:
        return str(_data(reply).get("id") or "")

    def _words(self, reply: Reply) -> str:
        return escaped(str(members(reply).get("message") or "")) or REFUSED

    def _stand(self, work: Work, service: Service) -> Ready | Running | Failed:
        reply = usable(service.call("GET", f"predictions/{work.away.remote_id}/result"))
        data = _data(reply)
        if reply.status >= 400 or not data:
            raise NotNow
        status = str(data.get("status"))
        if status in ENDED_BADLY:
            return Failed(escaped(str(data.get("error") or "")) or ENDED_BADLY[status])
        outputs = data.get("outputs")
        if status in ENDED_WELL and isinstance(outputs, list) and outputs:
            return Ready(str(outputs[0]))
        return Running(pause=self.pause_seconds)


def _data(reply: Reply) -> Mapping[str, object]:
    data = members(reply).get("data")
    return data if isinstance(data, dict) else {}
