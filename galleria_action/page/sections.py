"""What a page shows of a plan: its changes by kind and reason, so many of each.

A photo is one entry, whatever number of its objects change; so is a file of the site.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from galleria_action.page.shares import shares
from galleria_action.plan import MEANING, Action, Change, Kind, Plan, Reason
from galleria_action.values import Struct

Which = tuple[Action, Kind, Reason]


class Entry(NamedTuple):
    """A photo or a file, and its changes of one reason. ``name``: the photo's id, or the key."""

    name: str
    changes: tuple[Change, ...]

    @property
    def size(self) -> int:
        return sum(each.size for each in self.changes)


class Section(Struct, frozen=True):
    """The changes of one kind and reason: ``count`` entries of ``size`` bytes, the first shown."""

    action: Action
    kind: Kind
    reason: Reason
    count: int
    size: int
    entries: tuple[Entry, ...]

    @property
    def has_pictures(self) -> bool:
        """Whether its files are here to be looked at: what is removed is known by name only."""
        return self.action is Action.PUT and self.kind is Kind.PHOTO

    @property
    def meaning(self) -> str:
        if self.reason is Reason.CHANGED and self.kind is not Kind.PHOTO:
            return "the file changed"
        return MEANING[self.reason]


def sections(plan: Plan, most: int) -> tuple[Section, ...]:
    """Photos, then the rest; uploads, then deletes. At most ``most`` entries, shared out fairly."""
    order = [each for each in _order() if each in plan.by_reason]
    counts = [len(set(map(_name, plan.by_reason[each]))) for each in order]
    return tuple(
        _section(which, plan.by_reason[which], count, granted)
        for which, count, granted in zip(order, counts, shares(counts, most), strict=True)
    )


def _order() -> Iterator[Which]:
    for kind in Kind:
        for action in Action:
            for reason in Reason:
                yield action, kind, reason


def _name(change: Change) -> str:
    return change.photo or change.key


def _section(which: Which, changes: Sequence[Change], count: int, granted: int) -> Section:
    found: dict[str, list[Change]] = {}
    for each in changes:
        name = _name(each)
        if name in found:
            found[name].append(each)
        elif len(found) < granted:
            found[name] = [each]
    entries = tuple(Entry(name, tuple(some)) for name, some in found.items())
    return Section(*which, count, sum(each.size for each in changes), entries)
