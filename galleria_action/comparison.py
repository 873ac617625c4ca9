"""The wanted objects compared one by one with the state of the bucket, for a plan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property

from galleria_action import edits, headers
from galleria_action.config import Config
from galleria_action.ledger import Entry, Owner
from galleria_action.manifest import Manifest
from galleria_action.plan import AS_CHANGE, Action, Change, Kind, Reason
from galleria_action.publication import Reading
from galleria_action.remote import Listed, Remote
from galleria_action.wanted import Wanted


class Comparison:
    """Compares wanted objects one by one, and keeps the facts about those that stay."""

    def __init__(self, config: Config, remote: Remote, readings: Mapping[str, Reading]) -> None:
        self._config = config
        self._remote = remote
        self._readings = readings
        self.kept: dict[str, Entry] = {}
        self.replaced = 0

    def changes(self, objects: Iterable[Wanted]) -> list[Change]:
        """What has to be put of ``objects``."""
        readings, entries, kept = self._readings, self._remote.ledger.entries, self.kept
        puts: list[Change] = []
        for each in objects:
            key = each.key
            if reading := readings.get(key):
                if change := self._change(each, reading):
                    puts.append(change)
            else:  # settled without, so there is an entry
                entry, owner = entries[key], each.owner
                kept[key] = entry if entry.owner is owner else entry._replace(owner=owner)
        return puts

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
        if entry.headers not in ("", manifest_headers(self._config).digest):
            return Reason.HEADERS
        if self._config.force:
            return Reason.FORCED
        self.kept[key] = entry
        return None


def _put_by_directory_mode(entry: Entry) -> bool:
    """Such an object was sent as it is, and no manifest had foretold its hash."""
    return entry.owner is Owner.FILE and not entry.deployment_hash


def manifest_headers(config: Config) -> headers.Headers:
    """The headers of the published manifest."""
    return headers.headers(config.metadata_key, config.metadata_key, config.cache_control)
