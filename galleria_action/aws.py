"""The one place that makes boto3 clients and stores: endpoint, region, credentials, time limits."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from galleria_action import __version__, cancellation, engine, signature
from galleria_action.config import Bucket
from galleria_action.engine import Place
from galleria_action.fast_store import FastStore
from galleria_action.retry import Retries
from galleria_action.signature import Credentials
from galleria_action.store import Store

CONNECT_SECONDS = 10
READ_SECONDS = 60
CREDENTIALS_FOR = timedelta(minutes=10)
"""boto3 renews credentials 10 to 15 minutes before they expire; until then they are good."""

# Where the region is part of the service's host name and has to be signed as well. Sources: the
# "endpoints" pages of Backblaze B2, Wasabi, DigitalOcean Spaces, Scaleway and Hetzner.
_HOSTS_WITH_REGION = (
    re.compile(r"^s3\.([a-z0-9-]+)\.(?:backblazeb2|wasabisys|amazonaws)\.com$"),
    re.compile(r"^s3\.([a-z0-9-]+)\.scw\.cloud$"),
    re.compile(r"^([a-z0-9-]+)\.(?:your-objectstorage|digitaloceanspaces)\.com$"),
)
_R2 = re.compile(r"^[a-z0-9]+(?:\.(?:eu|fedramp))?\.r2\.cloudflarestorage\.com$")
_AWS = re.compile(r"^https://s3[a-z0-9.-]*\.amazonaws\.com(?:\.cn)?$")
# Of a bucket that may be a part of a host's name; "--" is in those of kinds with other protocols.
_LABEL = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_REGION = re.compile(r"(?!\d+$)[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")


def region_of(endpoint: str) -> str:
    """The region to sign with at a custom endpoint that was given without one."""
    host = urlsplit(endpoint).hostname or ""
    for pattern in _HOSTS_WITH_REGION:
        if found := pattern.match(host):
            return found[1]
    return "auto" if _R2.match(host) else "us-east-1"


def store(bucket: Bucket, concurrency: int, stopped: threading.Event) -> Store:
    """The store of ``bucket``; waiting for a retry ends when ``stopped`` is set.

    At a custom endpoint boto3 is not even loaded before it is needed. At AWS it is what finds
    endpoint, region and credentials, for itself and for the engine.
    """
    if bucket.endpoint:
        return _store(
            _custom_place(bucket, bucket.endpoint),
            lambda: _careful(bucket, _client(_session(bucket), bucket, concurrency), stopped),
        )
    session = _session(bucket)
    client = _client(session, bucket, concurrency)
    place = _place_at_aws(bucket.name, client.meta, session.get_credentials())
    return _store(place, lambda: _careful(bucket, client, stopped))


def _store(place: Place | None, careful: Callable[[], Store]) -> Store:
    fast = engine.connect(place) if place else None
    return FastStore(fast, careful) if fast else careful()


def _custom_place(bucket: Bucket, endpoint: str) -> Place | None:
    region = bucket.region or region_of(endpoint)
    if not _REGION.fullmatch(region):
        return None  # boto3 refuses it, and says so
    assert bucket.access_key is not None
    assert bucket.secret_key is not None
    keys = Credentials(bucket.access_key, bucket.secret_key, bucket.session_token)
    return Place(f"{endpoint}/{signature.path(bucket.name)}", region, lambda: keys)


def _place_at_aws(name: str, found: Any, credentials: Any) -> Place | None:
    """The bucket at the endpoint that boto3 ``found``, as a host name of its own.

    None for an endpoint that a variable or a profile names, and for unusual buckets.
    """
    endpoint = found.endpoint_url
    if credentials is None or not (_AWS.match(endpoint) and _LABEL.fullmatch(name)):
        return None

    def keys() -> Credentials:
        now = credentials.get_frozen_credentials()
        expires = datetime.now(UTC) + CREDENTIALS_FOR
        return Credentials(now.access_key, now.secret_key, now.token, expires)

    url = f"https://{name}.{endpoint.removeprefix('https://')}"
    return Place(url, found.region_name, keys)


def _careful(bucket: Bucket, client: Any, stopped: threading.Event) -> Store:
    from galleria_action.storage import S3Store

    retries = Retries(sleep=cancellation.pause(stopped))
    return S3Store(client, bucket.name, retries, bucket.endpoint)


def cloudfront(bucket: Bucket) -> Any:
    """A CloudFront client, with the credentials of ``bucket`` if it is at AWS, else those found.

    The keys of another service are none of AWS's.
    """
    import boto3
    from botocore.config import Config as ClientConfig

    session = boto3.session.Session() if bucket.endpoint else _session(bucket)
    return session.client(
        "cloudfront",
        region_name="us-east-1",  # it is a global service, signed for this region
        config=ClientConfig(
            retries={"total_max_attempts": 1, "mode": "standard"},
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            user_agent_extra=f"galleria-deploy/{__version__}",
        ),
    )


def _session(bucket: Bucket) -> Any:
    import boto3

    return boto3.session.Session(
        aws_access_key_id=bucket.access_key,
        aws_secret_access_key=bucket.secret_key,
        aws_session_token=bucket.session_token,
        region_name=bucket.region or (region_of(bucket.endpoint) if bucket.endpoint else None),
    )


def _client(session: Any, bucket: Bucket, concurrency: int) -> Any:
    """An S3 client for ``concurrency`` threads and the main one; it makes no request yet."""
    from botocore.config import Config as ClientConfig

    from galleria_action.bounded_session import BoundedSession

    client = session.client(
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
            max_pool_connections=concurrency + 2,
            user_agent_extra=f"galleria-deploy/{__version__}",
        ),
    )
    # There is no other place to say it; tests show that it has an effect.
    endpoint = client._endpoint  # noqa: SLF001
    endpoint.http_session = BoundedSession(endpoint.http_session)
    return client
