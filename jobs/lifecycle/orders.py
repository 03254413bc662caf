"""What somebody wants made: its price, and its submission, all of it or nothing."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import transaction

from jobs import credits, media, roster
from jobs.engines.base import (
    MAX_VOICE_SECONDS,
    Note,
    SpeakingOrder,
)
from jobs.errors import Conflict, RateLimited, gettext_noop
from jobs.lifecycle.choice import MASK, kick
from jobs.lifecycle.sizes import enlarged, notes_on
from jobs.media import Draft
from jobs.models import ApiKey, Batch, Claim, Job, JobInput, Media, User, WalletKind
from jobs.models.job import Model

MAX_SEED = 2**31 - 1
# The fields that hold voices, by the kind of video.
VOICES: Mapping[Model, tuple[str, ...]] = {
    Model.VIDEO: ("audio",),
    Model.IMAGE: ("audio",),
    Model.MULTI: ("left_audio", "right_audio"),
}
FACES: Mapping[Model, str] = {Model.VIDEO: "video", Model.IMAGE: "image", Model.MULTI: "image"}
MAX_NAME, MAX_FACE_NAME = 120, 50  # characters; the voice tells one video from the next
TOO_MANY_OPEN = gettext_noop("This key has {limit} unfinished jobs, which is the limit. Try again when one has ended.")
SUSPENDED = gettext_noop("This account is suspended.")
OPEN_AGAIN_SECONDS = 10


@dataclass(frozen=True)
class Order:
    """What somebody wants made. `inputs` are drafts by the API's field names; `seed` -1 is a random one."""

    model: Model
    inputs: Mapping[str, Draft]
    resolution: int = 480
    seed: int = -1
    prompt: str = ""
    webhook: str = ""
    name: str = ""
    speaking_order: SpeakingOrder = "meanwhile"
    engine: str = ""  # its name, where there is a choice; empty for the first one that works


@dataclass(frozen=True)
class Quote:
    """What a video costs, and for how many seconds."""

    credits: int
    seconds: int


def submit(
    user: User,
    order: Order,
    wallet_kind: WalletKind,
    *,
    api_key: ApiKey | None = None,
    claim: Claim | None = None,
    showcase: bool = False,
    batch: Batch | None = None,
) -> Job:
    """Make the job, hold its price and tell the queue: all of it or nothing.

    `claim` is the Idempotency-Key that it is made under. Raises Conflict, InsufficientCredits, InvalidInput,
    RateLimited or Unavailable.
    """
    check_makeable(order)
    wallet = credits.wallet_of(user, wallet_kind)
    # Files first, because storage knows no rollback and a transaction should be short.
    kept: dict[str, Media] = {}
    try:
        for field, draft in order.inputs.items():
            kept[field] = media.keep(user, draft)
        with transaction.atomic():
            # The house that owns the examples is nobody's account, and never let in.
            if not showcase:
                _check_active(user)
            if api_key is not None:
                _check_open_jobs(api_key)
            job = Job.objects.create(
                user=user,
                api_key=api_key,
                name=name_of(order),
                showcase=showcase,
                batch=batch,
                model=order.model,
                resolution=order.resolution,
                seed=order.seed if order.seed >= 0 else secrets.randbelow(MAX_SEED),
                prompt=order.prompt,
                webhook=order.webhook,
                speaking_order=order.speaking_order,
                wanted=order.engine,
                wallet=wallet,
                price=quote(order).credits,
            )
            if claim is not None:
                Claim.objects.filter(pk=claim.pk).update(job=job)
            credits.hold(job)
            JobInput.objects.bulk_create(JobInput(job=job, field=field, media=one) for field, one in kept.items())
            kick(job)
    except BaseException:
        media.drop(*(one for field, one in kept.items() if not order.inputs[field].is_kept))
        raise
    return job


def check_makeable(order: Order) -> None:
    """Raises InvalidInput if no engine of this installation can make this."""
    roster.candidates(
        order.model.value,  # type: ignore[arg-type]  # the choices are the same words
        order.resolution,
        mask=MASK in order.inputs,
        order=order.speaking_order,
        wanted=order.engine,
    )


def quote(order: Order) -> Quote:
    """The price of an order: what its submission would hold."""
    seconds = _seconds(order)
    return Quote(credits.price(seconds, order.resolution), credits.billed_seconds(seconds))


def warnings(order: Order) -> tuple[Note, ...]:
    """What is to be known of the video before it is made."""
    facts = order.inputs[FACES[order.model]].facts
    if not facts.width or not facts.height:
        return ()
    return notes_on(order.model, order.resolution, *enlarged(facts.width, facts.height, order.resolution))


def name_of(order: Order) -> str:
    """What its video is called: as somebody wants it, else as the files are: "anna – greeting"."""
    face, *voices = (Path(order.inputs[field].filename).stem for field in (FACES[order.model], *VOICES[order.model]))
    said = " + ".join(dict.fromkeys(filter(None, voices)))
    return order.name or " – ".join(dict.fromkeys(filter(None, (face[:MAX_FACE_NAME], said))))[:MAX_NAME]


def _check_active(user: User) -> None:
    """Raises Conflict if the account is suspended. Its row is the lock: a suspension sees the job or comes first."""
    if not User.objects.select_for_update(no_key=True).filter(pk=user.pk, is_active=True).exists():
        raise Conflict(SUSPENDED)


def _check_open_jobs(api_key: ApiKey) -> None:
    """Raises RateLimited if the key has as many unfinished jobs as it may. The key's row is the lock."""
    ApiKey.objects.select_for_update().get(pk=api_key.pk)
    if Job.objects.filter(api_key=api_key, finished=None).count() >= settings.MAX_OPEN_JOBS:
        raise RateLimited(TOO_MANY_OPEN, limit=settings.MAX_OPEN_JOBS, seconds=OPEN_AGAIN_SECONDS)


def _seconds(order: Order) -> float:
    """The seconds that are billed: the voice's; of two, the longer one's if they speak at once, else both.

    A recording that can not be read or used is priced as the shortest: its job will fail.
    """
    lengths = [_usable_seconds(order.inputs[field]) for field in VOICES[order.model]]
    return max(lengths) if order.speaking_order == "meanwhile" else sum(lengths)


def _usable_seconds(voice: Draft) -> float:
    seconds = voice.facts.seconds or 0.0
    return seconds if seconds <= MAX_VOICE_SECONDS else 0.0
