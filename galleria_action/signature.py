"""Signs requests to S3: AWS Signature Version 4.

https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from urllib.parse import quote

UNSIGNED = "UNSIGNED-PAYLOAD"
_NOTHING = hashlib.sha256(b"").hexdigest()
_UNRESERVED = "-_.~"


class Credentials(NamedTuple):
    """Keys to sign with, until ``expires`` (with a time zone; None: as long as the run lasts)."""

    access_key: str
    secret_key: str
    token: str | None = None
    expires: datetime | None = None


def path(key: str) -> str:
    """``key`` as a part of a URL's path, in the one spelling that is signed."""
    return quote(key, safe="/" + _UNRESERVED)


def query(parameters: Mapping[str, str]) -> str:
    """The parameters as they are signed, and sent."""
    pairs = [(_escaped(name), _escaped(text)) for name, text in parameters.items()]
    return "&".join(f"{name}={text}" for name, text in sorted(pairs))


def _escaped(text: str) -> str:
    return quote(text, safe=_UNRESERVED)


class Signer:
    """Signs for one service host; for any number of threads.

    credentials
        Called again when those it returned have expired.
    payload
        Whether the hash of the body is signed; over TLS that is of no use.
    """

    def __init__(
        self,
        host: str,
        region: str,
        credentials: Callable[[], Credentials],
        *,
        payload: bool,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._host = host
        self._region = region
        self._fetch = credentials
        self._payload = payload
        self._clock = clock
        self._credentials: Credentials | None = None
        self._key: tuple[tuple[str, str], bytes] = (("", ""), b"")
        self._second: tuple[int, str] = (0, "")

    def headers(
        self, method: str, target: str, given: Mapping[str, str], body: bytes, sha256: str = ""
    ) -> list[tuple[str, str]]:
        """The headers of a request, signed.

        ``target`` is path and query in their signed spelling; ``given`` has the headers to sign,
        their names in lower case; ``sha256`` is the body's, if it is known already.
        """
        keys, now = self._fresh(), self._now()
        digest = self._hash(body, sha256)
        signed = [
            ("host", self._host),
            ("x-amz-content-sha256", digest),
            ("x-amz-date", now),
            # As they are signed: spaces between words count as one.
            *((name, " ".join(text.split())) for name, text in given.items()),
        ]
        if keys.token:
            signed.append(("x-amz-security-token", keys.token))
        signed.sort()
        names = ";".join([name for name, _ in signed])
        lines = "\n".join([f"{name}:{text}" for name, text in signed])
        where, _, parameters = target.partition("?")
        canonical = f"{method}\n{where}\n{parameters}\n{lines}\n\n{names}\n{digest}"
        scope = f"{now[:8]}/{self._region}/s3/aws4_request"
        request = hashlib.sha256(canonical.encode()).hexdigest()
        key = self._signing_key(keys, now[:8])
        to_sign = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{request}"
        signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
        credential = f"AWS4-HMAC-SHA256 Credential={keys.access_key}/{scope}"
        authorization = f"{credential}, SignedHeaders={names}, Signature={signature}"
        signed.append(("authorization", authorization))
        return signed

    def _hash(self, body: bytes, sha256: str) -> str:
        if not body:
            return _NOTHING
        if not self._payload:
            return UNSIGNED
        return sha256 or hashlib.sha256(body).hexdigest()

    def _fresh(self) -> Credentials:
        keys = self._credentials
        if keys is None or (keys.expires and keys.expires <= datetime.now(UTC)):
            keys = self._credentials = self._fetch()
        return keys

    def _now(self) -> str:
        second = int(self._clock())
        known, text = self._second
        if known != second:
            moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=second)
            text = moment.strftime("%Y%m%dT%H%M%SZ")
            self._second = second, text
        return text

    def _signing_key(self, keys: Credentials, day: str) -> bytes:
        which = keys.secret_key, day
        known, key = self._key
        if known != which:
            key = f"AWS4{keys.secret_key}".encode()
            for part in (day, self._region, "s3", "aws4_request"):
                key = hmac.digest(key, part.encode(), "sha256")
            self._key = which, key
        return key
