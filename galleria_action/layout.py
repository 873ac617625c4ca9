"""How texts are set in an Exif block, as it was found for another block of the same structure.

The blocks of one camera, or of one program, differ in their values and in nothing that a reader
follows. What was proven of one of them holds for all: where the texts go, what has to be appended
for them, and that nothing else reads differently then. Whether a block is one of them takes a
comparison of two numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from galleria_action import tiff
from galleria_action.tiff import Tiff

LARGEST = 4096
"""Bytes of a block. Larger ones hold thumbnails, whose lengths differ, and their photos take long
to be hashed anyway."""
_LENGTHS, _EACH = 64, 4

_ROW = 12
"""Bytes of a directory's entry."""

Place = tuple[int, int]


class Text(NamedTuple):
    """A place for the text of a tag; what is left of it becomes NUL."""

    tag: int
    size: int

    def filled(self, texts: Mapping[int, str]) -> bytes:
        return texts[self.tag].encode("ascii").ljust(self.size, b"\0")


Part = slice | bytes | Text


class Structure(NamedTuple):
    """The bytes of a block that a reader follows, as a number; ``mask`` has ones just there."""

    length: int
    mask: int
    number: int

    @classmethod
    def of(cls, block: Tiff) -> Structure:
        mask = bytearray(len(block.block))
        for start, end in tiff.followed(block):
            mask[start:end] = b"\xff" * len(mask[start:end])
        number = int.from_bytes(mask, "little")
        return cls(len(mask), number, int.from_bytes(block.block, "little") & number)

    def fits(self, block: bytes) -> bool:
        """Whether a block reads as the one that this was taken from."""
        return (
            len(block) == self.length and int.from_bytes(block, "little") & self.mask == self.number
        )


class Recipe(NamedTuple):
    """What an edited block is made of: slices of the old one, new bytes, and texts.

    ``places`` has the texts by where they stand in it, ``structure`` is its own.
    """

    parts: tuple[Part, ...]
    places: Mapping[int, Text]
    structure: Structure

    def made(self, block: bytes, texts: Mapping[int, str]) -> bytes:
        return b"".join([_bytes(part, block, texts) for part in self.parts])

    def reads_back(self, block: bytes, texts: Mapping[int, str]) -> bool:
        """Whether a block is one that was edited so."""
        return self.structure.fits(block) and all(
            block[start : start + text.size] == text.filled(texts)
            for start, text in self.places.items()
        )


class Layout(NamedTuple):
    """A structure, where the time stands in it (if it does), and the recipes for it, by tags."""

    structure: Structure
    time: Place | None
    recipes: dict[frozenset[int], Recipe]


_known: dict[int, tuple[Layout, ...]] = {}
"""Length of a block to the layouts met last."""


def find(block: bytes) -> Layout | None:
    """The layout of a block, if one like it was met before."""
    return next((each for each in _known.get(len(block), ()) if each.structure.fits(block)), None)


def learn(old: Tiff, time: Place | None, block: bytes, texts: Mapping[int, str]) -> None:
    """Remember how ``texts`` have just been set, and that this was proven to do no harm.

    ``time``: where the time stands in the old block. A block with faults is not learned from,
    since a reader has looked at more than it could follow; nor is one that grows while it has
    maker notes, in which the edit looks for what it must not move.
    """
    length = len(old.block)
    if length > LARGEST or old.faults:
        return
    if length != len(block) and any(each.all(tiff.MAKER_NOTE) for each in old.directories.values()):
        return
    recipe = _recipe(old, tiff.read(block), texts)
    if recipe is None:
        return
    if known := find(old.block):
        known.recipes[frozenset(texts)] = recipe
        return
    if len(_known) >= _LENGTHS and length not in _known:
        _known.clear()
    layout = Layout(Structure.of(old), time, {frozenset(texts): recipe})
    _known[length] = (layout, *_known.get(length, ())[: _EACH - 1])


def _recipe(old: Tiff, new: Tiff, texts: Mapping[int, str]) -> Recipe | None:
    """How the new block was made of the old one; None if that might be another way elsewhere."""
    exif = new.directories[tiff.EXIF_PATH]
    entries = {tag: exif.all(tag)[0] for tag in texts}
    places = {entry.start: Text(tag, entry.size) for tag, entry in entries.items()}
    rows = _rows(old, new, texts)
    if rows is None or new.faults:
        return None
    pieces: dict[int, Part] = {**places, **rows}
    for at in _pointers(old):
        if old.block[at : at + 4] != new.block[at : at + 4]:
            pieces[at] = new.block[at : at + 4]
    parts = tuple(_filled(pieces, len(old.block), new.block))
    recipe = Recipe(parts, places, Structure.of(new))
    return recipe if recipe.made(old.block, texts) == new.block else None


def _rows(old: Tiff, new: Tiff, texts: Mapping[int, str]) -> dict[int, slice] | None:
    """Place of each row of a directory that was moved to where it stood; None if one is another."""
    rows: dict[int, slice] = {}
    for name, directory in new.directories.items():
        before = old.directories.get(name)
        if before is None or before.at == directory.at:
            continue
        for entry in directory.entries:
            if entry.tag in texts or entry.tag == tiff.EXIF_IFD:
                continue
            row = new.block[entry.at : entry.at + _ROW]
            found = [old.block[each.at : each.at + _ROW] for each in before.all(entry.tag)]
            if found != [row]:
                return None
            (stood,) = before.all(entry.tag)
            rows[entry.at] = slice(stood.at, stood.at + _ROW)
    return rows


def _pointers(old: Tiff) -> Iterator[int]:
    """Where it says at which offsets IFD0 and the Exif IFD are: what moves with them."""
    yield 4
    for entry in old.directories["IFD0"].all(tiff.EXIF_IFD):
        yield entry.at + 8


def _filled(pieces: Mapping[int, Part], length: int, block: bytes) -> Iterator[Part]:
    """The pieces by their places, and between them what was kept of a block of that length."""
    done = 0
    for at in [*sorted(pieces), len(block)]:
        if done < min(at, length):
            yield slice(done, min(at, length))
            done = min(at, length)
        if done < at:
            yield block[done:at]
        if at in pieces:
            yield pieces[at]
            done = at + _size(pieces[at])


def _bytes(part: Part, block: bytes, texts: Mapping[int, str]) -> bytes:
    if isinstance(part, slice):
        return block[part]
    return part.filled(texts) if isinstance(part, Text) else part


def _size(part: Part) -> int:
    if isinstance(part, slice):
        return int(part.stop - part.start)
    return part.size if isinstance(part, Text) else len(part)
