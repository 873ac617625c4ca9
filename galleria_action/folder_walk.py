"""The order in which folders are gone through, and where that would never end.

Knows nothing of files: it is told what a folder holds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeVar

T = TypeVar("T")

MOST_WAYS = 100
"""To one folder: 20 folders that hold two links to the next one each look like a million files."""


class Folder(NamedTuple):
    """A folder below another: its name there, where it really is, and where it was seen."""

    name: str
    path: str
    seen: str


def files(
    top: str,
    entries: Callable[[str, str], Iterator[T | Folder]],
    refused: Callable[[str, str], None],
) -> Iterator[T]:
    """All that the folder at ``top`` holds, depth first, but for the folders themselves.

    ``entries`` gives what lies in the folder at a path that has a name below ``top``; ``refused``
    is told the place of a link that is not followed, and why. No recursion: folders may lie deep.
    """
    ways = Counter({top: 1})
    todo = [entries(top, "")]
    above = [top]
    while todo:
        found = next(todo[-1], None)
        if found is None:
            todo.pop()
            above.pop()
        elif not isinstance(found, Folder):
            yield found
        elif why := _endless(found.path, above, ways):
            refused(found.seen, why)
        else:
            todo.append(entries(found.path, found.name))
            above.append(found.path)


def _endless(path: str, above: list[str], ways: Counter[str]) -> str:
    """Why a folder is not gone into, '' if it is; counts how often it is."""
    if path in above:
        return "is a link to a folder it lies in"
    ways[path] += 1
    return "leads to a folder that too many links lead to" if ways[path] > MOST_WAYS else ""
