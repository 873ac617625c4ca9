"""Keeps the ledger while a deployment runs: what was put and deleted, written every few seconds.

A rerun after a crash then sends only what is missing. Written on the condition that nobody else
did since; after a conflict the ledger is read again and our own changes are made to it. Many jobs
may write it at once (see `shard`): of those that try in the same moment one succeeds, so the others
wait for times of their own. Each time it is written it gets an ETag of its own, so that no change
stays unseen that another one has undone.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from contextlib import suppress

from galleria_action import deployed, ledger
from galleria_action.errors import (
    Cancelled,
    ConditionFailed,
    ConditionUnknown,
    DeployError,
    FailureReason,
    StoreError,
)
from galleria_action.headers import Headers
from galleria_action.ledger import Entry, Intent, Ledger, Owner
from galleria_action.store import Condition, Store
from galleria_action.values import replace

HEADERS = Headers("application/gzip", "private, no-store")
SECONDS_BETWEEN_FLUSHES = 5.0
SHARE_OF_TIME = 0.1
"""Flushes may take this share of the time: the ledger of a large gallery is written less often."""
MOST_CONFLICTS = 25
MOST_DOUBLINGS = 8
"""Of the time within which the next attempt is made: 256 jobs get turns of their own in it."""
INTENT_SECONDS = 3600.0
"""After that nobody believes any more that a run is about to do what it said: it must have been
killed."""
_NOTHING_ELSE = Entry(Owner.MANIFEST, etag="nothing like it")
"""What no ledger says of a key."""


class Journal:
    """The ledger of one run. Used by one thread, at last by one of its own."""

    def __init__(
        self,
        store: Store,
        key: str,
        start: Ledger,
        etag: str | None,
        clock: Callable[[], float],
        *,
        rest: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._key = key
        self._base = start
        self._etag = etag
        self._clock = clock
        self._rest = rest
        self._now = now
        self._outdated = False
        self._told = False
        self._changes: dict[str, Entry | None] = {}
        self._to_purge: dict[str, bool] = {}
        self._supposed: dict[str, Entry | None] = {}
        self._intent: Intent | None = None
        self._photos_prefix: str | None = None
        self._site_prefix: str | None = None
        self._pause = SECONDS_BETWEEN_FLUSHES
        self._due = clock() + self._pause
        self.name = os.urandom(8).hex()
        """Of this run, in the ledger."""

    def note(self, changes: Mapping[str, Entry | None]) -> None:
        """Remember what this run has done: key to entry, None for a key that is gone.

        What was put is written even if it is nothing new: who has read the ledger before must not
        believe that nobody has touched these keys since.
        """
        self._told = self._told or any(changes.values())
        self._changes.update(changes)
        for key in changes:
            self._supposed.pop(key, None)

    def suppose(self, changes: Mapping[str, Entry | None]) -> None:
        """Remember what follows from the ledger as it was read.

        If another run has told something else of a key meanwhile, that is what stays.
        """
        for key, entry in changes.items():
            if key in self._supposed or key not in self._changes:
                self._supposed.setdefault(key, self._base.entries.get(key))
            self._changes[key] = entry

    def forget(self, keys: Iterable[str]) -> None:
        """Remember that there is nothing at ``keys``, unless anybody else writes the ledger first.

        Such a one may have put them again and told of it in the very words that are there.
        """
        for key in keys:
            self._changes[key] = None
            self._supposed[key] = _NOTHING_ELSE

    def intend(self, deletes: Iterable[str], replaces: str | None) -> None:
        """Remember that this run is about to do this, see :class:`Intent`."""
        self._intent = Intent(int(self._now()), frozenset(deletes), replaces)

    def withdraw(self) -> None:
        """Remember that it is done, or will not be done."""
        self._intent = None

    def others_delete(self, keys: frozenset[str]) -> bool:
        """Whether other runs of this gallery were deleting one of ``keys`` when last heard of."""
        return any(not each.deletes.isdisjoint(keys) for each in self._others().values())

    def others_replace(self, etag: str | None) -> bool:
        """Whether they were about to replace this manifest, or to be the first."""
        return any(each.replaces == (etag or "") for each in self._others().values())

    @property
    def trusted_since(self) -> float:
        """From when on intents are believed: in seconds since 1970."""
        return self._now() - INTENT_SECONDS

    def _others(self) -> dict[str, Intent]:
        return {
            run: each
            for run, each in self._base.runs.items()
            if run != self.name and each.began > self.trusted_since
        }

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

    def refresh(self, etag: str | None) -> None:
        """Read the ledger again if its ETag is not the one that this run knows."""
        if etag != self._etag:
            self._read_again()

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

    def try_to_flush(self, seconds: float) -> None:
        """The last flush of a run that failed: for so long, and without a word.

        What made it fail is what the user has to know.
        """
        ended: Future[None] = Future()

        def flush() -> None:
            try:
                self.flush()
            except BaseException as error:  # noqa: BLE001
                ended.set_exception(error)
            else:
                ended.set_result(None)

        threading.Thread(target=flush, daemon=True).start()
        with suppress(DeployError, Cancelled, TimeoutError):
            ended.result(seconds)

    def _attempt(self) -> bool:
        """Write what is new, if anything is; False if somebody else wrote in between."""
        started = self._clock()
        if self._outdated:
            self._read_again()
        current = self._current()
        news = self._told or current != self._base
        self._outdated = news and not self._write(current)
        if self._outdated:
            return False
        self._base, self._changes, self._supposed, self._told = current, {}, {}, False
        # What is owed stays so until this run has done it: another may purge it too early.
        self._to_purge = dict.fromkeys(_true(self._to_purge), True)
        ended = self._clock()
        self._pause = max(SECONDS_BETWEEN_FLUSHES, (ended - started) / SHARE_OF_TIME)
        self._due = ended + self._pause
        return True

    def _current(self) -> Ledger:
        """The ledger as it was read last, with what this run has to say."""
        before = self._base
        own = {self.name: self._intent} if self._intent else {}
        return replace(
            before.changed(self._changes),
            photos_prefix=_either(self._photos_prefix, before.photos_prefix),
            site_prefix=_either(self._site_prefix, before.site_prefix),
            to_purge=before.to_purge - self._to_purge.keys() | _true(self._to_purge),
            runs=self._others() | own,
        )

    def _write(self, current: Ledger) -> bool:
        data = ledger.encode(current, os.urandom(4))
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
        self._outdated = False
        for key, seen in [*self._supposed.items()]:
            if self._base.entries.get(key) != seen:
                del self._supposed[key], self._changes[key]


def _jitter(most: float) -> float:
    import random  # rarely needed

    return random.uniform(0, most)  # noqa: S311


def _true(facts: Mapping[str, bool]) -> set[str]:
    return {key for key, fact in facts.items() if fact}


def _either(new: str | None, old: str | None) -> str | None:
    """'' is a prefix, too: the bucket's root."""
    return old if new is None else new
