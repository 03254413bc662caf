"""What goes wrong, in our words.

    Problem                 anything that we have a sentence for
    ├── Rejected            permanent: the person must change something
    │   ├── InvalidInput        what was sent can not be used (names the field)
    │   │   └── IdempotencyMismatch a key was used for another request
    │   ├── InsufficientCredits the wallet does not cover the price
    │   ├── NotFound            no such thing, or not yours
    │   ├── Conflict            right in itself, but not now
    │   └── RateLimited         too often, or too much at once
    └── Unavailable         transient: the same call may work later

A sentence is an English template and its values, so that the API can say it in
English and a page in the reader's language: ``InvalidInput(gettext_noop("The
file is {size} MB."), size=3)``.
"""

from collections.abc import Mapping

Value = str | int | float


def gettext_noop(template: str) -> str:
    """Mark a sentence for translation; the name is one that makemessages collects."""
    return template


class Problem(Exception):
    """Something went wrong and there is a sentence for it.

    `template` is an English `str.format` template, `field` the input it is about
    (``formState.audio`` in the API's words is the door's business: here ``audio``).
    """

    def __init__(self, template: str, *, field: str = "", **params: Value) -> None:
        super().__init__(template)
        self.template = template
        self.field = field
        self.params: Mapping[str, Value] = params

    @property
    def sentence(self) -> str:
        """The English sentence, values filled in."""
        return self.template.format(**self.params)

    def __str__(self) -> str:
        return self.sentence


class Rejected(Problem):
    """Permanent: trying the same again gives the same."""


class InvalidInput(Rejected):
    """What was sent can not be used."""


class IdempotencyMismatch(InvalidInput):
    """An Idempotency-Key was used for another request."""


class InsufficientCredits(Rejected):
    """The wallet does not cover the price."""


class NotFound(Rejected):
    """No such thing, or it is somebody else's."""


class Conflict(Rejected):
    """The thing is in a state in which this can not be done."""


class RateLimited(Rejected):
    """Too often, or too much at once; `params["seconds"]` says when it may be tried again."""


class Unavailable(Problem):
    """Transient: the same call may work later."""
