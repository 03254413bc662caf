"""Owns the ear: which phones are spoken when, by pocketsphinx's own models.

It listens twice. Once for phones alone, which works for any language more or less; once for English words, whose
phones are then aligned. Where both mostly agree the words are right, or sound right, and their phones are better: they
find 93 % of all M, B and P against 84 %. Elsewhere (another language, noise) the phones alone are taken.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from jobs.engines.local.shapes import FEATURE_RATE_HZ, I16, SPEECH_RATE_HZ, Phone
from jobs.engines.local.voice.visemes import SILENCE

LOUD = 16_000.0  # the model's features expect a normal recording level
STEP = SPEECH_RATE_HZ // FEATURE_RATE_HZ  # samples of one decoder frame

# Phones alone: 1e-12 hears the same as 1e-20 for 15 % less; 1e-8 breaks English.
PHONE_SEARCH = {"lw": 2.0, "beam": 1e-12, "pbeam": 1e-12}
# Words: one pass with few hypotheses and coarse scores takes 40 % of the time and finds the same bilabials.
WORD_SEARCH = {"fwdflat": False, "bestpath": False, "maxhmmpf": 1500, "ds": 2, "topn": 2}
LEAST_AGREEMENT = 0.45

# Long voices are heard in pieces, cut where it is quietest, so that memory does not grow with length.
PIECE_SECONDS = (20, 30)
QUIET_SECONDS = 0.1


def hear(pcm: I16, heard: Callable[[float], None] = lambda share: None) -> tuple[Phone, ...]:
    """(n,) 16 kHz mono → phones in order; sounds that are none (breath, noise) come as "SIL".

    `heard` is told what share is done after each piece.
    """
    level = _at_normal_level(pcm)
    by_phones: list[Phone] = []
    by_words: list[Phone] = []
    phone_ear, word_ear = _phone_decoder(), _word_decoder()
    for start, stop in pieces(level):
        by_phones += _shifted(_phones_alone(phone_ear, level[start:stop]), start)
        by_words += _shifted(_phones_of_words(word_ear, level[start:stop]), start)
        heard(stop / len(level))
    return tuple(by_words if agreement(by_words, by_phones) >= LEAST_AGREEMENT else by_phones)


def pieces(pcm: I16) -> Iterator[tuple[int, int]]:
    """Spans of samples (start, stop) that follow one another, none longer than the limit, cut in quiet moments."""
    shortest, longest = (seconds * SPEECH_RATE_HZ for seconds in PIECE_SECONDS)
    width = int(QUIET_SECONDS * SPEECH_RATE_HZ)
    start = 0
    while len(pcm) - start > longest:
        window = np.abs(pcm[start + shortest : start + longest].astype(np.float32))
        loudness = window[: len(window) // width * width].reshape(-1, width).mean(1)
        # On a whole decoder frame, or the pieces' times would drift apart.
        stop = start + (shortest + int(loudness.argmin()) * width + width // 2) // STEP * STEP
        yield start, stop
        start = stop
    yield start, len(pcm)


def agreement(some: list[Phone], others: list[Phone]) -> float:
    """The share of time, of that in which either hears a phone, for which both hear the same; 0 if neither does."""
    count = round(max((phone.end_seconds for phone in (*some, *others)), default=0) * FEATURE_RATE_HZ)
    names = np.full((2, count), SILENCE, dtype="U8")
    for row, phones in zip(names, (some, others), strict=True):
        for phone in phones:
            row[round(phone.start_seconds * FEATURE_RATE_HZ) : round(phone.end_seconds * FEATURE_RATE_HZ)] = phone.name
    spoken = (names != SILENCE).any(0)
    return float((names[0] == names[1])[spoken].mean()) if spoken.any() else 0.0


def _model() -> Path:
    import pocketsphinx

    return Path(pocketsphinx.__file__).parent / "model" / "en-us"


def _phone_decoder() -> Any:
    import pocketsphinx

    model = _model()
    files = {"hmm": str(model / "en-us"), "allphone": str(model / "en-us-phone.lm.bin")}
    return pocketsphinx.Decoder(**files, **PHONE_SEARCH, loglevel="FATAL")


def _word_decoder() -> Any:
    import pocketsphinx

    model = _model()
    files = {
        "hmm": str(model / "en-us"),
        "lm": str(model / "en-us.lm.bin"),
        "dict": str(model / "cmudict-en-us.dict"),
    }
    return pocketsphinx.Decoder(**files, **WORD_SEARCH, loglevel="FATAL")


def _phones_alone(decoder: Any, pcm: I16) -> list[Phone]:
    _decode(decoder, pcm)
    return [_phone(segment.word, segment.start_frame, segment.end_frame + 1) for segment in decoder.seg() or ()]


def _phones_of_words(decoder: Any, pcm: I16) -> list[Phone]:
    decoder.activate_search()
    _decode(decoder, pcm)
    if decoder.hyp() is None:
        return []
    decoder.set_alignment()  # a second search, for the phones of the words just found
    _decode(decoder, pcm)
    return [
        _phone(phone.name, phone.start, phone.start + phone.duration)
        for word in decoder.get_alignment() or ()
        for phone in word
    ]


def _decode(decoder: Any, pcm: I16) -> None:
    decoder.start_utt()
    decoder.process_raw(pcm.tobytes(), False, True)
    decoder.end_utt()


def _phone(name: str, first_frame: int, end_frame: int) -> Phone:
    plain = name.split("(")[0]
    return Phone(
        SILENCE if plain.startswith("+") else plain, first_frame / FEATURE_RATE_HZ, end_frame / FEATURE_RATE_HZ
    )


def _shifted(phones: list[Phone], samples: int) -> list[Phone]:
    by = samples / SPEECH_RATE_HZ
    return [Phone(phone.name, phone.start_seconds + by, phone.end_seconds + by) for phone in phones]


def _at_normal_level(pcm: I16) -> I16:
    peak = float(np.percentile(np.abs(pcm.astype(np.float32)), 99.5)) + 1
    return np.asarray(np.clip(pcm * (LOUD / peak), -32_000, 32_000).astype(np.int16))
