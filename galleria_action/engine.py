"""The fast lane to a bucket: each request is made once, by obstore, Rust's object_store.

Whatever it cannot do, or did not manage, is :class:`Declined`, without a reason: then the request
is made by boto3, which knows what faults mean. Keys and ETags arrive as they are or not at all.

https://developmentseed.org/obstore/, https://docs.rs/object_store/
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import obstore
from obstore.exceptions import AlreadyExistsError, PreconditionError
from obstore.store import S3Store

from galleria_action import __version__, route
from galleria_action.headers import Headers
from galleria_action.remote import Listed
from galleria_action.store import Condition, Found

if TYPE_CHECKING:  # not there at run time
    from obstore import ObjectMeta, PutMode
    from obstore.store import ClientConfig, S3Credential

T = TypeVar("T")

CONNECT_SECONDS = 10
READ_SECONDS = 60
PUT_SECONDS = 300
"""From the first byte of a put to the end of its answer. obstore has no limit for a pause in
between: its read timeout also runs while a body is sent (github.com/seanmonstar/reqwest #2784).
A connection that takes no bytes for 30 s is given up by the system (TCP_USER_TIMEOUT).
"""
PAGE = 1000
MOST_DOUBTS = 50

# object_store drops outer slashes of a key, and has no empty, "." or ".." segments and no control
# characters; "" would be the bucket itself.
_ALTERED = re.compile(r"[\x00-\x1f\x7f]|(?:^|/)\.{0,2}(?:/|$)")


class Declined(Exception):
    """The engine cannot answer this; ask boto3."""


class Failed(Declined):
    """It should have been able to: a fault of the network, the store or the engine."""


class Credentials(NamedTuple):
    """Keys to sign with, until ``expires`` (with a time zone; None: as long as the run lasts)."""

    access_key: str
    secret_key: str
    token: str | None = None
    expires: datetime | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a bucket is, and how to sign in there.

    url
        The bucket's URL without a slash at its end.
    credentials
        Called again when the ones it returned are about to expire.
    """

    bucket: str
    url: str
    region: str
    credentials: Callable[[], Credentials]


def connect(place: Place) -> Engine | None:
    """An engine for the bucket, which has made no request yet; None if it cannot be had there.

    To be called before threads are started, see :func:`galleria_action.route.explicit`.
    """
    options = _options(place.url)
    # Otherwise AWS_ENDPOINT_URL_S3, AWS_SESSION_TOKEN and others would overrule what is given.
    try:
        with route.explicit(route.ca_bundle()):
            return Engine(
                asking=_client(place, {**options, "read_timeout": timedelta(seconds=READ_SECONDS)}),
                putting=_client(place, options),
            )
    except Exception:  # noqa: BLE001  # such as no certificates on this machine
        return None


def _options(url: str) -> ClientConfig:
    options: ClientConfig = {
        "allow_http": not _secure(url),
        "connect_timeout": timedelta(seconds=CONNECT_SECONDS),
        "timeout": timedelta(seconds=PUT_SECONDS),
        "user_agent": f"galleria-deploy/{__version__}",
    }
    if proxy := route.proxy(url):
        options["proxy_url"] = proxy
    return options


def _client(place: Place, options: ClientConfig) -> S3Store:
    def credentials() -> S3Credential:
        given = place.credentials()
        return {
            "access_key_id": given.access_key,
            "secret_access_key": given.secret_key,
            "token": given.token,
            "expires_at": given.expires,
        }

    return S3Store(
        place.bucket,
        config={
            "endpoint": place.url,
            # The URL is that of the bucket already, be it in the host's name or in the path.
            "virtual_hosted_style_request": True,
            "region": place.region,
            # As boto3 does it: TLS keeps the bytes whole, elsewhere their hash is signed.
            "unsigned_payload": _secure(place.url),
        },
        client_options=options,
        retry_config={"max_retries": 0},
        credential_provider=credentials,
    )


def _secure(url: str) -> bool:
    return url.startswith("https:")


class Engine:
    """A bucket through the clients ``asking`` and ``putting``; for any number of threads."""

    def __init__(self, asking: S3Store, putting: S3Store) -> None:
        self._asking = asking
        self._putting = putting
        self._helpers = ThreadPoolExecutor()

    def get(self, key: str) -> Found | None:
        """The object at ``key``; None if the store says that there is no such key."""

        def request() -> Found | None:
            try:
                answer = obstore.get(self._asking, key)
            except FileNotFoundError as error:
                # Also the status of a missing bucket, and of any web server.
                if "<Code>NoSuchKey</Code>" not in str(error):
                    raise
                return None
            return Found(answer.bytes().to_bytes(), _bare(answer.meta["e_tag"]))

        return self._call_for(key, request)

    def head(self, key: str) -> str | None:
        """ETag of the object at ``key``; None if there is none."""

        def request() -> str | None:
            try:
                return _bare(obstore.head(self._asking, key)["e_tag"])
            except FileNotFoundError:
                return None

        return self._call_for(key, request)

    def put(self, key: str, data: bytes, headers: Headers, condition: Condition | None) -> str:
        """Write an object and return its ETag, which only the caller can compare."""

        def request() -> str:
            answer = obstore.put(
                self._putting,
                key,
                data,
                attributes={
                    "Content-Type": headers.content_type,
                    "Cache-Control": headers.cache_control,
                },
                mode=_mode(condition),
                use_multipart=False,
            )
            return _bare(answer["e_tag"])

        return self._call_for(key, request)

    def pages(self, prefix: str, after: str = "") -> Iterator[list[tuple[str, Listed]]]:
        """The objects below a folder (``prefix`` ends with a slash or is '') and after a key.

        In order of keys. object_store shows a key that ends in a slash without it. Empty ones,
        which consoles make of folders, are found out; one with content passes for the key without
        the slash, unless that is there as well.
        """
        folder = _folder(prefix)
        if after and _ALTERED.search(after):
            raise Declined
        # Behind "0" there are no keys that start with a slash.
        if not prefix and after < "0" and self._has_nameless_folder():
            raise Declined
        stream = obstore.list(self._asking, folder, offset=after or None, chunk_size=PAGE)
        last, doubts = after, 0
        while page := self._call(lambda: next(stream, None)):
            doubts += sum(each["size"] == 0 for each in page)
            if doubts > MOST_DOUBTS:
                raise Declined
            found = [(self._key(each, prefix), _listed(each)) for each in page]
            for key, _ in found:
                # Neither a store without order nor a key that two others are shown as gets by.
                if not (last < key and key.startswith(prefix)):
                    raise Declined
                last = key
            yield found

    def files(self, prefix: str) -> Iterator[tuple[str, Listed]]:
        """The objects of a folder, without those of its folders, all from one request on."""
        folder = _folder(prefix)
        shown = self._call(lambda: obstore.list_with_delimiter(self._asking, folder))
        found = []
        for each in shown["objects"]:
            # The object of the folder itself is the one whose key ends with a slash.
            key = prefix if f"{each['path']}/" == prefix else each["path"]
            if not key.startswith(prefix) or "/" in key[len(prefix) :]:
                raise Declined
            found.append((key, _listed(each)))
        return iter(found)

    def _has_nameless_folder(self) -> bool:
        """Whether keys start with a slash, which a listing of the whole bucket would not show."""
        shown = self._call(lambda: obstore.list_with_delimiter(self._asking))
        return "" in shown["common_prefixes"]

    def _key(self, each: ObjectMeta, prefix: str) -> str:
        """The key of an object that is listed: a folder's own lost the slash at its end."""
        shown = each["path"]
        if f"{shown}/" == prefix:
            return prefix
        if each["size"] == 0 and self.head(shown) is None:
            return f"{shown}/"
        return shown

    def _call_for(self, key: str, request: Callable[[], T]) -> T:
        if _ALTERED.search(key):
            raise Declined
        return self._call(request)

    def _call(self, request: Callable[[], T]) -> T:
        try:
            if threading.current_thread() is threading.main_thread():
                # Signals are handled here, and not while this thread is inside of obstore.
                return self._helpers.submit(request).result()
            return request()
        except (AlreadyExistsError, PreconditionError, FileNotFoundError):
            raise Declined from None
        except Exception as error:
            raise Failed from error


def _folder(prefix: str) -> str:
    """How object_store calls the folder whose keys start with ``prefix``."""
    folder = prefix.removesuffix("/")
    if prefix and (folder == prefix or _ALTERED.search(folder)):
        raise Declined
    return folder


def _mode(condition: Condition | None) -> PutMode:
    if condition is None:
        return "overwrite"
    return "create" if condition.etag is None else {"e_tag": f'"{condition.etag}"'}


def _listed(each: ObjectMeta) -> Listed:
    return Listed(each["size"], _bare(each["e_tag"]))


def _bare(etag: str | None) -> str:
    if etag is None:
        raise Failed
    return etag.removeprefix("W/").strip('"')
