"""How a plan is made: the wanted objects compared with the state of the bucket.

Bytes are read only where the ledger cannot answer: `unread` says which files must be read, `build`
makes the plan from what reading them told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from itertools import chain
from operator import attrgetter, is_, itemgetter

from galleria_action import edits, headers, purge, remarks, removal
from galleria_action.config import Config
from galleria_action.ledger import Entry, Owner
from galleria_action.manifest import Manifest
from galleria_action.plan import (
    AS_CHANGE,
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
from galleria_action.remote import Listed, Remote
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
    comparison = _Comparison(config, remote, readings)
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


_OWNER: Callable[[Entry | Wanted], Owner] = attrgetter("owner")


class _Comparison:
    """Compares wanted objects one by one, and keeps the facts about those that stay."""

    def __init__(self, config: Config, remote: Remote, readings: Mapping[str, Reading]) -> None:
        self._config = config
        self._remote = remote
        self._readings = readings
        self.kept: dict[str, Entry] = {}
        self.replaced = 0

    def changes(self, objects: Sequence[Wanted]) -> list[Change]:
        """What has to be put of ``objects``."""
        told = list(map(self._readings.get, map(attrgetter("key"), objects)))
        self._keep([each for each, reading in zip(objects, told, strict=True) if not reading])
        pairs = zip(objects, told, strict=True)
        changes = (self._change(each, reading) for each, reading in pairs if reading)
        return [change for change in changes if change]

    def _keep(self, settled: Sequence[Wanted]) -> None:
        """Of what was settled without a reading there is an entry, with the facts as they are."""
        keys = list(map(attrgetter("key"), settled))
        entries = list(map(self._remote.ledger.entries.__getitem__, keys))
        if not all(map(is_, map(_OWNER, entries), map(_OWNER, settled))):
            entries = [
                entry._replace(owner=each.owner)
                for each, entry in zip(settled, entries, strict=True)
            ]
        self.kept.update(zip(keys, entries, strict=True))

    def _change(self, each: Wanted, reading: Reading) -> Change | None:
        entry = self._remote.ledger.entries.get(each.key)
        listed = self._remote.listing.get(each.key)
        reason = self._reason(each, entry, listed, reading)
        if reason is None and listed is not None:
            self.kept[each.key] = self._facts(each, entry, listed, reading)
            if not self._config.force:
                return None
            reason = Reason.FORCED
            del self.kept[each.key]
        if listed and entry is None and each.key not in self._deployed:
            self.replaced += 1
        return AS_CHANGE(
            (
                Action.PUT,
                reason or Reason.FORCED,
                Kind.SITE if each.owner is Owner.SITE else Kind.PHOTO,
                each.key,
                reading.size,
                each.photo,
                reading.sha256,
                reading.edit,
                each.headers,
                each,
                reading.position,
            )
        )

    def _reason(
        self, each: Wanted, entry: Entry | None, listed: Listed | None, reading: Reading
    ) -> Reason | None:
        if listed is None:
            known = (entry is not None and entry.etag) or each.key in self._deployed
            return Reason.MISSING if known else Reason.NEW
        if self._has_arrived(each, entry, listed, reading):
            return None
        if entry is None or not entry.source:
            return Reason.FORCED if self._config.force else Reason.UNVERIFIED
        if entry.source != reading.sha256:
            return Reason.CHANGED
        if edits.remover(entry.edit) != edits.remover(reading.edit):
            return Reason.METADATA
        if entry.edit != reading.edit:
            return Reason.CHANGED
        if entry.deployment_hash != each.deployment_hash and not _put_by_directory_mode(entry):
            return Reason.CHANGED
        if entry.headers not in ("", each.headers.digest):
            return Reason.HEADERS
        return None if entry.etag == listed.etag else Reason.DIFFERS

    def _has_arrived(
        self, each: Wanted, entry: Entry | None, listed: Listed, reading: Reading
    ) -> bool:
        """Whether what is listed are the wanted bytes, though the ledger knows others or none.

        Such as those that a killed run has sent and not recorded. Their headers are unknown; if
        the ledger's are others, they have to be put.
        """
        if entry is not None and entry.source and entry.etag == listed.etag:
            return False
        headers = entry.headers if entry else ""
        same = bool(reading.md5) and reading.md5 == listed.etag
        return same and headers in ("", each.headers.digest)

    def _facts(self, each: Wanted, entry: Entry | None, listed: Listed, reading: Reading) -> Entry:
        if entry is not None and entry.source and entry.etag == listed.etag:
            return entry._replace(
                owner=each.owner,
                deployment_hash=each.deployment_hash,
                position=entry.position if reading.position is None else reading.position,
            )
        before = entry is not None and bool(entry.source) and entry.listed
        return Entry(  # adopted: the very bytes, with headers nobody knows
            owner=each.owner,
            source=reading.sha256,
            edit=reading.edit,
            size=listed.size,
            etag=listed.etag,
            deployment_hash=each.deployment_hash,
            listed=before or each.owner is not Owner.PHOTO or each.key in self._deployed,
            position=reading.position,
        )

    @cached_property
    def _deployed(self) -> Mapping[str, str]:
        """The keys that the deployed manifest lists."""
        return self._remote.photo_keys(self._config.photos_prefix)

    def manifest_reason(self, manifest: Manifest, data: bytes) -> Reason | None:
        """Why the manifest is put as ``data``; None if the deployed one says the same."""
        deployed, etag = self._remote.manifest, self._remote.manifest_etag
        key = self._config.metadata_key
        if etag is None:
            return Reason.NEW
        if deployed is None:
            return Reason.DIFFERS
        entry = self._remote.entry(key)
        if entry is None or entry.owner is not Owner.MANIFEST or entry.etag != etag:
            entry = Entry(Owner.MANIFEST, size=len(deployed.data), etag=etag)
        # Contents take long to make: most deployed manifests are the very bytes.
        if deployed.data != data and deployed.content != manifest.content:
            return Reason.CHANGED
        if entry.headers not in ("", _manifest_headers(self._config).digest):
            return Reason.HEADERS
        if self._config.force:
            return Reason.FORCED
        self.kept[key] = entry
        return None


def _put_by_directory_mode(entry: Entry) -> bool:
    """Such an object was sent as it is, and no manifest had foretold its hash."""
    return entry.owner is Owner.FILE and not entry.deployment_hash


def _manifest_headers(config: Config) -> headers.Headers:
    return headers.headers(config.metadata_key, config.metadata_key, config.cache_control)


def _manifest_put(config: Config, manifest: Manifest, reason: Reason, data: bytes) -> Change:
    return Change(
        action=Action.PUT,
        reason=reason,
        kind=Kind.MANIFEST,
        key=config.metadata_key,
        size=len(data),
        source=manifest.content,
        edit="" if manifest.data == data else REDACTED,
        headers=_manifest_headers(config),
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
