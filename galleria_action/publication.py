"""The bytes that are published: which file is sent as it is, which is edited, which is stale."""

from __future__ import annotations

import hashlib
from functools import cached_property, partial
from typing import TYPE_CHECKING, NamedTuple

from galleria_action import etags, geotag
from galleria_action.edits import UNTOUCHED, Uneditable, without_position
from galleria_action.ledger import Owner
from galleria_action.manifest import Edit
from galleria_action.values import Struct, replace
from galleria_action.wanted import Wanted

if TYPE_CHECKING:
    from galleria_action.exif import Photo


class Stale(Exception):
    """A file is not what its manifest, or the plan, says it is."""


class Undecidable(Exception):
    """The position in a file can neither be removed nor ruled out; str() says why."""


class Reading(NamedTuple):
    """What reading one file told: enough to compare it with the bucket.

    sha256
        Of the source bytes.
    edit
        As the ledger records it: '' as is, else the edit, or that it was not possible.
    size, md5
        Of the bytes to be published; the MD5 ('' if nobody asked) is compared with an ETag.
    untouched_because
        Why an edit that was wanted cannot be made without harm, '' if it can.
    position
        Whether the bytes to be published say where the photo was taken; None if nobody looked,
        or if it cannot be told.
    """

    sha256: str
    edit: str
    size: int
    md5: str = ""
    untouched_because: str = ""
    position: bool | None = None


AS_READING = partial(tuple.__new__, Reading)


class Published(Struct, frozen=True, dict=True):
    """The bytes to send and what was done to get them.

    ``made`` are these bytes, or pieces of them: large photos are copied only to be sent.
    ``re_encoded``: they were edited, and are not what the photo's manifest foretold.
    ``sha256`` is theirs, '' if nobody needed it so far.
    """

    made: bytes | tuple[bytes | memoryview, ...]
    edit: str = ""
    untouched_because: str = ""
    re_encoded: bool = False
    sha256: str = ""

    @cached_property
    def data(self) -> bytes:
        return self.made if isinstance(self.made, bytes) else b"".join(self.made)

    @property
    def pieces(self) -> tuple[bytes | memoryview, ...]:
        return (self.made,) if isinstance(self.made, bytes) else self.made

    @property
    def size(self) -> int:
        return sum(map(len, self.pieces))

    def whole(self) -> Published:
        """The same in one piece, and nothing else of it in memory."""
        return Published(self.data, self.edit, self.untouched_because, self.re_encoded, self.sha256)

    def hashed(self) -> str:
        """The SHA-256, as 64 hexadecimal digits."""
        sha256 = hashlib.sha256()
        for piece in self.pieces:
            sha256.update(piece)
        return sha256.hexdigest()


def edit_for(wanted: Wanted, edit: Edit | None, sha256: str) -> Edit | None:
    """The edit due to a file with this hash; raises :class:`Stale` if a full is another photo."""
    if wanted.is_full and sha256 != wanted.file_hash:
        if sha256 != wanted.deployment_hash:
            raise Stale(wanted.file.name)
        return None  # corrected before: it already is what the manifest wants published
    return edit


def publish(wanted: Wanted, edit: Edit | None, data: bytes) -> Published:
    """What to send for ``data``, the bytes of the wanted file, if ``edit`` is due to it.

    Raises :class:`Undecidable` for a file that must not say where it was taken, and may.
    """
    return _placed(_made(_begun(wanted, edit, data)), strip_gps=wanted.strip_gps)


def corrected(data: bytes, edit: Edit | None, *, strip_gps: bool) -> Published:
    """The bytes of a photo with ``edit`` made if that does no harm, with its position or without.

    Raises :class:`Undecidable` if the position has to go and can neither be removed nor ruled out.
    """
    return _placed(_made(_begun_full(data, edit)), strip_gps=strip_gps)


class _Correction(NamedTuple):
    """A photo, its header read, whose time is to be set."""

    photo: Photo
    edit: Edit

    def made(self) -> Published:
        photo, edit = self
        try:
            return Published(photo.edited_pieces(edit.time, edit.offset), str(edit))
        except Uneditable as reason:
            return Published(photo.data, UNTOUCHED + str(edit), str(reason))

    @property
    def is_foreseen(self) -> bool:
        """Whether it is known to do no harm, and to leave the length as it is."""
        return self.photo.keeps_length(self.edit.time, self.edit.offset)


def _begun(wanted: Wanted, edit: Edit | None, data: bytes) -> _Correction | Published:
    """The correction to make; what is published if there is none."""
    found = _begun_full(data, edit)
    if wanted.is_full or (isinstance(found, _Correction) and found.photo.original_time):
        return found
    return Published(data)  # a web variant without a time of its own stays without one


def _begun_full(data: bytes, edit: Edit | None) -> _Correction | Published:
    if not edit:
        return Published(data)
    from galleria_action import exif  # many modules, for those who edit

    try:
        return _Correction(exif.read(data), edit)
    except Uneditable as reason:
        return Published(data, UNTOUCHED + str(edit), str(reason))


def _made(found: _Correction | Published) -> Published:
    return found if isinstance(found, Published) else found.made()


def _placed(published: Published, *, strip_gps: bool) -> Published:
    if not strip_gps:
        return published
    try:
        clean = geotag.remove(published.data)
    except geotag.Undecidable as reason:
        raise Undecidable(str(reason)) from None
    if clean is published.data:
        return published
    return replace(published, made=clean, edit=without_position(published.edit, geotag.REMOVER))


def read(
    wanted: Wanted, edit: Edit | None, data: bytes, *, md5: bool
) -> tuple[Reading, Published | None]:
    """The reading of ``data``, and what to send if that was made: for its MD5, or to be certain.

    A correction that is known to be possible is not made, unless the position has to go, too.
    """
    sha256 = hashlib.sha256(data).hexdigest()
    found = _begun(wanted, edit_for(wanted, edit, sha256), data)
    if isinstance(found, _Correction) and not (md5 or wanted.strip_gps) and found.is_foreseen:
        position = _position(wanted, data, found.photo.header_end)
        return AS_READING((sha256, str(found.edit), len(data), "", "", position)), None
    published = _placed(_made(found), strip_gps=wanted.strip_gps)
    reading = Reading(
        sha256=sha256,
        edit=published.edit,
        size=published.size,
        md5=etags.md5_hex(published.data) if md5 else "",
        untouched_because=published.untouched_because,
        position=_position(wanted, data),
    )
    return reading, published


def read_source(wanted: Wanted, data: bytes) -> Reading:
    """The reading of a file that goes as it is, if it turns out to; else its hash is of use."""
    as_it_is = not (wanted.edit or wanted.strip_gps)
    position = _position(wanted, data) if as_it_is else None
    return AS_READING((hashlib.sha256(data).hexdigest(), "", len(data), "", "", position))


def _position(wanted: Wanted, data: bytes, header_end: int = 0) -> bool | None:
    """Whether what is published of ``data`` has a position; an edit of its time changes none."""
    if wanted.owner is Owner.SITE:
        return None
    return False if wanted.strip_gps else geotag.found(data, header_end)
