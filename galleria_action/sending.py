"""Sends one object of a plan: small ones through an uplink if there is one, others in a thread."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor, Future
from typing import NamedTuple, Protocol

from galleria_action.plan import Change
from galleria_action.publication import Published, Stale
from galleria_action.store import Store, Uplink
from galleria_action.transfer import ByteBudget
from galleria_action.values import Struct

SMALL = 256 << 10
"""Bytes up to which reading and sending an object takes less time than handing it to a thread."""


class Source(Protocol):
    """Where the bytes come from."""

    def open(self, change: Change) -> Published | Iterator[bytes]:
        """What to send for a put; see :meth:`galleria_action.content.Content.open`."""


class Put(NamedTuple):
    """An upload that arrived."""

    etag: str
    size: int
    re_encoded: bool = False


class Sender(Struct, frozen=True):
    """Puts objects of ``source`` into ``store``, within ``budget``."""

    store: Store
    source: Source
    executor: Executor
    budget: ByteBudget

    def start(self, change: Change, uplink: Uplink | None) -> Future[Put]:
        """Begin to send one object: in this thread if that is soon done, else in another."""
        if uplink is None or change.size > SMALL:
            return self.executor.submit(self._put, change)
        try:
            content = self.source.open(change)
        except (Stale, OSError) as error:
            failed: Future[Put] = Future()
            failed.set_exception(error)
            return failed
        assert isinstance(content, Published)
        assert change.headers is not None
        size, re_encoded = len(content.data), content.re_encoded
        return uplink.put(
            change.key,
            content.data,
            change.headers,
            content.sha256,
            lambda etag: Put(etag, size, re_encoded),
        )

    def _put(self, change: Change) -> Put:
        """Send one object; runs in a thread of the executor."""
        assert change.headers is not None
        with self.budget.hold(change.size):
            content = self.source.open(change)
            if isinstance(content, Published):
                etag = self.store.put(
                    change.key, content.data, change.headers, sha256=content.sha256
                )
                return Put(etag, len(content.data), content.re_encoded)
            etag = self.store.put_parts(change.key, content, change.headers)
            return Put(etag, change.size)
