# Send a file of yours: python upload.py voice.wav
# Needs httpx: pip install httpx
import mimetypes
import os
import sys
from pathlib import Path

import httpx

file = Path(sys.argv[1])
answer = httpx.post(
    "{{ base }}/api/v1/uploads",
    headers={"Authorization": f"Bearer {os.environ['MUNDWERK_KEY']}"},
    json={
        "filename": file.name,
        "contentType": mimetypes.guess_type(file)[0] or "audio/wav",
        "size": file.stat().st_size,
    },
)
if answer.is_error:
    raise SystemExit(answer.json()["error"])

ticket = answer.json()
upload = ticket["upload"]
headers = dict(upload["headers"])
with file.open("rb") as body:
    if upload["method"] == "POST":
        how = {"data": upload["fields"], "files": {"file": body}}
    else:
        headers["Content-Length"] = str(file.stat().st_size)
        how = {"content": body}
    sent = httpx.request(
        upload["method"],
        upload["url"],
        headers=headers,
        timeout=600,
        **how,
    )
sent.raise_for_status()
print(ticket["url"])  # for formState
