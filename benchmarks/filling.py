"""Deploys a gallery to a bucket that is a dictionary, and writes down what a listing would show.

    python -m benchmarks.filling GALLERY BUCKET LISTING

The bucket of a large gallery without the hours of uploading it: LISTING is for
`benchmarks.memory_server --load`. Prints what the deployment took, which is our own share of a
first deployment: everything but the requests.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from galleria_action import collaborators
from galleria_action import main as program
from galleria_action.headers import Headers
from galleria_action.remote import Listed
from galleria_action.store import Condition, Found

RECORDS = (".json", ".gz")


class Dictionary:
    """A :class:`galleria_action.store.Store` that keeps bytes only where they are read again."""

    remarks = ()

    def __init__(self) -> None:
        self.listed: dict[str, Listed] = {}
        self.kept: dict[str, bytes] = {}

    def get(self, key: str) -> Found | None:
        return Found(self.kept[key], self.listed[key].etag) if key in self.kept else None

    def head(self, key: str) -> str | None:
        return self.listed[key].etag if key in self.listed else None

    def uplink(self, _executor: Executor) -> AbstractContextManager[None]:
        return nullcontext()

    def put(
        self,
        key: str,
        data: bytes,
        headers: Headers,
        condition: Condition | None = None,
        sha256: str = "",
    ) -> str:
        del headers, condition, sha256
        etag = hashlib.md5(data).hexdigest()
        self.listed[key] = Listed(len(data), etag)
        if key.endswith(RECORDS):
            self.kept[key] = data
        return etag

    def put_parts(self, key: str, parts: Iterable[bytes], headers: Headers) -> str:
        return self.put(key, b"".join(parts), headers)

    def list(self, prefix: str, after: str = "") -> Iterator[tuple[str, Listed]]:
        keys = [key for key in self.listed if key.startswith(prefix) and key > after]
        return ((key, self.listed[key]) for key in sorted(keys))

    def files(self, folder: str) -> Iterator[tuple[str, Listed]]:
        return (found for found in self.list(folder) if "/" not in found[0][len(folder) :])

    def delete(self, keys: Sequence[str]) -> Mapping[str, str]:
        raise AssertionError(f"nothing is to be deleted: {keys}")


def deploy(gallery: Path) -> Dictionary:
    """The whole program, the bucket apart."""
    store = Dictionary()
    collaborators.store = lambda *_, **__: store
    keys = {f"s3-{name}": "unused" for name in ("endpoint", "access-key", "secret-key", "bucket")}
    flags = {**keys, "s3-endpoint": "http://127.0.0.1:9"}
    if program.main(flags, {}, str(gallery), threading.Event()):
        raise SystemExit("the deployment failed")
    return store


def main() -> None:
    """Deploy, and write the listing."""
    gallery, bucket, listing = sys.argv[1:]
    wall, cpu = time.perf_counter(), time.process_time()
    store = deploy(Path(gallery))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    each = 1e6 * cpu / len(store.listed)
    print(f"{len(store.listed):,} objects without requests: {wall:.1f} s, CPU {cpu:.1f} s,", end="")
    print(f" {each:.0f} us an object")
    with open(listing, "a", encoding="utf-8") as file:
        for key, (size, etag) in store.listed.items():
            body = store.kept.get(key)
            kept = None if body is None else base64.b64encode(body).decode()
            file.write(json.dumps([bucket, key, size, etag, kept]) + "\n")


if __name__ == "__main__":
    main()
