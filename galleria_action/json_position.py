"""Where in a JSON text values stand: the lines for annotations.

Only walks when something is wrong with a document, once for all values that are asked for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()

Path = Sequence[str | int]

DEEPEST = 20
"""Steps of a path that are walked; each may cost a look at all that lies below."""


def lines_of(text: str, paths: Sequence[Path]) -> list[int]:
    """Line (from 1) of the value at each of ``paths`` in the valid JSON ``text``.

    A step that the document does not have ends the walk: the line of its parent is given. Of
    members with the same name the last counts, as for Python's parser.
    """
    positions = [0] * len(paths)
    wanted = [(index, path[:DEEPEST]) for index, path in enumerate(paths)]
    _walk(text, _skip_space(text, 0), wanted, positions)
    return [text.count("\n", 0, position) + 1 for position in positions]


def _walk(
    text: str, position: int, wanted: Sequence[tuple[int, Path]], positions: list[int]
) -> None:
    """Note ``position`` for all ``wanted`` (index, rest of its path), and go on to their rests."""
    deeper: dict[str | int, list[tuple[int, Path]]] = {}
    for index, rest in wanted:
        positions[index] = position
        if rest:
            deeper.setdefault(rest[0], []).append((index, rest[1:]))
    if deeper:
        for name, at in _members(text, position):
            if name in deeper:
                _walk(text, at, deeper[name], positions)


def _members(text: str, position: int) -> Iterator[tuple[str | int, int]]:
    """Name or index and position of each value in the container at ``position``, if it is one."""
    opening = text[position]
    if opening not in "{[":
        return
    index = 0
    position = _skip_space(text, position + 1)
    while text[position] not in "}]":
        name: str | int = index
        if opening == "{":
            name, position = _DECODER.raw_decode(text, position)
            position = _skip_space(text, _skip_space(text, position) + 1)  # over the colon
        yield name, position
        _, position = _DECODER.raw_decode(text, position)
        position = _skip_space(text, position)
        if text[position] == ",":
            position = _skip_space(text, position + 1)
        index += 1


def _skip_space(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position
