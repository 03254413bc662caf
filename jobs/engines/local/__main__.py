"""The engine's child process: one request in, progress and one result out; started by `jobs.process` with limits."""

import errno
import resource
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from time import monotonic, process_time
from typing import cast

from jobs.engines.base import Model, SpeakingOrder
from jobs.engines.local.files import pictures
from jobs.errors import InvalidInput, gettext_noop
from jobs.process import Send, serve

REPORT_SECONDS = 0.25
FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
DISK_FULL = gettext_noop("The video could not be made: the server's disk is full. Please tell whoever runs this site.")


def handle(request: Mapping[str, object], send: Send) -> Mapping[str, object]:
    """{"do": "render" | "probe" | "faces" | "poster" | "preview", …} → {"finished" | "probe" | "faces": …} or {}.

    What failed is said for the user: {"failed": …}; not "permanent" is what may go another time.
    """
    try:
        if request["do"] == "probe":
            return {"probe": probe(Path(str(request["path"])))}
        if request["do"] == "faces":
            return {"faces": see(request)}
        if request["do"] == "poster":
            return make_poster(Path(str(request["path"])), Path(str(request["into"])))
        if request["do"] == "preview":
            return make_preview(Path(str(request["path"])), Path(str(request["into"])))
        return {"finished": render(request, send)}
    except InvalidInput as refusal:
        return {"failed": {"message": refusal.template, "params": dict(refusal.params), "source": refusal.field}}
    except OSError as error:
        if error.errno not in FULL:
            raise
        return {"failed": {"message": DISK_FULL, "params": {}, "source": "", "permanent": False}}


def probe(path: Path) -> Mapping[str, object]:
    """What a file is, by its content; numbers are 0 where the headers do not tell."""
    picture = pictures.read_header(path)
    if picture is not None:
        return {"kind": "image", "seconds": 0.0, "width": picture.width, "height": picture.height}
    from jobs.engines.local.files import media

    known = media.probe(path)
    return asdict(known) if known else {"kind": "unknown"}


def see(request: Mapping[str, object]) -> list[dict[str, object]]:
    """The faces in a picture; "size" and "resolutions" as for `photo.see`."""
    from jobs.engines.local import photo

    width, height = cast(list[int], request["size"])
    seen = photo.see(Path(str(request["path"])), (width, height), cast(list[int], request["resolutions"]))
    return [asdict(one) for one in seen]


def make_poster(video: Path, into: Path) -> Mapping[str, object]:
    """The first frame as a picture."""
    from jobs.engines.local.files import footage, poster

    facts = footage.look_into(video)
    width, height = facts.width // 2 * 2, facts.height // 2 * 2
    for planes in footage.Footage(video, facts, width, height).forwards():
        poster.save(planes, into)
        break
    return {}


def make_preview(video: Path, into: Path) -> Mapping[str, object]:
    """Its first seconds, small."""
    from jobs.engines.local.files import preview

    preview.make(video, into)
    return {}


def render(request: Mapping[str, object], send: Send) -> Mapping[str, object]:
    """Make the video; reports progress a few times a second, and at last what it took."""
    from jobs.engines.local import pipeline

    last_sent, last_stage = 0.0, ""

    def progress(done: float, stage: str) -> None:
        nonlocal last_sent, last_stage
        now = monotonic()
        if stage != last_stage or now - last_sent >= REPORT_SECONDS or done >= 1:
            last_sent, last_stage = now, stage
            send({"progress": round(done, 4), "stage": stage})

    order = pipeline.Order(
        model=cast(Model, request["model"]),
        sources={name: Path(str(path)) for name, path in cast(Mapping[str, object], request["sources"]).items()},
        output=Path(str(request["output"])),
        resolution=int(str(request["resolution"])),
        seed=int(str(request["seed"])),
        prompt=str(request.get("prompt", "")),
        speaking_order=cast(SpeakingOrder, request.get("speaking_order", "meanwhile")),
        paces=cast(Mapping[str, float], request.get("paces", {})),
        asked=cast(float | None, request.get("asked")),
    )
    made = asdict(pipeline.make(order, progress))
    progress(1.0, "saving")
    peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return made | {"cpu_seconds": process_time(), "peak_bytes": peak_bytes}


if __name__ == "__main__":
    serve(handle)
