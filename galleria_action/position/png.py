"""PNG files without their positions.

Owns the chunks. Unlike in other formats lengths may change here, since nothing in a PNG file counts
bytes: a compressed chunk grows, a chunk that is a position as a whole goes.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import NamedTuple

from galleria_action.position import Undecidable, png_texts, signs, trailing
from galleria_action.position.pieces import Blocks, Piece

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_END = b"IEND"
_EXIF = b"eXIf"
_COMPRESSED_EXIF = b"zxIf"
# Chunks of pixels, colours and sizes.
_KNOWN = {b"IHDR", b"PLTE", b"IDAT", b"fdAT", b"fcTL", b"acTL", b"tRNS", b"iCCP", b"hIST"}
# Encoders cut pixels into chunks of 8 kB and more.
_MAX_CHUNKS = 100_000
_TEXTS = {b"tEXt", b"zTXt", b"iTXt"}


class Chunk(NamedTuple):
    """A chunk: its length field stands at `at`, its content is `start:end`, its CRC behind."""

    kind: bytes
    at: int
    start: int
    end: int


def edit(data: bytes, blocks: Blocks) -> list[Piece]:
    """Return the pieces of a whole file; raises Undecidable."""
    chunks, end = _chunks(data)
    found = [piece for chunk in chunks for piece in _chunk(data, chunk, blocks)]
    return [*found, *trailing.edit(data, end, blocks)]


def _chunks(data: bytes) -> tuple[list[Chunk], int]:
    """Return the chunks and where they end, which is behind IEND unless the file is broken."""
    chunks: list[Chunk] = []
    at = len(SIGNATURE)
    while at + 12 <= len(data):
        if len(chunks) == _MAX_CHUNKS:
            raise Undecidable("too many chunks")
        kind, start = data[at + 4 : at + 8], at + 8
        end = start + int.from_bytes(data[at : at + 4], "big")
        if end + 4 > len(data):
            break
        chunks.append(Chunk(kind, at, start, end))
        at = end + 4
        if kind == _END:
            break
    return chunks, at


def _chunk(data: bytes, chunk: Chunk, blocks: Blocks) -> Iterator[Piece]:
    if chunk.kind in _KNOWN:
        return
    old = data[chunk.start : chunk.end]
    new: bytes | None
    if chunk.kind == _EXIF:
        new = exif(old, blocks)
    elif chunk.kind in _TEXTS:
        new = png_texts.clean(chunk.kind, old, blocks)
    else:
        if chunk.kind == _COMPRESSED_EXIF:
            raise Undecidable("compressed Exif")
        signs.refuse(old, f"chunk {chunk.kind.decode('latin-1')}")
        return
    if new is old:
        return
    if data[chunk.end : chunk.end + 4] != _crc(chunk.kind, old):
        # A new sum would make readers take a chunk that they pass over now.
        raise Undecidable(f"a damaged chunk {chunk.kind.decode('latin-1')} with a position")
    whole = b""
    if new is not None:
        whole = len(new).to_bytes(4, "big") + chunk.kind + new + _crc(chunk.kind, new)
    yield chunk.at, chunk.end + 4, whole


def _crc(kind: bytes, content: bytes) -> bytes:
    return zlib.crc32(kind + content).to_bytes(4, "big")


def exif(value: bytes, blocks: Blocks) -> bytes:
    r"""Clean a TIFF block that some writers put behind `Exif\0\0`."""
    head = b"Exif\0\0" if value.startswith(b"Exif\0\0") else b""
    old = value[len(head) :]
    new = blocks.exif(old)
    return value if new is old else head + new
