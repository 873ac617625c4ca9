"""Which files must be read before a plan can be made: those for which no recorded fact speaks."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple

from galleria_action import edits, geotag
from galleria_action.ledger import Entry
from galleria_action.manifest import Edit
from galleria_action.publication import Reading
from galleria_action.remote import Listed, Remote
from galleria_action.wanted import Wanted


class ReadRequest(NamedTuple):
    """A file to read.

    edit
        The correction it may get; None where its photo's full is known to go as it is.
    md5
        The object is listed but not known to be what is listed, so its ETag may prove it.
    begun
        What was read of it already: all that is to be known of a file that goes as it is.
    """

    wanted: Wanted
    edit: Edit | None
    md5: bool
    begun: Reading | None = None


def find(
    objects: Iterable[Wanted], remote: Remote, begun: Iterable[Reading | None], *, force: bool
) -> list[ReadRequest]:
    """The files that must be read to compare them, fulls first, else in the order of ``objects``.

    For a full its manifest states the hash of its bytes. Of all others ``begun`` has it, in their
    order, as far as they have been read. If hash and all other facts are those that the ledger has,
    the object in the bucket is what would be sent, and there is nothing to read.
    """
    fulls: list[ReadRequest] = []
    others: list[Wanted] = []
    as_they_are: set[str] = set()
    entry_of, listed_of = remote.ledger.entries.get, remote.listing.get
    for each in objects:
        source = each.file_hash
        if not source:
            others.append(each)
            continue
        entry, listed = entry_of(each.key), listed_of(each.key)
        if force or not _is_settled(each, each.edit, source, entry, listed):
            fulls.append(ReadRequest(each, each.edit, not force and _is_unknown(entry, listed)))
        elif entry and not edits.is_corrected(entry.edit):
            as_they_are.add(each.photo)
    requests = fulls
    for each, reading in zip(others, islice(begun, len(others)), strict=True):
        entry, listed = entry_of(each.key), listed_of(each.key)
        edit = None if each.photo in as_they_are else each.edit
        if force or not _is_settled(each, edit, reading and reading.sha256, entry, listed):
            md5 = not force and _is_unknown(entry, listed)
            requests.append(ReadRequest(each, edit, md5, reading))
    return requests


def _is_unknown(entry: Entry | None, listed: Listed | None) -> bool:
    """Whether nobody knows what is listed."""
    return listed is not None and (entry is None or not entry.source or listed.etag != entry.etag)


def _is_settled(
    each: Wanted, edit: Edit | None, source: str | None, entry: Entry | None, listed: Listed | None
) -> bool:
    if entry is None or listed is None:
        return False
    if entry.etag != listed.etag or entry.deployment_hash != each.deployment_hash:
        return False
    due = str(edit) if edit else ""
    if entry[1:4] == (source, due, each.headers.digest) and not each.strip_gps:
        return True  # nearly always: source, edit and headers
    return (
        entry.headers in ("", each.headers.digest)
        and _is_same(each, due, source, entry)
        and _position_settled(each, entry)
    )


def _is_same(each: Wanted, edit: str, source: str | None, entry: Entry) -> bool:
    """Whether the object was made of the same bytes in the same way."""
    if entry.source == source:
        return edits.correction(entry.edit) in (edit, edits.UNTOUCHED + edit)
    # The local file was corrected already when it was sent.
    corrected_before = each.is_full and entry.source == each.deployment_hash
    return corrected_before and not edits.correction(entry.edit)


def _position_settled(each: Wanted, entry: Entry) -> bool:
    """Whether the object has a position if it may; without looking at the file."""
    removed = edits.remover(entry.edit)
    if not each.strip_gps:
        return not removed
    return removed == geotag.REMOVER or (not removed and entry.position is False)
