"""Where browsers find a bucket."""

from urllib.parse import urlsplit


def bucket_url(endpoint: str, region: str, bucket: str, addressing: str) -> str:
    """The bucket's address, without a slash at its end. Amazon's if `endpoint` is empty."""
    server = urlsplit(endpoint or f"https://s3.{region}.amazonaws.com")
    if addressing == "virtual":
        return f"{server.scheme}://{bucket}.{server.netloc}"
    return f"{server.scheme}://{server.netloc}/{bucket}"
