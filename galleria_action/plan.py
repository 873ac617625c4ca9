"""The plan: every write of a deployment, each with its reason, before the first is made."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from functools import cached_property, partial
from operator import attrgetter
from typing import NamedTuple, TypeVar

from galleria_action import canonical
from galleria_action.headers import Headers
from galleria_action.invalidation import Purge
from galleria_action.ledger import Entry
from galleria_action.values import Struct
from galleria_action.wanted import Wanted

K = TypeVar("K")

HASH_VERSION = 2
HASHED_AT_ONCE = 1000


class Action(StrEnum):
    PUT = "put"
    DELETE = "delete"


class Kind(StrEnum):
    """What an object is to a reader of the plan."""

    PHOTO = "photo"
    SITE = "site"
    MANIFEST = "manifest"


class Reason(StrEnum):
    """Why an object is written or deleted, in the words that the plan shows."""

    NEW = "new"
    CHANGED = "changed"
    METADATA = "metadata changed"
    HEADERS = "headers changed"
    MISSING = "missing in bucket"
    DIFFERS = "differs in bucket"
    UNVERIFIED = "unverified"
    FORCED = "forced"
    REMOVED = "removed"
    LEFTOVER = "leftover"


MEANING = {
    Reason.NEW: "not deployed yet",
    Reason.CHANGED: "the file or its correction changed",
    Reason.METADATA: "same picture, its position now removed or kept",
    Reason.HEADERS: "same bytes, other Content-Type or Cache-Control",
    Reason.MISSING: "deployed before, gone from the bucket",
    Reason.DIFFERS: "somebody else changed it in the bucket",
    Reason.UNVERIFIED: "in the bucket already, but not provably the same",
    Reason.FORCED: "unchanged, sent because of force",
    Reason.REMOVED: "no longer part of the gallery",
    Reason.LEFTOVER: "left behind by a deployment that did not finish",
}


class Change(NamedTuple):
    """One write. ``size`` in bytes: what a put sends, what a delete frees.

    ``source`` is the SHA-256 of the source bytes and ``edit`` what is done to them; both are
    empty for a delete. ``wanted`` is what to send, None for deletes and the manifest;
    ``position`` tells whether that says where it was taken, None if nobody looked.
    """

    action: Action
    reason: Reason
    kind: Kind
    key: str
    size: int
    photo: str = ""
    source: str = ""
    edit: str = ""
    headers: Headers | None = None
    wanted: Wanted | None = None
    position: bool | None = None


AS_CHANGE = partial(tuple.__new__, Change)
"""A change of all its values, in half the time that the class itself takes."""


class Totals(Struct, frozen=True):
    """How much a plan does. Photos are counted as photos, not as objects."""

    photos_to_upload: int = 0
    photos_to_delete: int = 0
    photos_unchanged: int = 0
    site_to_upload: int = 0
    site_to_delete: int = 0
    site_unchanged: int = 0
    objects_to_put: int = 0
    objects_to_delete: int = 0
    photo_bytes: int = 0
    site_bytes: int = 0
    manifest_bytes: int = 0
    deleted_bytes: int = 0
    replaced: int = 0

    @property
    def bytes_to_upload(self) -> int:
        return self.photo_bytes + self.site_bytes + self.manifest_bytes


class Plan(Struct, frozen=True, dict=True):
    """A complete deployment, in the order in which it will be written.

    kept
        Facts about the objects that stay as they are; with what the puts return they are the
        ledger of tomorrow.
    claims
        Keys the deployed manifest lists, which the ledger does not know and nobody wants.
    spared
        Deletes that are not made as long as another gallery of the bucket publishes the keys.
    forgotten
        Keys of the ledger that nobody wants and that are no longer in the bucket.
    manifest_data
        The bytes of the manifest; they are sent only if ``changes`` has a put of it.
    over_limit
        Why there are too many deletes, in sentences; then the plan is shown and refused.
    purge
        What the CDN is asked to forget; None if it is not asked. No part of the hash: it changes
        nothing in the bucket, and what earlier runs left to do plays a part in it.
    is_part
        Whether this is some of a plan only: then nothing is committed, whatever it contains.
    """

    bucket: str
    photos_prefix: str
    site_prefix: str
    metadata_key: str
    mode: str
    photos: bool
    site: bool
    changes: tuple[Change, ...] = ()
    totals: Totals = Totals()
    kept: Mapping[str, Entry] = {}
    claims: Mapping[str, Entry] = {}
    spared: tuple[Change, ...] = ()
    forgotten: tuple[str, ...] = ()
    manifest_data: bytes = b""
    warnings: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    over_limit: tuple[str, ...] = ()
    purge: Purge | None = None
    is_part: bool = False

    @property
    def scope(self) -> str:
        """What is deployed: 'photos and site', 'photos' or 'site'."""
        return " and ".join(name for name in ("photos", "site") if getattr(self, name))

    def puts(self, kind: Kind) -> tuple[Change, ...]:
        return self._of(Action.PUT, kind)

    @property
    def deletes(self) -> tuple[Change, ...]:
        return self._of(Action.DELETE, Kind.PHOTO) + self._of(Action.DELETE, Kind.SITE)

    def _of(self, action: Action, kind: Kind) -> tuple[Change, ...]:
        return self._by_kind.get((action, kind), ())

    @cached_property
    def _by_kind(self) -> Mapping[tuple[Action, Kind], tuple[Change, ...]]:
        return grouped(self.changes, BY_KIND)

    @cached_property
    def by_reason(self) -> Mapping[tuple[Action, Kind, Reason], tuple[Change, ...]]:
        """The changes that have what is shown together in common, in their order."""
        return grouped(self.changes, _BY_REASON)

    @cached_property
    def hash(self) -> str:
        """SHA-256 of what would be written, and where: no times, hosts or paths of a machine.

        The plan that a pull request shows and that of the later run are equal if nothing
        changed in between.
        """
        where = [self.bucket, self.photos_prefix, self.site_prefix, self.metadata_key, self.scope]
        digest = hashlib.sha256(canonical.encoded([HASH_VERSION, *where]))
        puts = [
            [each.key, each.source, each.edit, each.headers.digest if each.headers else ""]
            for each in self._sorted(Action.PUT)
        ]
        # In pieces: that of 300,000 objects would be 100 MB.
        for start in range(0, len(puts), HASHED_AT_ONCE):
            digest.update(b"put" + canonical.encoded(puts[start : start + HASHED_AT_ONCE]))
        digest.update(
            b"delete" + canonical.encoded([each.key for each in self._sorted(Action.DELETE)])
        )
        return digest.hexdigest()

    def knows_hash(self, made: str) -> None:
        """Spare `hash` its work, which another process has done."""
        vars(self)["hash"] = made

    def _sorted(self, action: Action) -> Iterable[Change]:
        chosen = (each for each in self.changes if each.action is action)
        return sorted(chosen, key=attrgetter("key"))


BY_KIND: Callable[[Change], tuple[Action, Kind]] = attrgetter("action", "kind")
_BY_REASON: Callable[[Change], tuple[Action, Kind, Reason]] = attrgetter("action", "kind", "reason")


def grouped(changes: Iterable[Change], by: Callable[[Change], K]) -> Mapping[K, tuple[Change, ...]]:
    """The changes that have something in common, in their order."""
    groups: dict[K, list[Change]] = {}
    for each in changes:
        groups.setdefault(by(each), []).append(each)
    return {which: tuple(some) for which, some in groups.items()}
