"""Owns the movement: phones and features become mouth poses on the frame grid, with coarticulation and closures."""

from dataclasses import astuple

import numpy as np

from jobs.engines.local import smoothing
from jobs.engines.local.shapes import F64, FEATURE_RATE_HZ, FPS, MouthPose, MouthTrack, Phone, VoiceFeatures
from jobs.engines.local.voice.visemes import BILABIALS, SILENCE, VISEMES

# Channels as in `Viseme`, with the time over which each blends into its neighbours (Gaussian σ, in 10 ms steps).
CHANNEL_SIGMAS = (4.0, 6.5, 5.0, 6.5, 3.5, 3.0)
OPENING, WIDTH, LIFT, ROUNDING, TONGUE, TUCK = range(6)
LIP_CHANNELS = (WIDTH, ROUNDING)
NO_PHONE_WEIGHT = 0.05

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
    """The mouth at the middle of each of `frame_count` frames.

    - Each phone asks for a target with a weight; targets blend as T = G(weight · target) / G(weight).
    - The opening is shared between phones and signal, scaled with loudness, and nothing in silence.
    - M, B and P close the lips whatever the rest says; a closure shorter than a frame is kept on the grid.
    """
    channels = _coarticulated(phones, len(voice))
    closure, silence = _closures(phones, len(voice)), _silences(phones, voice)
    loudness = smoothing.gaussian(voice.loudness, 2.5)
    gain = np.clip((loudness - 0.12) / 0.6, 0, 1.15)

    opening = PHONE_SHARE * channels[:, OPENING] * gain + (1 - PHONE_SHARE) * _signal_opening(voice)
    opening *= (1 - closure) * (1 - silence)
    signal_width = 0.13 * smoothing.gaussian(voice.spread * voice.loudness, 7)
    channels[:, OPENING] = opening
    channels[:, WIDTH] = 1 + (channels[:, WIDTH] - 1) * PHONE_WIDTH_SHARE + signal_width * SIGNAL_WIDTH_SHARE
    channels[:, TUCK] = np.clip(channels[:, TUCK], 0, 1) * np.clip(gain * 1.3, 0, 1)

    moments = (np.arange(frame_count(seconds, fps)) + 0.5) / fps
    poses = _sampled(np.column_stack([channels, closure]), moments)
    certain = _peaks(closure, moments, 0.5 / fps) > CERTAIN_CLOSURE
    poses[:, OPENING] = np.clip(poses[:, OPENING], 0, np.where(certain, CLOSED_OPENING, MAX_OPENING))
    return MouthTrack(poses, _sampled(loudness[:, None], moments)[:, 0], fps)


def _coarticulated(phones: tuple[Phone, ...], count: int) -> F64:
    """(count, 6) channels at 100 Hz."""
    target = np.zeros((count, len(CHANNEL_SIGMAS)))
    target[:, WIDTH] = 1
    weight = np.full_like(target, NO_PHONE_WEIGHT)
    for phone in phones:
        viseme = VISEMES.get(phone.name, VISEMES[SILENCE])
        span = _steps(phone, count)
        target[span] = viseme[: len(CHANNEL_SIGMAS)]
        weight[span] = viseme.jaw_weight
        weight[span, LIP_CHANNELS] = viseme.lip_weight
    blended = [
        smoothing.gaussian(weight[:, k] * target[:, k], sigma) / smoothing.gaussian(weight[:, k], sigma)
        for k, sigma in enumerate(CHANNEL_SIGMAS)
    ]
    return np.stack(blended, 1)


def _closures(phones: tuple[Phone, ...], count: int) -> F64:
    """0 to 1: how surely the lips are together; the phone less a step on each side, at least 60 ms."""
    closed = np.zeros(count)
    for phone in phones:
        if phone.name in BILABIALS:
            span = _steps(phone, count)
            middle, half = (span.start + span.stop) // 2, max(3, (span.stop - span.start) // 2 - 1)
            closed[max(0, middle - half) : middle + half] = 1
    return np.asarray(np.clip(smoothing.gaussian(closed, 2.0) * 1.6, 0, 1))


def _silences(phones: tuple[Phone, ...], voice: VoiceFeatures) -> F64:
    """0 to 1: pauses, except those in which the signal is loud after all."""
    quiet = np.zeros(len(voice))
    for phone in phones:
        if phone.name == SILENCE or phone.name not in VISEMES:
            quiet[_steps(phone, len(voice))] = 1
    quiet *= np.clip(1 - (voice.loudness - 0.25) / 0.2, 0, 1)
    return np.asarray(smoothing.gaussian(quiet, 3))


def _signal_opening(voice: VoiceFeatures) -> F64:
    loud = np.clip((voice.loudness - 0.25) / 0.75, 0, 1.1)
    return np.asarray(np.clip(smoothing.gaussian(loud * (0.30 + 0.75 * voice.jaw), 3.0), 0, 1.1))


def _steps(phone: Phone, count: int) -> slice:
    return slice(round(phone.start_seconds * FEATURE_RATE_HZ), min(count, round(phone.end_seconds * FEATURE_RATE_HZ)))


def _sampled(columns: F64, moments: F64) -> F64:
    steps = np.arange(len(columns))
    return np.stack([np.interp(moments * FEATURE_RATE_HZ, steps, column) for column in columns.T], 1)


def _peaks(values: F64, moments: F64, half_frame_seconds: float) -> F64:
    """The largest value within half a frame of each moment, so that nothing falls between two frames."""
    starts = ((moments - half_frame_seconds) * FEATURE_RATE_HZ).clip(0).astype(int)
    stops = ((moments + half_frame_seconds) * FEATURE_RATE_HZ).astype(int) + 1
    return np.array([values[a:b].max(initial=0) for a, b in zip(starts, stops, strict=True)])


def placed(track: MouthTrack, start: int, total: int) -> MouthTrack:
    """The track from frame `start` on in one of `total` frames; before and after it the mouth is at rest."""
    poses = np.tile(np.array(astuple(MouthPose())), (total, 1))
    loudness = np.zeros(total)
    poses[start : start + len(track)] = track.poses
    loudness[start : start + len(track)] = track.loudness
    return MouthTrack(poses, loudness, track.fps)


def pause_frames(before: MouthTrack, after: MouthTrack, seconds: float) -> int:
    """Frames to add between two voices for a pause of `seconds`, less the silence that their ends have already."""
    silence = int((before.loudness[::-1] > HEARD).argmax()) + int((after.loudness > HEARD).argmax())
    return max(0, round(seconds * before.fps) - silence)
