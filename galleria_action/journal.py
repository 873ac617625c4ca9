"""Keeps the ledger while a deployment runs: what was put and deleted, written every few seconds.

A rerun after a crash then sends only what is missing. Written on the condition that nobody else
did since; after a conflict the ledger is read again and our own changes are made to it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from galleria_action import deployed, ledger
from galleria_action.errors import (
    ConditionFailed,
    ConditionUnknown,
    DeployError,
    FailureReason,
    StoreError,
)
from galleria_action.headers import Headers
from galleria_action.ledger import Entry, Ledger
from galleria_action.store import Condition, Store

HEADERS = Headers("application/gzip", "private, no-store")
SECONDS_BETWEEN_FLUSHES = 5.0
SHARE_OF_TIME = 0.1
"""Flushes may take this share of the time: the ledger of a large gallery is written less often."""
MOST_CONFLICTS = 10


class Journal:
    """The ledger of one run. Used by one thread."""

    def __init__(
        self, store: Store, key: str, start: Ledger, etag: str | None, clock: Callable[[], float]
    ) -> None:
        self._store = store
        self._key = key
        self._base = start
        self._etag = etag
        self._clock = clock
        self._changes: dict[str, Entry | None] = {}
        self._photos_prefix: str | None = None
        self._site_prefix: str | None = None
        self._last_flush = clock()
        self._pause = SECONDS_BETWEEN_FLUSHES

    def note(self, changes: Mapping[str, Entry | None]) -> None:
        """Remember facts: key to entry, None for a key that is gone."""
        self._changes.update(changes)

    def note_prefixes(self, photos: str | None, site: str | None) -> None:
        """Remember below which prefixes the finished run deployed; None: not in its scope."""
        self._photos_prefix = self._photos_prefix if photos is None else photos
        self._site_prefix = self._site_prefix if site is None else site

    def entry(self, key: str) -> Entry | None:
        """The facts about ``key`` as they are known now."""
        return self._changes[key] if key in self._changes else self._base.entries.get(key)

    def flush_if_due(self) -> None:
        """Write what is new if the last time is long enough ago; a failure can wait."""
        if self._clock() - self._last_flush < self._pause:
            return
        try:
            self.flush()
        except StoreError:
            self._last_flush = self._clock()  # the flush before the commit reports it

    def flush(self) -> None:
        """Write the ledger if it differs from the one in the bucket."""
        started = self._clock()
        for _ in range(MOST_CONFLICTS):
            current = replace(
                self._base.changed(self._changes),
                photos_prefix=_either(self._photos_prefix, self._base.photos_prefix),
                site_prefix=_either(self._site_prefix, self._base.site_prefix),
            )
            if current == self._base:
                return
            if self._write(current):
                self._base, self._changes = current, {}
                self._last_flush = self._clock()
                took = self._last_flush - started
                self._pause = max(SECONDS_BETWEEN_FLUSHES, took / SHARE_OF_TIME)
                return
            self._read_again()
        raise DeployError(
            FailureReason.REMOTE_CHANGED,
            f"Error: The ledger {self._key} is being written by several deployments at once",
            advice="Run again when they are done, and let the workflow's `concurrency` keep "
            "deployments of one gallery apart.",
        )

    def _write(self, current: Ledger) -> bool:
        data = ledger.encode(current)
        try:
            self._etag = self._store.put(self._key, data, HEADERS, Condition(self._etag))
        except ConditionUnknown:
            self._etag = self._store.put(self._key, data, HEADERS)
        except ConditionFailed:
            return False
        return True

    def _read_again(self) -> None:
        found = self._store.get(self._key)
        self._etag = found.etag if found else None
        self._base = deployed.read_ledger(found, self._key, [])


def _either(new: str | None, old: str | None) -> str | None:
    """'' is a prefix, too: the bucket's root."""
    return old if new is None else new
