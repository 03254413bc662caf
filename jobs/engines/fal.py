"""fal's hosted models. Built after public documentation and client code; never tried against the live service.

- Files are handed over as addresses. Its models want a prompt: one is given where the job has none.
- How a job stands and what came of it are two questions.
- Callbacks are signed with Ed25519 keys that the service publishes; what they say is only taken as a hint to look.
"""

import base64
import binascii
import hashlib
import time
from collections.abc import Callable, Mapping
from typing import ClassVar
from urllib.parse import quote

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from jobs.engines.base import Failed, KeysMissing, Model, NotGenuine, Offer, Running, Work
from jobs.engines.remote import REFUSED, Hosted, NotNow, Ready, escaped, members, recent, usable
from jobs.errors import gettext_noop
from jobs.net import Reply, Said, Service, Unreachable

# Its words for how a job stands; one that is not here means that it is still at work.
ENDED = ("COMPLETED",)
PATHS: Mapping[Model, str] = {
    "lipsync-image": "fal-ai/infinitalk",
    "lipsync-image-multi": "fal-ai/ai-avatar/multi",
    "lipsync-video": "fal-ai/infinitalk/video-to-video",
}
# Our fields by its names.
FIELDS: Mapping[str, str] = {
    "image": "image_url",
    "video": "video_url",
    "audio": "audio_url",
    "left_audio": "first_audio_url",
    "right_audio": "second_audio_url",
}
PROMPT: Mapping[Model, str] = {
    "lipsync-image": "A person speaks to the camera.",
    "lipsync-image-multi": "Two people talk to each other.",
    "lipsync-video": "A person speaks to the camera.",
}
HEADERS = [f"x-fal-webhook-{name}" for name in ("request-id", "user-id", "timestamp", "signature")]


class FalEngine(Hosted):
    """See `jobs.engines.base.RemoteEngine`; `keys_url` ends before /jwks.json."""

    name = "fal"
    version = "1"
    offers: ClassVar[Mapping[Model, Offer]] = {
        "lipsync-image": Offer(mask=False),
        # Both voices begin at once: an order can not be told.
        "lipsync-image-multi": Offer(mask=False, orders=("meanwhile",)),
        "lipsync-video": Offer(mask=False),
    }

    def __init__(self, url: str, key: str, keys_url: str) -> None:
        super().__init__(url, key)
        self._keys_url = keys_url

    def cancel(self, model: Model, remote_id: str, keep: Callable[[Said], None]) -> None:
        """Only what has not begun is stopped."""
        try:
            self._service(keep).call("PUT", f"{_app(model)}/requests/{remote_id}/cancel")
        except Unreachable:
            return

    def keys(self) -> Mapping[str, str]:
        """The published keys, by number."""
        reply = Service(self._keys_url, {}).call("GET", "jwks.json")
        found = members(reply).get("keys")
        keys = [str(key["x"]) for key in found if isinstance(key, dict) and "x" in key] if found else []
        if reply.status != 200 or not keys:
            raise Unreachable(gettext_noop("this service did not tell its keys."))
        return {str(number): key for number, key in enumerate(keys)}

    def hear(self, headers: Mapping[str, str], body: bytes, keys: Mapping[str, str]) -> str:
        """The id in a callback that one of the keys has signed."""
        if not keys:
            raise KeysMissing
        request_id, user_id, timestamp, signature = (headers.get(name, "") for name in HEADERS)
        message = "\n".join((request_id, user_id, timestamp, hashlib.sha256(body).hexdigest())).encode()
        if not recent(timestamp, time.time()) or not any(_signed(message, signature, key) for key in keys.values()):
            raise NotGenuine
        return request_id

    def _service(self, keep: Callable[[Said], None]) -> Service:
        return Service(self._url, {"Authorization": f"Key {self._key}"}, keep=keep)

    def _order(self, work: Work) -> tuple[str, Mapping[str, object]]:
        body: dict[str, object] = {FIELDS[field]: link for field, link in work.away.links.items()}
        body |= {
            "prompt": work.prompt or PROMPT[work.model],
            "resolution": f"{work.resolution}p",
            "seed": work.seed,
        }
        path = PATHS[work.model]
        if work.away.callback:
            path += f"?fal_webhook={quote(work.away.callback, safe='')}"
        return path, body

    def _id(self, reply: Reply) -> str:
        return str(members(reply).get("request_id") or "")

    def _words(self, reply: Reply) -> str:
        return _detail(members(reply)) or REFUSED

    def _stand(self, work: Work, service: Service) -> Ready | Running | Failed:
        at = f"{_app(work.model)}/requests/{work.away.remote_id}"
        status = usable(service.call("GET", f"{at}/status"))
        if status.status >= 400 or not members(status):
            raise NotNow
        if members(status).get("status") not in ENDED:
            return Running(pause=self.pause_seconds)
        reply = usable(service.call("GET", at))
        if reply.status >= 400:
            return Failed(self._words(reply))
        video = members(reply).get("video")
        if not isinstance(video, dict) or not video.get("url"):
            return Failed(_detail(members(reply)) or REFUSED)
        return Ready(str(video["url"]))


def _app(model: Model) -> str:
    """What its questions are asked under: the first two parts of a model's path."""
    return "/".join(PATHS[model].split("/")[:2])


def _detail(answer: Mapping[str, object]) -> str:
    """Its sentence, as a template: `detail` is one, or a list of objects with a `msg`."""
    detail = answer.get("detail") or answer.get("error") or ""
    if isinstance(detail, list):
        detail = " ".join(str(one.get("msg", "")) for one in detail if isinstance(one, dict))
    return escaped(str(detail).strip())


def _signed(message: bytes, signature: str, key: str) -> bool:
    try:
        raw = base64.urlsafe_b64decode(key + "=" * (-len(key) % 4))
        Ed25519PublicKey.from_public_bytes(raw).verify(bytes.fromhex(signature), message)
    except (InvalidSignature, ValueError, binascii.Error):
        return False
    return True
