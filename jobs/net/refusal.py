"""Owns the two ways in which an address fails, and the sentences that are said in more than one place."""

from jobs.errors import Rejected, Unavailable, gettext_noop

NOT_PUBLIC = gettext_noop("this URL points at an address that is not public. Use one that anybody can open.")
NOT_A_HOST = gettext_noop("this URL has no valid host name.")


class Refused(Rejected):
    """This address will not do: forbidden, malformed, or its answer was a permanent no."""


class Unreachable(Unavailable):
    """This address did not answer as it should just now; it may later."""


class NotSent(Unreachable):
    """There was no connection, so nothing was said: the call can be made again without being made twice."""
