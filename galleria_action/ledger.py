"""The ledger: facts about the objects that this gallery's deployments have put.

A gzipped JSON document beside the manifest. Each object is one row, kept as a short list
because a gallery may have 300,000 of them:

    [owner, source, edit, headers, size, etag, deployment_hash, listed, position]

owner            'photo', 'site', 'file' (directory mode) or 'manifest'
source           SHA-256 of the source bytes; '' = known from a manifest only, never put by us
edit             what was done to them, see `edits`; '' = sent as they are
headers          digest of the headers sent; '' = unknown
size, etag       of the published object, the ETag without quotes; '' = about to be put by a run
                 that has not told whether it was; 'going', the name of a run, and the ETag = about
                 to be deleted by that one
deployment_hash  of a full, as its manifest stated it; '' for all others
listed           whether a committed manifest has listed the key (site files: always)
position         1 if the published photo says where it was taken, 0 if it provably does not;
                 left out if nobody looked

Beside the rows stand, each left out if there is none:

to_purge         keys whose purge is still to be done
runs             name of a run to [seconds since 1970, keys, ETag]: when it said so, what it is
                 deleting, and which manifest it is about to replace: '' = to be the first, null =
                 it replaces none
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from functools import partial
from itertools import chain
from typing import Any, NamedTuple

from galleria_action import json_pieces
from galleria_action.values import Struct, msgspec, replace

VERSION = 1
GOING = "going "
"""What the ETag of an object starts with that is about to be deleted: no ETag has a space."""
SMALL = 64 << 20
MOST_RATIO = 100
"""Of bytes unpacked to packed ones; ledgers have up to 31. What is made to fill memory has 1000."""


class Owner(StrEnum):
    """Which part of a deployment an object belongs to."""

    PHOTO = "photo"
    SITE = "site"
    FILE = "file"
    MANIFEST = "manifest"


class Entry(NamedTuple):
    """The facts about one object; see the module's text."""

    owner: Owner
    source: str = ""
    edit: str = ""
    headers: str = ""
    size: int = 0
    etag: str = ""
    deployment_hash: str = ""
    listed: bool = True
    position: bool | None = None

    @property
    def is_settled(self) -> bool:
        """Whether a run has told that the object is there."""
        return bool(self.etag) and not self.is_going

    @property
    def is_going(self) -> bool:
        """Whether a run has announced that it deletes the object."""
        return self.etag.startswith(GOING)

    @property
    def last_etag(self) -> str:
        """The ETag, also of what is going."""
        return self.etag.rpartition(" ")[2]

    def going(self, run: str) -> Entry:
        """The same, about to be deleted by ``run``."""
        return self._replace(etag=f"{GOING}{run} {self.last_etag}")

    def is_going_by(self, run: str) -> bool:
        """Whether ``run`` has announced that it deletes the object."""
        return self.etag.startswith(f"{GOING}{run} ")


class Intent(NamedTuple):
    """What a run is about to do, since when: in seconds since 1970.

    ``deletes`` are keys, ``replaces`` is the ETag of a manifest; '': there is none yet, None: it
    replaces none.
    """

    began: int
    deletes: frozenset[str] = frozenset()
    replaces: str | None = None


class Ledger(Struct, frozen=True):
    """Key to facts; ``prefixes`` are the photos and site prefix of the last finished run.

    ``to_purge`` are keys that were, or are about to be, replaced or deleted while a CDN may still
    show what was there before. ``runs`` are those that have said what they are about to do,
    and not that it is done; by their names.
    """

    entries: Mapping[str, Entry] = {}
    photos_prefix: str | None = None
    site_prefix: str | None = None
    to_purge: frozenset[str] = frozenset()
    runs: Mapping[str, Intent] = {}

    def changed(self, changes: Mapping[str, Entry | None]) -> Ledger:
        """A ledger with ``changes`` made: key to new facts, None to forget the key."""
        entries = {**self.entries, **changes}
        return replace(self, entries={key: entry for key, entry in entries.items() if entry})

    def owned(self, *owners: Owner) -> Iterator[str]:
        """Keys that belong to one of ``owners``."""
        return (key for key, entry in self.entries.items() if entry.owner in owners)


class NewerLedger(Exception):
    """The ledger was written by a newer version of this program."""


class BrokenLedger(Exception):
    """The ledger cannot be read."""


class _Row(NamedTuple):
    """An entry as it is stored."""

    owner: Owner
    source: str
    edit: str
    headers: str
    size: int
    etag: str
    deployment_hash: str
    listed: int
    position: int | None = None


