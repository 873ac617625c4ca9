"""What a page shows of a plan: its changes by kind and reason, so many of each.

A photo is one entry, whatever number of its objects change; so is a file of the site.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
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
    sizes: Counter[Which] = Counter()
    names: dict[Which, set[str]] = {}
    for each in plan.changes:
        which = (each.action, each.kind, each.reason)
        sizes[which] += each.size
        names.setdefault(which, set()).add(_name(each))
    order = [each for each in _order() if each in names]
    counts = [len(names[each]) for each in order]
    del names  # of a large plan, a large set
    entries = _entries(plan, dict(zip(order, shares(counts, most), strict=True)))
    return tuple(
        Section(*which, count, sizes[which], entries[which])
        for which, count in zip(order, counts, strict=True)
    )


def _order() -> Iterator[Which]:
    for kind in Kind:
        for action in Action:
            for reason in Reason:
                yield action, kind, reason


def _name(change: Change) -> str:
    return change.photo or change.key


def _entries(plan: Plan, granted: dict[Which, int]) -> dict[Which, tuple[Entry, ...]]:
    found: dict[Which, dict[str, list[Change]]] = {each: {} for each in granted}
    for each in plan.changes:
        which = (each.action, each.kind, each.reason)
        section, name = found[which], _name(each)
        if name in section:
            section[name].append(each)
        elif len(section) < granted[which]:
            section[name] = [each]
    return {
        which: tuple(Entry(name, tuple(changes)) for name, changes in section.items())
        for which, section in found.items()
    }
