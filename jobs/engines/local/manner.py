"""Owns the prompt: the few words this engine understands, in English and German, and what each changes."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Manner:
    """How the face speaks: factors on head movement and mouth opening, how much it smiles, and whether it blinks."""

    head: float = 1.0
    opening: float = 1.0
    smile: float = 0.0
    blinks: bool = True


USUAL = Manner()

# Words (as regular expressions) and what they change; earlier rows win over later ones for the same thing.
VOCABULARY: tuple[tuple[str, str, dict[str, float | bool]], ...] = (
    (
        "no blinking",
        r"no blink(?:ing|s)?|without blinking|nicht blinzeln|kein blinzeln|ohne (?:zu )?blinzeln",
        {"blinks": False},
    ),
    ("still", r"(?:keep |hold )?still|motionless|stillhalten|reglos|unbewegt", {"head": 0.0}),
    ("calm", r"calm(?:ly)?|quiet(?:ly)?|ruhig|gelassen", {"head": 0.5, "opening": 0.9}),
    ("lively", r"lively|livel(?:y|ier)|energetic|excited|lebhaft|lebendig|aufgeregt", {"head": 1.5, "opening": 1.1}),
    ("whisper", r"whisper(?:s|ing)?|flüster(?:n|t|nd)", {"opening": 0.75}),
    ("smile", r"smil(?:e|es|ing)|cheerful(?:ly)?|happy|happily|lächel(?:n|t|nd)|fröhlich|heiter", {"smile": 1.0}),
    ("serious", r"serious(?:ly)?|ernst(?:haft)?", {"smile": 0.0}),
    ("shout", r"shout(?:s|ing)?|schrei(?:en|t|end)", {"opening": 1.2}),
)


def understand(prompt: str) -> tuple[Manner, tuple[str, ...]]:
    """The manner a prompt asks for, and the vocabulary words found in it; all else is left aside."""
    changes: dict[str, float | bool] = {}
    used = []
    for word, pattern, effect in VOCABULARY:
        if re.search(rf"\b(?:{pattern})\b", prompt, re.IGNORECASE):
            fresh = {key: value for key, value in effect.items() if key not in changes}
            if fresh:
                used.append(word)
                changes |= fresh
    manner = Manner(
        head=float(changes.get("head", 1.0)),
        opening=float(changes.get("opening", 1.0)),
        smile=float(changes.get("smile", 0.0)),
        blinks=bool(changes.get("blinks", True)),
    )
    return manner, tuple(used)
