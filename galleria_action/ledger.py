"""The ledger: facts about the objects that this gallery's deployments have put.

A gzipped JSON document beside the manifest. Each object is one row, kept as a short list
because a gallery may have 300,000 of them:

    [owner, source, edit, headers, size, etag, deployment_hash, listed, position]

owner            'photo', 'site', 'file' (directory mode) or 'manifest'
source           SHA-256 of the source bytes; '' = known from a manifest only, never put by us
edit             what was done to them, see `edits`; '' = sent as they are
headers          digest of the headers sent; '' = unknown
size, etag       of the published object, the ETag without quotes; '' = about to be put by a run
                 that has not told of its arrival
deployment_hash  of a full, as its manifest stated it; '' for all others
listed           whether a committed manifest has listed the key (site files: always)
position         1 if the published photo says where it was taken, 0 if it provably does not;
                 left out if nobody looked
"""

from __future__ import annotations

import json
import sys
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

VERSION = 1
SMALL = 64 << 20
MOST_RATIO = 100
"""Of bytes unpacked to packed ones; ledgers have up to 31. What is made to fill memory has 1000."""


class Owner(StrEnum):
    """Which part of a deployment an object belongs to."""

    PHOTO = "photo"
    SITE = "site"
    FILE = "file"
    MANIFEST = "manifest"


@dataclass(frozen=True, slots=True)
class Entry:
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


@dataclass(frozen=True, slots=True)
class Ledger:
    """Key to facts; ``prefixes`` are the photos and site prefix of the last finished run."""

    entries: Mapping[str, Entry] = field(default_factory=dict)
    photos_prefix: str | None = None
    site_prefix: str | None = None

    def changed(self, changes: Mapping[str, Entry | None]) -> Ledger:
        """A ledger with ``changes`` made: key to new facts, None to forget the key."""
        entries = {**self.entries, **changes}
        return replace(self, entries={key: entry for key, entry in entries.items() if entry})

    def owned(self, *owners: Owner) -> set[str]:
        """Keys that belong to one of ``owners``."""
        return {key for key, entry in self.entries.items() if entry.owner in owners}


class NewerLedger(Exception):
    """The ledger was written by a newer version of this program."""


class BrokenLedger(Exception):
    """The ledger cannot be read."""


def encode(ledger: Ledger) -> bytes:
    """The bytes to store: the same ledger gives the same bytes."""
    document = {
        "version": VERSION,
        "photos_prefix": ledger.photos_prefix,
        "site_prefix": ledger.site_prefix,
        "objects": {key: _row(entry) for key, entry in sorted(ledger.entries.items())},
    }
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    # Most of it are hashes, in which there is nothing to find: a third of the time of level 6, for
    # a sixth more bytes.
    packer = zlib.compressobj(1, zlib.DEFLATED, 16 + zlib.MAX_WBITS, 9, zlib.Z_FILTERED)
    return packer.compress(text.encode()) + packer.flush()


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
        document = json.loads(_inflate(data))
        if not isinstance(document, dict) or not isinstance(document.get("version"), int):
            raise BrokenLedger("no ledger")
        if document["version"] > VERSION:
            raise NewerLedger(str(document["version"]))
        prefixes = (document["photos_prefix"], document["site_prefix"])
        if not all(each is None or isinstance(each, str) for each in prefixes):
            raise BrokenLedger("prefixes that are no texts")
        return Ledger(
            {sys.intern(key): _entry(row) for key, row in document["objects"].items()},
            *prefixes,
        )
    except (OSError, EOFError, zlib.error, ValueError, RecursionError) as error:
        raise BrokenLedger(str(error)) from None
    except (KeyError, TypeError, AttributeError) as error:
        raise BrokenLedger(f"unexpected content: {error!r}") from None


def _inflate(data: bytes) -> bytes:
    # A server may have unpacked it already (Content-Encoding handling of proxies).
    if data[:2] != b"\x1f\x8b":
        return data
    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
    inflated = unpacker.decompress(data, max(SMALL, MOST_RATIO * len(data)))
    if not unpacker.eof:
        raise BrokenLedger("it is cut off or takes far too much room")
    return inflated


def _entry(row: list[Any]) -> Entry:
    owner, source, edit, headers, size, etag, deployment_hash, listed = row[:8]
    texts = {type(source), type(edit), type(headers), type(etag), type(deployment_hash)}
    if type(size) is not int or texts != {str}:
        raise BrokenLedger("a row has values of other kinds")
    return Entry(
        _OWNERS[owner],
        # Texts that manifest or listing hold, too, are kept once.
        sys.intern(source),
        edit,
        sys.intern(headers),
        size,
        sys.intern(etag),
        sys.intern(deployment_hash),
        bool(listed),
        bool(row[8]) if len(row) > 8 else None,
    )


_OWNERS = {owner.value: owner for owner in Owner}
