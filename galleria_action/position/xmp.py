"""XMP packets without the properties that hold a position.

Owns the removal: elements and attributes become spaces of the same length. The packet is read by a
real XML parser before and after, so that exactly those are gone.
"""

from __future__ import annotations

import re
from xml.parsers import expat

from galleria_action.position import Undecidable, pieces, signs, xmp_names
from galleria_action.position.pieces import Blocks, Piece
from galleria_action.values import Struct, field

# A packet without any of these, whatever its encoding, has no property to remove; nor a picture in
# base64 that might have.
_HINT = re.compile(
    rb"gps|latitude|longitude|location|wgs84_pos|georss|/cell/|/dwc|/9j/"
    rb"|[:<\s]l(?:at|on|ng)[\s=/>]"
)
_TAG_NAME = re.compile(rb"<[^\s/>]+")
_ATTRIBUTE = re.compile(rb"\s+([^\s=]+)\s*=\s*(?:\"[^\"]*\"|'[^']*')")
# A character that no XML text has, so that no name is cut in the wrong place.
_SEPARATOR = "\1"
_NODE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#" + _SEPARATOR + "nodeID"


def clean(packet: bytes, blocks: Blocks) -> bytes:
    """Return the packet without its position, of the same length; `packet` itself if it has none.

    Raises Undecidable.
    """
    if not shows_sign(packet):
        _refuse_written(packet)
        return packet
    start, end = packet.find(b"<"), packet.rfind(b">") + 1
    signs.refuse(packet[: max(start, 0)] + packet[end:], "bytes around XMP")
    if start < 0:
        return packet
    if b"\0" in packet[start:end]:
        raise Undecidable("XMP that is not in UTF-8")
    old = _read(packet[start:end])
    new = pieces.applied(packet, [(start + at, start + to, space) for at, to, space in old.pieces])
    if old.pieces:
        after = _read(new[start:end])
        if after.pieces or after.events != old.events:
            raise Undecidable("the removal from XMP does not read back")
    _refuse_written(new)
    signs.check_base64(new, blocks)
    return new


def shows_sign(text: bytes) -> bool:
    """Tell whether XMP, whatever its encoding and however broken, may have such a property."""
    return bool(_HINT.search(signs.plain(text)))


def _refuse_written(packet: bytes) -> None:
    if found := signs.written(packet):
        raise Undecidable(f"XMP: {found}")


class _Reading(Struct):
    """A packet as read: `events` are all of it but positions, `pieces` what removes those."""

    text: bytes
    parser: expat.XMLParserType
    pieces: list[Piece] = field(default_factory=list)
    events: list[tuple[str, ...]] = field(default_factory=list)
    depth: int = 0
    # Where the outermost element that goes began, and its depth.
    removed_at: int = 0
    removed_depth: int = 0

    def start(self, name: str, attributes: list[str]) -> None:
        """Take a start tag; `attributes` are names and values in turn."""
        self.depth += 1
        if self.removed_depth:
            return
        pairs = list(zip(attributes[::2], attributes[1::2], strict=True))
        if _is_position(name):
            if any(key.startswith(_NODE) for key, _ in pairs):
                raise Undecidable("XMP: a location that is written elsewhere")
            self.removed_at, self.removed_depth = self.parser.CurrentByteIndex, self.depth
            return
        for _, value in pairs:
            self._value(value)
        kept = [text for key, value in pairs if not _is_position(key) for text in (key, value)]
        if len(kept) < len(attributes):
            self._remove_attributes([key for key, _ in pairs])
        self.events.append(("<", name, *kept))

    def _remove_attributes(self, names: list[str]) -> None:
        """Blank the positions among the attributes of the tag here, whose names are `names`."""
        at = self._end_of_name(self.parser.CurrentByteIndex)
        rest = iter(names)
        while found := _ATTRIBUTE.match(self.text, at):
            at = found.end()
            declared = found[1] == b"xmlns" or found[1].startswith(b"xmlns:")
            if not declared and _is_position(next(rest)):
                self.pieces.append((found.start(), at, b" " * (at - found.start())))

    def end(self, name: str) -> None:
        """Take an end tag, or the end of an empty element."""
        self.depth -= 1
        if not self.removed_depth:
            self.events.append((">", name))
        elif self.depth < self.removed_depth:
            at, end = self.removed_at, self._end_of_element()
            self.pieces.append((at, end, b" " * (end - at)))
            self.removed_depth = 0

    def _end_of_element(self) -> int:
        at = self._end_of_name(self.removed_at)
        while found := _ATTRIBUTE.match(self.text, at):
            at = found.end()
        end = self.text.index(b">", at)
        if self.text[end - 1 : end] == b"/":
            return end + 1
        return self.text.index(b">", self.parser.CurrentByteIndex) + 1

    def _end_of_name(self, at: int) -> int:
        found = _TAG_NAME.match(self.text, at)
        if not found:
            raise Undecidable("XMP whose tags are not found")
        return found.end()

    def characters(self, text: str) -> None:
        """Take text between tags; white space alone says nothing."""
        if not self.removed_depth and text.strip():
            self._value(text)
            self.events.append(("text", text))

    def _value(self, value: str) -> None:
        if xmp_names.names_position(value):
            raise Undecidable(f"XMP: the name {value.strip()!r} as a value")


def _read(text: bytes) -> _Reading:
    """Read XML; raises Undecidable if it is not well-formed or has a document type."""
    parser = expat.ParserCreate(namespace_separator=_SEPARATOR)
    parser.namespace_prefixes = True
    reading = _Reading(text, parser)
    parser.ordered_attributes = True
    parser.buffer_text = True
    parser.StartElementHandler = reading.start
    parser.EndElementHandler = reading.end
    parser.CharacterDataHandler = reading.characters
    # Entities would need one; none is ever expanded.
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        parser.Parse(text, True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise Undecidable(f"broken XMP: {error}") from error
    return reading


def _refuse_doctype(*_: object) -> None:
    raise Undecidable("XMP with a document type")


def _is_position(name: str) -> bool:
    """Tell it of a name as the parser gives it: namespace, local name, prefix; or a bare name."""
    namespace, local, prefix = [*name.split(_SEPARATOR), "", ""][:3]
    if not local:
        return xmp_names.is_position("", namespace)
    # A reader may know a namespace by its usual prefix.
    return xmp_names.is_position(f"{namespace} {prefix}", local)
