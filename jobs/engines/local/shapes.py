"""The arrays and records that the engine's stages hand to one another; stages share only these and the tables.

Face units: everything that moves is measured in S, the three-dimensional distance of the outer eye corners, with the
origin under the nose (landmark 2), x towards the picture's right and y towards the chin.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I16 = NDArray[np.int16]
U16 = NDArray[np.uint16]
U8 = NDArray[np.uint8]
Bools = NDArray[np.bool_]

FPS = 25
SPEECH_RATE_HZ = 16_000
FEATURE_RATE_HZ = 100
JAW_OF_GAP = 0.78  # the jaw's share in an opening as it is seen


@dataclass(frozen=True)
class Phone:
    """One phone of the voice, named in ARPAbet without stress; "SIL" is a pause."""

    name: str
    start_seconds: float
    end_seconds: float


@dataclass(frozen=True)
class VoiceFeatures:
    """What the signal itself says about the mouth, at `FEATURE_RATE_HZ`; all arrays are (n,).

    loudness  0 silent to about 1.15, relative to a sliding reference
    jaw       0 to 1: energy round the first formant of open vowels against that of close ones
    spread    −1 rounded to +1 spread lips
    """

    loudness: F64
    jaw: F64
    spread: F64

    def __len__(self) -> int:
        return len(self.loudness)


@dataclass(frozen=True)
class MouthPose:
    """The mouth at one moment, independent of any face.

    opening 0 closed to 1.25; width 1 neutral; lift of the upper lip, rounding, tongue tip, tuck of the lower lip under
    the teeth (F, V) and press of the lips (M, B, P): 0 to 1.
    """

    opening: float = 0.0
    width: float = 1.0
    lift: float = 0.0
    rounding: float = 0.0
    tongue: float = 0.0
    tuck: float = 0.0
    press: float = 0.0


@dataclass(frozen=True)
class MouthTrack:
    """`MouthPose` on the frame grid (columns in the order of its fields), and the voice's loudness for the head.

    Poses of a voice that is still listened to become known from the first one on: `hear` waits for that of a frame,
    and says how many are known then. Its loudness is known at once.
    """

    poses: F64  # (frames, 7)
    loudness: F64  # (frames,)
    fps: float = FPS
    hear: Callable[[int], int] | None = None

    def __len__(self) -> int:
        return len(self.poses)

    def known(self, frame: int) -> int:
        """Wait until the pose of this frame is known; how many are, at least one more."""
        return len(self) if self.hear is None else self.hear(frame)

    def whole(self) -> "MouthTrack":
        """The same, when all of it is known."""
        self.known(len(self) - 1)
        return replace(self, hear=None)

    @property
    def opening(self) -> F64:
        return np.asarray(self.poses[:, 0])

    def __getitem__(self, frame: int) -> MouthPose:
        self.known(frame)
        return MouthPose(*(float(value) for value in self.poses[frame]))


@dataclass(frozen=True)
class FaceFrame:
    """The affine map between face units and pixels: pixel = origin + axes @ (x, y). `scale` is S in pixels."""

    origin: F64  # (2,)
    axes: F64  # (2, 2), columns are the pixel vectors of one face unit to the right and down
    scale: float

    def to_pixels(self, points: F64) -> F64:
        """(…, 2) face units → pixels."""
        return np.asarray(self.origin + points @ self.axes.T)

    def to_face(self, points: F64) -> F64:
        """(…, 2 or 3) pixels → face units; a third coordinate is dropped."""
        return np.asarray((points[..., :2] - self.origin) @ np.linalg.inv(self.axes).T)


@dataclass(frozen=True)
class Contours:
    """The four lip lines, each (11, 2) in face units from the picture's left corner to its right one."""

    upper_outer: F64
    upper_inner: F64
    lower_inner: F64
    lower_outer: F64

    @property
    def width(self) -> float:
        """Corner to corner."""
        return float(np.linalg.norm(self.upper_outer[-1] - self.upper_outer[0]))

    @property
    def gaps(self) -> F64:
        """(11,) how far the lips are open along their lines; negative where they seem to overlap."""
        return np.asarray(self.lower_inner[:, 1] - self.upper_inner[:, 1])

    @property
    def gap(self) -> float:
        """How far the middle of the lips is open."""
        return float(self.gaps[3:8].mean())

    def opened(self, share: float) -> "Contours":
        """The same lips, their gap larger by a share of itself; more of it below, as lips open."""
        more = np.stack([np.zeros(11), share * np.clip(self.gaps, 0, None)], 1)
        return replace(self, upper_inner=self.upper_inner - 0.4 * more, lower_inner=self.lower_inner + 0.6 * more)

    @property
    def jaw(self) -> float:
        """How far the jaw has dropped to open them so."""
        return JAW_OF_GAP * max(0.0, self.gap)

    def moved(self, by: F64) -> "Contours":
        """The same lips, (2,) further right and down."""
        return Contours(self.upper_outer + by, self.upper_inner + by, self.lower_inner + by, self.lower_outer + by)


@dataclass(frozen=True)
class RestingMouth:
    """A face's own mouth with the lips together, derived from a picture in which it may be open or smile."""

    seen: Contours  # as in the picture
    line: F64  # (11, 2): where the lips meet
    upper_thickness: F64  # (11,)
    lower_thickness: F64  # (11,)
    gap: float  # how far it is open in the picture
    width: float  # corner to corner
    centre_x: float
    relax_width: float  # narrows a smile towards a neutral width
    relax_curve: float  # flattens a smile's curve
    smile: float = 0.0  # that is asked for, 0 to 1

    def moved(self, by: F64) -> "RestingMouth":
        """The same mouth, (2,) further right and down."""
        return replace(self, seen=self.seen.moved(by), line=self.line + by, centre_x=self.centre_x + float(by[0]))

    @property
    def line_y(self) -> float:
        """Height of the lip line at the philtrum."""
        return float(self.line[5, 1])


@dataclass(frozen=True)
class MouthShape:
    """Where the lips are to be, and how far the jaw has dropped, in face units."""

    lips: Contours
    drop: float
    rise: float
    width: float  # relative to the resting mouth
    pose: MouthPose

    @property
    def half_width(self) -> float:
        return float(self.lips.upper_outer[-1, 0] - self.lips.upper_outer[0, 0]) / 2


@dataclass(frozen=True)
class Planes:
    """One picture as the encoder takes it (NV12, BT.709, limited range): luma (h, w), chroma (h/2, w/2, 2)."""

    luma: U8
    chroma: U8

    @classmethod
    def empty(cls, width: int, height: int) -> "Planes":
        """To be filled; even sides."""
        return cls(np.empty((height, width), np.uint8), np.empty((height // 2, width // 2, 2), np.uint8))

    @property
    def width(self) -> int:
        return self.luma.shape[1]

    @property
    def height(self) -> int:
        return self.luma.shape[0]


class Frames(Protocol):
    """Takes the frames of a result, one after another: the encoder, or whoever wants to look at them before."""

    def write(self, planes: Planes) -> None: ...


@dataclass(frozen=True)
class ColourTags:
    """What the numbers in the planes of a video mean, as ffmpeg's codes; handed on to the result as they are."""

    matrix: int
    primaries: int
    transfer: int


BT709 = ColourTags(1, 1, 1)
