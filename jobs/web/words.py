"""How pages say things: numbers, times, stages and refusals, in the reader's language."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from django.utils import formats, timezone
from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _

from jobs.errors import Problem
from jobs.models import Job, Status

# What the engine is doing, by the words of jobs.engines.base.STAGES.
STAGES: Mapping[str, str | Promise] = {
    "": _("Starting"),
    "listening": _("Listening to the voice"),
    "looking": _("Looking for the face"),
    "drawing": _("Drawing the lips"),
    "saving": _("Saving the video"),
}
# The words of a prompt that the built-in engine understands, as it says them.
MANNERS: Mapping[str, str | Promise] = {
    "no blinking": _("no blinking"),
    "still": _("still"),
    "calm": _("calm"),
    "lively": _("lively"),
    "whisper": _("whisper"),
    "smile": _("smile"),
    "serious": _("serious"),
    "shout": _("shout"),
}
# Before this much is done, a guess at the time left would jump about.
GUESS_FROM = 0.08
GUESS_AFTER_SECONDS = 2.0


def sentence(problem: Problem) -> str:
    """The problem, said to the reader."""
    return gettext(problem.template).format(**problem.params)


def number(value: int) -> str:
    """1,840 or 1.840."""
    return formats.number_format(value, use_l10n=True, force_grouping=True)


def signed(value: int) -> str:
    """+20, −20, or empty for 0."""
    return f"{'+' if value > 0 else '−'}{number(abs(value))}" if value else ""


def clock(seconds: float) -> str:
    """A length as a player shows it: 0:08, 12:05, 1:00:00."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def decimal(seconds: float) -> str:
    """Seconds with one decimal: 4.1 or 4,1."""
    return formats.number_format(round(seconds, 1), 1, use_l10n=True)


def day(value: date) -> str:
    """23 Nov 2026 or 23. Nov. 2026."""
    return formats.date_format(value, pgettext("date format", "j M Y"))


def short_day(value: date) -> str:
    """23 Nov or 23. Nov."""
    return formats.date_format(value, pgettext("short date format", "j M"))


def moment(value: datetime) -> str:
    """23 Nov 2026, 10:42"""
    return formats.date_format(timezone.localtime(value), pgettext("date and time format", "j M Y, H:i"))


def second(value: datetime) -> str:
    """23 Nov 2026, 10:42:07"""
    return formats.date_format(timezone.localtime(value), pgettext("date and exact time format", "j M Y, H:i:s"))


def ago(value: datetime, now: datetime | None = None) -> str:
    """How long ago, as short as it can be said; from the third day on, the date."""
    now = now or timezone.now()
    past = max(now - value, timedelta())
    if past < timedelta(minutes=1):
        return gettext("just now")
    if past < timedelta(hours=1):
        return gettext("{minutes} min ago").format(minutes=past // timedelta(minutes=1))
    days = (timezone.localdate(now) - timezone.localdate(value)).days
    if days == 0:
        return gettext("{hours} h ago").format(hours=max(past // timedelta(hours=1), 1))
    if days == 1:
        return gettext("yesterday")
    return day(timezone.localdate(value))


def until(value: datetime, now: datetime | None = None) -> str:
    """How long it is until then, as short as it can be said."""
    left = value - (now or timezone.now())
    if left < timedelta(seconds=2):
        return gettext("now")
    if left < timedelta(minutes=1):
        return gettext("in {seconds} s").format(seconds=left // timedelta(seconds=1))
    if left < timedelta(hours=1):
        return gettext("in {minutes} min").format(minutes=left // timedelta(minutes=1))
    return gettext("in {hours} h").format(hours=round(left / timedelta(hours=1)))


def duration(milliseconds: int) -> str:
    """How long something took: 182 ms, 4.1 s."""
    return f"{number(milliseconds)} ms" if milliseconds < 1000 else f"{decimal(milliseconds / 1000)} s"


def stage(job: Job) -> str:
    """What is being done right now."""
    return str(STAGES.get(job.stage, STAGES[""]))


def manner(word: str) -> str:
    """A word of a prompt that had an effect."""
    return str(MANNERS.get(word, word))


def seconds_left(job: Job, now: datetime | None = None) -> float | None:
    """A guess from the progress so far; None while it would be a poor one."""
    if job.status != Status.RUNNING or job.started is None or job.progress < GUESS_FROM:
        return None
    spent = ((now or timezone.now()) - job.started).total_seconds()
    if spent < GUESS_AFTER_SECONDS:
        return None
    return spent * (1 - job.progress) / job.progress
