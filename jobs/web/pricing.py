"""Prices: the rates, what counts as a second, and two examples worked through."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from jobs import credits

# Seconds and resolution: one that is shorter than the least, and one that is not.
EXAMPLES = ((3, 720), (10, 480))


@dataclass(frozen=True)
class Example:
    """A price, step by step."""

    seconds: int
    resolution: int
    billed: int
    rate: int
    credits: int


@never_cache
@require_safe
def pricing(request: HttpRequest) -> HttpResponse:
    context = {
        "rates": list(credits.CREDITS_PER_SECOND.items()),
        "examples": [_example(seconds, resolution) for seconds, resolution in EXAMPLES],
        "least": credits.MIN_BILLED_SECONDS,
    }
    return render(request, "pricing/page.html", context)


def _example(seconds: int, resolution: int) -> Example:
    return Example(
        seconds=seconds,
        resolution=resolution,
        billed=credits.billed_seconds(seconds),
        rate=credits.CREDITS_PER_SECOND[resolution],
        credits=credits.price(seconds, resolution),
    )
