"""Credits: the two wallets beside each other, what was spent, and every movement. Never a sum of both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from jobs import credits
from jobs.models import Bucket, Movement, MovementKind, User, WalletKind
from jobs.web import words
from jobs.web.htmx import Request, for_members
from jobs.web.pages import pages

PAGE = 30
DAYS = 30
# The chart, in its own units: a day is 10 wide, its bar 7; the highest bar is 60.
DAY_WIDTH, BAR_WIDTH, HEIGHT = 10, 7, 60
LOW = 1.5  # the least that can be seen

WHAT: Mapping[str, str | Promise] = {
    MovementKind.GRANT: _("Granted"),
    MovementKind.HOLD: _("Held for a video"),
    MovementKind.CAPTURE: _("Video done"),
    MovementKind.RELEASE: _("Given back"),
}
WHOSE: Mapping[str, str | Promise] = {
    WalletKind.USER: _("For what you make in the browser."),
    WalletKind.API: _("For what your programs make with a key."),
}


@dataclass(frozen=True)
class Bar:
    """A day in the chart."""

    x: float
    y: float
    height: float
    title: str


@dataclass(frozen=True)
class Purse:
    """A wallet as it is shown, with what was spent from it."""

    kind: str
    name: str
    whose: str | Promise
    available: str
    held: str
    spent: str
    most: str
    bars: list[Bar]
    summary: str


@dataclass(frozen=True)
class Day:
    """A row of the table beside the chart."""

    name: str
    user: int
    api: int


@dataclass(frozen=True)
class Line:
    """A movement: what it did to what is available, and to what is held."""

    movement: Movement
    what: str | Promise
    note: str
    title: str
    job: str  # the address of its job's page, if there is one
    wallet: str
    available: str
    held: str
    at: str


@never_cache
@require_safe
@for_members
def wallets(request: Request) -> HttpResponse:
    today = timezone.localdate()
    days = [today - timedelta(days=before) for before in reversed(range(DAYS))]
    spent = credits.spent(request.user, days[0])
    # First, because a wallet is made, with its first movement, when it is first looked at.
    purses = [_purse(request.user, kind, days, spent) for kind in WalletKind]
    movements = credits.movements_of(request.user)
    chosen = request.GET.get("wallet", "")
    wanted = movements.filter(wallet__kind=chosen) if chosen in WalletKind.values else movements
    page = pages(request, wanted, PAGE, reverse("credits"))
    context = {
        "purses": purses,
        "width": DAYS * DAY_WIDTH,
        "height": HEIGHT,
        "bar_width": BAR_WIDTH,
        "first": words.short_day(days[0]),
        "days": [_day(day, spent) for day in reversed(days) if any((kind, day) in spent for kind in WalletKind)],
        "page": page,
        "lines": [_line(movement) for movement in page.rows],
        "filters": _filters(chosen),
    }
    return render(request, "credits/page.html", context)


def _purse(user: User, kind: WalletKind, days: Sequence[date], spent: Mapping[tuple[str, date], int]) -> Purse:
    wallet = credits.wallet_of(user, kind)
    amounts = [spent.get((kind, day), 0) for day in days]
    most, total = max(amounts), sum(amounts)
    summary = gettext("{wallet} spent in each of the last {days} days: {total} in all, at most {most} in a day")
    return Purse(
        kind=kind,
        name=str(kind.label),
        whose=WHOSE[kind],
        available=words.number(wallet.available),
        held=words.number(wallet.held) if wallet.held else "",
        spent=words.number(total),
        most=words.number(most),
        bars=[_bar(number, day, amount, most) for number, (day, amount) in enumerate(zip(days, amounts, strict=True))],
        summary=summary.format(wallet=kind.label, days=DAYS, total=words.number(total), most=words.number(most)),
    )


def _bar(number: int, day: date, amount: int, most: int) -> Bar:
    height = max(HEIGHT * amount / most, LOW) if amount else 0.0
    x = DAY_WIDTH * number + (DAY_WIDTH - BAR_WIDTH) / 2
    return Bar(x, round(HEIGHT - height, 2), round(height, 2), f"{words.short_day(day)}: {words.number(amount)}")


def _day(day: date, spent: Mapping[tuple[str, date], int]) -> Day:
    return Day(words.day(day), spent.get((WalletKind.USER, day), 0), spent.get((WalletKind.API, day), 0))


def _line(movement: Movement) -> Line:
    job = movement.job
    signs = dict.fromkeys(Bucket, 0)
    signs[Bucket(movement.source)] -= movement.amount
    signs[Bucket(movement.target)] += movement.amount
    return Line(
        movement=movement,
        what=WHAT[movement.kind],
        note=gettext(movement.note) if movement.note else "",
        title=(job.name or gettext("Untitled")) if job else "",
        job=reverse("job", args=[job.pk]) if job and not job.removed else "",
        wallet=movement.wallet.get_kind_display(),
        available=words.signed(signs[Bucket.AVAILABLE]),
        held=words.signed(signs[Bucket.HELD]),
        at=words.moment(movement.created),
    )


def _filters(chosen: str) -> list[dict[str, object]]:
    here = reverse("credits")
    every = [("", gettext("All"), here)] + [(kind, kind.label, f"{here}?wallet={kind.value}") for kind in WalletKind]
    known = chosen if chosen in WalletKind.values else ""
    return [{"label": label, "address": address, "chosen": kind == known} for kind, label, address in every]
