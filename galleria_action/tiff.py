"""The TIFF structure inside an Exif block, read.

Owns TIFF 6.0 directories as Exif 3.0 (CIPA DC-008) uses them, and nothing of JPEG. Offsets count
from the start of the block, its byte-order mark. Maker notes are values like any other: their
insides are the makers' secret and stay unread.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterator, Mapping
from typing import Literal, NamedTuple

EXIF_IFD = 0x8769
EXIF_PATH = "IFD0/Exif"
_SUB_IFDS = 0x014A
MAKER_NOTE = 0x927C
ASCII = 2
# Bytes of the header, and of the values that stand in their entry.
HEADER = 8
INLINE = 4

# Bytes of one value of each type (TIFF 6.0, section 2; 13 IFD: TechNote 1; 129 UTF-8: Exif 3.0).
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 129: 1}
_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
_BYTES: dict[str, Literal["little", "big"]] = {"<": "little", ">": "big"}
_SHORT, _LONG, _SIGNED, _IFD = 3, 4, 9, 13
# Mac OS X wrote signed pointers.
_OFFSETS = (_LONG, _SIGNED, _IFD)
_POINTERS = {EXIF_IFD: "Exif", 0x8825: "GPS", 0xA005: "Interop", _SUB_IFDS: "Sub"}
_POINTER_TAGS = frozenset(_POINTERS)
# Values that are offsets of data, and the tags that hold the lengths of that data: strips, tiles
# and the thumbnail.
_DATA = {0x0111: 0x0117, 0x0144: 0x0145, 0x0201: 0x0202}
_DATA_TAGS = frozenset(_DATA)
_LOCATIONS = frozenset({*_DATA, *_DATA.values()})
# Real files have up to six. A crafted one could overlap thousands to keep the walk busy.
_MAX_DIRECTORIES = 40
# Raw files have some hundred entries, panoramas some ten thousand tiles. What a crafted block says
# of itself may overlap, and so have any length.
_MAX_ENTRIES = 20_000
_MAX_PLACES = 100_000
_MAX_REPEATED = 8
# Entries times bytes up to which none of that matters.
_SMALL = 1 << 23


class UnreadableError(Exception):
    """The block is broken or holds what must not be guessed at; str() says what."""


class OverloadedError(UnreadableError):
    """The block claims to hold far more than it has bytes for."""


class Entry(NamedTuple):
    """A directory entry: its 12 bytes stand at `at`, its value of `size` bytes at `start`.

    `size` is -1 for a type that TIFF and Exif do not know.
    """

    tag: int
    kind: int
    number: int
    at: int
    start: int
    size: int


class Directory(NamedTuple):
    """An IFD: `name` is its path, such as `IFD0/Exif`; `end` is behind its last entry.

    `tags` are those of its entries; `sound` tells whether the values of all lie in the block.
    """

    name: str
    at: int
    entries: tuple[Entry, ...]
    end: int
    tags: frozenset[int]
    sound: bool

    def all(self, tag: int) -> list[Entry]:
        """Return the entries of `tag`: one in sound files."""
        if tag not in self.tags:
            return []
        return [entry for entry in self.entries if entry.tag == tag]


class Tiff(NamedTuple):
    """A block as read. `faults` are what could not be followed, in words; most harm no edit."""

    block: bytes
    order: str
    directories: Mapping[str, Directory]
    faults: tuple[str, ...]

    def numbers(self, entry: Entry) -> tuple[int, ...]:
        """Return the values of a SHORT, LONG or IFD entry that lies inside the block, else ()."""
        letter = {_SHORT: "H", _LONG: "I", _IFD: "I"}.get(entry.kind)
        if letter is None or not inside(entry, self.block):
            return ()
        return struct.unpack_from(f"{self.order}{entry.number}{letter}", self.block, entry.start)

    def value(self, entry: Entry) -> bytes:
        """Return the bytes of a value, as far as they lie inside the block."""
        return self.block[entry.start : entry.start + max(entry.size, 0)]


def inside(entry: Entry, block: bytes) -> bool:
    """Tell whether the whole value is in the block."""
    return entry.size >= 0 and entry.start + entry.size <= len(block)


def read(block: bytes) -> Tiff:
    """Read every directory that the block's own pointers lead to, maker notes excepted.

    Raises UnreadableError if there is no TIFF header or IFD0 cannot be read, OverloadedError if
    there is too much to read.
    """
    order = _ORDERS.get(block[:4])
    if order is None or len(block) < HEADER:
        raise UnreadableError("no TIFF header")
    directories: dict[str, Directory] = {}
    tiff = Tiff(block, order, directories, ())
    faults: list[str] = []
    waiting = [("IFD0", _long(order, block, 4))]
    seen: set[int] = set()
    while waiting:
        name, at = waiting.pop()
        directory = None
        if at not in seen and len(seen) < _MAX_DIRECTORIES and name not in directories:
            directory = _directory(block, order, name, at)
        seen.add(at)
        if directory is None:
            faults.append(f"{name} cannot be read")
            continue
        directories[name] = directory
        _check_load(block, directories.values())
        faults += _faults(tiff, directory)
        waiting += _pointers(tiff, directory)
    if "IFD0" not in directories:
        raise UnreadableError("IFD0 cannot be read")
    return tiff._replace(faults=tuple(faults)) if faults else tiff


def _check_load(block: bytes, directories: Collection[Directory]) -> None:
    """Raise OverloadedError if reading all that the directories lead to would take for ever."""
    count = sum(len(directory.entries) for directory in directories)
    if count * len(block) < _SMALL and len(directories) < _MAX_DIRECTORIES:
        return  # nearly always
    entries = [e for directory in directories for e in directory.entries if inside(e, block)]
    places = sum(e.number for e in entries if e.tag in _LOCATIONS or e.tag == _SUB_IFDS)
    size = sum(e.size for e in entries)
    if count > _MAX_ENTRIES or places > _MAX_PLACES or size > _MAX_REPEATED * len(block):
        raise OverloadedError("it claims to hold more than there is")


def _directory(block: bytes, order: str, name: str, at: int) -> Directory | None:
    if at < HEADER or at + 2 > len(block):
        return None
    (count,) = struct.unpack_from(order + "H", block, at)
    end = at + 2 + 12 * count
    if end > len(block):
        return None
    entries, tags = [], []
    place, length, sound = at + 2, len(block), True
    entry = tuple.__new__  # half the time of Entry(...), and blocks have some hundred entries
    for tag, kind, number, offset in struct.iter_unpack(order + "HHII", block[place:end]):
        size = SIZES[kind] * number if kind in SIZES else -1
        start = place + 8 if size <= INLINE else offset
        sound = sound and size >= 0 and start + size <= length
        entries.append(entry(Entry, (tag, kind, number, place, start, size)))
        tags.append(tag)
        place += 12
    return Directory(name, at, tuple(entries), end, frozenset(tags), sound)


def _pointers(tiff: Tiff, directory: Directory) -> Iterator[tuple[str, int]]:
    """Yield name and offset of the directories that `directory` leads to."""
    leading = not _POINTER_TAGS.isdisjoint(directory.tags)
    for entry in directory.entries if leading else ():
        if entry.tag in _POINTERS:
            name = f"{directory.name}/{_POINTERS[entry.tag]}"
            if entry.tag == _SUB_IFDS:
                for index, at in enumerate(tiff.numbers(entry)[:_MAX_DIRECTORIES]):
                    yield f"{name}{index}", at
            else:
                single = entry.kind in _OFFSETS and entry.number == 1
                yield name, entry_offset(tiff, entry) if single else 0
    # Some writers leave out the link of the last IFD, where the block ends.
    following = int.from_bytes(link(tiff, directory), _BYTES[tiff.order])
    if "/" not in directory.name and following:
        yield f"IFD{int(directory.name[3:]) + 1}", following


def _faults(tiff: Tiff, directory: Directory) -> Iterator[str]:
    if directory.end + 4 > len(tiff.block):
        yield f"{directory.name} ends without a link"
    length = len(tiff.block)
    faulty = not directory.sound or not _LOCATIONS.isdisjoint(directory.tags)
    for entry in directory.entries if faulty else ():
        if entry.size < 0:
            yield f"tag 0x{entry.tag:04X} of {directory.name} has unknown type {entry.kind}"
        elif entry.start + entry.size > length:
            yield f"tag 0x{entry.tag:04X} of {directory.name} lies outside the block"
        elif entry.tag in _LOCATIONS and not tiff.numbers(entry):
            yield f"tag 0x{entry.tag:04X} of {directory.name} is no offset or length"
    for start, end, what in data(tiff, directory):
        if start < HEADER or end > len(tiff.block):
            yield f"data of {what} lies outside the block"


def data(tiff: Tiff, directory: Directory) -> Iterator[tuple[int, int, str]]:
    """Yield extent and owner of what the directory's offsets of image data lead to."""
    if _DATA_TAGS.isdisjoint(directory.tags):
        return  # mostly: this is asked often
    for tag, lengths in _DATA.items():
        starts = [n for entry in directory.all(tag) for n in tiff.numbers(entry)]
        sizes = [n for entry in directory.all(lengths) for n in tiff.numbers(entry)]
        for index, start in enumerate(starts):
            size = sizes[index] if index < len(sizes) else 0
            if start or size:
                yield start, start + size, f"tag 0x{tag:04X} of {directory.name}"


