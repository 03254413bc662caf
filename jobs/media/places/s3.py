"""A bucket in S3, or in anything that speaks like it. Links and uploads are presigned, so that bytes go past us."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from boto3.s3.transfer import TransferConfig
from botocore.auth import S3SigV4PostAuth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import ClientError
from django.conf import settings

from jobs.media.places import parts
from jobs.media.places.base import INCOMING, STEP_SECONDS, Beat, Part, Target, no_beat
from jobs.media.places.server import answering, client, code_of, credentials, presigned
from jobs.media.serving import content_type_of, disposition
from jobs.models import Media

# The protocol gives no link a longer life.
MOST_SECONDS = 7 * 86_400
MISSING = ("404", "NoSuchKey", "NotFound")
CHUNK_BYTES = 1 << 20
# In the calling thread, so that a beat may use its database connection; a part is all that is in memory.
TRANSFER = TransferConfig(use_threads=False, multipart_threshold=16 << 20, multipart_chunksize=16 << 20)


class Bucket:
    """Files in the bucket that the settings name."""

    def put(self, path: Path, name: str, content_type: str, beat: Beat) -> None:
        with answering():
            client().upload_file(
                str(path),
                settings.S3_BUCKET,
                name,
                ExtraArgs={"ContentType": content_type},
                Config=TRANSFER,
                Callback=lambda _: beat(),
            )

    def has(self, name: str) -> bool:
        with answering():
            try:
                client().head_object(Bucket=settings.S3_BUCKET, Key=name)
            except ClientError as error:
                if code_of(error) in MISSING:
                    return False
                raise
        return True

    def remove(self, name: str) -> None:
        with answering():
            if name.startswith(INCOMING):
                parts.abort(name)
            client().delete_object(Bucket=settings.S3_BUCKET, Key=name)

    def local(self, name: str, folder: Path, beat: Beat) -> Path:
        with answering():
            try:
                body = client().get_object(Bucket=settings.S3_BUCKET, Key=name)["Body"]
            except ClientError as error:
                if code_of(error) in MISSING:
                    raise FileNotFoundError(name) from error
                raise
            path = folder / name.replace("/", "-")
            with path.open("wb") as target:
                for chunk in body.iter_chunks(CHUNK_BYTES):
                    target.write(chunk)
                    beat()
        return path

    def address(self, media: Media, filename: str, *, save: bool) -> str:
        content_type = content_type_of(media)
        answer = {
            "response-content-type": content_type,
            "response-content-disposition": disposition(filename, content_type, save=save),
            "response-cache-control": "private, max-age=21600, immutable",
        }
        # Signed as of the step's beginning, so that all links of a step are the same.
        begun = int(time.time()) // STEP_SECONDS * STEP_SECONDS
        seconds = min(STEP_SECONDS + settings.MEDIA_LINK_SECONDS, MOST_SECONDS)
        return presigned("GET", media.name, answer, datetime.fromtimestamp(begun, UTC), seconds)

    def target(self, media: Media) -> Target:
        fields = {"key": media.name, "Content-Type": media.content_type, "success_action_status": "204"}
        conditions: list[object] = [
            {"bucket": settings.S3_BUCKET},
            *({name: value} for name, value in fields.items()),
            ["content-length-range", media.size, media.size],
        ]
        expires = datetime.now(UTC) + timedelta(seconds=settings.UPLOAD_TICKET_SECONDS)
        request = AWSRequest(method="POST", url=settings.S3_BUCKET_URL)
        request.context["s3-presign-post-fields"] = fields
        request.context["s3-presign-post-policy"] = {
            "expiration": f"{expires:%Y-%m-%dT%H:%M:%SZ}",
            "conditions": conditions,
        }
        S3SigV4PostAuth(credentials(), "s3", settings.S3_REGION).add_auth(request)
        return Target("POST", f"{settings.S3_BUCKET_URL}/", fields=request.context["s3-presign-post-fields"])

    def await_parts(self, media: Media) -> tuple[Part, ...]:
        with answering():
            return parts.begin(media) if parts.is_large(media) else ()

    def parts_left(self, media: Media) -> tuple[Part, ...] | None:
        with answering():
            return parts.left(media)

    def arrived(self, media: Media, folder: Path) -> Path | None:
        with answering():
            if parts.is_large(media):
                parts.join(media)
        try:
            return self.local(media.name, folder, no_beat)
        except FileNotFoundError:
            return None
