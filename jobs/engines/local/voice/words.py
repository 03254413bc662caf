"""Owns English words: pocketsphinx's decoder with its own models and a dictionary of the 10,000 most frequent words.

With all of the 126,000 it takes .3 s to load instead of .1, half as long again to search, and finds fewer closures of
the lips, for what it mistakes a word for is more often a rare one. `tools/ear/dictionary.py` chose them.
"""

import json
from collections.abc import Iterator
from ctypes import CDLL, POINTER, byref, c_char_p, c_int, c_size_t, c_void_p
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from jobs.engines.local.shapes import I16

DICTIONARY = Path(__file__).with_name("english.dict")
LOUD = 16_000.0  # the model's features expect a normal recording level

# One pass with few hypotheses, narrow beams and coarse scores takes half the time and finds the same bilabials.
SEARCH = {"fwdflat": False, "bestpath": False, "maxhmmpf": 800, "ds": 2, "topn": 2}
BEAMS = {"beam": 1e-40, "pbeam": 1e-40, "wbeam": 1e-25}

SEARCH_TOO, WHOLE_UTTERANCE = 0, 1  # not only the features; all of it at once

# What of pocketsphinx.h is used: each function's result and arguments.
_FUNCTIONS: dict[str, tuple[Any, ...]] = {
    "ps_config_parse_json": (c_void_p, c_void_p, c_char_p),
    "ps_config_free": (c_int, c_void_p),
    "ps_init": (c_void_p, c_void_p),
    "ps_free": (c_int, c_void_p),
    "ps_start_utt": (c_int, c_void_p),
    "ps_process_raw": (c_int, c_void_p, c_void_p, c_size_t, c_int, c_int),
    "ps_end_utt": (c_int, c_void_p),
    "ps_seg_iter": (c_void_p, c_void_p),
    "ps_seg_next": (c_void_p, c_void_p),
    "ps_seg_word": (c_char_p, c_void_p),
    "ps_seg_frames": (None, c_void_p, POINTER(c_int), POINTER(c_int)),
}


class Word(NamedTuple):
    """What is pronounced as `phones` from one step of 10 ms up to another."""

    phones: tuple[str, ...]
    first: int
    end: int


class Decoder:
    """Made once for each voice, as loading takes a tenth of a second.

    What it heard before colours a little what it hears next, so a voice's pieces always go to the same ones.
    """

    def __init__(self) -> None:
        model = _package() / "model" / "en-us"
        files = {"hmm": str(model / "en-us"), "lm": str(model / "en-us.lm.bin"), "dict": str(DICTIONARY)}
        settings = {**files, **SEARCH, **BEAMS, "loglevel": "FATAL"}
        self._library, self._decoder = _library(), None
        config = self._library.ps_config_parse_json(None, json.dumps(settings).encode())
        self._decoder = self._library.ps_init(config)
        self._library.ps_config_free(config)
        if not self._decoder:
            raise MemoryError("pocketsphinx could not load its models")

    def __del__(self) -> None:
        self._library.ps_free(self._decoder)

    def words(self, pcm: I16) -> list[Word]:
        """(n,) 16 kHz mono → words in order, pauses and noises left out."""
        library, decoder = self._library, self._decoder
        level = np.ascontiguousarray(_at_normal_level(pcm))
        library.ps_start_utt(decoder)
        library.ps_process_raw(decoder, level.ctypes.data, len(level), SEARCH_TOO, WHOLE_UTTERANCE)
        library.ps_end_utt(decoder)
        return list(self._words())

    def _words(self) -> Iterator[Word]:
        known = _pronunciations()
        first, last = c_int(), c_int()
        segment = self._library.ps_seg_iter(self._decoder)
        while segment:
            word = self._library.ps_seg_word(segment).decode()
            self._library.ps_seg_frames(segment, byref(first), byref(last))
            if word in known:
                yield Word(known[word], first.value, last.value + 1)
            segment = self._library.ps_seg_next(segment)


_ready: list[Decoder] = []


def load() -> None:
    """Make a decoder ahead, before anybody has a voice to listen to."""
    _pronunciations()
    _ready.append(Decoder())


def decoder() -> Decoder:
    """One that has heard nothing yet."""
    try:
        return _ready.pop()
    except IndexError:
        return Decoder()


@cache
def _package() -> Path:
    """Where pocketsphinx is installed; it need not be imported."""
    found = find_spec("pocketsphinx")
    if found is None or not found.submodule_search_locations:
        raise ImportError("pocketsphinx is not installed")
    return Path(found.submodule_search_locations[0])


@cache
def _library() -> CDLL:
    """pocketsphinx's functions in C, out of its own wheel.

    Called so, they let other threads run meanwhile; its binding to Python keeps them all waiting.
    """
    (compiled,) = _package().glob("_pocketsphinx.*.so")
    library = CDLL(str(compiled))
    for name, (returns, *takes) in _FUNCTIONS.items():
        function = getattr(library, name)
        function.restype, function.argtypes = returns, takes
    return library


@cache
def _pronunciations() -> dict[str, tuple[str, ...]]:
    entries = (line.split() for line in DICTIONARY.read_text().splitlines())
    return {word: tuple(phones) for word, *phones in entries}


def _at_normal_level(pcm: I16) -> I16:
    peak = float(np.percentile(np.abs(pcm.astype(np.float32)), 99.5)) + 1
    return np.asarray(np.clip(pcm * np.float32(LOUD / peak), -32_000, 32_000).astype(np.int16))
