"""Owns the ear: which phones are spoken when, by pocketsphinx's own acoustic and phone-language model."""

from pathlib import Path

import numpy as np

from jobs.engines.local.shapes import I16, Phone

LOUD = 16_000.0  # the model's features expect a normal recording level
# 1e-12 hears the same phones as 1e-20 for 15 % less; 1e-8 breaks English.
BEAM = 1e-12
LANGUAGE_WEIGHT = 2.0
ENGINE_RATE_HZ = 100


def hear(pcm: I16) -> tuple[Phone, ...]:
    """(n,) 16 kHz mono → phones in order; sounds that are none (breath, noise) come as "SIL"."""
    import pocketsphinx

    model = Path(pocketsphinx.__file__).parent / "model" / "en-us"
    decoder = pocketsphinx.Decoder(
        hmm=str(model / "en-us"),
        allphone=str(model / "en-us-phone.lm.bin"),
        lw=LANGUAGE_WEIGHT,
        beam=BEAM,
        pbeam=BEAM,
        loglevel="FATAL",
    )
    decoder.start_utt()
    decoder.process_raw(_at_normal_level(pcm).tobytes(), False, True)
    decoder.end_utt()
    return tuple(
        Phone(
            segment.word.split("(")[0].strip("+"),
            segment.start_frame / ENGINE_RATE_HZ,
            (segment.end_frame + 1) / ENGINE_RATE_HZ,
        )
        for segment in decoder.seg() or ()
    )


def _at_normal_level(pcm: I16) -> I16:
    peak = float(np.percentile(np.abs(pcm.astype(np.float32)), 99.5)) + 1
    return np.asarray(np.clip(pcm * (LOUD / peak), -32_000, 32_000).astype(np.int16))
