"""The fast lane to a bucket: each request is made once, over connections of our own.

Whatever it cannot do, or did not manage, is :class:`Declined`, without a reason: then the request
is made by boto3, which knows what faults mean.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import lt

from galleria_action import __version__, connection, etags, http1, listing_page, route, signature
from galleria_action.connection import Connection, Lost
from galleria_action.headers import Headers
from galleria_action.http1 import Response
from galleria_action.lanes import Lanes
from galleria_action.listing_page import Page
from galleria_action.origin import Origin
from galleria_action.paging import Paging
from galleria_action.remote import Listed
from galleria_action.retry import asked_seconds
from galleria_action.signature import Credentials, Signer
from galleria_action.store import LARGEST, Condition, Found
from galleria_action.values import Struct

# What proxies and servers may take for another path.
_ALTERED = re.compile(r"[\x00-\x1f\x7f]|(?:^|/)\.{0,2}(?:/|$)")
_USER_AGENT = ("user-agent", f"galleria-deploy/{__version__}")


class Declined(Exception):
    """The engine cannot answer this; ask boto3, ``after`` so many seconds."""

    after: float | None = None


class Failed(Declined):
    """It should have been able to: a fault of the network, the store or the engine."""

    def __init__(self, answer: Response | None = None) -> None:
        super().__init__()
        self.after = asked_seconds(answer.headers.get("retry-after", "")) if answer else None


class Place(Struct, frozen=True):
    """Where a bucket is, and how to sign in there.

    url
        The bucket's URL without a slash at its end.
    credentials
        Called again when the ones it returned are about to expire.
    """

    url: str
    region: str
    credentials: Callable[[], Credentials]


def connect(place: Place) -> Engine | None:
    """An engine for the bucket, which has made no request yet; None if it cannot be had there."""
    secure = place.url.startswith("https:")
    try:
        tls = route.trust() if secure else None
        origin = Origin.of(place.url, tls, route.proxy(place.url))
    except (OSError, ValueError):  # such as no certificates on this machine
        return None
    # As boto3 does it: TLS keeps the bytes whole, elsewhere their hash is signed.
    signer = Signer(origin.authority, place.region, place.credentials, payload=not secure)
    return Engine(origin, signer)


class Engine:
    """A bucket at ``origin``; for any number of threads."""

    def __init__(self, origin: Origin, signer: Signer) -> None:
        self._origin = origin
        self._signer = signer
        self._idle: deque[Connection] = deque()

    def lanes(self) -> Lanes:
        """Connections of their own for many requests at once in one thread."""
        return Lanes(self._origin)

    def get(self, key: str) -> Found | None:
        """The object at ``key``; None if the store says that there is no such key."""
        answer = self._ask("GET", self._target(key), most=LARGEST)
        # Also the status of a missing bucket, and of any web server.
        if answer.status == 404 and b"<Code>NoSuchKey</Code>" in answer.body:
            return None
        return Found(_succeeded(answer).body, etag(answer))

    def head(self, key: str) -> str | None:
        """ETag of the object at ``key``; None if there is none."""
        answer = self._ask("HEAD", self._target(key))
        return None if answer.status == 404 else etag(_succeeded(answer))

    def put(
        self,
        key: str,
        data: bytes,
        headers: Headers,
        condition: Condition | None = None,
        sha256: str = "",
    ) -> str:
        """Write an object and return its ETag, which only the caller can compare."""
        given = _stored(headers)
        if condition:
            # What others rely on from now on is never there damaged, not even for a moment.
            given |= {**_conditional(condition), "content-md5": etags.content_md5(data)}
        # Made twice, the second would be refused because of the first.
        head = self._head("PUT", self._target(key), given, data, sha256)
        answer = self._exchange(head, data, again=condition is None)
        if condition and answer.status in (404, 409, 412):
            raise Declined
        return etag(_succeeded(answer))

    def putting(self, key: str, data: bytes, headers: Headers, sha256: str) -> bytes:
        """The head of the request that writes an object."""
        return self._head("PUT", self._target(key), _stored(headers), data, sha256)

    def pages(self, prefix: str, after: str = "") -> Iterator[list[tuple[str, Listed]]]:
        """The objects whose keys start with ``prefix`` and come after ``after``, in their order."""
        asked = {"list-type": "2", "prefix": prefix}
        asked |= {"start-after": after} if after else {}
        last = after
        paging = Paging()
        while True:
            page = self._page(asked)
            if page.objects:
                keys = [key for key, _ in page.objects]
                if not _is_in_order(keys, prefix, last):
                    raise Declined
                last = keys[-1]
                yield page.objects
            if not paging.goes_on(page.token, len(page.objects)):
                return
            asked["continuation-token"] = page.token

    def files(self, prefix: str) -> Iterator[tuple[str, Listed]]:
        """The objects of a folder, without those of its folders, all read before the first."""
        asked = {"list-type": "2", "prefix": prefix, "delimiter": "/"}
        found: list[tuple[str, Listed]] = []
        paging = Paging()
        while True:
            page = self._page(asked)
            found += page.objects
            if not paging.goes_on(page.token, len(page.objects)):
                break
            asked["continuation-token"] = page.token
        if not all(key.startswith(prefix) and "/" not in key[len(prefix) :] for key, _ in found):
            raise Declined
        return iter(found)

    def _page(self, asked: Mapping[str, str]) -> Page:
        answer = self._ask("GET", f"{self._origin.base or '/'}?{signature.query(asked)}")
        try:
            return listing_page.read(_succeeded(answer).body)
        except listing_page.Odd:
            raise Declined from None

    def _target(self, key: str) -> str:
        if _ALTERED.search(key):
            raise Declined
        return f"{self._origin.base}/{signature.path(key)}"

    def _head(
        self,
        method: str,
        target: str,
        given: Mapping[str, str],
        body: bytes | None = None,
        sha256: str = "",
    ) -> bytes:
        origin = self._origin
        headers = self._signer.headers(method, target, given, body or b"", sha256)
        headers.append(_USER_AGENT)
        if body is not None:
            headers.append(("content-length", str(len(body))))
        if origin.prefix:
            headers += origin.proxy_headers
        try:
            return http1.request(method, origin.prefix + target, headers)
        except ValueError:
            raise Declined from None

    def _ask(self, method: str, target: str, most: int = http1.MOST_BODY) -> Response:
        head = self._head(method, target, {})
        return self._exchange(head, bodyless=method == "HEAD", most=most)

    def _exchange(
        self,
        head: bytes,
        body: bytes = b"",
        *,
        bodyless: bool = False,
        again: bool = True,
        most: int = http1.MOST_BODY,
    ) -> Response:
        """The answer to a request; ``again``: whether it may be made twice."""
        while True:
            used = self._connection()
            steps = used.exchange(head, body, bodyless=bodyless, most=most)
            try:
                answer = connection.finish(used, steps)
            except Lost as lost:
                if lost.unanswered and again:
                    continue  # closed while it was idle, as the other idle ones may be
                raise Failed from None
            if used.fileno() >= 0:
                self._idle.append(used)
            return answer

    def _connection(self) -> Connection:
        while self._idle:
            try:
                found = self._idle.pop()
            except IndexError:  # another thread was faster
                break
            if found.is_idle:
                return found
            found.close()
        return Connection(self._origin)


def _is_in_order(keys: Sequence[str], prefix: str, last: str) -> bool:
    """Whether the store has an order, and knows what it was asked; ``last``: the key before."""
    # What stands between two keys that start with the prefix starts with it, too.
    return (
        all(map(lt, [last, *keys], keys))
        and keys[0].startswith(prefix)
        and keys[-1].startswith(prefix)
    )


def etag(answer: Response | Lost) -> str:
    """The ETag of an answer, without quotes; raises :class:`Failed` if it has none."""
    if isinstance(answer, Lost):
        raise Failed
    found = answer.headers.get("etag")
    if not found or answer.status != 200:
        raise Failed(answer)
    return found.removeprefix("W/").strip('"')


def _succeeded(answer: Response) -> Response:
    if answer.status != 200:
        raise Failed(answer)
    return answer


def _stored(headers: Headers) -> dict[str, str]:
    return {"content-type": headers.content_type, "cache-control": headers.cache_control}


def _conditional(condition: Condition) -> dict[str, str]:
    if condition.etag is None:
        return {"if-none-match": "*"}
    return {"if-match": f'"{condition.etag}"'}
