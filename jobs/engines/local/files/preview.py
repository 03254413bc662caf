"""Owns the preview: the first seconds of a result, small and without sound, for a glance at it in a list."""

from fractions import Fraction
from itertools import islice
from math import ceil
from pathlib import Path

import av
import numpy as np
from av.video.frame import VideoFrame

from jobs.engines.local.files import footage
from jobs.engines.local.shapes import ColourTags, Planes

NAME = "preview.mp4"
SECONDS = 3
MOST_FPS = 13
SHORT_SIDE = 240  # pixels
MOST_BYTES = 150_000
# The rate can not be more than the buffer above 3 × maxrate: 137 kB. One thread: the same frames, the same file.
H264 = {
    "preset": "veryfast", "crf": "27", "maxrate": "300k", "bufsize": "200k", "mbtree": "0", "threads": "1",
}  # fmt: skip


def make(video: Path, into: Path) -> None:
    """Write the preview of a video. Raises InvalidInput if it can not be read."""
    facts = footage.look_into(video)
    scale = min(1.0, SHORT_SIDE / min(facts.width, facts.height))
    width, height = (max(2, round(side * scale / 2) * 2) for side in (facts.width, facts.height))
    every = ceil(facts.fps / MOST_FPS)
    frames = footage.Footage(video, facts, width, height).forwards()
    shown = islice(frames, 0, int(facts.fps * SECONDS), every)
    with av.open(str(into), "w", format="mp4", options={"movflags": "+faststart"}) as file:
        stream = file.add_stream("libx264", rate=facts.fps / every, options=dict(H264))
        stream.width, stream.height, stream.pix_fmt = width, height, "nv12"
        _tag(stream.codec_context, facts.tags)
        for number, planes in enumerate(shown):
            frame = _frame(planes)
            frame.pts, frame.time_base = number, Fraction(every) / facts.fps
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    if into.stat().st_size > MOST_BYTES:
        into.unlink()


def _tag(context: av.VideoCodecContext, tags: ColourTags) -> None:
    context.colorspace, context.color_primaries, context.color_trc = tags.matrix, tags.primaries, tags.transfer
    context.color_range = 1


def _frame(planes: Planes) -> VideoFrame:
    chroma = planes.chroma.reshape(planes.height // 2, planes.width)
    return VideoFrame.from_ndarray(np.concatenate([planes.luma, chroma]), format="nv12")
