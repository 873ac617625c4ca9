"""The one place that makes boto3 clients: endpoint, region, credentials, time limits."""

from __future__ import annotations

import re
import threading
from typing import Any
from urllib.parse import urlsplit

from galleria_action import __version__
from galleria_action.config import Bucket
from galleria_action.errors import Cancelled
from galleria_action.retry import Retries
from galleria_action.storage import S3Store

CONNECT_SECONDS = 10
READ_SECONDS = 60

# Where the region is part of the service's host name and has to be signed as well. Sources: the
# "endpoints" pages of Backblaze B2, Wasabi, DigitalOcean Spaces, Scaleway and Hetzner.
_HOSTS_WITH_REGION = (
    re.compile(r"^s3\.([a-z0-9-]+)\.(?:backblazeb2|wasabisys|amazonaws)\.com$"),
    re.compile(r"^s3\.([a-z0-9-]+)\.scw\.cloud$"),
    re.compile(r"^([a-z0-9-]+)\.(?:your-objectstorage|digitaloceanspaces)\.com$"),
)
_R2 = re.compile(r"^[a-z0-9]+(?:\.(?:eu|fedramp))?\.r2\.cloudflarestorage\.com$")


def region_of(endpoint: str) -> str:
    """The region to sign with at a custom endpoint that was given without one."""
    host = urlsplit(endpoint).hostname or ""
    for pattern in _HOSTS_WITH_REGION:
        if found := pattern.match(host):
            return found[1]
    return "auto" if _R2.match(host) else "us-east-1"


def s3_client(bucket: Bucket, connections: int) -> Any:
    """An S3 client for ``bucket`` with a pool of ``connections``; it makes no request yet."""
    import boto3
    from botocore.config import Config as ClientConfig

    session = boto3.session.Session(
        aws_access_key_id=bucket.access_key,
        aws_secret_access_key=bucket.secret_key,
        aws_session_token=bucket.session_token,
        region_name=bucket.region or (region_of(bucket.endpoint) if bucket.endpoint else None),
    )
    return session.client(
        "s3",
        endpoint_url=bucket.endpoint,
        region_name=session.region_name or "us-east-1",
        config=ClientConfig(
            # boto3's own checksums are trailers of chunked bodies over TLS, which Ceph, rclone
            # and others refuse with 411; every put carries Content-MD5 instead.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            s3={"addressing_style": "path" if bucket.endpoint else "auto"},
            signature_version="s3v4",
            # Retries are made in `retry`, which honours Retry-After and can be cancelled.
            retries={"total_max_attempts": 1, "mode": "standard"},
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            max_pool_connections=connections,
            user_agent_extra=f"galleria-deploy/{__version__}",
        ),
    )


def store(bucket: Bucket, concurrency: int, stopped: threading.Event) -> S3Store:
    """The store of ``bucket``; waiting for a retry ends when ``stopped`` is set."""

    def sleep(seconds: float) -> None:
        if stopped.wait(seconds):
            raise Cancelled

    client = s3_client(bucket, concurrency + 2)
    return S3Store(client, bucket.name, Retries(sleep=sleep), bucket.endpoint)
