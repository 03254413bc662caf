"""Owns the first pass over a video: its shots, and where the speaking face is in each frame.

- A shot ends where the picture changes all at once, or the face is somewhere else all at once: a pause was cut out. In
  each shot the person who speaks is looked for anew.
- The face is followed in a crop that stays where it is while the face stays in it. In every frame: one of two would do
  for its place, but lips that close would be found open. A lost face is looked for again, and taken only if it is the
  same person's.
- What covers the lower face for a while (a hand, a cup) shows as skin that looks unlike itself in the rest of the shot.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import cv2
import numpy as np

from jobs.engines.local.faces.face import FaceFinder, FaceFollower, face_frame
from jobs.engines.local.faces.likeness import SAME_PERSON, Person, look_at
from jobs.engines.local.frames import raster
from jobs.engines.local.landmarks import STEADY
from jobs.engines.local.shapes import F32, F64, U8, Bools, Planes
from jobs.engines.local.smoothing import gaussian

SEARCH_EVERY = 6  # frames from one look to the next while no face is followed
LONGEST_GAP = 3  # frames from a look to the next one between which the face is interpolated; further ones show none

THUMBNAIL, CUT_SAMPLES = (32, 32), 6  # sides in pixels, and how many of the frame each is the mean of, each way
CUT_DIFFERENCE, CUT_RATIO = 14.0, 3.5  # mean difference of thumbnails, and how much it stands out

# From one frame to the next, in S, and how much it stands out. Talkers who nod reach .07, and four times as far as
# before; where a moment was cut out, .23 was seen, and twenty times. What is usual is known after some steps.
HOP, HOP_RATIO, LEAST_STEP, STEPS = 0.12, 6.0, 0.005, 5

SMOOTH_SIGMA = 1.0  # frames
BLOCK, MARGIN = 256, 12  # frames smoothed at a time, and seen on each side
READ = 64  # frames whose landmarks are read at a time

# The lower face as a small patch in face units. How a shot's patches usually vary (speech, turning, light) is learned
# from most of them; what they can not explain is something that lies over the face.
SKIN_CELLS = 16
SKIN_BOX = (-0.55, -0.15, 0.55, 0.95)
SKIN_CENTRE, SKIN_RADII = (0.0, 0.22), (0.45, 0.42)
MOUTH_CENTRE, MOUTH_RADII = (0.0, 0.30), (0.30, 0.16)  # left out: teeth that show now and then cover nothing
USUAL_SHARE, USUAL_WAYS, LEARN_ROUNDS = 0.7, 6, 3
FEWEST_LOOKS = 40  # fewer can not tell what is usual
# Unexplained brightness (RMS): surely covered, and perhaps, next to surely. Talkers alone reach 4 to 13, once 13.7.
COVERED, PERHAPS_COVERED, SURE_LOOKS, BRIDGED_LOOKS = 14.5, 9.0, 4, 6
FADE_FRAMES = 2.5

Points = F64  # (478, 3) in the result's pixels
Choose = Callable[[list[Points]], Points | None]


class Landmarks:
    """(478, 3) of each frame, kept in a file without a name, so that memory does not grow with length."""

    def __init__(self, folder: Path) -> None:
        self._file = TemporaryFile(dir=folder)  # noqa: SIM115  # lives as long as this object
        self._row = 478 * 3 * 4
        self._count = 0

    def __del__(self) -> None:
        self._file.close()

    def __len__(self) -> int:
        return self._count

    def append(self, points: F32) -> None:
        self._file.seek(self._count * self._row)
        self._file.write(points.astype(np.float32).tobytes())
        self._count += len(points)

    def rows(self, first: int, stop: int) -> F64:
        """(stop − first, 478, 3)."""
        self._file.flush()
        self._file.seek(first * self._row)
        data = self._file.read((stop - first) * self._row)
        return np.frombuffer(data, np.float32).reshape(-1, 478, 3).astype(np.float64)


@dataclass(frozen=True)
class Shot:
    """Frames [first, stop) without a cut."""

    first: int
    stop: int


@dataclass(frozen=True)
class Watched:
    """What the first pass found. `presence` (n,) is 0 where the face is absent or covered, 1 where it is to speak."""

    landmarks: Landmarks
    shots: tuple[Shot, ...]
    presence: F64

    def __len__(self) -> int:
        return len(self.presence)

    @property
    def present(self) -> Bools:
        return np.asarray(self.presence > 0)


class Window:
    """The landmarks of single frames (478, 3), read from their file a block at a time, whichever way it is played."""

    def __init__(self, watched: Watched) -> None:
        self._watched = watched
        self._first, self._rows = 0, np.zeros((0, 478, 3))

    def __getitem__(self, frame: int) -> F64:
        if not self._first <= frame < self._first + len(self._rows):
            self._first = frame // READ * READ
            self._rows = self._watched.landmarks.rows(self._first, min(self._first + READ, len(self._watched)))
        return np.asarray(self._rows[frame - self._first])


@dataclass
class _Looks:
    """Looks of one shot, in order; their landmarks are rows from `first_row` on."""

    first_row: int = 0
    frames: list[int] = field(default_factory=list)
    skin: list[U8] = field(default_factory=list)


class Watcher:
    """Takes a video's frames one after another; `result` tells what was seen.

    `choose` picks the face that speaks from those (largest first) of the first frame that shows any; `seen` is called
    with every look at it: the shot's number, the frame's planes and the points. At a shot's start, faces are looked for
    until there are `candidates` to choose from.
    """

    def __init__(
        self,
        folder: Path,
        finder: FaceFinder,
        choose: Choose,
        seen: Callable[[int, Planes, Points], None],
        candidates: int = 1,
    ) -> None:
        self._finder, self._choose, self._seen, self._candidates = finder, choose, seen, candidates
        self._landmarks, self._raw = Landmarks(folder), Landmarks(folder)
        self._cuts = _CutDetector()
        self._presence: list[F64] = []
        self._shots: list[Shot] = []
        self._person: Person | None = None
        self._follower, self._steps = FaceFollower(), _Steps()
        self._following = False
        self._looks = _Looks()
        self._count = 0
        self._shot_first = 0
        self._next_look = 0

    def watch(self, brightness: U8, look: Callable[[], Planes]) -> None:
        """One frame more: its light and dark in any size, the same for all frames, and how to see it whole."""
        number = self._count
        if self._cuts.is_cut(brightness):
            self._end_shot()
            self._next_look = number
        if number >= self._next_look:
            self._look(number, look())
        self._count += 1

    def result(self) -> Watched:
        """After the last frame."""
        self._end_shot()
        presence = np.concatenate(self._presence) if self._presence else np.zeros(0)
        return Watched(self._landmarks, tuple(self._shots), presence)

    @property
    def found(self) -> bool:
        """Whether the face that speaks has been seen yet."""
        return self._person is not None

    def _look(self, number: int, planes: Planes) -> None:
        points = self._follower.follow(planes) if self._following else None
        if points is not None and self._steps.is_hop(points):
            self._end_shot()
            points = None
        if points is None:
            points = self._search(number, planes)
        self._following = points is not None
        if points is None:
            self._next_look = number + SEARCH_EVERY
            return
        self._next_look = number + 1
        self._looks.frames.append(number)
        self._looks.skin.append(_skin(planes, points))
        self._raw.append(points[None].astype(np.float32))
        self._seen(len(self._shots), planes, points)

    def _search(self, number: int, planes: Planes) -> Points | None:
        """The speaker's face in a whole frame. Small faces only at the start of a shot: that takes longer."""
        picture = raster.to_bgr(planes)
        thorough = number == self._shot_first
        found = self._finder.find(picture, at_least=self._candidates) if thorough else self._finder.find_large(picture)
        if not found:
            return None
        if self._person is None:
            points = self._choose(found)
            if points is None:
                return None
            self._person = Person(look_at(picture, points))
        else:
            looks = [look_at(picture, points) for points in found]
            differences = [self._person.difference(look) for look in looks]
            best = int(np.argmin(differences))
            if differences[best] > SAME_PERSON:
                return None
            points = found[best]
            self._person.remember(looks[best])
        self._follower.begin(points)
        self._steps = _Steps(points)
        return points

    def _end_shot(self) -> None:
        """Interpolate and smooth the shot's looks; write its landmarks and its presence."""
        first, stop = self._shot_first, self._count
        if stop > first:
            self._shots.append(Shot(first, stop))
            self._presence.append(_settle(self._looks, self._raw, first, stop, self._landmarks))
        self._looks = _Looks(len(self._raw))
        self._shot_first = stop
        self._following = False


