"""Files that people sent and files that we made: taking in, looking into, keeping, handing out."""

from jobs.media.archive import ZipStream
from jobs.media.draft import Draft, draft_of
from jobs.media.faces import Face, find_faces
from jobs.media.intake import SAMPLE_FILES, SAMPLES, SAMPLES_OF, Intake
from jobs.media.links import media_path, media_url
from jobs.media.places import Beat, Part, no_beat
from jobs.media.places.disk import media_of_link
from jobs.media.probe import WRONG_KIND
from jobs.media.serving import content_type_of, disposition
from jobs.media.storage import drop, drop_unused, exists, keep, keep_poster, keep_preview, keep_result, local_path
from jobs.media.tidy import tidy
from jobs.media.uploads import Ticket, open_ticket, parts_left, receive

__all__ = [
    "SAMPLES",
    "SAMPLES_OF",
    "SAMPLE_FILES",
    "WRONG_KIND",
    "Beat",
    "Draft",
    "Face",
    "Intake",
    "Part",
    "Ticket",
    "ZipStream",
    "content_type_of",
    "disposition",
    "draft_of",
    "drop",
    "drop_unused",
    "exists",
    "find_faces",
    "keep",
    "keep_poster",
    "keep_preview",
    "keep_result",
    "local_path",
    "media_of_link",
    "media_path",
    "media_url",
    "no_beat",
    "open_ticket",
    "parts_left",
    "receive",
    "tidy",
]
