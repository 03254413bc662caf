"""Makes the voices in static/samples (and the phones of the first) with flite and sox.

Run: python tools/samples/make_voice.py  (Debian: apt-get install flite sox)
The same versions of flite and sox give the same bytes each time.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
import wave
from array import array
from pathlib import Path

SAMPLES = Path(__file__).resolve().parents[2] / "static" / "samples"
# By file: flite's voice, and what it says. Of flite's voices, rms is the one whose every bilabial pocketsphinx decodes
# as one.
VOICES = {
    "voice": ("rms", "Hello, my name is Bruno. Give me one picture and one voice, and I become a portrait that speaks to people."),
    "reply": ("slt", "Nice to meet you, Bruno. I am Clara, and my mouth moves only when I speak."),
}
# What is said in the sample video, before it gets a new voice.
BEFORE = "slt", "This is the first take. Later, somebody gives me another voice, and only my mouth is changed."
MARGIN_SECONDS = 0.15
FADE_SECONDS = 0.03
# A gentle clean-up: rumble out, a little presence in, peak at -3 dBFS. No dither, so that the file is reproducible.
EFFECTS = ["highpass", "70", "equalizer", "3000", "1q", "1.5", "norm", "-3"]

Phone = tuple[str, float, float]


def speak(voice: str, text: str, path: Path) -> list[Phone]:
    """Speak into a WAV file; return (phone, start, end), in seconds, as flite planned them."""
    command = ["flite", "-voice", voice, "-psdur", "-t", text, "-o", str(path)]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    phones: list[Phone] = []
    start = 0.0
    for name, end in re.findall(r"(\w+):([\d.]+)", printed):
        phones.append((name.upper(), start, float(end)))
        start = float(end)
    return phones


def clean(source: Path, target: Path) -> None:
    """Filter and level one WAV file into another."""
    subprocess.run(["sox", "-D", str(source), "-b", "16", str(target), *EFFECTS], check=True)


def cut(source: Path, target: Path, phones: list[Phone]) -> list[Phone]:
    """Leave MARGIN_SECONDS of silence around the speech; return the phones in the new time."""
    voiced = [phone for phone in phones if phone[0] != "PAU"]
    first, last = voiced[0][1], voiced[-1][2]
    with wave.open(str(source)) as reader:
        rate = reader.getframerate()
        samples = array("h", reader.readframes(reader.getnframes()))
    body = samples[round(first * rate) : round(last * rate)]
    fade = round(FADE_SECONDS * rate)
    for i in range(fade):
        body[-1 - i] = round(body[-1 - i] * i / fade)
    for i in range(fade // 4):
        body[i] = round(body[i] * i * 4 / fade)
    silence = array("h", bytes(2 * round(MARGIN_SECONDS * rate)))
    with wave.open(str(target), "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes((silence + body + silence).tobytes())
    shift = MARGIN_SECONDS - first
    inner = [(name, start + shift, end + shift) for name, start, end in phones if start >= first and end <= last]
    end = inner[-1][2]
    return [("SIL", 0.0, MARGIN_SECONDS), *inner, ("SIL", end, end + MARGIN_SECONDS)]


def make(voice: str, text: str, target: Path) -> list[Phone]:
    """Speak, clean and cut into `target`; the phones of it."""
    with tempfile.TemporaryDirectory() as folder:
        raw, levelled = Path(folder, "raw.wav"), Path(folder, "levelled.wav")
        planned = speak(voice, text, raw)
        clean(raw, levelled)
        return cut(levelled, target, planned)


def main() -> None:
    """Write all files."""
    SAMPLES.mkdir(parents=True, exist_ok=True)
    phones = {name: make(voice, text, SAMPLES / f"{name}.wav") for name, (voice, text) in VOICES.items()}
    lines = [f"{start:.3f} {end:.3f} {'SIL' if name == 'PAU' else name}\n" for name, start, end in phones["voice"]]
    (SAMPLES / "voice.phones.txt").write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
