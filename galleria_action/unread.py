"""Which files must be read before a plan can be made: those for which no recorded fact speaks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import compress, islice, repeat
from operator import attrgetter, ne
from typing import NamedTuple

from galleria_action import edits, geotag
from galleria_action.ledger import Entry, Owner
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


_AS_REQUEST = partial(tuple.__new__, ReadRequest)

AT_ONCE = 1000
"""Objects that are compared together, column by column: that takes a third of the time."""
_KEY, _DIGEST = attrgetter("key"), attrgetter("headers.digest")
_FILE_HASH, _DEPLOYMENT_HASH = attrgetter("file_hash"), attrgetter("deployment_hash")
_FACTS: Callable[[Entry], tuple[object, ...]]
_FACTS = attrgetter("etag", "deployment_hash", "source", "edit", "headers")
_UNKNOWN, _ABSENT = Entry(Owner.PHOTO, etag="not known"), Listed(0, "not listed")
"""What is compared where nothing is known or listed: no ETag has a space."""


def find(
    objects: Iterable[Wanted], remote: Remote, begun: Iterable[Reading | None], *, force: bool
) -> list[ReadRequest]:
    """The files that must be read to compare them, fulls first, else in the order of ``objects``.

    For a full its manifest states the hash of its bytes. Of all others ``begun`` has it, in their
    order, as far as they could be read. If hash and all other facts are those that the ledger has,
    the object in the bucket is what would be sent, and there is nothing to read.
    """
    fulls: list[Wanted] = []
    others: list[Wanted] = []
    for each in objects:
        (fulls if each.file_hash else others).append(each)
    look = _Look(remote, force=force)
    requests: list[ReadRequest] = []
    for some in _pieces(fulls):
        requests += look.at_fulls(some)
    hashed = iter(begun)
    for some in _pieces(others):
        requests += look.at_others(some, list(islice(hashed, len(some))))
    return requests


def _pieces(objects: Sequence[Wanted]) -> Iterator[Sequence[Wanted]]:
    return (objects[at : at + AT_ONCE] for at in range(0, len(objects), AT_ONCE))


class _Look:
    """A look at what is known of objects: first at all fulls, then at the others."""

    def __init__(self, remote: Remote, *, force: bool) -> None:
        self._entries = remote.ledger.entries
        self._listing = remote.listing
        self._force = force
        self._as_they_are: set[str] = set()  # photos whose full is known to go so

    def at_fulls(self, some: Sequence[Wanted]) -> Iterator[ReadRequest]:
        sources = list(map(_FILE_HASH, some))
        edits_due = [each.edit for each in some]
        for each in compress(some, self._doubts(some, sources, edits_due)):
            entry, listed = self._entries.get(each.key), self._listing.get(each.key)
            if self._force or not _is_settled(each, each.edit, each.file_hash, entry, listed):
                yield self._request(each, each.edit, entry, listed)
            elif entry and not edits.is_corrected(entry.edit):
                self._as_they_are.add(each.photo)

    def at_others(
        self, some: Sequence[Wanted], begun: Sequence[Reading | None]
    ) -> Iterator[ReadRequest]:
        sources = [each and each.sha256 for each in begun]
        edits_due = [None if each.photo in self._as_they_are else each.edit for each in some]
        files = zip(some, edits_due, begun, strict=True)
        for each, edit, reading in compress(files, self._doubts(some, sources, edits_due)):
            entry, listed = self._entries.get(each.key), self._listing.get(each.key)
            source = reading and reading.sha256
            if self._force or not _is_settled(each, edit, source, entry, listed):
                yield self._request(each, edit, entry, listed, reading)

    def _doubts(
        self,
        some: Sequence[Wanted],
        sources: Iterable[str | None],
        edits_due: Iterable[Edit | None],
    ) -> Iterable[bool]:
        """For each object whether something is not just as the ledger has it: nearly never."""
        if self._force or not self._entries or any(each.strip_gps for each in some):
            return repeat(True, len(some))
        keys = list(map(_KEY, some))
        recorded = map(_FACTS, map(self._entries.get, keys, repeat(_UNKNOWN)))
        found = zip(
            [each.etag for each in map(self._listing.get, keys, repeat(_ABSENT))],
            map(_DEPLOYMENT_HASH, some),
            sources,
            [str(each) if each else "" for each in edits_due],
            map(_DIGEST, some),
            strict=True,
        )
        return map(ne, recorded, found)

    def _request(
        self,
        each: Wanted,
        edit: Edit | None,
        entry: Entry | None,
        listed: Listed | None,
        begun: Reading | None = None,
    ) -> ReadRequest:
        md5 = not self._force and _is_unknown(entry, listed)
        return _AS_REQUEST((each, edit, md5, begun))


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
    return (
        entry.headers in ("", each.headers.digest)
        and _is_same(each, str(edit) if edit else "", source, entry)
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
