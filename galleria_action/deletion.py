"""Deletes what nothing refers to any more, once the new gallery is live.

Right before each batch it looks once more: that nobody has committed since, that no other run has
said anything of the keys, and that no other gallery publishes them. Who publishes one of them at
the same time sees what was announced and waits, see `publishing`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

from galleria_action import failures
from galleria_action.journal import Journal
from galleria_action.ledger import Entry
from galleria_action.neighbours import Look, Neighbours, UnreadableNeighbour
from galleria_action.plan import Change, Kind, Plan
from galleria_action.recorder import Observer, Outcome
from galleria_action.remote import Remote
from galleria_action.standby import FRESH_SECONDS, Standby
from galleria_action.store import Store
from galleria_action.values import Struct

BETWEEN_LOOKS = 1000
"""Deletes, as many as one request can make."""
MOST_LOOKS = 3
"""Before a delete: the first may have to read large ledgers."""


class Deletion(Struct, frozen=True, kw_only=True, dict=True):
    """Everything that carrying out the deletes of a plan needs."""

    plan: Plan
    remote: Remote
    store: Store
    journal: Journal
    neighbours: Neighbours
    outcome: Outcome
    observer: Observer
    standby: Standby
    clock: Callable[[], float]

    @cached_property
    def _spared(self) -> frozenset[str]:
        return frozenset(each.key for each in self.plan.spared)

    def announce(self) -> list[str]:
        """Record what is about to be deleted, for the ledger that is written before the commit.

        What another run has told of since the plan was made is left out. Who puts such a key
        again after that says something new of it, even with the same bytes, and is believed.
        """
        standing = [each.key for each in self.plan.deletes if self._stands(each)]
        self.journal.suppose({key: self._announced(key) for key in standing})
        return [*standing, *self._spared]

    def retract(self) -> None:
        """What was announced and not deleted is what it was, after a failure."""
        self.journal.suppose(
            {
                each.key: self._retracted(each.key)
                for each in self.plan.deletes
                if self._is_ours(each.key)
            }
        )

    def run(self, etag: str | None) -> None:
        """Delete, as long as the live manifest has the ETag ``etag``."""
        self._give_away()
        changes = [
            each for each in (*self.plan.deletes, *self.plan.spared) if self._is_ours(each.key)
        ]
        photos = any(each.kind is Kind.PHOTO for each in changes)
        if photos and not self.outcome.committed:
            # Who commits first lets others fail. Who does not may meet one that is about to list
            # photos that it has found, and told nobody of it.
            self.standby.until(
                lambda: not self._others_commit(etag), "Another deployment seems to be committing"
            )
        for start in range(0, len(changes), BETWEEN_LOOKS):
            self._delete(changes[start : start + BETWEEN_LOOKS], etag)
        if changes:
            self._look_back(changes, etag)

    def _give_away(self) -> None:
        """Leave to other galleries what they publish, too.

        If two let a file go at once, the second one to look sees no claim any more. Not before the
        commit: until then the live manifest lists the keys.
        """
        theirs = {each.key: None for each in self.plan.spared if self._stands(each)}
        if theirs:
            self.journal.suppose(theirs)
            self.journal.flush()

    def _stands(self, change: Change) -> bool:
        """Whether the ledger says of a key what it said when the plan was made.

        Or that another run is about to delete it: then whoever commits does.
        """
        entry, known = self.journal.entry(change.key), self._known(change.key)
        if entry and known and entry.is_going:
            entry = entry._replace(etag=known.etag)
        return entry == known

    def _look_back(self, changes: Sequence[Change], etag: str | None) -> None:
        """No store makes a delete depend on other objects, so the last look may be too old."""
        self._look(etag, "while objects were being deleted: run that one again")
        gone = [each.key for each in changes if self.journal.entry(each.key) is None]
        theirs = self._look_around().published(gone)
        missing = [key for key in theirs if self.store.head(key) is None]
        if missing:
            raise failures.remote_changed(
                "another gallery has published what was just being deleted: deploy that one again",
                missing,
            )

    def _look(self, etag: str | None, when: str) -> None:
        if self.store.head(self.plan.metadata_key) != etag:
            raise failures.remote_changed(f"another deployment was committed {when}")

    def _last_look(self, changes: Sequence[Change], etag: str | None) -> frozenset[str]:
        """Keys of ``changes`` that are not to be deleted, because other galleries publish them."""
        for _ in range(MOST_LOOKS):
            began = self.clock()
            around = self._look_around()
            self.journal.refresh(around.own)
            self._look(etag, "before the deletes")
            if self.clock() - began < FRESH_SECONDS:
                break
        return around.published(each.key for each in changes)

    def _others_commit(self, etag: str | None) -> bool:
        self.journal.refresh(self._look_around().own)
        return self.journal.others_replace(etag) and self.store.head(self.plan.metadata_key) == etag

    def _delete(self, changes: Sequence[Change], etag: str | None) -> None:
        theirs = self._last_look(changes, etag)
        some = [each for each in changes if each.key not in theirs and self._is_ours(each.key)]
        errors = self.store.delete([each.key for each in some]) if some else {}
        for change in some:
            if change.key not in errors:
                self.outcome.deleted_files += 1
                self.journal.suppose({change.key: None})
                self.observer.deleted(change)
        # From now on it is theirs alone, and theirs to delete.
        self.journal.suppose({each.key: None for each in changes if each.key in theirs})
        if errors:
            raise failures.delete_error(some[0], errors)

    def _look_around(self) -> Look:
        try:
            return self.neighbours.look()
        except UnreadableNeighbour as error:
            raise failures.remote_changed(
                f"the ledger {error} of another gallery cannot be read, so nothing was deleted"
            ) from None

    def _is_ours(self, key: str) -> bool:
        """Whether the key is still announced, or given away, and nobody has claimed it since."""
        entry = self.journal.entry(key)
        if key in self._spared:
            return entry is None
        return entry is not None and entry.is_going_by(self.journal.name)

    def _announced(self, key: str) -> Entry | None:
        known = self._known(key)
        return known.going(self.journal.name) if known else None

    def _retracted(self, key: str) -> Entry | None:
        entry, listed = self.journal.entry(key), self.remote.listing.get(key)
        if entry and listed and entry.last_etag == listed.etag:
            return entry._replace(etag=listed.etag)
        return self._known(key)  # perhaps that another run was deleting it, which may have done so

    def _known(self, key: str) -> Entry | None:
        """What the ledger said when the plan was made."""
        return self.plan.claims.get(key) or self.remote.entry(key)
