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

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from itertools import chain, repeat, zip_longest
from typing import Any, NamedTuple

from galleria_action import json_pieces

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


@dataclass(frozen=True, slots=True)
class Ledger:
    """Key to facts; ``prefixes`` are the photos and site prefix of the last finished run.

    ``to_purge`` are keys that were, or are about to be, replaced or deleted while a CDN may still
    show what was there before. ``runs`` are those that have said what they are about to do,
    and not that it is done; by their names.
    """

    entries: Mapping[str, Entry] = field(default_factory=dict)
    photos_prefix: str | None = None
    site_prefix: str | None = None
    to_purge: frozenset[str] = frozenset()
    runs: Mapping[str, Intent] = field(default_factory=dict)

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
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    # Most of it are hashes, in which there is nothing to find: a third of the time of level 6, for
    # a sixth more bytes.
    packer = zlib.compressobj(1, zlib.DEFLATED, 16 + zlib.MAX_WBITS, 9, zlib.Z_FILTERED)
    packed = packer.compress(text.encode()) + packer.flush()
    # Where gzip has a time that nobody reads (RFC 1952, MTIME).
    return packed[:4] + mark + packed[8:]


def _row(entry: Entry) -> list[Any]:
    return [
        entry.owner,
        entry.source,
        entry.edit,
        entry.headers,
        entry.size,
        entry.etag,
        entry.deployment_hash,
        int(entry.listed),
        *([] if entry.position is None else [int(entry.position)]),
    ]


def decode(data: bytes) -> Ledger:
    """The ledger in ``data``. Raises :class:`NewerLedger` or :class:`BrokenLedger`."""
    try:
        document, pieces = json_pieces.parsed(_text(data))
        if not isinstance(document, dict) or not isinstance(document.get("version"), int):
            raise BrokenLedger("no ledger")
        if document["version"] > VERSION:
            raise NewerLedger(str(document["version"]))
        prefixes = (document["photos_prefix"], document["site_prefix"])
        if not all(each is None or isinstance(each, str) for each in prefixes):
            raise BrokenLedger("prefixes that are no texts")
        purges = _keys(document.get("to_purge", []))
        runs = {run: _intent(found) for run, found in document.get("runs", {}).items()}
        entries = _entries(chain([document["objects"]], pieces))
        return Ledger(entries, *prefixes, purges, runs)
    except (OSError, EOFError, zlib.error, ValueError, RecursionError) as error:
        raise BrokenLedger(str(error)) from None
    except (KeyError, TypeError, AttributeError) as error:
        raise BrokenLedger(f"unexpected content: {error!r}") from None


def _keys(found: object) -> frozenset[str]:
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise BrokenLedger("keys that are no texts")
    return frozenset(found)


def _intent(found: object) -> Intent:
    if not isinstance(found, list) or len(found) != 3 or not isinstance(found[0], int):
        raise BrokenLedger("a run that is none")
    began, keys, replaces = found
    if replaces is not None and not isinstance(replaces, str):
        raise BrokenLedger("an ETag that is no text")
    return Intent(began, _keys(keys), replaces)


def _text(data: bytes) -> str:
    # A server may have unpacked it already (Content-Encoding handling of proxies).
    if data[:2] != b"\x1f\x8b":
        return data.decode()
    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
    unpacked = unpacker.decompress(data, max(SMALL, MOST_RATIO * len(data)))
    if not unpacker.eof:
        raise BrokenLedger("it is cut off or takes far too much room")
    return unpacked.decode()


def _entries(pieces: Iterable[Any]) -> dict[str, Entry]:
    """The rows as entries; column by column, which takes a third of the time."""
    entries: dict[str, Entry] = {}
    shared: dict[str, str] = {}
    for rows in pieces:
        if not isinstance(rows, dict):
            raise BrokenLedger("objects that are none")
        if rows:
            columns = _columns(list(rows.values()))
            entries.update(zip(rows, _rows_of(columns, shared), strict=True))
    return entries


def _columns(rows: Sequence[list[Any]]) -> list[tuple[Any, ...]]:
    """The columns of ``rows``, those without a ``position`` filled up."""
    if set(map(type, rows)) != {list} or min(map(len, rows)) < _SHORTEST:
        raise BrokenLedger("a row that is none")
    columns = list(zip_longest(*rows))[: len(Entry._fields)]
    for column, kinds in zip(columns, _KINDS, strict=False):
        if not set(map(type, column)) <= kinds:
            raise BrokenLedger("a row has values of other kinds")
    return columns


def _rows_of(columns: Sequence[Sequence[Any]], shared: dict[str, str]) -> Iterator[Entry]:
    owner, source, edit, headers, size, etag, deployment_hash, listed, *more = columns
    same = shared.setdefault  # edits and headers are few, and each takes 100 bytes
    position = [None if each is None else bool(each) for each in more[0]] if more else repeat(None)
    return map(
        _AS_ENTRY,
        zip(
            map(_OWNERS.__getitem__, owner),
            source,
            map(same, edit, edit),
            map(same, headers, headers),
            size,
            etag,
            deployment_hash,
            map(bool, listed),
            position,
            strict=False,
        ),
    )


_AS_ENTRY = partial(tuple.__new__, Entry)
"""An entry of all its values, in a third of the time that the class itself takes."""
_OWNERS = {owner.value: owner for owner in Owner}
_SHORTEST = 8
_KINDS: Sequence[set[type]] = ({str}, {str}, {str}, {str}, {int}, {str}, {str})
"""Of the values of a row, as far as it matters."""
