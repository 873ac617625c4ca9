"""The other galleries of a bucket, as their ledgers tell: what they publish, too, is not deleted.

Galleries may share their folders. A key of which another one's ledger knows is left to that one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from galleria_action import keys, ledger
from galleria_action.errors import FailureReason, StoreError
from galleria_action.ledger import Intent
from galleria_action.store import Found, Store


class _Read(NamedTuple):
    etag: str
    keys: frozenset[str]
    runs: Mapping[str, Intent]


class Look(NamedTuple):
    """What the ledgers of a bucket say just now.

    ``own`` is the ETag of this gallery's, None if there is none.
    """

    own: str | None
    others: tuple[_Read, ...]

    def published(self, keys: Iterable[str]) -> frozenset[str]:
        """Those of ``keys`` that other galleries know of."""
        return frozenset(key for key in keys if any(key in each.keys for each in self.others))

    def deletes(self, keys: frozenset[str], since: float) -> bool:
        """Whether others are deleting one of ``keys``, and said so after ``since``."""
        runs = (run for each in self.others for run in each.runs.values() if run.began > since)
        return any(not run.deletes.isdisjoint(keys) for run in runs)


class UnreadableNeighbour(Exception):
    """The ledger of another gallery cannot be read: nobody knows what is that one's."""


class Neighbours:
    """The galleries that share a bucket with the one whose ledger is at ``own``."""

    def __init__(self, store: Store, own: str) -> None:
        self._store = store
        self._own = own
        self._known: dict[str, _Read] = {}

    def look(self) -> Look:
        """Raises :class:`UnreadableNeighbour`. Ledgers that have not changed are read once."""
        found = {
            key: listed.etag for key, listed in self._store.list(keys.RECORDS) if keys.gallery(key)
        }
        own = found.pop(self._own, None)
        return Look(own, tuple(self._read(key, etag) for key, etag in found.items()))

    def _read(self, key: str, etag: str) -> _Read:
        known = self._known.get(key)
        if known is None or known.etag != etag:
            found = self._get(key)
            known = _parsed(key, found) if found else _Read("", frozenset(), {})
            self._known[key] = known
        return known

    def _get(self, key: str) -> Found | None:
        try:
            return self._store.get(key)
        except StoreError as error:
            if error.reason is FailureReason.CREDENTIALS:
                raise UnreadableNeighbour(key) from None
            raise


def _parsed(key: str, found: Found) -> _Read:
    try:
        theirs = ledger.decode(found.data)
    except (ledger.NewerLedger, ledger.BrokenLedger):
        raise UnreadableNeighbour(key) from None
    return _Read(found.etag, frozenset(theirs.entries), theirs.runs)
