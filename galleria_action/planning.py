"""How a plan is made: the wanted objects compared with the state of the bucket.

Bytes are read only where the ledger cannot answer: `unread` says which files must be read, `build`
makes the plan from what reading them told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import chain
from operator import attrgetter, itemgetter

from galleria_action import purge, remarks, removal
from galleria_action.comparison import Comparison, manifest_headers
from galleria_action.config import Config
from galleria_action.ledger import Owner
from galleria_action.manifest import Manifest
from galleria_action.plan import (
    BY_KIND,
    Action,
    Change,
    Kind,
    Plan,
    Reason,
    Totals,
    grouped,
)
from galleria_action.publication import Reading
from galleria_action.remote import Remote
from galleria_action.values import Struct, replace
from galleria_action.wanted import Wanted


class Gallery(Struct, frozen=True, dict=True):
    """The local side: what to publish, sorted by key, and the manifest if there is one."""

    objects: tuple[Wanted, ...]
    mode: str = "directory"
    manifest: Manifest | None = None
    skipped: tuple[str, ...] = ()

    @cached_property
    def by_key(self) -> dict[str, Wanted]:
        return dict(zip(map(itemgetter(0), self.objects), self.objects, strict=True))


def build(
    config: Config, gallery: Gallery, remote: Remote, readings: Mapping[str, Reading]
) -> Plan:
    """The plan that makes the bucket hold ``gallery``; ``readings`` are by key."""
    comparison = Comparison(config, remote, readings)
    puts = comparison.changes(gallery.objects)
    photos, site = not config.site_only, not config.photos_only
    manifest_data = b""
    if gallery.manifest and photos:
        data = gallery.manifest.published(redact=config.redact_paths)
        if reason := comparison.manifest_reason(gallery.manifest, data):
            manifest_data = data
            puts.append(_manifest_put(config, gallery.manifest, reason, data))
    removals = removal.find(config, gallery.by_key, remote, gallery.manifest)
    changes = [*puts, *removals.changes]
    plan = Plan(
        bucket=config.bucket.name,
        photos_prefix=config.photos_prefix,
        site_prefix=config.site_prefix,
        metadata_key=config.metadata_key,
        mode=gallery.mode,
        photos=photos,
        site=site,
        changes=_sorted(changes),
        totals=_totals(gallery.objects, changes, comparison.replaced),
        kept=comparison.kept,
        claims=removals.claims,
        spared=removals.spared,
        forgotten=removals.forgotten,
        manifest_data=manifest_data,
        over_limit=removals.over_limit,
        purge=purge.build(config, changes, remote.ledger.to_purge),
    )
    return replace(
        plan,
        warnings=remote.faults + tuple(remarks.warnings(plan, readings, gallery.objects)),
        notices=remote.remarks + tuple(remarks.notices(plan, gallery.objects, gallery.skipped)),
    )


REDACTED = "redacted"
"""The edit of a manifest whose absolute paths were cut to file names."""

_RANKS = {
    (Action.PUT, Kind.PHOTO): 0,
    (Action.PUT, Kind.SITE): 1,
    (Action.PUT, Kind.MANIFEST): 3,
    (Action.DELETE, Kind.PHOTO): 4,
    (Action.DELETE, Kind.SITE): 5,
}
"""Puts before deletes; photos, site files, their pages (2), manifest."""


def _sorted(changes: Iterable[Change]) -> tuple[Change, ...]:
    """By rank, and by key within it. The keys are nearly sorted: that sort comes first."""
    return tuple(sorted(sorted(changes, key=attrgetter("key")), key=_rank))


def _rank(change: Change) -> int:
    rank = _RANKS[change.action, change.kind]
    return 2 if rank == 1 and change.wanted and change.wanted.is_page else rank


def _manifest_put(config: Config, manifest: Manifest, reason: Reason, data: bytes) -> Change:
    return Change(
        action=Action.PUT,
        reason=reason,
        kind=Kind.MANIFEST,
        key=config.metadata_key,
        size=len(data),
        source=manifest.content,
        edit="" if manifest.data == data else REDACTED,
        headers=manifest_headers(config),
    )


def _totals(objects: Sequence[Wanted], changes: Sequence[Change], replaced: int) -> Totals:
    groups = grouped(changes, BY_KIND)

    def chosen(action: Action, kind: Kind) -> Sequence[Change]:
        return groups.get((action, kind), ())

    def size(*changes: Sequence[Change]) -> int:
        return sum(map(attrgetter("size"), chain(*changes)))

    photo_puts, photo_deletes = (chosen(action, Kind.PHOTO) for action in Action)
    site_puts, site_deletes = (chosen(action, Kind.SITE) for action in Action)
    of_photos = [each.photo for each in objects if each.owner is not Owner.SITE]
    photos = set(of_photos)
    uploading = {each.photo for each in photo_puts}
    deletes = len(photo_deletes) + len(site_deletes)
    return Totals(
        photos_to_upload=len(uploading),
        photos_to_delete=len({each.photo for each in photo_deletes} - photos),
        photos_unchanged=len(photos) - len(uploading),
        site_to_upload=len(site_puts),
        site_to_delete=len(site_deletes),
        site_unchanged=len(objects) - len(of_photos) - len(site_puts),
        objects_to_put=len(changes) - deletes,
        objects_to_delete=deletes,
        photo_bytes=size(photo_puts),
        site_bytes=size(site_puts),
        manifest_bytes=size(chosen(Action.PUT, Kind.MANIFEST)),
        deleted_bytes=size(photo_deletes, site_deletes),
        replaced=replaced,
    )
