"""The one place that makes boto3 clients and stores: endpoint, region, credentials, time limits."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from galleria_action import __version__, cancellation, engine, etags, signature
from galleria_action.bucket import Bucket
from galleria_action.engine import Place
from galleria_action.fast_store import FastStore
from galleria_action.retry import Retries
from galleria_action.signature import Credentials
from galleria_action.store import Store

if TYPE_CHECKING:
    from galleria_action.sign_in import SignIn  # loads botocore

CONNECT_SECONDS = 10
READ_SECONDS = 60
CREDENTIALS_FOR = timedelta(minutes=1)
"""Until boto3 is asked again. It renews its own 10 minutes before they expire at the latest, those
of a role :data:`galleria_action.sign_in.NEED_SECONDS` before."""
PATIENCE: dict[str, Any] = {
    # Retries are made in `retry`, which honours Retry-After and can be cancelled.
    "retries": {"total_max_attempts": 1, "mode": "standard"},
    "connect_timeout": CONNECT_SECONDS,
    "read_timeout": READ_SECONDS,
    "user_agent_extra": f"galleria-deploy/{__version__}",
}
"""How all of boto3's clients ask."""

# Where the region is part of the service's host name and has to be signed as well. Sources: the
# "endpoints" pages of Backblaze B2, Wasabi, DigitalOcean Spaces, Scaleway and Hetzner.
_HOSTS_WITH_REGION = (
    r"^s3\.([a-z0-9-]+)\.(?:backblazeb2|wasabisys|amazonaws)\.com$",
    r"^s3\.([a-z0-9-]+)\.scw\.cloud$",
    r"^([a-z0-9-]+)\.(?:your-objectstorage|digitaloceanspaces)\.com$",
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
        if found := re.match(pattern, host):
            return found[1]
    return "auto" if _R2.match(host) else "us-east-1"


def store(
    bucket: Bucket, concurrency: int, stopped: threading.Event, sign_in: SignIn | None = None
) -> Store:
    """The store of ``bucket``; waiting for a retry ends when ``stopped`` is set.

    ``sign_in`` is what takes a role; without it, the bucket's keys or AWS's chain are used. At a
    custom endpoint with keys boto3 is not even loaded before it is needed. Elsewhere it is what
    finds endpoint, region and credentials, for itself and for the engine.
    """
    retries = Retries(sleep=cancellation.pause(stopped))
    if bucket.endpoint and sign_in is None:
        return _store(
            _custom_place(bucket, bucket.endpoint, _given(bucket)),
            lambda: _careful(bucket, _client(_session(bucket), bucket, concurrency), retries),
            retries,
        )
    session = _signed_in(bucket, sign_in, retries) if sign_in else _session(bucket)
    client = _client(session, bucket, concurrency)
    keys = _current(session.get_credentials())
    if bucket.endpoint and keys:
        place = _custom_place(bucket, bucket.endpoint, keys)
    else:
        place = _place_at_aws(bucket.name, client.meta, keys)
    return _store(place, lambda: _careful(bucket, client, retries), retries)


def _store(place: Place | None, careful: Callable[[], Store], retries: Retries) -> Store:
    fast = engine.connect(place) if place else None
    return FastStore(fast, careful, retries.rest) if fast else careful()


_Keys = Callable[[], Credentials]


def _given(bucket: Bucket) -> _Keys:
    assert bucket.access_key is not None
    assert bucket.secret_key is not None
    keys = Credentials(bucket.access_key, bucket.secret_key, bucket.session_token)
    return lambda: keys


def _current(credentials: Any) -> _Keys | None:
    """The present ones of boto3's ``credentials``, which may renew themselves."""
    if credentials is None:
        return None

    def keys() -> Credentials:
        now = credentials.get_frozen_credentials()
        expires = datetime.now(UTC) + CREDENTIALS_FOR
        return Credentials(now.access_key, now.secret_key, now.token, expires)

    return keys


def _custom_place(bucket: Bucket, endpoint: str, keys: _Keys) -> Place | None:
    region = bucket.region or region_of(endpoint)
    if not _REGION.fullmatch(region):
        return None  # boto3 refuses it, and says so
    return Place(f"{endpoint}/{signature.path(bucket.name)}", region, keys)


def _place_at_aws(name: str, found: Any, keys: _Keys | None) -> Place | None:
    """The bucket at the endpoint that boto3 ``found``, as a host name of its own.

    None for an endpoint that a variable or a profile names, and for unusual buckets.
    """
    endpoint = found.endpoint_url
    if keys is None or not (_AWS.match(endpoint) and _LABEL.fullmatch(name)):
        return None
    url = f"https://{name}.{endpoint.removeprefix('https://')}"
    return Place(url, found.region_name, keys)


def _careful(bucket: Bucket, client: Any, retries: Retries) -> Store:
    from galleria_action.storage import S3Store

    return S3Store(client, bucket.name, retries, bucket.endpoint)


def cloudfront(bucket: Bucket, stopped: threading.Event, sign_in: SignIn | None = None) -> Any:
    """A CloudFront client, with the credentials of ``bucket`` if it is at AWS, else those found.

    The keys of another service are none of AWS's.
    """
    import boto3
    from botocore.config import Config as ClientConfig

    if bucket.endpoint:
        session = boto3.session.Session()
    elif sign_in:
        session = _signed_in(bucket, sign_in, Retries(sleep=cancellation.pause(stopped)))
    else:
        session = _session(bucket)
    # It is a global service, signed for this region.
    return session.client("cloudfront", region_name="us-east-1", config=ClientConfig(**PATIENCE))


def examined(
    bucket: Bucket, stopped: threading.Event, sign_in: SignIn | None = None
) -> tuple[Any, Any, Retries]:
    """What the doctor examines a bucket with.

    A client like that of a deployment, one that signs every body, and the deployment's retries.
    """
    retries = Retries(sleep=cancellation.pause(stopped))
    session = _signed_in(bucket, sign_in, retries) if sign_in else _session(bucket)
    signing = _client(session, bucket, 1, payload_signing_enabled=True)
    return _client(session, bucket, 1), signing, retries


def _session(bucket: Bucket) -> Any:
    import boto3

    with _explained(bucket):
        return boto3.session.Session(
            aws_access_key_id=bucket.access_key,
            aws_secret_access_key=bucket.secret_key,
            aws_session_token=bucket.session_token,
            region_name=_region(bucket),
        )


def _signed_in(bucket: Bucket, sign_in: SignIn, retries: Retries) -> Any:
    """A session that knows the role's credentials and looks for no others on the machine."""
    import boto3
    from botocore.credentials import CredentialResolver
    from botocore.session import Session

    core = Session()
    session = boto3.session.Session(botocore_session=core, region_name=_region(bucket))
    provider = sign_in.provider(lambda: _sts(session, bucket), retries)
    core.register_component("credential_provider", CredentialResolver([provider]))
    return session


def _region(bucket: Bucket) -> str | None:
    return bucket.region or (region_of(bucket.endpoint) if bucket.endpoint else None)


def _sts(session: Any, bucket: Bucket) -> Any:
    """Who gives out roles: AWS's STS in the region; elsewhere the bucket's own service.

    Ceph and MinIO answer for STS at the address of their S3.
    """
    from botocore import UNSIGNED
    from botocore.config import Config as ClientConfig

    own = bucket.endpoint if bucket.endpoint and not _AWS.match(bucket.endpoint) else None
    return session.client(
        "sts",
        endpoint_url=own,
        region_name=session.region_name or "us-east-1",
        config=ClientConfig(signature_version=UNSIGNED, **PATIENCE),
    )


@contextmanager
def _explained(bucket: Bucket) -> Iterator[None]:
    """What boto3 refuses before any request, such as a region that is none, in plain words."""
    from galleria_action import s3_faults

    try:
        yield
    except Exception as error:
        raise s3_faults.explain(error, "reach the bucket", bucket.name, bucket.endpoint) from error


def _client(session: Any, bucket: Bucket, concurrency: int, **s3: bool) -> Any:
    """An S3 client for ``concurrency`` threads and the main one; it makes no request yet.

    ``s3`` are more of botocore's settings for S3.
    """
    from botocore.config import Config as ClientConfig

    from galleria_action.bounded_session import BoundedSession

    with _explained(bucket):
        client = session.client(
            "s3",
            endpoint_url=bucket.endpoint,
            region_name=session.region_name or "us-east-1",
            config=ClientConfig(
                # boto3's own checksums are trailers of chunked bodies over TLS, which Ceph, rclone
                # and others refuse with 411; every put carries Content-MD5 instead.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
                s3={"addressing_style": "path" if bucket.endpoint else "auto", **s3},
                signature_version="s3v4",
                max_pool_connections=concurrency + 2,
                **PATIENCE,
            ),
        )
    client.meta.events.register("before-call.s3.DeleteObjects", _add_digest)
    # There is no other place to say it; tests show that it has an effect.
    endpoint = client._endpoint  # noqa: SLF001
    endpoint.http_session = BoundedSession(endpoint.http_session)
    return client


def _add_digest(params: Any, **_: Any) -> None:
    """Add the Content-MD5 that older stores want here; boto3 sends a CRC32 alone since 1.36."""
    params["headers"]["Content-MD5"] = etags.content_md5(params["body"])
