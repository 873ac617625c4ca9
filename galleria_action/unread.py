"""Which files must be read before a plan can be made: those for which no recorded fact speaks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from galleria_action import edits, geotag
from galleria_action.ledger import Entry
from galleria_action.manifest import Edit
from galleria_action.remote import Listed, Remote
from galleria_action.wanted import Wanted


class ReadRequest(NamedTuple):
    """A file to read.

    edit
        The correction it may get; None where its photo's full is known to go as it is.
    md5
        The object is listed but not known to be what is listed, so its ETag may prove it.
    """

    wanted: Wanted
    edit: Edit | None
    md5: bool


def find(
    objects: Iterable[Wanted], remote: Remote, sources: Mapping[str, str], *, force: bool
) -> list[ReadRequest]:
    """The files that must be read to compare them, fulls first, else in the order of ``objects``.

    For a full its manifest states the hash of its bytes. Of all other files ``sources`` has the
    SHA-256 by key. If hash and all other facts are those that the ledger has, the object in the
    bucket is what would be sent, and there is nothing to read.
    """
    fulls: list[ReadRequest] = []
    others: list[Wanted] = []
    as_they_are: set[str] = set()
    for each in objects:
        if not each.is_full:
            others.append(each)
            continue
        entry, listed = remote.entry(each.key), remote.listing.get(each.key)
        if force or not _is_settled(each, each.edit, each.file_hash, entry, listed):
            fulls.append(_request(each, each.edit, entry, listed, force=force))
        elif entry and not edits.is_corrected(entry.edit):
            as_they_are.add(each.photo)
    requests = fulls
    for each in others:
        entry, listed = remote.entry(each.key), remote.listing.get(each.key)
        edit = None if each.photo in as_they_are else each.edit
        if force or not _is_settled(each, edit, sources.get(each.key), entry, listed):
            requests.append(_request(each, edit, entry, listed, force=force))
    return requests


def _request(
    each: Wanted, edit: Edit | None, entry: Entry | None, listed: Listed | None, *, force: bool
) -> ReadRequest:
    unknown = entry is None or not entry.source or (listed and listed.etag != entry.etag)
    return ReadRequest(each, edit, md5=listed is not None and bool(unknown) and not force)


def _is_settled(
    each: Wanted, edit: Edit | None, source: str | None, entry: Entry | None, listed: Listed | None
) -> bool:
    if entry is None or listed is None or entry.etag != listed.etag:
        return False
    if entry.deployment_hash != each.deployment_hash:
        return False
    if entry.headers and entry.headers != each.headers.digest:
        return False
    return _is_same(each, str(edit) if edit else "", source, entry) and _position_settled(
        each, entry
    )


def _is_same(each: Wanted, edit: str, source: str | None, entry: Entry) -> bool:
    """Whether the object was made of the same bytes in the same way."""
    done = edits.correction(entry.edit)
    if entry.source == source:
        return done in (edit, edits.UNTOUCHED + edit)
    # The local file was corrected already when it was sent.
    return each.is_full and not done and entry.source == each.deployment_hash


def _position_settled(each: Wanted, entry: Entry) -> bool:
    """Whether the object has a position if it may; without looking at the file."""
    removed = edits.remover(entry.edit)
    if not each.strip_gps:
        return not removed
    return removed == geotag.REMOVER or (not removed and entry.position is False)
