"""Claims, right before the commit, what it is about to list, from those who would delete it.

The ledger tells what is about to be deleted, of this gallery and of others in the bucket, and who
deletes looks into the ledgers once more before that. What others were about to delete and this run
lists is waited for: until they say that they are done, or must have seen the claim.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from galleria_action.journal import Journal
from galleria_action.ledger import Entry
from galleria_action.neighbours import Neighbours, UnreadableNeighbour
from galleria_action.plan import Plan
from galleria_action.remote import Remote
from galleria_action.standby import Standby
from galleria_action.values import Struct

WHY = "Another deployment was about to delete files that this one publishes"


class Publishing(Struct, frozen=True, kw_only=True):
    """What a plan publishes, among other runs that delete.

    ``gate`` raises if another one has committed: then there is nothing to wait for.
    """

    plan: Plan
    remote: Remote
    journal: Journal
    neighbours: Neighbours
    standby: Standby
    gate: Callable[[], None]

    def claim(self, keys: Iterable[str]) -> None:
        """Return when nobody can be deleting one of ``keys`` without having seen that they stay.

        Look what is there afterwards.
        """
        keys = frozenset(keys)
        while going := self._going(keys):
            self.journal.suppose(going)
            self.journal.flush()
        found = frozenset(key for key in keys if self._is_found(key))
        if found or self.journal.others_delete(keys):
            self.journal.flush()  # a run that commits nothing has not written it yet
            self.standby.until(lambda: not self._others_delete(keys, found), WHY)

    def _going(self, keys: Iterable[str]) -> dict[str, Entry]:
        """What is known of those keys that another run of this gallery has announced since."""
        entries = ((key, self.journal.entry(key)) for key in keys)
        return {
            key: self.plan.kept[key]
            for key, entry in entries
            if entry
            and entry.is_going
            and key in self.plan.kept
            and self.plan.kept[key].etag == entry.last_etag
        }

    def _is_found(self, key: str) -> bool:
        """Whether something was there that this gallery's ledger did not tell others of."""
        entry = self.remote.entry(key)
        return key in self.remote.listing and (entry is None or not entry.is_settled)

    def _others_delete(self, keys: frozenset[str], found: frozenset[str]) -> bool:
        self.gate()
        try:
            look = self.neighbours.look()
        except UnreadableNeighbour:
            return False  # nobody deletes then, but perhaps that one
        self.journal.refresh(look.own)
        return self.journal.others_delete(keys) or look.deletes(found, self.journal.trusted_since)
