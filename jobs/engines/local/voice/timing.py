"""Owns the movement: phones and features become mouth poses on the frame grid, with coarticulation and closures."""

import math
from dataclasses import astuple

import numpy as np

from jobs.engines.local import smoothing
from jobs.engines.local.shapes import F64, FEATURE_RATE_HZ, FPS, MouthPose, MouthTrack, Phone, VoiceFeatures
from jobs.engines.local.voice.visemes import BILABIALS, NOBODY, SILENCE, VISEMES

# Channels as in `Viseme`, with the time over which each blends into its neighbours (Gaussian σ, in 10 ms steps).
CHANNEL_SIGMAS = (4.0, 6.5, 5.0, 6.5, 3.5, 3.0)
OPENING, WIDTH, LIFT, ROUNDING, TONGUE, TUCK = range(6)
LIP_CHANNELS = (WIDTH, ROUNDING)
NO_PHONE_WEIGHT = 0.05
CLOSURE_SIGMA, SILENCE_SIGMA = 2.0, 3.0
REACH = smoothing.reach(max(*CHANNEL_SIGMAS, CLOSURE_SIGMA, SILENCE_SIGMA))  # steps

# The table of visemes by number, and a last row for where there is no phone: (visemes + 1, channels).
_NUMBERS = {name: number for number, name in enumerate(VISEMES)}
NO_VISEME = len(VISEMES)
_TARGETS = np.array([viseme[: len(CHANNEL_SIGMAS)] for viseme in VISEMES.values()] + [(0, 1, 0, 0, 0, 0)], np.float64)
_WEIGHTS = np.array(
    [
        [viseme.lip_weight if k in LIP_CHANNELS else viseme.jaw_weight for k in range(len(CHANNEL_SIGMAS))]
        for viseme in VISEMES.values()
    ]
    + [[NO_PHONE_WEIGHT] * len(CHANNEL_SIGMAS)]
)

PHONE_SHARE = 0.55  # of the opening; the rest is the signal's
PHONE_WIDTH_SHARE, SIGNAL_WIDTH_SHARE = 0.75, 0.5
MAX_OPENING = 1.25
CLOSED_OPENING = 0.02  # an opening at which the lips touch
CERTAIN_CLOSURE = 0.97
HEARD = 0.15  # loudness above which somebody speaks


def frame_count(seconds: float, fps: float = FPS) -> int:
    """How many frames a voice of this length gets."""
    return max(1, round(seconds * fps))


def mouth_track(phones: tuple[Phone, ...], voice: VoiceFeatures, seconds: float, fps: float = FPS) -> MouthTrack:
    """What `Movement` makes of a voice of which all phones are known."""
    movement = Movement(voice, seconds, fps)
    movement.hear(phones, math.inf)
    return MouthTrack(movement.poses, movement.loudness, fps)


