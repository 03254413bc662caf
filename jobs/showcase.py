"""The examples on the home page: the bundled samples, rendered by this installation itself, through the same story.

Only by an engine that nobody is paid for; a kind of video that has none goes without an example.
"""

from collections.abc import Mapping

from django.conf import settings

from jobs import lifecycle, media, roster
from jobs.credits import grant, wallet_of
from jobs.engines.base import SpeakingOrder
from jobs.lifecycle import Order
from jobs.models import Job, Status, User, WalletKind
from jobs.models.job import OPEN, Model

HOUSE = "showcase@mundwerk.invalid"
NAME = "Mundwerk"
# The first is the large one; the others are small pictures beside it.
RESOLUTIONS: Mapping[Model, int] = {Model.IMAGE: 720, Model.VIDEO: 480, Model.MULTI: 480}
SPEAKING_ORDER: SpeakingOrder = "left_right"


def ensure() -> None:
    """At the start: have the next example made that is missing, or whose file is gone, or that failed before."""
    if Job.objects.filter(showcase=True, status__in=OPEN).exists():
        return
    missing = [kind for kind in RESOLUTIONS if _maker(kind) and not _is_there(kind)]
    if missing:
        _make(missing[0])


def go_on() -> None:
    """From time to time: have the next one made that nobody has tried yet, if nobody else is waiting for a video."""
    tried = set(Job.objects.filter(showcase=True).values_list("model", flat=True).distinct())
    missing = [kind for kind in RESOLUTIONS if kind not in tried and _maker(kind)]
    if missing and not Job.objects.filter(status__in=OPEN).exists():
        _make(missing[0])


def _maker(kind: Model) -> str:
    """The engine that makes the example of this kind; empty if there is none, or none is wanted."""
    if not settings.EXAMPLES:
        return ""
    order = _speaking_order(kind)
    entries = roster.entries(kind.value)  # type: ignore[arg-type]  # the kinds are the same words
    return next((entry.name for entry in entries if not entry.paid and order in entry.offer.orders), "")


def _speaking_order(kind: Model) -> SpeakingOrder:
    return SPEAKING_ORDER if kind == Model.MULTI else "meanwhile"


def _is_there(kind: Model) -> bool:
    done = Job.objects.filter(showcase=True, model=kind, status=Status.DONE).select_related("result").first()
    return bool(done and done.result and media.exists(done.result))


def _make(kind: Model) -> None:
    house, new = User.objects.get_or_create(email=HOUSE, defaults={"is_active": False})
    if new:
        house.set_unusable_password()
        house.save()
    with media.Intake(house) as intake:
        inputs = {field: intake.from_sample(name) for field, name in media.SAMPLES_OF[kind].items()}
        order = Order(
            kind,
            inputs,
            RESOLUTIONS[kind],
            seed=1,
            name=NAME,
            speaking_order=_speaking_order(kind),
            engine=_maker(kind),
        )
        wallet = wallet_of(house, WalletKind.USER)
        grant(wallet, lifecycle.quote(order).credits, "Example of this installation")
        lifecycle.submit(house, order, WalletKind.USER, showcase=True)
