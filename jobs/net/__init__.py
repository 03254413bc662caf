"""Owns every connection that this installation opens: one door for addresses that users type.

`Service` is for what the operator configured, without the door.

`check_url` looks at the text of an address, without DNS: for forms. `fetch_public`
and `post_public` go there: names are resolved once, every answer must be allowed,
and only those addresses are dialled, with one deadline for all of it.

`Refused` is permanent, `Unreachable` may pass. Their sentences begin in lower case
because they follow the name of the input ("media_url: this URL answered 404 Not Found.").
"""

from jobs.net.door import Door
from jobs.net.exchange import Answer, Fetched, fetch_public, post_public
from jobs.net.local import is_listening
from jobs.net.policy import WEB_PORTS, Policy
from jobs.net.refusal import NotSent, Refused, Unreachable
from jobs.net.service import CALL_SECONDS, Reply, Said, Service
from jobs.net.urls import check_url

__all__ = [
    "CALL_SECONDS",
    "WEB_PORTS",
    "Answer",
    "Door",
    "Fetched",
    "NotSent",
    "Policy",
    "Refused",
    "Reply",
    "Said",
    "Service",
    "Unreachable",
    "check_url",
    "fetch_public",
    "is_listening",
    "post_public",
]
