"""Table: what each phone (ARPAbet, as the acoustic model names them) asks of the mouth, and how strongly."""

from typing import NamedTuple


class Viseme(NamedTuple):
    """Targets in the units of `shapes.MouthPose`; weights say how far a phone wins over its neighbours.

    `jaw_weight` counts for opening, lift, tongue and tuck, `lip_weight` for width and rounding: consonants leave the
    width to the vowels round them, UW and W impose it.
    """

    opening: float
    width: float
    lift: float
    rounding: float
    tongue: float
    tuck: float
    jaw_weight: float
    lip_weight: float


SILENCE = "SIL"
NOBODY = "NOBODY"  # no phone: music or noise without a voice
BILABIALS = frozenset({"B", "P", "M"})

VISEMES: dict[str, Viseme] = {
    SILENCE: Viseme(0, 1.0, 0, 0, 0, 0, 0.5, 0.3),
    # Vowels
    "AA": Viseme(1.0, 1.0, 0.35, 0, 0.2, 0, 1, 1),
    "AE": Viseme(0.85, 1.10, 0.5, 0, 0.2, 0, 1, 1),
    "AH": Viseme(0.6, 1.0, 0.3, 0, 0.2, 0, 0.9, 0.7),
    "AO": Viseme(0.8, 0.86, 0.2, 0.45, 0.1, 0, 1, 1.2),
    "AW": Viseme(0.8, 0.9, 0.3, 0.3, 0.1, 0, 1, 1),
    "AY": Viseme(0.85, 1.05, 0.4, 0, 0.2, 0, 1, 1),
    "EH": Viseme(0.62, 1.08, 0.45, 0, 0.2, 0, 1, 1),
    "ER": Viseme(0.4, 0.86, 0.3, 0.4, 0.2, 0, 0.9, 1),
    "EY": Viseme(0.5, 1.13, 0.5, 0, 0.3, 0, 1, 1),
    "IH": Viseme(0.4, 1.08, 0.4, 0, 0.3, 0, 0.8, 0.8),
    "IY": Viseme(0.3, 1.17, 0.5, 0, 0.3, 0, 0.9, 1.2),
    "OW": Viseme(0.55, 0.76, 0.1, 0.75, 0, 0, 1, 1.5),
    "OY": Viseme(0.6, 0.8, 0.2, 0.6, 0.1, 0, 1, 1.3),
    "UH": Viseme(0.38, 0.82, 0.2, 0.6, 0, 0, 0.9, 1.2),
    "UW": Viseme(0.25, 0.68, 0.1, 1, 0, 0, 1, 1.8),
    # Lips together
    "B": Viseme(0, 1, 0, 0, 0, 0, 3, 0.3),
    "P": Viseme(0, 1, 0, 0, 0, 0, 3, 0.3),
    "M": Viseme(0, 1, 0, 0, 0, 0, 3, 0.3),
    # Lip under the teeth
    "F": Viseme(0.12, 1.03, 0.85, 0, 0, 1, 2, 0.5),
    "V": Viseme(0.12, 1.03, 0.75, 0, 0, 1, 2, 0.5),
    # Tongue and teeth
    "TH": Viseme(0.26, 1.02, 0.3, 0, 1, 0, 1.2, 0.4),
    "DH": Viseme(0.26, 1.02, 0.3, 0, 0.9, 0, 1, 0.3),
    "S": Viseme(0.17, 1.08, 0.5, 0, 0.1, 0, 1.6, 0.6),
    "Z": Viseme(0.17, 1.08, 0.5, 0, 0.1, 0, 1.6, 0.6),
    "SH": Viseme(0.25, 0.82, 0.5, 0.6, 0, 0, 1.5, 1.4),
    "ZH": Viseme(0.25, 0.82, 0.5, 0.6, 0, 0, 1.5, 1.4),
    "CH": Viseme(0.22, 0.82, 0.5, 0.6, 0, 0, 1.5, 1.4),
    "JH": Viseme(0.22, 0.82, 0.5, 0.6, 0, 0, 1.5, 1.4),
    "T": Viseme(0.24, 1.04, 0.4, 0, 0.6, 0, 1, 0.3),
    "D": Viseme(0.24, 1.04, 0.35, 0, 0.6, 0, 1, 0.3),
    "N": Viseme(0.26, 1.04, 0.35, 0, 0.7, 0, 1, 0.3),
    "L": Viseme(0.38, 1.03, 0.3, 0, 1, 0, 0.8, 0.4),
    # Further back
    "R": Viseme(0.26, 0.84, 0.3, 0.45, 0.2, 0, 0.9, 1),
    "K": Viseme(0.3, 1.02, 0.3, 0, 0.1, 0, 0.8, 0.2),
    "G": Viseme(0.3, 1.02, 0.3, 0, 0.1, 0, 0.8, 0.2),
    "NG": Viseme(0.3, 1.02, 0.3, 0, 0.1, 0, 0.8, 0.2),
    "HH": Viseme(0.4, 1.0, 0.3, 0, 0.1, 0, 0.4, 0.1),
    "W": Viseme(0.16, 0.66, 0.05, 1, 0, 0, 1.4, 1.8),
    "Y": Viseme(0.27, 1.12, 0.4, 0, 0.3, 0, 0.8, 0.8),
}
