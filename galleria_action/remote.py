"""What is in the bucket before a deployment, as a value: manifest, ledger and listing."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property, partial
from typing import NamedTuple

from galleria_action import keys
from galleria_action.ledger import Entry, Ledger, Owner
from galleria_action.manifest import Manifest
from galleria_action.values import Struct, field


class Listed(NamedTuple):
    """One object as the listing shows it: bytes, and the ETag without quotes."""

    size: int
    etag: str


AS_LISTED = partial(tuple.__new__, Listed)
"""A third of the time that the class itself takes."""


class Remote(Struct, frozen=True, dict=True):
    """The state of the bucket that a plan is made against.

    manifest_etag
        ETag of the object at the manifest's key, None if there is none. The commit depends on it.
    manifest
        The deployed manifest; None if there is none or if it cannot be read.
    faults
        What could not be read, in sentences; as long as there is one, nothing is deleted.
    remarks
        What a reader of the plan should know about how this state was read.
    ledger, ledger_etag
        The ledger (empty if there is none) and its ETag.
    others
        Those of the keys that this gallery no longer contains which other galleries of the bucket
        publish.
    listing
        Key to size and ETag, of every key that this gallery may have to do with.
    """

    manifest_etag: str | None = None
    manifest: Manifest | None = None
    faults: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    ledger: Ledger = field(default_factory=Ledger)
    ledger_etag: str | None = None
    listing: Mapping[str, Listed] = {}
    others: frozenset[str] = frozenset()

    def photo_keys(self, photos_prefix: str) -> Mapping[str, str]:
        """Keys that the deployed manifest lists, with the id of their photo.

        The manifest does not say below which prefix it was deployed. The ledger does; under any
        other prefix the same paths may be somebody else's.
        """
        recorded = self.ledger.photos_prefix
        if self.manifest is None or recorded not in (None, photos_prefix):
            return {}
        return self.manifest.below(keys.join(photos_prefix, ""))

    @cached_property
    def site_keys(self) -> set[str]:
        """Keys of deployed site files."""
        return set(self.ledger.owned(Owner.SITE))

    def entry(self, key: str) -> Entry | None:
        return self.ledger.entries.get(key)
