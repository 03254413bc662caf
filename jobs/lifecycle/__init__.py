"""The story of a job, from submission to its end: the only part that changes `Job.status`.

    submit ─→ QUEUED ─→ start ─→ RUNNING ─→ finish ─→ DONE       credits captured, webhook
                 ↑                  │  └──────────────→ FAILED     credits released, webhook
                 └── hand back, or ─┘
                     lease expired        cancel ────→ CANCELLED  credits released, webhook

A job that another machine does stays RUNNING without a worker: `look` asks how it stands, when it is time (`look_at`)
or when a callback said that something happened (`nudge`).

Each step is one conditional UPDATE inside the transaction of all that goes with
it, so a step happens once, whole, or not at all. The queue only says "look at
this job"; saying it twice does no harm, and `sweep` says it again when it got lost.

    orders    what somebody wants made, its price, its submission
    choice    which engine and which queue
    steps     the conditional UPDATEs: the only module that changes the status
    away      jobs on other machines
    work      a worker's part, from the claim to what came of it
    acts      what people do with a job, and with all jobs of an account
    sweeping  what went quiet
"""

from jobs.lifecycle.acts import (
    NOT_FINISHED,
    UNDO,
    again,
    bring_back,
    cancel,
    erase_hidden,
    forget,
    hide,
    readmit,
    refund,
    remove,
    rename,
    suspend,
)
from jobs.lifecycle.away import NO_ENGINE_WORKS, SILENT, TOO_SLOW, nudge, recall
from jobs.lifecycle.orders import MAX_SEED, VOICES, Order, Quote, check_makeable, name_of, quote, submit, warnings
from jobs.lifecycle.sizes import SMALL_PICTURE, SMALL_VIDEO
from jobs.lifecycle.sweeping import KICK_AGAIN, look_around, sweep
from jobs.lifecycle.work import finish, look, start

__all__ = [
    "KICK_AGAIN",
    "MAX_SEED",
    "NOT_FINISHED",
    "NO_ENGINE_WORKS",
    "SILENT",
    "SMALL_PICTURE",
    "SMALL_VIDEO",
    "TOO_SLOW",
    "UNDO",
    "VOICES",
    "Order",
    "Quote",
    "again",
    "bring_back",
    "cancel",
    "check_makeable",
    "erase_hidden",
    "finish",
    "forget",
    "hide",
    "look",
    "look_around",
    "name_of",
    "nudge",
    "quote",
    "readmit",
    "recall",
    "refund",
    "remove",
    "rename",
    "start",
    "submit",
    "suspend",
    "sweep",
    "warnings",
]
