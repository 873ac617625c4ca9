"""Where in a JSON text a value stands: the line for an annotation.

Only walks when something is wrong with a document, one pass to each value that is asked for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()


def line_of(text: str, path: Sequence[str | int]) -> int:
    """Line (from 1) of the value at ``path`` in the valid JSON ``text``.

    Of members with the same name the last counts, as for Python's parser. A step that the
    document does not have ends the walk: the line of its parent is given.
    """
    position = _skip_space(text, 0)
    for step in path:
        found = _step(text, position, step)
        if found is None:
            break
        position = found
    return text.count("\n", 0, position) + 1


def _skip_space(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position


def _step(text: str, position: int, step: str | int) -> int | None:
    """Position of the member or item ``step`` of the container at ``position``."""
    opening = text[position]
    if opening not in "{[" or isinstance(step, str) != (opening == "{"):
        return None
    index = 0
    found = None
    position = _skip_space(text, position + 1)
    while text[position] not in "}]":
        name: str | int = index
        if opening == "{":
            name, position = _DECODER.raw_decode(text, position)
            position = _skip_space(text, _skip_space(text, position) + 1)  # over the colon
        if name == step:
            found = position
        _, position = _DECODER.raw_decode(text, position)
        position = _skip_space(text, position)
        if text[position] == ",":
            position = _skip_space(text, position + 1)
        index += 1
    return found
