"""Where files are kept: the local disk, or a bucket in S3. Both offer the same (`Place`); MEDIA chooses."""

from django.conf import settings

from jobs.media.places.base import INCOMING, STEP_SECONDS, WRONG_SIZE, Beat, Part, Place, Target, no_beat
from jobs.media.places.disk import Disk

__all__ = [
    "INCOMING",
    "STEP_SECONDS",
    "WRONG_SIZE",
    "Beat",
    "Disk",
    "Part",
    "Place",
    "Target",
    "no_beat",
    "place",
]

PLACES = ("disk", "s3")


def place() -> Place:
    """The place that is configured."""
    if settings.MEDIA == "disk":
        return Disk()
    from jobs.media.places.s3 import Bucket  # its library takes 25 MB and a quarter of a second

    return Bucket()
