"""What was done to a file before it was sent, as one text: ledgers and plans record it.

''
    It was sent as it is.
'exif/1 2024-06-15T14:30:45 +02:00'
    Its time was corrected: the editor's version, local time, offset.
'untouched exif/1 ...'
    That was wanted, and not possible without harm.
'gps/1', 'gps/1 exif/1 ...'
    Its position was removed: the remover's version.
"""

from __future__ import annotations

# The version of `exif`: to be raised whenever it gives other bytes for the same input, because
# hashes of edited photos depend on it.
EDITOR = "exif/1"
UNTOUCHED = "untouched "
_REMOVERS = "gps/"


class Uneditable(Exception):
    """A file's time cannot be corrected without harm; str() is the reason in a few words."""


def without_position(edit: str, remover: str) -> str:
    """The edit of a file that loses its position, too; ``remover`` is the remover's version."""
    return f"{remover} {edit}".rstrip()


def remover(edit: str) -> str:
    """The version that removed the position, '' if none was removed."""
    return edit.partition(" ")[0] if edit.startswith(_REMOVERS) else ""


def correction(edit: str) -> str:
    """The correction of the time, done or wanted; '' if none was due."""
    return edit.removeprefix(remover(edit)).removeprefix(" ")


def is_corrected(edit: str) -> bool:
    """Whether the time was corrected."""
    done = correction(edit) if edit.startswith(_REMOVERS) else edit
    return bool(done) and not done.startswith(UNTOUCHED)


def is_edited(edit: str) -> bool:
    """Whether an object with this edit got other bytes than its source."""
    return bool(remover(edit)) or is_corrected(edit)
