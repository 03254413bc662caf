"""Speech whose phones and their times are known, by Debian's synthesisers.

Writes one file a voice: `sound` (16 kHz mono of all its utterances one after the other), `phones` (an index into
`ear.PHONES` each 10 ms, −1 unknown) and `lengths` (of each utterance in samples, whole steps of 10 ms).
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import wave
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import texts
from numpy.typing import NDArray
from scipy.signal import resample_poly

from jobs.engines.local.shapes import FEATURE_RATE_HZ, I16, SPEECH_RATE_HZ
from jobs.engines.local.voice.ear import HOP, PHONES

Segment = tuple[str, float, float]  # the synthesiser's name of a phone, seconds
Utterance = tuple[I16, list[Segment]]

FLITE = ("kal", "kal16", "awb", "slt")  # not rms: the sample voice, by which the tests judge
# Festival's voices: language, and by how much its phone times are late.
FESTIVAL = {
    "ked_diphone": ("en", 0.0),
    "cmu_us_slt_arctic_hts": ("en", 0.0),
    "lp_diphone": ("it", 0.0),
    "pc_diphone": ("it", 0.0),
    "upc_ca_ona_hts": ("ca", 0.0),
    "czech_machac": ("cs", 0.0),
    "czech_dita": ("cs", 0.0),
    "suo_fi_lj_diphone": ("fi", 0.0),
    "hy_fi_mv_diphone": ("fi", 0.0),
    "msu_ru_nsh_clunits": ("ru", 0.02),
}
ENCODINGS = {
    "en": "ascii",
    "it": "iso-8859-1",
    "ca": "iso-8859-15",
    "cs": "iso-8859-2",
    "fi": "iso-8859-15",
    "ru": "utf-8",
}
ENGLISH_COUNT, OTHER_COUNT = 450, 250

# What the synthesisers call their phones, where it is not ARPAbet. A trilled r is made like a short d.
SHARED = {"pau": "SIL", "#": "SIL", "##": "SIL", "h#": "SIL", "_": "", "ax": "AH", "axr": "ER", "hv": "HH"}
VOWELS = {"a": "AA", "e": "EH", "E": "EH", "i": "IY", "o": "AO", "O": "AO", "u": "UW"}
OTHERS = {"j": "Y", "r": "D", "h": "HH", "S": "SH"}
NAMES: dict[str, Mapping[str, str]] = {
    "en": SHARED,
    "it": SHARED | VOWELS | OTHERS | {"ts": "S", "dz": "Z", "tS": "CH", "dZ": "JH", "J": "N", "nf": "N", "ng": "NG"},
    "ca": SHARED | VOWELS | OTHERS | {"rr": "D", "Z": "ZH", "J": "N"},
    "cs": SHARED
    | VOWELS
    | OTHERS
    | {"c": "S", "c~": "CH", "s~": "SH", "z~": "ZH", "ch": "HH", "n~": "N", "d~": "D", "t~": "T", "n*": "NG"}
    | {"r~": "ZH", "r~*": "SH", "dz": "Z", "dz~": "JH"},
    "fi": SHARED | VOWELS | OTHERS | {"y": "UW", "7": "UH", "@": "AE", "N": "NG", "T": "TH"},
    "ru": SHARED
    | VOWELS
    | OTHERS
    | {"a": "AH", "ae": "AH", "ay": "AH", "y": "IH", "ur": "UW", "c": "S", "sch": "SH"}
    | {"aa": "AA", "ee": "EH", "ii": "IY", "oo": "AO", "uu": "UW", "yy": "IH"},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--texts", type=Path, required=True, help="an installed Django, for other languages")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    for number, voice in enumerate(FLITE):
        write(given.folder / voice, flite(voice, texts.english(ENGLISH_COUNT, number)), "en")
    for voice, (language, late_seconds) in FESTIVAL.items():
        said = (
            texts.english(ENGLISH_COUNT, len(voice))
            if language == "en"
            else texts.translations(given.texts, language, OTHER_COUNT, len(voice))
        )
        write(given.folder / voice, festival(voice, said, ENCODINGS[language]), language, late_seconds)


def write(path: Path, spoken: Iterator[Utterance], language: str, late_seconds: float = 0.0) -> None:
    sounds, labels = [], []
    for sound, segments in spoken:
        steps = len(sound) // HOP
        sounds.append(sound[: steps * HOP])
        labels.append(labelled(steps, segments, language, late_seconds))
    np.savez(
        path.with_suffix(".npz"),
        sound=np.concatenate(sounds),
        phones=np.concatenate(labels),
        lengths=np.array([len(sound) for sound in sounds]),
    )


def labelled(steps: int, segments: list[Segment], language: str, late_seconds: float) -> NDArray[np.int8]:
    labels = np.full(steps, -1, np.int8)
    for name, start, end in segments:
        phone = arpabet(name, language)
        if phone in PHONES:
            first, last = (round((seconds - late_seconds) * FEATURE_RATE_HZ) for seconds in (start, end))
            labels[max(0, first) : max(first + 1, last)] = PHONES.index(phone)
    return labels


def arpabet(name: str, language: str) -> str:
    """Stress (1), length (:) and, in Russian, softness (a doubled letter) make no difference to the lips."""
    plain = name if language == "en" else name.rstrip("1:")
    known = NAMES[language].get(plain)
    if known is None and language == "ru" and len(plain) == 2 and plain[0] == plain[1]:
        plain = plain[0]
        known = NAMES[language].get(plain)
    return plain.upper() if known is None else known


def stretch(number: int) -> float:
    """Slow and fast speakers by turns."""
    return 0.75 + 0.05 * (number * 7 % 11)


def flite(voice: str, said: list[str]) -> Iterator[Utterance]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "said.wav"
        for number, text in enumerate(said):
            command = ["flite", "-voice", voice, "-psdur", "-t", text, "-o", str(path)]
            command += ["--setf", f"duration_stretch={stretch(number):.2f}"]
            printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603
            ends = [entry.rsplit(":", 1) for entry in printed.split()]
            yield read_wave(path), in_a_row([(name, float(end)) for name, end in ends])


def festival(voice: str, said: list[str], encoding: str) -> Iterator[Utterance]:
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "said.scm"
        lines = [f"(voice_{voice})"]
        for number, text in enumerate(said):
            lines += [
                f"(unwind-protect (begin (Parameter.set 'Duration_Stretch {stretch(number):.2f})"
                f' (set! said (utt.synth (Utterance Text "{text}"))) (utt.save.wave said "{folder}/{number}.wav")'
                f' (utt.save.segs said "{folder}/{number}.segs")) (print "unsayable"))'
            ]
        script.write_bytes("\n".join(lines).encode(encoding, "ignore"))
        subprocess.run(["festival", "-b", str(script)], check=True, capture_output=True)  # noqa: S603, S607
        for number in range(len(said)):
            sound, segments = (Path(folder) / f"{number}.{kind}" for kind in ("wav", "segs"))
            if sound.exists() and segments.exists():
                rows = segments.read_text(errors="ignore").split("#\n", 1)[1].split("\n")
                fields = [row.split() for row in rows if len(row.split()) >= 3]
                yield read_wave(sound), in_a_row([(name, float(end)) for end, _, name in (row[:3] for row in fields)])


def in_a_row(ends: list[tuple[str, float]]) -> list[Segment]:
    starts = [0.0, *(end for _, end in ends)]
    return [(name, start, end) for (name, end), start in zip(ends, starts, strict=False)]


def read_wave(path: Path) -> I16:
    with wave.open(str(path)) as file:
        return at_speech_rate(np.frombuffer(file.readframes(file.getnframes()), np.int16), file.getframerate())


def at_speech_rate(sound: I16, rate_hz: int) -> I16:
    shared = int(np.gcd(SPEECH_RATE_HZ, rate_hz))
    resampled = resample_poly(sound.astype(np.float64), SPEECH_RATE_HZ // shared, rate_hz // shared)
    return np.clip(resampled, -32767, 32767).astype(np.int16)


if __name__ == "__main__":
    main()
