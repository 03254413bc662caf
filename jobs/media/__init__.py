"""Files that people sent and files that we made: taking in, looking into, keeping, handing out."""

from jobs.media.intake import (
    SAMPLE_FILES,
    SAMPLES,
    Draft,
    Intake,
    Ticket,
    content_type_of,
    draft_of,
    open_ticket,
    receive,
)
from jobs.media.links import media_of_link, media_path, media_url
from jobs.media.storage import drop, drop_unused, keep, keep_poster, keep_result, local_path
from jobs.media.tidy import tidy

__all__ = [
    "SAMPLES",
    "SAMPLE_FILES",
    "Draft",
    "Intake",
    "Ticket",
    "content_type_of",
    "draft_of",
    "drop",
    "drop_unused",
    "keep",
    "keep_poster",
    "keep_result",
    "local_path",
    "media_of_link",
    "media_path",
    "media_url",
    "open_ticket",
    "receive",
    "tidy",
]
