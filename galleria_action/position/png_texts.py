"""The texts of PNG files: XMP, and the profiles that ImageMagick and others write in digits.

Owns the three kinds of text chunks, compressed or not, and what their keywords mean.
"""

from __future__ import annotations

import re
import zlib

from galleria_action.position import Undecidable, photoshop, signs, xmp_names
from galleria_action.position.pieces import Blocks

_XMP = b"XML:com.adobe.xmp"
_PROFILE = b"raw profile type "
_XMP_HEAD = b"http://ns.adobe.com/xap/1.0/\0"
# A profile: a line with its name, a line with its length, lines of digits.
_RAW = re.compile(rb"\s*\S[^\n]*\n\s*[0-9]+\s*\n")
# Real profiles are some 100 kB.
_MAX_TEXT = 1 << 25
_STORED = 0xFFFF


def clean(kind: bytes, chunk: bytes, blocks: Blocks) -> bytes | None:
    """Return the content of a text chunk without a position; `chunk` itself if it has none.

    None means that the chunk is a position as a whole. Raises Undecidable.
    """
    keyword, separator, rest = chunk.partition(b"\0")
    head, text, compressed = _parts(kind, rest)
    if separator and xmp_names.is_position("", keyword.rpartition(b":")[2].decode("latin-1")):
        return None
    signs.refuse(head, "a text")
    old = _inflated(text, blocks) if compressed else text
    new = _text(keyword.lower(), old, blocks)
    if new is old:
        return chunk
    return keyword + separator + head + (_deflated(new) if compressed else new)


def _parts(kind: bytes, rest: bytes) -> tuple[bytes, bytes, bool]:
    """Return what is before the text of a chunk, the text, and whether it is compressed."""
    if kind == b"tEXt":
        return b"", rest, False
    if kind == b"zTXt":
        return rest[:1], rest[1:], True
    # Two bytes about compression, and two strings: language and translated keyword.
    fields = rest[2:].split(b"\0", 2)
    if len(fields) < 3:
        return b"", rest, False
    return rest[: len(rest) - len(fields[2])], fields[2], rest[:1] == b"\1"


def _text(keyword: bytes, text: bytes, blocks: Blocks) -> bytes:
    if keyword == _XMP.lower():
        return blocks.xmp(text)
    if not keyword.startswith(_PROFILE):
        signs.refuse(keyword + b" " + text, "a text")
        signs.check_base64(text, blocks)
        return text
    found = _RAW.match(text)
    if not found:
        signs.refuse(text, "a profile")
        return text
    digits = text[found.end() :]
    try:
        old = bytes.fromhex(re.sub(rb"[^0-9A-Fa-f]", b"", digits).decode("ascii"))
    except ValueError as error:
        raise Undecidable("a broken profile") from error
    new = _profile(old, blocks)
    return text if new is old else text[: found.end()] + _rewritten(digits, new)


def _rewritten(digits: bytes, profile: bytes) -> bytes:
    """Return the digits of a profile of the same length, broken into the same lines."""
    fresh = iter(profile.hex().encode("ascii"))
    return bytes(
        next(fresh) if letter in b"0123456789abcdefABCDEF" else letter for letter in digits
    )


def _profile(profile: bytes, blocks: Blocks) -> bytes:
    """Clean a profile, whatever its name: Exif, XMP, or Photoshop's resources."""
    for head, skipped, clean_block in (
        (b"Exif\0\0", 6, blocks.exif),
        (b"II*\0", 0, blocks.exif),
        (b"MM\0*", 0, blocks.exif),
        (_XMP_HEAD, len(_XMP_HEAD), blocks.xmp),
        (b"<", 0, blocks.xmp),
        (photoshop.HEAD, len(photoshop.HEAD), blocks.photoshop),
        (b"8BIM", 0, blocks.photoshop),
    ):
        if profile.startswith(head):
            old = profile[skipped:]
            new = clean_block(old)
            return profile if new is old else profile[:skipped] + new
    signs.refuse(profile, "a profile")
    return profile


def _inflated(text: bytes, blocks: Blocks) -> bytes:
    """Return a compressed text, of a bounded length; raises Undecidable if it cannot be read."""
    stream = zlib.decompressobj()
    try:
        inflated = stream.decompress(text, _MAX_TEXT)
    except zlib.error as error:
        raise Undecidable("a compressed text that cannot be read") from error
    if not stream.eof:
        raise Undecidable("a compressed text that is cut off or too long")
    blocks.spend(len(inflated))
    signs.refuse(stream.unused_data, "data behind a compressed text")
    return inflated


def _deflated(text: bytes) -> bytes:
    """Return a zlib stream of stored blocks: the same bytes with every version of zlib."""
    parts = [b"\x78\x01"]
    for at in range(0, max(len(text), 1), _STORED):
        block = text[at : at + _STORED]
        last = at + _STORED >= len(text)
        size = len(block)
        parts += (bytes([last]), size.to_bytes(2, "little"), (size ^ 0xFFFF).to_bytes(2, "little"))
        parts.append(block)
    return b"".join([*parts, zlib.adler32(text).to_bytes(4, "big")])