class _CutDetector:
    """A cut is a change of the whole thumbnail that stands out from the changes just before."""

    def __init__(self) -> None:
        self._last: F32 | None = None
        self._usual = 0.0

    def is_cut(self, brightness: U8) -> bool:
        # All of it would cost as much as following a face.
        down, across = (max(1, side // (CUT_SAMPLES * max(THUMBNAIL))) for side in brightness.shape)
        sampled = np.ascontiguousarray(brightness[::down, ::across])
        small = np.asarray(cv2.resize(sampled, THUMBNAIL, interpolation=cv2.INTER_AREA), np.float32)
        last, self._last = self._last, small
        if last is None:
            return False
        difference = float(np.abs(small - last).mean())
        cut = difference > CUT_DIFFERENCE and difference > CUT_RATIO * self._usual
        self._usual = 0.0 if cut else 0.8 * self._usual + 0.2 * difference
        return cut


class _Steps:
    """A hop is a step of the whole head that stands out from those just before."""

    def __init__(self, points: Points | None = None) -> None:
        self._last, self._usual, self._count = points, 0.0, 0

    def is_hop(self, points: Points) -> bool:
        last, self._last = self._last, points
        if last is None:
            return False
        step = float(np.linalg.norm((points - last)[STEADY, :2], axis=1).mean()) / face_frame(points).scale
        hop = self._count >= STEPS and step > HOP and step > HOP_RATIO * max(LEAST_STEP, self._usual)
        self._usual, self._count = 0.8 * self._usual + 0.2 * step, self._count + 1
        return hop


def _settle(looks: _Looks, raw: Landmarks, first: int, stop: int, landmarks: Landmarks) -> F64:
    """Append a shot's landmarks, frame by frame, and return how present the face is in each."""
    count = stop - first
    if not looks.frames:
        landmarks.append(np.zeros((count, 478, 3), np.float32))
        return np.zeros(count)
    at = np.array(looks.frames) - first
    for begin in range(0, count, BLOCK):
        end = min(count, begin + BLOCK)
        frames = np.arange(max(0, begin - MARGIN), min(count, end + MARGIN))
        left = max(0, int(np.searchsorted(at, frames[0])) - 2)
        right = min(len(at), int(np.searchsorted(at, frames[-1])) + 3)
        known = raw.rows(looks.first_row + left, looks.first_row + right)
        every = _interpolated(at[left:right], known, frames)
        smooth = gaussian(every, SMOOTH_SIGMA)
        landmarks.append(smooth[begin - frames[0] : end - frames[0]].astype(np.float32))
    return _presence(at, _covered(looks.skin), count)


def _interpolated(at: Any, known: F64, frames: Any) -> F64:
    """`known` (k, …) at frames `at`, rising → values at `frames`: Catmull-Rom between looks, constant outside."""
    place = np.clip(np.interp(frames, at, np.arange(len(at))), 0, len(at) - 1)
    left = np.minimum(place.astype(int), max(0, len(at) - 2))
    t = (place - left).reshape(-1, *[1] * (known.ndim - 1))
    last = len(at) - 1
    p0, p1 = known[np.maximum(left - 1, 0)], known[left]
    p2, p3 = known[np.minimum(left + 1, last)], known[np.minimum(left + 2, last)]
    return np.asarray(p1 + 0.5 * t * (p2 - p0 + t * (2 * p0 - 5 * p1 + 4 * p2 - p3 + t * (3 * (p1 - p2) + p3 - p0))))


def _presence(at: Any, covered: Bools, count: int) -> F64:
    """(count,) 1 where the face was seen uncovered, fading within a few frames before and after it is not."""
    open_at = at[~covered]
    if not len(open_at):
        return np.zeros(count)
    seen = np.zeros(count, bool)
    for here, after in itertools.pairwise(open_at):
        if after - here <= LONGEST_GAP:
            seen[here : after + 1] = True
    seen[open_at] = True
    if seen.all():
        return np.ones(count)
    # Fade on the inside only: where nothing was seen, nothing may be drawn.
    distance = cv2.distanceTransform(np.pad(seen.astype(np.uint8), 1, mode="edge")[None], cv2.DIST_L1, 3)[0, 1:-1]
    return np.asarray(np.clip(distance / FADE_FRAMES, 0, 1) * seen, np.float64)


def _skin(planes: Planes, points: Points) -> U8:
    """(16, 16) brightness of the lower face."""
    frame = face_frame(points)
    left, top, right, bottom = SKIN_BOX
    axes = frame.axes @ np.diag([(right - left) / SKIN_CELLS, (bottom - top) / SKIN_CELLS])
    matrix = np.column_stack([axes, frame.to_pixels(np.array([left, top])) + axes @ [0.5, 0.5]])
    # Shrunk by area first: a few samples a cell would flicker with grain and beard. By whole pixels, and no more of the
    # frame than the patch covers: on a large face that takes less than half of the time.
    shrink = max(1, int(np.linalg.norm(axes[:, 1])))
    corners = frame.to_pixels(np.array([[left, top], [right, top], [right, bottom], [left, bottom]]))
    x0, y0 = np.maximum(0, np.floor(corners.min(0)).astype(int) - 2 * shrink)
    x1, y1 = np.minimum([planes.width, planes.height], np.ceil(corners.max(0)).astype(int) + 2 * shrink)
    across, down = (x1 - x0) // shrink, (y1 - y0) // shrink
    if across < 1 or down < 1:
        return np.zeros((SKIN_CELLS, SKIN_CELLS), np.uint8)
    crop = planes.luma[y0 : y0 + down * shrink, x0 : x0 + across * shrink]
    small = cv2.resize(crop, (int(across), int(down)), interpolation=cv2.INTER_AREA)
    matrix[:, 2] -= [x0, y0]
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(
        cv2.warpAffine(small, matrix / shrink, (SKIN_CELLS, SKIN_CELLS), flags=flags, borderMode=cv2.BORDER_REPLICATE),
        np.uint8,
    )


def _covered(skin: list[U8]) -> Bools:
    """(k,) whether something lies over the lower face in each look of a shot."""
    unexplained = _unexplained(np.stack(skin)[:, _skin_cells()].astype(np.float64))
    sure = unexplained > COVERED
    if sure.sum() < SURE_LOOKS:
        return np.zeros(len(skin), bool)
    kernel = np.ones((1, 2 * BRIDGED_LOOKS + 1), np.uint8)
    perhaps = cv2.morphologyEx((unexplained > PERHAPS_COVERED).astype(np.uint8)[None], cv2.MORPH_CLOSE, kernel)
    _, labels = cv2.connectedComponents(perhaps)
    spans = labels.reshape(-1)
    covering = [span for span in range(1, spans.max() + 1) if (sure & (spans == span)).sum() >= SURE_LOOKS]
    return np.asarray(np.isin(spans, covering))


def _unexplained(patches: F64) -> F64:
    """(k, cells) → (k,) what each patch has beyond the ways in which most of them vary."""
    if len(patches) < FEWEST_LOOKS:
        return np.zeros(len(patches))
    level = patches - patches.mean(1, keepdims=True)
    # From those nearest to the middle one: learned from all, what covers a tenth of a shot would be a usual way itself.
    left = np.sqrt(((level - np.median(level, axis=0)) ** 2).mean(1))
    for _ in range(LEARN_ROUNDS):
        usual = left <= np.quantile(left, USUAL_SHARE)
        offset = level - np.median(level[usual], axis=0)
        few = offset[usual][:: max(1, int(usual.sum()) // 400)]
        ways = np.linalg.svd(few, full_matrices=False)[2][:USUAL_WAYS]
        left = np.sqrt(((offset - offset @ ways.T @ ways) ** 2).mean(1))
    return np.asarray(left)


def _skin_cells() -> Bools:
    """(16, 16) which cells of a patch are skin, whichever way the jaw is."""
    left, top, right, bottom = SKIN_BOX
    x = left + (np.arange(SKIN_CELLS) + 0.5) * (right - left) / SKIN_CELLS
    y = top + (np.arange(SKIN_CELLS) + 0.5) * (bottom - top) / SKIN_CELLS

    def ellipse(centre: tuple[float, float], radii: tuple[float, float]) -> Bools:
        across, down = (x - centre[0]) / radii[0], (y - centre[1]) / radii[1]
        return np.asarray(across[None] ** 2 + down[:, None] ** 2 < 1)

    return ellipse(SKIN_CENTRE, SKIN_RADII) & ~ellipse(MOUTH_CENTRE, MOUTH_RADII)
