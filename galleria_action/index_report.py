"""What a person is told of an index: counts, names, and what cannot be as it should."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from galleria_action import text
from galleria_action.indexing import Indexed
from galleria_action.manifest_problems import normalised
from galleria_action.photo_files import Entry
from galleria_action.values import Struct

MOST_NAMES = 10


class Difference(Struct, frozen=True):
    """What is new in a document. ``others`` are members of document and settings."""

    new: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: int
    others: tuple[str, ...]


def difference(old: Mapping[str, Any] | None, new: Mapping[str, Any]) -> Difference:
    """Compare two documents of a manifest; photos are named by their fulls."""
    before = {each["id"]: each for each in old["photos"]} if old else {}
    after = {each["id"]: each for each in new["photos"]}
    kept = [(each, before[name]) for name, each in after.items() if name in before]
    changed = tuple(_full(each) for each, other in kept if each != other)
    return Difference(
        new=tuple(_full(each) for name, each in after.items() if name not in before),
        changed=changed,
        removed=tuple(_full(each) for name, each in before.items() if name not in after),
        unchanged=len(kept) - len(changed),
        others=tuple(_others(old, new)) if old else (),
    )


def _full(entry: Entry) -> str:
    return normalised(entry["files"]["full"])


def _others(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    if old.get("collection") != new.get("collection"):
        yield "collection"
    for name, value in new["settings"].items():
        if old["settings"].get(name) != value:
            yield name


def lines(found: Difference) -> Iterator[str]:
    """The counts, and the names behind them as far as people read lists."""
    total = found.unchanged + len(found.new) + len(found.changed)
    yield (
        f"{text.count(total, 'photo')}: {len(found.new):,} new, {len(found.changed):,} changed, "
        f"{len(found.removed):,} removed, {found.unchanged:,} unchanged"
    )
    for kind, names in (("new", found.new), ("changed", found.changed), ("removed", found.removed)):
        yield from (f"  {kind}: {text.shortened(each)}" for each in names[:MOST_NAMES])
        if len(names) > MOST_NAMES:
            yield f"  {kind}: and {len(names) - MOST_NAMES:,} more"
    if found.others:
        yield f"  settings changed: {', '.join(found.others)}"


def warnings(photos: Sequence[Indexed]) -> Iterator[str]:
    untouched = [
        f"{text.shortened(each.photo.full)} ({each.untouched_because})"
        for each in photos
        if each.untouched_because
    ]
    if untouched:
        yield (
            f"{text.count(len(untouched), 'photo')} cannot be edited without harm and will be "
            f"published with times uncorrected: {_some(untouched)}"
        )


def notices(photos: Sequence[Indexed], passed_over: Sequence[str]) -> Iterator[str]:
    timeless = [
        text.shortened(each.photo.full)
        for each in photos
        if each.statement.exif.get("corrected_timestamp") is None
    ]
    if timeless:
        yield (
            f"{text.count(len(timeless), 'photo')} without a time that can be read: nothing is "
            f"corrected there: {_some(timeless)}"
        )
    if passed_over:
        names = [text.shortened(each) for each in passed_over]
        yield f"{text.count(len(names), 'file')} belonging to no photo: {_some(names)}"


def _some(names: Sequence[str]) -> str:
    more = f"; and {len(names) - MOST_NAMES:,} more" if len(names) > MOST_NAMES else ""
    return "; ".join(names[:MOST_NAMES]) + more
