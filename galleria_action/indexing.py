"""The manifest of a gallery made from its photos: what was known of them, and what files tell.

Pure: a document and facts in, a document out. One rule for the time: the corrected timestamp is the
original one plus the hours that the cameras' clocks are off, and it stands as long as neither the
file nor these hours change.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import chain, count
from typing import Any

from galleria_action import manifest, photo_facts, photo_files
from galleria_action.manifest import KEEP_TIMEZONE, Edit
from galleria_action.photo_facts import Facts
from galleria_action.photo_files import Entry
from galleria_action.values import Struct

OFFSET, TARGET = "timestamp_offset_hours", "target_timezone_offset_hours"


class Request(Struct, frozen=True):
    """Settings that were asked for; None keeps what the manifest says, or its default."""

    offset_hours: float | None = None
    target_hours: float | None = None
    collection: str | None = None


class Clock(Struct, frozen=True):
    """How times are put right, now and (None: nowhere yet) in the manifest so far.

    offset_hours
        Added to the original time.
    target_hours
        UTC offset to be written; ``KEEP_TIMEZONE`` leaves each photo its own.
    """

    offset_hours: float = 0
    target_hours: float = KEEP_TIMEZONE
    before: tuple[float, float] | None = None

    @property
    def goes_as_before(self) -> bool:
        """Whether corrected times of the manifest so far still stand."""
        return self.before is not None and self.before[0] == self.offset_hours

    @property
    def is_as_before(self) -> bool:
        return self.before == (self.offset_hours, self.target_hours)

    def corrected(self, original: object) -> str | None:
        """The corrected timestamp for an original one; None if that is no time."""
        time = photo_facts.time(original) if isinstance(original, str) else None
        if time is None:
            return None
        try:
            return (time + timedelta(seconds=round(self.offset_hours * 3600))).isoformat()
        except OverflowError:  # before the year 1, or after 9999
            return None


class Statement(Struct, frozen=True):
    """What the manifest is to say of a full; ``edit`` is what a deployment has to make of it."""

    file_hash: str
    exif: Mapping[str, Any]
    edit: Edit | None


class Indexed(Struct, frozen=True):
    """A photo that was read: what its entry is made of.

    deployment_file_hash
        SHA-256 of the bytes that a deployment will send.
    original_path
        Where the full really lies, which for a link is elsewhere.
    untouched_because
        Why the edit cannot be made without harm, '' if it can.
    """

    photo: photo_files.Photo
    statement: Statement
    deployment_file_hash: str
    original_path: str
    untouched_because: str = ""


def settings(old: Mapping[str, Any], request: Request) -> dict[str, Any]:
    """The manifest's settings: what is asked for, and everything else as it was."""
    asked = {OFFSET: request.offset_hours, TARGET: request.target_hours}
    defaults = {} if old else {OFFSET: 0, TARGET: KEEP_TIMEZONE}
    new = defaults | dict(old)
    for name, hours in asked.items():
        if hours is not None and new.get(name) != hours:
            new[name] = hours
    return new


def clock(old: Mapping[str, Any], new: Mapping[str, Any]) -> Clock:
    """The clock of ``new`` settings, with that of the ``old`` ones, {} if there are none."""
    before = (old[OFFSET], old.get(TARGET, KEEP_TIMEZONE)) if old else None
    return Clock(new[OFFSET], new.get(TARGET, KEEP_TIMEZONE), before)


def state(old: Entry | None, sha256: str, facts: Facts, clock: Clock) -> Statement:
    """What is to be said of the full with these bytes; ``old`` is what was said of it before."""
    if old is None:
        exif = _exif(facts, clock)
    elif sha256 == old["file_hash"].lower():
        exif = _completed(old["exif"], _exif(facts, clock))
        if not clock.goes_as_before:
            exif["corrected_timestamp"] = clock.corrected(exif["original_timestamp"])
    elif sha256 == old["deployment_file_hash"].lower():
        # The file was corrected in its place: its own time is not the original one any more.
        exif = dict(old["exif"])
        if clock.is_as_before:
            return Statement(old["file_hash"].lower(), exif, None)
        if not clock.goes_as_before:
            exif["corrected_timestamp"] = clock.corrected(exif.get("original_timestamp"))
    else:
        exif = _replaced(old["exif"], _exif(facts, clock))
    return Statement(sha256, exif, _edit(exif.get("corrected_timestamp"), facts, clock))


