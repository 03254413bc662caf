"""What becomes of a picture or a video that is too small for the resolution that was asked for."""

from collections.abc import Mapping

from jobs.engines.base import MAX_ENLARGEMENT, Note
from jobs.errors import gettext_noop
from jobs.models.job import Model

SMALL_VIDEO = gettext_noop(
    "The video is too small for {resolution}p: "
    "the result gets {width} × {height} pixels, at the price of {resolution}p."
)
SMALL_PICTURE = gettext_noop(
    "The picture is too small for {resolution}p: "
    "the video gets {width} × {height} pixels, at the price of {resolution}p."
)
SMALL: Mapping[str, str] = {Model.VIDEO: SMALL_VIDEO, Model.IMAGE: SMALL_PICTURE, Model.MULTI: SMALL_PICTURE}
NEARLY = 0.95  # an engine elsewhere may round its sides in its own way


def enlarged(width: int, height: int, resolution: int) -> tuple[int, int]:
    """The size of the video of a source of this size: short side `resolution`, unless that enlarges it too much."""
    scale = min(resolution / min(width, height), MAX_ENLARGEMENT)
    return round(width * scale / 2) * 2, round(height * scale / 2) * 2


def notes_on(model: str, resolution: int, width: int, height: int) -> tuple[Note, ...]:
    """What to know of a result of this size; nothing if it is as large as was asked for, or not known (0)."""
    if not 0 < min(width, height) < NEARLY * resolution:
        return ()
    return (Note(SMALL[model], {"resolution": resolution, "width": width, "height": height}),)
