"""What a deployment deletes: sets of keys that are ours and that nothing publishes any more.

Never photo ids: an id may be renamed while its files stay.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property

from galleria_action import keys
from galleria_action.config import Config, MaxDeletes
from galleria_action.ledger import Entry, Owner
from galleria_action.manifest import Manifest
from galleria_action.plan import Action, Change, Kind, Reason
from galleria_action.remote import Listed, Remote
from galleria_action.values import Struct
from galleria_action.wanted import Wanted


class Removals(Struct, frozen=True):
    """Deletes of a plan; the others as in :class:`Plan`."""

    changes: tuple[Change, ...] = ()
    spared: tuple[Change, ...] = ()
    claims: Mapping[str, Entry] = {}
    forgotten: tuple[str, ...] = ()
    over_limit: tuple[str, ...] = ()


def find(
    config: Config, wanted: Mapping[str, Wanted], remote: Remote, manifest: Manifest | None
) -> Removals:
    """The deletes that make the bucket hold the ``wanted`` objects, which are by key, alone.

    ``manifest`` says which photos those are; directory mode has none and never deletes photos.
    While something in the bucket could not be read, nothing is deleted.
    """
    # The very manifest lists nothing more: nearly always, and its keys take long to make.
    same = manifest is not None and manifest is remote.manifest
    deployed = {} if same else remote.photo_keys(config.photos_prefix)
    entries = remote.ledger.entries
    # By sets, because mostly nothing is left of 300,000 keys.
    unlisted = [key for key in deployed.keys() - wanted.keys() if key not in entries]
    unwanted = [(key, entries[key].owner) for key in entries.keys() - wanted.keys()]
    photos = bool(manifest) and not config.site_only
    claims: dict[str, Entry] = {}
    changes: list[Change] = []
    spared: list[Change] = []
    over_limit: list[str] = []
    if photos:
        claims = {
            key: Entry(Owner.PHOTO, size=listed.size, etag=listed.etag)
            for key in sorted(unlisted)
            if (listed := remote.listing.get(key))
        }
    if photos and config.delete and not remote.faults:
        found = _Removal(config.photos_prefix, remote.ledger.photos_prefix, remote, wanted)
        ours = [*unlisted, *(key for key, owner in unwanted if owner is Owner.PHOTO)]
        changes += found.deletes(ours, Kind.PHOTO, lambda key: deployed.get(key) or photo_of(key))
        spared += found.spared
        present = _photos(remote, config.photos_prefix)
        over_limit += found.limit(present, config.max_deletes, "photos")
    if config.delete_stale_site and not config.photos_only and not remote.faults:
        site = remote.site_keys - remote.photo_keys(config.photos_prefix).keys()
        found = _Removal(config.site_prefix, remote.ledger.site_prefix, remote, wanted)
        changes += found.deletes(site - wanted.keys(), Kind.SITE, lambda key: key)
        spared += found.spared
        over_limit += found.limit(site, config.max_deletes, "site files")
    owners = ([Owner.PHOTO] if photos else []) + ([] if config.photos_only else [Owner.SITE])
    gone = [key for key, owner in unwanted if owner in owners and key not in remote.listing]
    return Removals(tuple(changes), tuple(spared), claims, tuple(sorted(gone)), tuple(over_limit))


def _photos(remote: Remote, prefix: str) -> Iterator[str]:
    """Keys of photos that are ours, those that the ledger knows first; none is made a set of."""
    yield from remote.ledger.owned(Owner.PHOTO)
    yield from (key for key in remote.photo_keys(prefix) if remote.entry(key) is None)


def photo_of(key: str) -> str:
    """The photo a key belongs to when no manifest tells: its path without folder and ending.

    ``photos/full/a.jpg`` and ``photos/thumb/a.webp`` are variants of one photo.
    """
    folder, _, name = key.rpartition("/")
    stem = name.rpartition(".")[0] or name
    parent, _, variant = folder.rpartition("/")
    return f"{parent if variant in ('full', 'web', 'thumb') else folder}/{stem}"


class _Removal:
    """Finds deletes of one half of the gallery and holds them against the limit."""

    def __init__(
        self, prefix: str, old_prefix: str | None, remote: Remote, wanted: Mapping[str, Wanted]
    ) -> None:
        self._remote = remote
        self._wanted = wanted
        self._prefix = prefix
        self._old_prefix = prefix if old_prefix is None else old_prefix
        self._deletes: list[Change] = []
        self.spared: list[Change] = []
        self._name_of: Callable[[str], str] = str

    def deletes(
        self, ours: Iterable[str], kind: Kind, name_of: Callable[[str], str]
    ) -> list[Change]:
        """A delete for each key of ``ours``, which nothing publishes, that is listed.

        What another gallery publishes is ``spared``.
        """
        self._name_of = name_of
        found = [
            Change(
                action=Action.DELETE,
                reason=self._reason(key),
                kind=kind,
                key=key,
                size=listed.size,
                photo=name_of(key) if kind is Kind.PHOTO else "",
            )
            for key in sorted(ours)
            if (listed := self._remote.listing.get(key)) and self._is_ours(key, listed)
        ]
        others = self._remote.others
        self.spared = [each for each in found if each.key in others]
        self._deletes = [each for each in found if each.key not in others]
        return self._deletes

    def _is_ours(self, key: str, listed: Listed) -> bool:
        """Whether what is listed can be what the ledger means.

        Of an upload whose arrival was never recorded only the size is known.
        """
        entry = self._remote.entry(key)
        return entry is None or entry.is_settled or entry.size == listed.size

    def _reason(self, key: str) -> Reason:
        entry = self._remote.entry(key)
        if entry is None or entry.listed or key in self._remote.photo_keys(self._prefix):
            return Reason.REMOVED
        return Reason.LEFTOVER

    def _staying(self, ours: Iterable[str]) -> set[str]:
        """Names of photos that stay part of the gallery, by their id or by one of their keys."""
        ids = {each.photo for each in self._wanted.values() if each.photo}
        return ids | {self._name_of(key) for key in ours if key in self._wanted}

    def _moved(self, key: str) -> bool:
        """Whether the same file is published below the new prefix."""
        return keys.relative(self._old_prefix, key) in self._names

    @cached_property
    def _names(self) -> set[str | None]:
        return {keys.relative(self._prefix, key) for key in self._wanted} - {None}

    def limit(self, ours: Iterable[str], limit: MaxDeletes, what: str) -> list[str]:
        """Why the deletes are too many, as one sentence or none.

        Leftovers don't count, nor photos that stay with other files, nor what is still published
        below another prefix.
        """
        lost = {
            self._name_of(each.key)
            for each in self._deletes
            if each.reason is Reason.REMOVED and not self._moved(each.key)
        }
        if not lost:
            return []
        ours = list(ours)
        lost -= self._staying(ours)
        present = {
            self._name_of(key)
            for key in ours
            if key in self._remote.listing and self._reason(key) is Reason.REMOVED
        }
        if limit.allows(len(lost), len(present)):
            return []
        counts = f"{len(lost)} of {len(present)} deployed {what}"
        return [f"{counts} would be deleted; max-deletes is {limit}"]
