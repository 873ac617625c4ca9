"""What the Exif of a JPEG file tells of a photo: when it was taken, in which zone, by what."""

from __future__ import annotations

import re
from datetime import datetime

from galleria_action import jpeg, tiff
from galleria_action.values import Struct

_MAKE, _MODEL = 0x010F, 0x0110
_DATE_TIME_ORIGINAL, _OFFSET_TIME_ORIGINAL, _SUB_SEC_TIME_ORIGINAL = 0x9003, 0x9011, 0x9291
# Some programs write bytes or undefined values where Exif wants ASCII; 129 is Exif 3.0's UTF-8.
_TEXT_KINDS = (1, tiff.ASCII, 7, 129)

_TIME = re.compile(
    r"([0-9]{4})[:./-]([0-9]{2})[:./-]([0-9]{2})[ T]([0-9]{2}):([0-9]{2}):([0-9]{2})"
)
_OFFSET = re.compile(r"[+-][0-9]{2}:[0-9]{2}")
_DIGITS = re.compile(r"[0-9]{1,9}")


class Facts(Struct, frozen=True):
    """Facts as a manifest states them; None where the file says nothing that can be read.

    original
        Local time by the camera's clock: DateTimeOriginal, without its fraction.
    timezone
        OffsetTimeOriginal, ``±HH:MM``.
    subsecond
        The digits of SubSecTimeOriginal as a number.
    """

    original: datetime | None = None
    timezone: str | None = None
    make: str | None = None
    model: str | None = None
    subsecond: int | None = None


def read(data: bytes) -> Facts:
    """The facts of a JPEG file; none of a file of another kind, or whose Exif cannot be read."""
    try:
        segment = jpeg.header(data).exif
        if segment is None:
            return Facts()
        block = tiff.read(data[segment.start + len(jpeg.EXIF) : segment.end])
    except (jpeg.UnreadableError, tiff.UnreadableError):
        return Facts()
    offset = _text(block, "IFD0/Exif", _OFFSET_TIME_ORIGINAL) or ""
    digits = _text(block, "IFD0/Exif", _SUB_SEC_TIME_ORIGINAL) or ""
    return Facts(
        original=time(_text(block, "IFD0/Exif", _DATE_TIME_ORIGINAL) or ""),
        timezone=offset if _OFFSET.fullmatch(offset) else None,
        make=_text(block, "IFD0", _MAKE),
        model=_text(block, "IFD0", _MODEL),
        subsecond=int(digits) if _DIGITS.fullmatch(digits) else None,
    )


def time(text: str) -> datetime | None:
    """A time as Exif or a manifest writes it, None if there is none; a fraction is left out."""
    found = _TIME.match(text)
    if found is None:
        return None
    year, month, day, hour, minute, second = found.groups()
    try:
        return datetime.fromisoformat(f"{year}-{month}-{day}T{hour}:{minute}:{second}")
    except ValueError:  # 0000:00:00 00:00:00, as clocks that were never set say
        return None


def _text(block: tiff.Tiff, directory: str, tag: int) -> str | None:
    """The text of a tag, without padding; None if it is not there or blank."""
    found = block.directories.get(directory)
    entries = found.all(tag) if found else []
    if not entries or entries[0].kind not in _TEXT_KINDS:
        return None
    data, _, _ = block.value(entries[0]).partition(b"\0")
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return text.strip() or None
