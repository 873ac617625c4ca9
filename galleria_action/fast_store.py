"""A bucket by two ways: the engine's one attempt first, boto3 where that declines.

So there is one policy for faults and one wording of them, boto3's; and a run without faults and
deletes does without boto3, whose import and client cost more than a small deployment.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import TypeVar

from galleria_action import etags
from galleria_action.engine import Declined, Engine, Failed
from galleria_action.errors import FailureReason, StoreError
from galleria_action.headers import Headers
from galleria_action.remote import Listed
from galleria_action.store import Condition, Found, Store, Uplink
from galleria_action.uplink import FastUplink

T = TypeVar("T")

MOST_FAILURES = 5
"""In a row. Where one request in ten fails, so many do once in a hundred thousand requests."""
MOST_DAMAGED = 5


class FastStore:
    """The bucket of ``engine``; ``careful`` makes the store that answers what it declines.

    After a few failures in a row the engine is given up for the rest of the run: a store that is
    in trouble is left to the one that knows how to wait. ``rest`` waits as a store asked for.
    """

    remarks: Sequence[str] = ()

    def __init__(
        self, engine: Engine, careful: Callable[[], Store], rest: Callable[[float], None]
    ) -> None:
        self._engine = engine
        self._make = careful
        self._rest = rest
        self._made: Store | None = None
        self._making = threading.Lock()
        self._failures = 0
        self._etags_are_md5: bool | None = None  # until one has been seen

    def get(self, key: str) -> Found | None:
        return self._first(lambda: self._read(key), lambda store: store.get(key))

    def _read(self, key: str) -> Found | None:
        """What the ETag proves, or two attempts say; raises :class:`Declined` if neither is so."""
        found = self._engine.get(key)
        if found is None or found.is_proven or found == self._engine.get(key):
            return found
        raise Declined

    def head(self, key: str) -> str | None:
        return self._first(lambda: self._engine.head(key), lambda store: store.head(key))

    def put(
        self,
        key: str,
        data: bytes,
        headers: Headers,
        condition: Condition | None = None,
        sha256: str = "",
    ) -> str:
        after = None
        if self._etags_are_md5 is not False:
            try:
                etag = self._try(lambda: self._engine.put(key, data, headers, condition, sha256))
            except Declined as declined:
                after = declined.after
            else:
                if self.proves(etag, data):
                    return etag
                # It is sent again with Content-MD5, in place of what has just been put.
                condition = condition and Condition(etag)
        return self.put_carefully(key, data, headers, condition, after=after)

    def put_carefully(
        self,
        key: str,
        data: bytes,
        headers: Headers,
        condition: Condition | None = None,
        *,
        after: float | None = None,
    ) -> str:
        """Write an object as :meth:`put` does, without the engine, ``after`` so many seconds.

        It carries Content-MD5, which some stores ignore: where ETags are known to be MD5s, they
        have the last word.
        """
        self._wait(after)
        for _ in range(MOST_DAMAGED):
            etag = self.careful.put(key, data, headers, condition)
            if self.proves(etag, data) or not self._etags_are_md5:
                return etag
            condition = condition and Condition(etag)
        raise StoreError(
            FailureReason.NETWORK,
            f"Error: Could not write {key}: what arrives is not what was sent, "
            "several times in a row",
            advice="Something on the way to the store alters what passes. Run again, and from "
            "another network if it stays so.",
        )

    @contextmanager
    def uplink(self, executor: Executor) -> Iterator[Uplink]:
        lanes = self._engine.lanes()
        try:
            yield FastUplink(self, self._engine, lanes, executor)
        finally:
            lanes.close()

    @property
    def puts_fast(self) -> bool:
        """Whether the engine is (still) worth a try for a put."""
        return self._etags_are_md5 is not False and self._failures < MOST_FAILURES

    def proves(self, etag: str, data: bytes) -> bool:
        """Whether the ETag is the MD5 of what was sent.

        Else that was damaged on its way; or, if none ever was one, the store's ETags are
        something else: from now on everything is sent with Content-MD5.
        """
        proven = etag == etags.md5_hex(data)
        self._etags_are_md5 = proven or bool(self._etags_are_md5)
        return proven

    def count(self, *, failed: bool) -> None:
        """A request was made: count the failures in a row."""
        self._failures = self._failures + 1 if failed else 0

    def put_parts(self, key: str, parts: Iterable[bytes], headers: Headers) -> str:
        return self.careful.put_parts(key, parts, headers)

    def list(self, prefix: str, after: str = "") -> Iterator[tuple[str, Listed]]:
        pages = self._engine.pages(prefix, after)
        try:
            while page := self._try(lambda: next(pages, None)):
                yield from page
                after = page[-1][0]
        except Declined as declined:
            self._wait(declined.after)
            yield from self.careful.list(prefix, after)

    def files(self, folder: str) -> Iterator[tuple[str, Listed]]:
        found = self._first(lambda: self._engine.files(folder), lambda store: store.files(folder))
        return iter(found)

    def delete(self, keys: Sequence[str]) -> Mapping[str, str]:
        return self.careful.delete(keys)

    def _first(self, fast: Callable[[], T], careful: Callable[[Store], T]) -> T:
        try:
            return self._try(fast)
        except Declined as declined:
            self._wait(declined.after)
            return careful(self.careful)

    def _wait(self, after: float | None) -> None:
        if after is not None:
            self._rest(after)

    def _try(self, request: Callable[[], T]) -> T:
        if self._failures >= MOST_FAILURES:
            raise Declined
        try:
            answer = request()
        except Failed:
            self.count(failed=True)
            raise
        self.count(failed=False)
        return answer

    @property
    def careful(self) -> Store:
        """The store that answers what the engine declines; made when it is first asked for."""
        with self._making:
            if self._made is None:
                self._made = self._make()
            return self._made
