"""Set text tags of the Exif IFD so that no other byte of the block changes its place.

A value that has room is overwritten. All else is appended, the Exif IFD included, and a pointer is
moved: maker notes hold absolute offsets that nobody knows in full, so nothing else may move.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

from galleria_action import tiff
from galleria_action.tiff import Directory, Entry, Tiff, UnreadableError

_LONG = 4
_MAX_HEADER, _MAX_ENTRIES = 32, 500


def set_texts(old: Tiff, texts: Mapping[int, str]) -> bytes:
    """Return the block with each tag of `texts` as an ASCII value of the Exif IFD.

    The block keeps its length if every tag is there and has room, and grows otherwise. Raises
    UnreadableError if the block is too broken to do it without harm.
    """
    exif = _exif_ifd(old, texts)
    edit = _Edit(old)
    left: list[tuple[int, str, bool]] = []
    for tag, text in sorted(texts.items()):
        entries = exif.all(tag) if exif else []
        if len(entries) > 1:
            raise UnreadableError(f"tag 0x{tag:04X} stands there twice")
        if not (exif and entries and edit.overwrite(exif, entries[0], text)):
            left.append((tag, text, bool(entries)))
    if left:
        _append(edit, exif, left)
    return edit.result()


def _append(edit: _Edit, exif: Directory | None, texts: list[tuple[int, str, bool]]) -> None:
    """Append texts for which there is no room; each with its tag, and whether that is there."""
    rows = _rows(edit.old, exif) if exif else []
    known = len(rows)
    for tag, text, there in texts:
        row = edit.row(tag, tiff.ASCII, len(text) + 1, edit.append(text.encode("ascii") + b"\0"))
        if there:
            rows = [(tag, row) if number == tag else (number, raw) for number, raw in rows]
        else:
            rows = _inserted(rows, tag, row)
    if len(rows) > known:
        _move_exif_ifd(edit, exif, rows)
    elif exif:
        for entry, (_, raw) in zip(exif.entries, rows, strict=True):
            edit.patch(entry.at, raw, exif.name)


def differences(old: Tiff, block: bytes, texts: Mapping[int, str]) -> str:
    """Return what is wrong with `block` as the outcome of `set_texts`, in words; empty if nothing.

    The tags have to read back, and every other entry, value, offset, directory and thumbnail to be
    what and where it was. Unless nothing but the tags' own bytes has changed, it is read afresh.
    """
    if _is_overwritten(old, block, texts):
        return ""
    new = tiff.read(block)
    exif = new.directories.get(tiff.EXIF_PATH)
    for tag, text in texts.items():
        values = [new.value(entry) for entry in exif.all(tag)] if exif else []
        if [value.rstrip(b"\0") for value in values] != [text.encode("ascii")]:
            return f"tag 0x{tag:04X} does not read back"
    if new.faults != old.faults:
        return "the structure reads differently"
    if exif and len(block) == len(old.block) and new.directories == old.directories:
        same = _same_elsewhere(old, new, [e for e in exif.entries if e.tag in texts])
    else:
        same = _contents(new, texts) == _contents(old, texts)
    return "" if same else "other tags read differently"


def _is_overwritten(old: Tiff, block: bytes, texts: Mapping[int, str]) -> bool:
    """Tell whether the texts stand in their old places, which are nobody else's, in the old block.

    Then all that a reader follows are bytes that have not changed: it reads what it has read.
    """
    exif = old.directories.get(tiff.EXIF_PATH)
    places = []
    for tag, text in texts.items():
        entries = exif.all(tag) if exif else []
        if exif is None or len(entries) != 1:
            return False
        start, size = entries[0].start, entries[0].size
        value = block[start : start + size]
        if size <= tiff.INLINE or value.rstrip(b"\0") != text.encode("ascii"):
            return False
        if tiff.shared(old, start, size, tiff.owner(exif.name, tag)):
            return False
        places.append((start, start + size))
    done = 0
    for start, end in sorted(places):
        if old.block[done:start] != block[done:start]:
            return False
        done = end
    return len(block) == len(old.block) and old.block[done:] == block[done:]


def _same_elsewhere(old: Tiff, new: Tiff, edited: list[Entry]) -> bool:
    """Tell whether blocks of the same structure differ in the values of `edited` alone.

    And whether those are nobody else's: then every other value is the same, without a look at it.
    """
    done = 0
    for entry in sorted(edited, key=lambda entry: entry.start):
        start, end = entry.start, entry.start + entry.size
        if old.block[done:start] != new.block[done:start]:
            return False
        done = max(done, end)
        for directory in new.directories.values():
            for other in directory.entries:
                apart = other.start >= end or start >= other.start + other.size
                if not apart and other not in edited and old.value(other) != new.value(other):
                    return False
            for at, to, _ in tiff.data(new, directory):
                if old.block[at:to] != new.block[at:to]:
                    return False
    return old.block[done:] == new.block[done:]


class _Edit:
    """Patches of a block and what is appended to it."""

    def __init__(self, old: Tiff) -> None:
        self.old = old
        self._block = bytearray(old.block)
        # Values and directories begin at even offsets (TIFF 6.0, section 2).
        self._padding = bytes(len(old.block) % 2)

    def append(self, value: bytes) -> int:
        """Append a value at an even offset and return that offset."""
        self._block += self._padding
        self._padding = bytes(len(value) % 2)
        self._block += value
        return len(self._block) - len(value)

    def overwrite(self, directory: Directory, entry: Entry, text: str) -> bool:
        """Overwrite a value that has room for the text and is nobody else's; tell whether it was.

        The length stays: what is behind the text, the terminator above all, becomes NUL.
        """
        room = entry.kind == tiff.ASCII and entry.size >= max(len(text), tiff.INLINE + 1)
        if not room or not tiff.inside(entry, self.old.block):
            return False
        # Some writers let DateTime, DateTimeOriginal and DateTimeDigitized share one value.
        if tiff.shared(self.old, entry.start, entry.size, tiff.owner(directory.name, entry.tag)):
            return False
        value = text.encode("ascii").ljust(entry.size, b"\0")
        self._block[entry.start : entry.start + entry.size] = value
        return True

    def patch(self, at: int, new: bytes, owner: str) -> None:
        """Overwrite part of the structure; raises UnreadableError if it is shared."""
        if self.old.block[at : at + len(new)] == new:
            return
        if tiff.shared(self.old, at, len(new), owner):
            raise UnreadableError(f"{owner} overlaps other data")
        self._block[at : at + len(new)] = new

    def row(self, tag: int, kind: int, count: int, value: int) -> bytes:
        """Return the 12 bytes of an entry."""
        return struct.pack(self.old.order + "HHII", tag, kind, count, value)

    def long(self, number: int) -> bytes:
        """Return a LONG in the byte order of the block."""
        return struct.pack(self.old.order + "I", number)

    def directory(self, rows: list[tuple[int, bytes]], link: bytes) -> int:
        """Append an IFD and return its offset."""
        count = struct.pack(self.old.order + "H", len(rows))
        return self.append(count + b"".join(raw for _, raw in rows) + link)

    def result(self) -> bytes:
        """Return the new block; raises UnreadableError if it grew and must not.

        Growing gives bytes to offsets beyond the old end, and moves what stands behind it.
        """
        if len(self._block) > len(self.old.block):
            if self.old.faults:
                raise UnreadableError(self.old.faults[0])
            if _reaches(self.old, len(self._block)):
                raise UnreadableError("maker notes point beyond its end")
        return bytes(self._block)


def _reaches(old: Tiff, end: int) -> bool:
    """Tell whether a maker note seems to hold an entry whose value would begin to be readable.

    Notes that another program moved or cut do: their offsets lead out of the block, and readers
    report nothing there until the block grows. Most notes are a TIFF directory behind a short
    header; those with offsets of their own base lead elsewhere and are not meant.
    """
    size = len(old.block)
    notes = [e for d in old.directories.values() for e in d.all(tiff.MAKER_NOTE)]
    return any(
        value > tiff.INLINE and max(note.start, size - value) < start < end
        for note in notes
        for at in range(note.start, note.start + min(note.size, _MAX_HEADER), 2)
        for order in "<>"
        for start, value in _values(old.block, order, at)
    )


def _values(block: bytes, order: str, at: int) -> list[tuple[int, int]]:
    """Return offset and size of the values of what may be a directory at `at`, else nothing."""
    (count,) = struct.unpack_from(order + "H", block[at : at + 2].ljust(2, b"\0"))
    rows = block[at + 2 : at + 2 + 12 * count]
    if not 0 < count <= _MAX_ENTRIES or len(rows) < 12 * count:
        return []
    entries = list(struct.iter_unpack(order + "HHII", rows))
    if any(kind not in tiff.SIZES for _, kind, _, _ in entries):
        return []
    return [(start, tiff.SIZES[kind] * number) for _, kind, number, start in entries]


def _exif_ifd(old: Tiff, texts: Mapping[int, str]) -> Directory | None:
    pointers = old.directories["IFD0"].all(tiff.EXIF_IFD)
    exif = old.directories.get(tiff.EXIF_PATH)
    if any(old.directories["IFD0"].all(tag) for tag in texts):
        raise UnreadableError("IFD0 holds an Exif tag as well")
    if len(pointers) > 1:
        raise UnreadableError("IFD0 has two Exif pointers")
    if pointers and exif is None:
        raise UnreadableError("the Exif IFD cannot be read")
    return exif


def _rows(old: Tiff, directory: Directory) -> list[tuple[int, bytes]]:
    return [(entry.tag, old.block[entry.at : entry.at + 12]) for entry in directory.entries]


def _inserted(rows: list[tuple[int, bytes]], tag: int, row: bytes) -> list[tuple[int, bytes]]:
    """Return the rows with one more, before the first of a higher tag; none changes its order."""
    place = next((index for index, (number, _) in enumerate(rows) if number > tag), len(rows))
    return [*rows[:place], (tag, row), *rows[place:]]


def _move_exif_ifd(edit: _Edit, exif: Directory | None, rows: list[tuple[int, bytes]]) -> None:
    """Append the Exif IFD and lead the pointer there; without one IFD0 moves too, to get it."""
    old = edit.old
    ifd0 = old.directories["IFD0"]
    if exif is not None:
        _check_own_values(exif)
        at = edit.directory(rows, tiff.link(old, exif))
        edit.patch(ifd0.all(tiff.EXIF_IFD)[0].at + 8, edit.long(at), ifd0.name)
        return
    _check_own_values(ifd0)
    at = edit.directory(rows, bytes(4))
    pointer = edit.row(tiff.EXIF_IFD, _LONG, 1, at)
    moved = _inserted(_rows(old, ifd0), tiff.EXIF_IFD, pointer)
    edit.patch(4, edit.long(edit.directory(moved, tiff.link(old, ifd0))), "header")


def _check_own_values(directory: Directory) -> None:
    """Raise UnreadableError if values of a directory that is to move lie inside itself.

    exiftool ignores such values as suspicious, and would no longer.
    """
    for entry in directory.entries:
        apart = entry.start >= directory.end or entry.start + entry.size <= directory.at
        if entry.size > tiff.INLINE and not apart:
            raise UnreadableError(f"tag 0x{entry.tag:04X} of {directory.name} lies inside it")


def _contents(block: Tiff, texts: Mapping[int, str]) -> dict[str, list[tuple[object, ...]]]:
    """Return everything in a block but the tags of `texts` and the place of the Exif IFD."""
    contents: dict[str, list[tuple[object, ...]]] = {tiff.EXIF_PATH: []}
    for name, directory in block.directories.items():
        edited = (
            set(texts) if name == tiff.EXIF_PATH else {tiff.EXIF_IFD} if name == "IFD0" else set()
        )
        kept = [entry for entry in directory.entries if entry.tag not in edited]
        contents[name] = [
            (e.tag, e.kind, e.number, e.start if e.size > tiff.INLINE else 0, block.value(e))
            for e in kept
        ]
        contents[name] += [
            (start, end, block.block[start:end]) for start, end, _ in tiff.data(block, directory)
        ]
    return contents