def edited(statement: Statement, sha256: str, clock: Clock) -> Statement:
    """What is to be said of the same file if a deployment has to make other bytes of it."""
    corrected = statement.exif.get("corrected_timestamp")
    return Statement(sha256, statement.exif, manifest.edit(corrected, clock.target_hours))


def _exif(facts: Facts, clock: Clock) -> dict[str, Any]:
    original = facts.original.isoformat() if facts.original else None
    return {
        "original_timestamp": original,
        "corrected_timestamp": clock.corrected(original),
        "timezone_original": facts.timezone,
        "camera": {"make": facts.make, "model": facts.model},
        "subsecond": facts.subsecond,
    }


def _completed(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """``old``, which may know better than the file, with the members that it lacks."""
    return {**old, **{name: value for name, value in new.items() if name not in old}}


def _replaced(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """``new``, and the members that only ``old`` has."""
    camera = {**(old.get("camera") or {}), **new["camera"]}
    return {**old, **new, "camera": camera}


def _edit(corrected: str | None, facts: Facts, clock: Clock) -> Edit | None:
    """The edit that is due; None if the file already says what it would write."""
    if corrected is None:
        return None
    zone = manifest.offset(clock.target_hours)
    right = photo_facts.time(corrected) == facts.original and zone in (None, facts.timezone)
    return None if right else manifest.edit(corrected, clock.target_hours)


def document(
    old: Mapping[str, Any] | None,
    settings: Mapping[str, Any],
    request: Request,
    photos: Sequence[Indexed],
    made: datetime,
) -> dict[str, Any]:
    """The manifest's new document; equal to ``old`` if nothing but the time ``made`` is new.

    ``photos`` are in the order of the manifest so far; new ones are put behind, by time and name.
    """
    known = [each for each in photos if each.photo.entry is not None]
    new = sorted((each for each in photos if each.photo.entry is None), key=_place)
    ids = _ids(new, (each.photo.entry["id"] for each in known if each.photo.entry))
    head = old or {"schema_version": "1.0", "generated_at": None}
    collection = {} if request.collection is None else {"collection": request.collection}
    entries = [entry(each, ids.get(each.photo.full)) for each in (*known, *new)]
    found = {**head, **collection, "settings": dict(settings), "photos": entries}
    return found if found == old else {**found, "generated_at": made.isoformat(timespec="seconds")}


def _place(each: Indexed) -> tuple[bool, str, str]:
    time = each.statement.exif["corrected_timestamp"]
    return time is None, time or "", each.photo.full


def _ids(new: Iterable[Indexed], known: Iterable[str]) -> dict[str, str]:
    """Path of the full to an id: its stem, and more of its path where others have that, too."""
    fulls = sorted(each.photo.full for each in new)
    names = Counter(_name(each) for each in fulls)
    ids: dict[str, str] = {}
    taken = set(known)
    for full in fulls:
        stem = photo_files.stem(full)
        own = [_name(full)] if names[_name(full)] == 1 else []
        longer = chain(own, [stem], (f"{stem}-{number}" for number in count(2)))
        ids[full] = next(each for each in longer if each not in taken)
        taken.add(ids[full])
    return ids


def _name(full: str) -> str:
    return photo_files.stem(full).rpartition("/")[2]


def entry(each: Indexed, new_id: str | None = None) -> dict[str, Any]:
    """The manifest's entry of a photo: the old one with what changed, or a new one."""
    old = each.photo.entry
    head = {"id": new_id, "original_path": each.original_path} if old is None else old
    return {
        **head,
        "file_hash": _hash(old, "file_hash", each.statement.file_hash),
        "deployment_file_hash": _hash(old, "deployment_file_hash", each.deployment_file_hash),
        "exif": dict(each.statement.exif),
        "files": {**(old["files"] if old else {}), **each.photo.files},
    }


def _hash(old: Entry | None, name: str, digest: str) -> str:
    """``digest``, in capital letters where the entry has it so."""
    return str(old[name]) if old and old[name].lower() == digest else digest