class _Document(Struct):
    """A ledger as it is stored."""

    photos_prefix: str | None
    site_prefix: str | None
    objects: msgspec.Raw
    to_purge: frozenset[str] = frozenset()
    runs: Mapping[str, Intent] = {}


class _Versioned(Struct):
    """Any document that has a version."""

    version: int


_ROWS = msgspec.json.Decoder(dict[str, _Row])


def encode(ledger: Ledger, mark: bytes = bytes(4)) -> bytes:
    """The bytes to store: the same ledger and ``mark`` of four bytes give the same bytes.

    With marks of their own, two ledgers that say the same have different ETags.
    """
    document: dict[str, Any] = {
        "version": VERSION,
        "photos_prefix": ledger.photos_prefix,
        "site_prefix": ledger.site_prefix,
    }
    if ledger.to_purge:
        document["to_purge"] = sorted(ledger.to_purge)
    if ledger.runs:
        document["runs"] = {
            run: [each.began, sorted(each.deletes), each.replaces]
            for run, each in sorted(ledger.runs.items())
        }
    # At the end, where `json_pieces` can take them apart.
    document["objects"] = {key: _row(entry) for key, entry in sorted(ledger.entries.items())}
    text = msgspec.json.encode(document)
    # Most of it are hashes, in which there is nothing to find: a third of the time of level 6, for
    # a sixth more bytes.
    packer = zlib.compressobj(1, zlib.DEFLATED, 16 + zlib.MAX_WBITS, 9, zlib.Z_FILTERED)
    packed = packer.compress(text) + packer.flush()
    # Where gzip has a time that nobody reads (RFC 1952, MTIME).
    return packed[:4] + mark + packed[8:]


def _row(entry: Entry) -> tuple[Any, ...]:
    *facts, listed, position = entry
    if position is None:
        return (*facts, int(listed))
    return (*facts, int(listed), int(position))


def decode(data: bytes) -> Ledger:
    """The ledger in ``data``. Raises :class:`NewerLedger` or :class:`BrokenLedger`."""
    try:
        text, pieces = json_pieces.parsed(_text(data), _rows)
        version = msgspec.json.decode(text, type=_Versioned).version
        if version > VERSION:
            raise NewerLedger(str(version))
        found = msgspec.json.decode(text, type=_Document)
        entries = _entries(chain([_rows(found.objects)], pieces))
        return Ledger(entries, found.photos_prefix, found.site_prefix, found.to_purge, found.runs)
    except (RecursionError, ValueError, zlib.error) as error:
        raise BrokenLedger(str(error)) from None


def _rows(text: bytes | msgspec.Raw) -> dict[str, _Row]:
    """The rows in a JSON object, without members that are not known; raises ValueError."""
    try:
        return _ROWS.decode(text)
    except msgspec.ValidationError:
        found = msgspec.json.decode(text, type=dict[str, list[Any]])
    known = {key: row[: len(_Row._fields)] for key, row in found.items()}
    try:
        return msgspec.convert(known, dict[str, _Row])
    except msgspec.ValidationError as error:  # well written, so no other piece of it says more
        raise BrokenLedger(str(error)) from None


def _entries(pieces: Iterable[Mapping[str, _Row]]) -> dict[str, Entry]:
    entries: dict[str, Entry] = {}
    shared: dict[str, str] = {}
    for rows in pieces:
        if rows:
            entries.update(zip(rows, _as_entries(rows.values(), shared), strict=True))
    return entries


def _as_entries(rows: Iterable[_Row], shared: dict[str, str]) -> Iterator[Entry]:
    """What rows say; column by column, which takes half of the time."""
    owner, source, edit, headers, size, etag, deployment_hash, listed, position = zip(
        *rows, strict=True
    )
    same = shared.setdefault  # edits and headers are few, and each takes 100 bytes
    return map(
        _AS_ENTRY,
        zip(
            owner,
            source,
            map(same, edit, edit),
            map(same, headers, headers),
            size,
            etag,
            deployment_hash,
            map(bool, listed),
            [None if each is None else bool(each) for each in position],
            strict=True,
        ),
    )


_AS_ENTRY = partial(tuple.__new__, Entry)
"""An entry of all its values, in a third of the time that the class itself takes."""


def _text(data: bytes) -> bytes:
    # A server may have unpacked it already (Content-Encoding handling of proxies).
    if data[:2] != b"\x1f\x8b":
        return data
    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
    unpacked = unpacker.decompress(data, max(SMALL, MOST_RATIO * len(data)))
    if not unpacker.eof:
        raise BrokenLedger("it is cut off or takes far too much room")
    return unpacked