class Movement:
    """The mouth at the middle of each of `frame_count` frames, worked out while the voice is listened to.

    - Each phone asks for a target with a weight; targets blend as T = G(weight · target) / G(weight).
    - The opening is shared between phones and signal, scaled with loudness, and nothing in silence or where nobody
      speaks; `opening` is how much of it is wanted.
    - M, B and P close the lips whatever the rest says; a closure shorter than a frame is kept on the grid.

    Of `poses` (frames, 7) the first `known` are final. All that blends in time reaches `REACH` steps, so a phone is
    final as soon as so much is heard after it.
    """

    def __init__(self, voice: VoiceFeatures, seconds: float, fps: float = FPS, opening: float = 1.0) -> None:
        count, frames = len(voice), frame_count(seconds, fps)
        self._opening = opening
        self._loudness = smoothing.gaussian(voice.loudness, 2.5)
        self._signal_opening = _signal_opening(voice)
        self._signal_width = 0.13 * smoothing.gaussian(voice.spread * voice.loudness, 7)
        self._softness = np.clip(1 - (voice.loudness - 0.25) / 0.2, 0, 1)

        # Of each step of 10 ms: its viseme, whether the lips are together, how quiet it is.
        self._visemes = np.full(count, NO_VISEME, np.int8)
        self._closed, self._quiet = np.zeros(count), np.zeros(count)
        self._final = 0  # up to which step nothing changes any more

        self._moments, self._half_frame = (np.arange(frames) + 0.5) / fps, 0.5 / fps
        self.known, self.poses = 0, np.zeros((frames, len(CHANNEL_SIGMAS) + 1))
        self.loudness = _sampled(self._loudness[:, None], self._moments)[:, 0]

    def hear(self, phones: tuple[Phone, ...], until_seconds: float) -> None:
        """Take the phones that follow those before; they reach to `until_seconds`, infinity for the last ones."""
        count = len(self._closed)
        for phone in phones:
            self._take(phone)
        heard = round(min(until_seconds * FEATURE_RATE_HZ, count))
        final = count if heard == count else heard - REACH
        if final <= self._final:
            return
        # From what has a say in the first frame that is not known yet.
        first = int(2 * self._half_frame * self.known * FEATURE_RATE_HZ)
        window = slice(max(0, min(first, self._final) - REACH), heard)
        known = len(self.poses) if final == count else int((final / FEATURE_RATE_HZ - 0.02) / (2 * self._half_frame))
        self._pose(slice(self.known, max(self.known, known)), window)
        self._final = final

    def _take(self, phone: Phone) -> None:
        count = len(self._closed)
        span = _steps(phone, count)
        self._visemes[span] = _NUMBERS.get(phone.name, _NUMBERS[SILENCE])
        if phone.name in BILABIALS:  # the phone less a step on each side, at least 60 ms
            middle, half = (span.start + span.stop) // 2, max(3, (span.stop - span.start) // 2 - 1)
            self._closed[max(0, middle - half) : middle + half] = 1
        if phone.name == NOBODY:
            self._quiet[span] = 1  # however loud it is
        elif phone.name == SILENCE or phone.name not in VISEMES:
            self._quiet[span] = self._softness[span]  # a pause, except where the signal is loud after all

    def _blended(self, window: slice) -> F64:
        """(steps, 7) channels and how surely the lips are together, without what is beyond the window."""
        weight, target = _WEIGHTS[self._visemes[window]], _TARGETS[self._visemes[window]]
        channels = np.stack(
            [
                smoothing.gaussian(weight[:, k] * target[:, k], sigma) / smoothing.gaussian(weight[:, k], sigma)
                for k, sigma in enumerate(CHANNEL_SIGMAS)
            ],
            1,
        )
        closure = np.clip(smoothing.gaussian(self._closed[window], CLOSURE_SIGMA) * 1.6, 0, 1)
        silence = smoothing.gaussian(self._quiet[window], SILENCE_SIGMA)
        gain = np.clip((self._loudness[window] - 0.12) / 0.6, 0, 1.15)
        opening = PHONE_SHARE * channels[:, OPENING] * gain + (1 - PHONE_SHARE) * self._signal_opening[window]
        channels[:, OPENING] = opening * (1 - closure) * (1 - silence)
        channels[:, WIDTH] = (
            1 + (channels[:, WIDTH] - 1) * PHONE_WIDTH_SHARE + self._signal_width[window] * SIGNAL_WIDTH_SHARE
        )
        channels[:, TUCK] = np.clip(channels[:, TUCK], 0, 1) * np.clip(gain * 1.3, 0, 1)
        return np.column_stack([channels, closure])

    def _pose(self, frames: slice, window: slice) -> None:
        moments, channels = self._moments[frames], self._blended(window)
        poses = _sampled(channels, moments, window.start)
        certain = _peaks(channels[:, -1], moments, self._half_frame, window.start) > CERTAIN_CLOSURE
        poses[:, OPENING] = np.clip(poses[:, OPENING], 0, np.where(certain, CLOSED_OPENING, MAX_OPENING))
        poses[:, OPENING] *= self._opening
        self.poses[frames] = poses
        self.known = frames.stop


def _signal_opening(voice: VoiceFeatures) -> F64:
    loud = np.clip((voice.loudness - 0.25) / 0.75, 0, 1.1)
    return np.asarray(np.clip(smoothing.gaussian(loud * (0.30 + 0.75 * voice.jaw), 3.0), 0, 1.1))


def _steps(phone: Phone, count: int) -> slice:
    """Those of the phone; to the last one if less than one is left."""
    start, stop = round(phone.start_seconds * FEATURE_RATE_HZ), round(phone.end_seconds * FEATURE_RATE_HZ)
    return slice(start, count if stop >= count - 1 else stop)


def _sampled(columns: F64, moments: F64, first: int = 0) -> F64:
    """(moments, columns) of what is given for each step from `first` on."""
    steps = np.arange(first, first + len(columns))
    return np.stack([np.interp(moments * FEATURE_RATE_HZ, steps, column) for column in columns.T], 1)


def _peaks(values: F64, moments: F64, half_frame_seconds: float, first: int) -> F64:
    """The largest value within half a frame of each moment, so that nothing falls between two frames.

    Steps are counted from the voice's beginning: counted from `first`, a frame's edge on a step could be rounded to
    the one before it in one piece of the voice and not in another.
    """
    starts = ((moments - half_frame_seconds) * FEATURE_RATE_HZ).clip(0).astype(int) - first
    stops = ((moments + half_frame_seconds) * FEATURE_RATE_HZ).astype(int) + 1 - first
    return np.array([values[a:b].max(initial=0) for a, b in zip(starts, stops, strict=True)])


def placed(track: MouthTrack, start: int, total: int) -> MouthTrack:
    """The track from frame `start` on in one of `total` frames; before and after it the mouth is at rest."""
    poses = np.tile(np.array(astuple(MouthPose())), (total, 1))
    loudness = np.zeros(total)
    loudness[start : start + len(track)] = track.loudness

    def hear(frame: int) -> int:
        known = track.known(min(frame - start, len(track) - 1)) if frame >= start else 0
        poses[start : start + known] = track.poses[:known]
        return total if known == len(track) else start + known

    longer = MouthTrack(poses, loudness, track.fps, hear)
    return longer.whole() if track.hear is None else longer


def pause_frames(before: MouthTrack, after: MouthTrack, seconds: float) -> int:
    """Frames to add between two voices for a pause of `seconds`, less the silence that their ends have already."""
    silence = int((before.loudness[::-1] > HEARD).argmax()) + int((after.loudness > HEARD).argmax())
    return max(0, round(seconds * before.fps) - silence)
