"""Looks all the time at live galleries: whether every key that a manifest lists is there."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from botocore.exceptions import ClientError

from support import servers
from support.servers import Server


@dataclass
class Watcher:
    """``missing`` has, by the manifest's key, what was listed and not there."""

    server: Server
    bucket: str
    manifests: tuple[str, ...]
    rounds: int = 0
    missing: dict[str, set[str]] = field(default_factory=dict)
    ended: threading.Event = field(default_factory=threading.Event)

    def watch(self) -> None:
        while not self.ended.wait(0.02):
            for key in self.manifests:
                live = self._live(key)
                absent = photo_keys(live) - servers.listing(self.server, self.bucket).keys()
                # After a commit in between, other keys have to exist.
                if self._live(key) == live:
                    self.rounds += 1
                    if absent:
                        self.missing.setdefault(key, set()).update(absent)

    def _live(self, key: str) -> bytes:
        try:
            return servers.body(self.server, self.bucket, key)
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchKey":
                raise
            return b'{"photos": []}'


def photo_keys(manifest: bytes) -> set[str]:
    """The keys that a manifest lists, with the usual prefix."""
    photos = json.loads(manifest)["photos"]
    return {f"photos/{path}" for photo in photos for path in photo["files"].values()}


@contextmanager
def watched(server: Server, bucket: str, *manifests: str) -> Iterator[None]:
    """Meanwhile no live manifest lists a key that is not there."""
    watcher = Watcher(server, bucket, manifests)
    thread = threading.Thread(target=watcher.watch)
    thread.start()
    try:
        yield
    finally:
        watcher.ended.set()
        thread.join()
    assert watcher.rounds
    assert not watcher.missing, watcher.missing
