"""The other galleries of a bucket, as their ledgers tell: what they publish, too, is not deleted.

Galleries may share their folders. A key of which another one's ledger knows is left to that one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from galleria_action import keys, ledger
from galleria_action.errors import FailureReason, StoreError
from galleria_action.store import Found, Store


class _Read(NamedTuple):
    etag: str
    keys: frozenset[str]


class UnreadableNeighbour(Exception):
    """The ledger of another gallery cannot be read: nobody knows what is that one's."""


class Neighbours:
    """The galleries that share a bucket with the one whose ledger is at ``own``."""

    def __init__(self, store: Store, own: str) -> None:
        self._store = store
        self._own = own
        self._known: dict[str, _Read] = {}

    def keys(self) -> Mapping[str, str]:
        """What the ledgers know just now: key to the manifest's key of the gallery.

        Raises :class:`UnreadableNeighbour`. Ledgers that have not changed are read once.
        """
        found = {
            key: listed.etag
            for key, listed in self._store.list(keys.RECORDS)
            if key != self._own and keys.gallery(key)
        }
        return {
            key: keys.gallery(each) or ""
            for each, etag in found.items()
            for key in self._keys_of(each, etag)
        }

    def _keys_of(self, key: str, etag: str) -> frozenset[str]:
        known = self._known.get(key)
        if known is None or known.etag != etag:
            found = self._get(key)
            known = _Read(found.etag, _keys(key, found)) if found else _Read("", frozenset())
            self._known[key] = known
        return known.keys

    def _get(self, key: str) -> Found | None:
        try:
            return self._store.get(key)
        except StoreError as error:
            if error.reason is FailureReason.CREDENTIALS:
                raise UnreadableNeighbour(key) from None
            raise


def _keys(key: str, found: Found) -> frozenset[str]:
    try:
        return frozenset(ledger.decode(found.data).entries)
    except (ledger.NewerLedger, ledger.BrokenLedger):
        raise UnreadableNeighbour(key) from None
