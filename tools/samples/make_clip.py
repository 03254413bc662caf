"""Makes static/samples/clip.mp4: Clara, made to speak by Mundwerk's own engine, as a video that can get a new voice.

Run: python tools/samples/make_clip.py  (as for make_face.py and make_voice.py)
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import make_voice

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
WIDTH, SAMPLES = 480, 96
SEED = 5  # with which her eyes are open after one second, where the engine takes the poster


def main() -> None:
    """Render her portrait, speak, and let the engine put both together."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=ROOT / "static" / "samples" / "clip.mp4")
    parser.add_argument("--portrait", type=Path, help="take this picture instead of rendering her")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        portrait, voice = options.portrait or Path(folder, "clara.png"), Path(folder, "before.wav")
        if not options.portrait:
            command = [sys.executable, str(HERE / "make_face.py"), "--person", "clara", "--out", str(portrait)]
            subprocess.run([*command, "--width", str(WIDTH), "--samples", str(SAMPLES)], check=True)
        make_voice.make(*make_voice.BEFORE, voice)
        command = [sys.executable, str(ROOT / "manage.py"), "lipsync", str(portrait), str(voice)]
        subprocess.run([*command, "-o", str(options.out), "--seed", str(SEED), "--prompt", "lively"], check=True)


if __name__ == "__main__":
    main()
