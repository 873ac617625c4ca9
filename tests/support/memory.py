"""A bucket in memory that can be told to misbehave, and a store that records every call."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import NamedTuple

from galleria_action.errors import ConditionFailed, ConditionUnknown
from galleria_action.headers import Headers
from galleria_action.remote import Listed
from galleria_action.store import Condition, Found, Store


class Stored(NamedTuple):
    data: bytes
    etag: str
    headers: Headers


class Operation(NamedTuple):
    name: str
    key: str

    @property
    def writes(self) -> bool:
        return self.name in ("put", "put parts", "delete")


@dataclass
class MemoryStore:
    """A :class:`Store`; ``conditions`` False behaves like rclone, which overwrites regardless."""

    objects: dict[str, Stored] = field(default_factory=dict)
    conditions: bool = True
    knows_conditions: bool = True
    lock: threading.RLock = field(default_factory=threading.RLock)

    remarks: tuple[str, ...] = ()

    def get(self, key: str) -> Found | None:
        with self.lock:
            stored = self.objects.get(key)
            return Found(stored.data, stored.etag) if stored else None

    def head(self, key: str) -> str | None:
        with self.lock:
            stored = self.objects.get(key)
            return stored.etag if stored else None

    def put(
        self,
        key: str,
        data: bytes,
        headers: Headers,
        condition: Condition | None = None,
        sha256: str = "",
    ) -> str:
        assert sha256 in ("", hashlib.sha256(data).hexdigest())
        with self.lock:
            if condition is not None and not self.knows_conditions:
                raise ConditionUnknown(key)
            if condition is not None and self.conditions and self.head(key) != condition.etag:
                raise ConditionFailed(key)
            etag = hashlib.md5(data).hexdigest()
            self.objects[key] = Stored(bytes(data), etag, headers)
            return etag

    def uplink(self, executor: Executor) -> AbstractContextManager[None]:
        return nullcontext()

    def put_parts(self, key: str, parts: Iterable[bytes], headers: Headers) -> str:
        return self.put(key, b"".join(parts), headers)

    def list(self, prefix: str, after: str = "") -> Iterator[tuple[str, Listed]]:
        with self.lock:
            found = {key: each for key, each in self.objects.items() if key.startswith(prefix)}
        for key in sorted(found):
            if key > after:
                yield key, Listed(len(found[key].data), found[key].etag)

    def files(self, folder: str) -> Iterator[tuple[str, Listed]]:
        for key, listed in self.list(folder):
            if "/" not in key[len(folder) :]:
                yield key, listed

    def delete(self, keys: Sequence[str]) -> Mapping[str, str]:
        with self.lock:
            for key in keys:
                self.objects.pop(key, None)
        return {}


class RecordingStore:
    """Passes every call on to ``inner``, records it, and lets ``before`` and ``after`` interfere.

    ``before(operation)`` and ``after(operation)`` may raise, or change the bucket as somebody
    else would.
    """

    def __init__(self, inner: Store) -> None:
        self.inner = inner
        self.operations: list[Operation] = []
        self.before: Callable[[Operation], None] = lambda _: None
        self.after: Callable[[Operation], None] = lambda _: None

    @property
    def remarks(self):
        return self.inner.remarks

    @property
    def writes(self) -> list[Operation]:
        return [each for each in self.operations if each.writes]

    def _call(self, name, key, call):
        operation = Operation(name, key)
        self.operations.append(operation)
        self.before(operation)
        result = call()
        self.after(operation)
        return result

    def get(self, key):
        return self._call("get", key, lambda: self.inner.get(key))

    def head(self, key):
        return self._call("head", key, lambda: self.inner.head(key))

    def uplink(self, executor):
        return nullcontext()

    def put(self, key, data, headers, condition=None, sha256=""):
        return self._call("put", key, lambda: self.inner.put(key, data, headers, condition, sha256))

    def put_parts(self, key, parts, headers):
        return self._call("put parts", key, lambda: self.inner.put_parts(key, parts, headers))

    def list(self, prefix, after=""):
        return self._call("list", prefix, lambda: list(self.inner.list(prefix, after)))

    def files(self, folder):
        return self._call("list", folder, lambda: list(self.inner.files(folder)))

    def delete(self, keys):
        return self._call("delete", ",".join(keys), lambda: self.inner.delete(keys))
