# Submit, wait, download. Needs httpx: pip install httpx
import os
import time
from pathlib import Path

import httpx

api = httpx.Client(
    base_url="{{ base }}/api/v1",
    headers={"Authorization": f"Bearer {os.environ['MUNDWERK_KEY']}"},
    timeout=60,
)


def taken(answer):
    if answer.is_error:
        raise SystemExit(answer.json()["error"])
    return answer.json()


form = {
    "image": "{{ base }}/samples/face.jpg",
    "audio": "{{ base }}/samples/voice.wav",
    "resolution": "720p",
}
job = taken(api.post("/lipsync-image", json={"formState": form}))
print("Job", job["id"])

while job["status"] == "processing":
    time.sleep(5)
    job = taken(api.get(f"/jobs/{job['id']}"))

if job["status"] == "failed":
    raise SystemExit(job["error"])
video = httpx.get(job["output"]).raise_for_status()
Path("result.mp4").write_bytes(video.content)
print("result.mp4")