def extents(tiff: Tiff) -> Iterator[tuple[int, int, str]]:
    """Yield `(start, end, owner)` of everything whose place is known, the header first.

    An owner is the name of a directory, or that name and the tag.
    """
    yield 0, HEADER, "header"
    for directory in tiff.directories.values():
        # The link at the end counts where it means something: in the chain of IFD0.
        link = 0 if "/" in directory.name else 4
        yield directory.at, directory.end + link, directory.name
        for entry in directory.entries:
            if entry.size > INLINE:
                yield entry.start, entry.start + entry.size, owner(directory.name, entry.tag)
        yield from data(tiff, directory)


def followed(tiff: Tiff) -> Iterator[tuple[int, int]]:
    """Yield the extents of all bytes that `read` and `data` look at: the structure of the block.

    Values are not looked at, in their entry or elsewhere, unless they lead to something.
    """
    yield 0, HEADER
    for directory in tiff.directories.values():
        yield directory.at, directory.at + 2
        for entry in directory.entries:
            leads = entry.tag in _POINTER_TAGS or entry.tag in _LOCATIONS
            yield entry.at, entry.at + (12 if leads or not 0 <= entry.size <= INLINE else 8)
            if leads and entry.size > INLINE:
                yield entry.start, entry.start + entry.size
        yield directory.end, directory.end + 4


