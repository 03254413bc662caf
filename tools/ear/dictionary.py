"""Writes `english.dict`: the most frequent words of pocketsphinx's language model, as it pronounces them."""

from __future__ import annotations

import re
from pathlib import Path

import pocketsphinx

from jobs.engines.local.voice.words import DICTIONARY

COUNT = 10_000


def main() -> None:
    model = Path(pocketsphinx.__file__).parent / "model" / "en-us"
    language = pocketsphinx.NGramModel(pocketsphinx.Config(), pocketsphinx.LogMath(), str(model / "en-us.lm.bin"))
    entries: dict[str, list[str]] = {}
    for line in (model / "cmudict-en-us.dict").read_text().splitlines():
        entries.setdefault(re.sub(r"\(\d+\)$", "", line.split()[0]), []).append(line)
    frequent = sorted(entries, key=lambda word: -language.prob([word]))[:COUNT]
    DICTIONARY.write_text("".join(f"{line}\n" for word in sorted(frequent) for line in entries[word]))


if __name__ == "__main__":
    main()
