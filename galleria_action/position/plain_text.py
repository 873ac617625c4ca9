"""Text files, SVG and JSON among them: proven free of a position, or not; never changed."""

from __future__ import annotations

import base64
import binascii
import re

from galleria_action.position import Undecidable, signs
from galleria_action.position.pieces import Blocks

_BOMS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
# Control characters, but for white space and the escape of terminals.
_CONTROL = re.compile(r"[\0-\x08\x0e-\x1a\x1c-\x1f\x7f]")
# Documents that may be all ASCII, and yet hold files in digits.
_DOCUMENTS = ("%PDF", "%!PS", "{\\rtf")
_WORD = re.compile(r"gps|latitude|longitude|geo\.position|\"(?:lat|lng|lon)\"")
_DATA_URL = re.compile(r";base64,([A-Za-z0-9+/=\s%]*)")


def read(data: bytes) -> str | None:
    """Return the text of a file, None if it is none."""
    encoding = next((name for bom, name in _BOMS.items() if data.startswith(bom)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return None
    return None if _CONTROL.search(text) or text.startswith(_DOCUMENTS) else text


def check(text: str, blocks: Blocks) -> None:
    """Raise Undecidable if a text shows a sign of a position, in itself or in a file inside."""
    if found := _WORD.search(text.lower()):
        raise Undecidable(f"a text with the word {found.group()!r}")
    signs.refuse(text.encode(), "a text")
    signs.check_base64(text.encode(), blocks)
    for found in _DATA_URL.finditer(text):
        digits = re.sub(r"[^A-Za-z0-9+/]", "", found[1])
        try:
            inside = base64.b64decode(digits[: len(digits) // 4 * 4])
        except binascii.Error as error:
            raise Undecidable("a text with a file that cannot be read") from error
        blocks.check(inside)
