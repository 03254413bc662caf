"""What the engine's tests share: small matrices gain nothing from threads, and one clip of somebody who speaks."""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when numpy is loaded, so before anything else here

from pathlib import Path

import pytest

from tests.engines import renders, samples


@pytest.fixture(scope="session")
def talking(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled face speaking the end of the bundled voice for two seconds, 240 × 300: the engine's own work."""
    folder = tmp_path_factory.mktemp("talking")
    voice = samples.write_pcm(folder / "voice.wav", samples.voice()[-2 * samples.VOICE_RATE_HZ :])
    work = renders.work_of(folder, "lipsync-image", {"image": samples.FACE, "audio": voice})
    return renders.run(work).finished.path
