"""Keeps the ledger while a deployment runs: what was put and deleted, written every few seconds.

A rerun after a crash then sends only what is missing. Written on the condition that nobody else
did since; after a conflict the ledger is read again and our own changes are made to it. Many jobs
may write it at once (see `shard`): of those that try in the same moment one succeeds, so the others
wait for times of their own.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Mapping
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
MOST_CONFLICTS = 25
MOST_DOUBLINGS = 8
"""Of the time within which the next attempt is made: 256 jobs get turns of their own in it."""


class Journal:
    """The ledger of one run. Used by one thread."""

    def __init__(
        self,
        store: Store,
        key: str,
        start: Ledger,
        etag: str | None,
        clock: Callable[[], float],
        rest: Callable[[float], None] = time.sleep,
    ) -> None:
        self._store = store
        self._key = key
        self._base = start
        self._etag = etag
        self._clock = clock
        self._rest = rest
        self._outdated = False
        self._changes: dict[str, Entry | None] = {}
        self._to_purge: dict[str, bool] = {}
        self._photos_prefix: str | None = None
        self._site_prefix: str | None = None
        self._pause = SECONDS_BETWEEN_FLUSHES
        self._due = clock() + self._pause

    def note(self, changes: Mapping[str, Entry | None]) -> None:
        """Remember facts: key to entry, None for a key that is gone."""
        self._changes.update(changes)

    def note_prefixes(self, photos: str | None, site: str | None) -> None:
        """Remember below which prefixes the finished run deployed; None: not in its scope."""
        self._photos_prefix = self._photos_prefix if photos is None else photos
        self._site_prefix = self._site_prefix if site is None else site

    def note_to_purge(self, keys: Iterable[str]) -> None:
        """Remember what a CDN has to be told of, by this run or a later one."""
        self._to_purge |= dict.fromkeys(keys, True)

    def note_purged(self, keys: Iterable[str]) -> None:
        """Remember what it has been told of."""
        self._to_purge |= dict.fromkeys(keys, False)

    def entry(self, key: str) -> Entry | None:
        """The facts about ``key`` as they are known now."""
        return self._changes[key] if key in self._changes else self._base.entries.get(key)

    def flush_if_due(self) -> None:
        """Write what is new if the last time is long enough ago; a failure or conflict can wait."""
        if self._clock() < self._due:
            return
        try:
            if self._attempt():
                return
            self._pause *= 2  # others write, too: less often, and not at the same moments
            self._due = self._clock() + _jitter(self._pause)
        except StoreError:
            self._due = self._clock() + self._pause  # the flush before the commit reports it

    def flush(self) -> None:
        """Write the ledger if it differs from the one in the bucket.

        Raises :class:`DeployError` if others write it whenever this tries to.
        """
        for conflicts in range(MOST_CONFLICTS):
            started = self._clock()
            if self._attempt():
                return
            turn = self._clock() - started
            self._rest(_jitter(turn * 2 ** min(conflicts, MOST_DOUBLINGS)))
        raise DeployError(
            FailureReason.REMOTE_CHANGED,
            f"Error: The ledger {self._key} is being written by several deployments at once",
            advice="Run again when they are done, and let the workflow's `concurrency` keep "
            "deployments of one gallery apart.",
        )

    def _attempt(self) -> bool:
        """Write what is new, if anything is; False if somebody else wrote in between."""
        started = self._clock()
        if self._outdated:
            self._read_again()
        current = replace(
            self._base.changed(self._changes),
            photos_prefix=_either(self._photos_prefix, self._base.photos_prefix),
            site_prefix=_either(self._site_prefix, self._base.site_prefix),
            to_purge=self._base.to_purge - self._to_purge.keys() | _true(self._to_purge),
        )
        self._outdated = current != self._base and not self._write(current)
        if self._outdated:
            return False
        self._base, self._changes = current, {}
        # What is owed stays so until this run has done it: another may purge it too early.
        self._to_purge = dict.fromkeys(_true(self._to_purge), True)
        ended = self._clock()
        self._pause = max(SECONDS_BETWEEN_FLUSHES, (ended - started) / SHARE_OF_TIME)
        self._due = ended + self._pause
        return True

    def _write(self, current: Ledger) -> bool:
        data = ledger.encode(current)
        try:
            self._etag = self._store.put(self._key, data, HEADERS, Condition(self._etag))
        except ConditionUnknown:
            if self._store.head(self._key) != self._etag:
                return False
            self._etag = self._store.put(self._key, data, HEADERS)
        except ConditionFailed:
            return False
        return True

    def _read_again(self) -> None:
        found = self._store.get(self._key)
        self._etag = found.etag if found else None
        self._base = deployed.read_ledger(found, self._key, [])


def _jitter(most: float) -> float:
    return random.uniform(0, most)  # noqa: S311


def _true(facts: Mapping[str, bool]) -> set[str]:
    return {key for key, fact in facts.items() if fact}


def _either(new: str | None, old: str | None) -> str | None:
    """'' is a prefix, too: the bucket's root."""
    return old if new is None else new
