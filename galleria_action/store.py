"""What a deployment needs of a bucket: the protocol that every store implements.

ETags are opaque texts without quotes. Keys are Unicode texts. Every method raises
:class:`~galleria_action.errors.StoreError` when it failed for good; retries are the store's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol

from galleria_action import etags
from galleria_action.headers import Headers
from galleria_action.remote import Listed
from galleria_action.values import Struct

LARGEST = 2 << 30
"""Bytes of an object that is read as a whole: manifests of millions of photos have less."""


class Found(Struct, frozen=True):
    """An object that was read: its bytes and its ETag."""

    data: bytes
    etag: str

    @property
    def is_proven(self) -> bool:
        """Whether the ETag is the MD5 of the data, as it is on most stores."""
        return self.etag == etags.md5_hex(self.data)


class Condition(NamedTuple):
    """What must hold of the object at a key for a put to happen.

    ``etag`` None: there must be no object (``If-None-Match: *``); else it must have this ETag
    (``If-Match``).
    """

    etag: str | None


class Uplink(Protocol):
    """Puts many objects at once, all of them in one thread; see :mod:`galleria_action.lanes`."""

    def put(
        self,
        key: str,
        data: bytes,
        headers: Headers,
        sha256: str = "",
        convert: Callable[[str], Any] = str,
    ) -> Future[Any]:
        """Begin to write an object as :meth:`Store.put` does; its ETag comes in a :meth:`turn`.

        ``convert`` makes of the ETag what the future gives.
        """

    def turn(self, seconds: float) -> None:
        """Go on with what was begun, until something happens or the time is over."""

    def wake(self) -> None:
        """End the turn that another thread is waiting in."""


class Store(Protocol):
    """A bucket."""

    @property
    def remarks(self) -> Sequence[str]:
        """What a reader of the plan should know about how the bucket is read."""

    def get(self, key: str) -> Found | None:
        """The object at ``key``; None if there is none (404, never 403)."""

    def head(self, key: str) -> str | None:
        """ETag of the object at ``key``; None if there is none."""

    def put(
        self,
        key: str,
        data: bytes,
        headers: Headers,
        condition: Condition | None = None,
        sha256: str = "",
    ) -> str:
        """Write an object, proven by its MD5, and return its ETag.

        ``sha256`` is that of the data, '' if nobody knows it: a signature may need it.

        With a condition raises :class:`~galleria_action.errors.ConditionFailed` when it does
        not hold and :class:`~galleria_action.errors.ConditionUnknown` when the store does not
        implement conditions.
        """

    def uplink(self, executor: Executor) -> AbstractContextManager[Uplink | None]:
        """What small objects are put through; None if that is :meth:`put`, in many threads.

        ``executor`` has threads for what may take long.
        """

    def put_parts(self, key: str, parts: Iterable[bytes], headers: Headers) -> str:
        """Write a large object from ``parts`` (each 5 MiB to 5 GiB, the last may be smaller).

        The object appears when the last part is taken; an exception of ``parts`` leaves nothing.
        """

    def list(self, prefix: str, after: str = "") -> Iterator[tuple[str, Listed]]:
        """All objects whose key starts with ``prefix`` and comes after ``after``, in order.

        A store that does not know ``after`` lists from the start.
        """

    def files(self, folder: str) -> Iterator[tuple[str, Listed]]:
        """The objects of a folder ('' or with a slash at its end), without those of its folders.

        In no order.
        """

    def delete(self, keys: Sequence[str]) -> Mapping[str, str]:
        """Delete objects; absent ones count as deleted. Returns key to error of those left."""
