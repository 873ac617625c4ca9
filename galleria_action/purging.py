"""Carries out the purges of a plan and keeps the account of them in the ledger.

What is to be purged is in the ledger before the first object is replaced, and leaves it when the
CDN has taken it. So whatever ends a run, a later one knows what is left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache

from galleria_action import purge
from galleria_action.cdn import Cdn, CdnError
from galleria_action.invalidation import Call
from galleria_action.journal import Journal
from galleria_action.plan import Plan

Connect = Callable[[], Cdn]


class Purging:
    """The purges of one run; ``connect`` makes the CDN once there is something to purge.

    None: there is no CDN, and nothing is done or recorded.

    ``failure`` is what stopped it, for it must not stop the deployment. ``purged`` counts the
    objects that are done.
    """

    def __init__(self, connect: Connect | None, plan: Plan, journal: Journal) -> None:
        self._connect = cache(connect) if connect else None
        self._plan = plan
        self._journal = journal
        self.failure: CdnError | None = None
        self.purged = 0

    def announce(self) -> bool:
        """Record what will have to be purged; whether that is anything."""
        changes = self._plan.changes
        keys = purge.replaced(changes) | purge.deleted(changes) if self._connect else set()
        self._journal.note_to_purge(keys)
        return bool(keys)

    def changed(self) -> None:
        """Purge what is replaced; to be called when the new gallery is live."""
        self._send(self._plan.purge.changed if self._plan.purge else ())

    def deleted(self) -> None:
        """Purge what is gone; to be called after the deletes."""
        self._send(self._plan.purge.deleted if self._plan.purge else ())

    def _send(self, calls: Iterable[Call]) -> None:
        if self._connect is None:
            return
        for call in calls:
            if self.failure:
                return
            try:
                self._connect().purge(call)
            except CdnError as error:
                self.failure = error
            else:
                self.purged += len(call.keys)
                self._journal.note_purged(call.keys)
                self._journal.flush_if_due()