def link(tiff: Tiff, directory: Directory) -> bytes:
    """Return the 4 bytes behind the entries, the offset of the next IFD; zeros at the very end."""
    return tiff.block[directory.end : directory.end + 4].ljust(4, b"\0")


def owner(directory: str, tag: int) -> str:
    """Return the name under which `extents` lists a value."""
    return f"{directory} 0x{tag:04X}"


def shared(tiff: Tiff, at: int, size: int, whose: str) -> bool:
    """Tell whether some of `size` bytes at `at` are part of anything but what `whose` owns."""
    # As `extents` has it, with names for those only that overlap: this is asked for each tag.
    to = at + size
    if at < HEADER and to > 0 and whose != "header":
        return True
    for directory in tiff.directories.values():
        name = directory.name
        end = directory.end if "/" in name else directory.end + 4
        if directory.at < to and at < end and name != whose:
            return True
        for tag, _, _, _, start, length in directory.entries:
            apart = length <= INLINE or start >= to or at >= start + length
            if not apart and owner(name, tag) != whose:
                return True
        for start, end, what in data(tiff, directory):
            if start < to and at < end and what != whose:
                return True
    return False


def entry_offset(tiff: Tiff, entry: Entry) -> int:
    """Return the offset in the entry's value field."""
    return _long(tiff.order, tiff.block, entry.at + 8)


def _long(order: str, block: bytes, at: int) -> int:
    number: int = struct.unpack_from(order + "I", block, at)[0]
    return number
