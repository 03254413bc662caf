# Receive webhooks and verify them. Needs nothing but Python.
import base64
import hashlib
import hmac
import json
import os
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

encoded = os.environ["MUNDWERK_WEBHOOK_SECRET"].removeprefix("whsec_")
SECRET = base64.b64decode(encoded)
TOLERANCE_SECONDS = 300


def is_genuine(headers, body):
    timestamp = headers.get("webhook-timestamp", "")
    if not timestamp.isdecimal():
        return False
    if abs(time.time() - int(timestamp)) > TOLERANCE_SECONDS:
        return False
    message = f"{headers.get('webhook-id')}.{timestamp}.".encode() + body
    digest = hmac.new(SECRET, message, hashlib.sha256).digest()
    expected = b"v1," + base64.b64encode(digest)
    # After a rotation there are two signatures; one that fits is enough.
    given = headers.get("webhook-signature", "").encode().split()
    return any(hmac.compare_digest(expected, one) for one in given)


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        genuine = is_genuine(self.headers, body)
        self.send_response(204 if genuine else 401)
        self.end_headers()
        if genuine:
            job = json.loads(body)
            result = job["output"] or job["error"]
            print(job["id"], job["status"], result, flush=True)


ThreadingHTTPServer(("", 3000), Receiver).serve_forever()
