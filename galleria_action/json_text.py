"""A JSON text read with an eye for what Python's parser takes and others understand differently.

RFC 8259, section 4: of members with the same name some readers take the first, some the last. What
a person, a browser and this program see in such a document may be three different galleries.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_LONG_NUMBER = 200
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],]')


class Loaded(NamedTuple):
    """A document.

    is_odd
        It may have values that JSON in UTF-8 cannot hold: half surrogate pairs, infinite numbers.
    is_doubled
        Some object has two members of the same name.
    """

    document: Any
    is_odd: bool
    is_doubled: bool


def load(text: str) -> Loaded:
    """The document in ``text``; raises :class:`ValueError` or :class:`RecursionError`."""
    odd = "\\u" in text and _SURROGATE.search(text) is not None
    is_doubled = False

    def real(number: str) -> float:
        nonlocal odd
        value = float(number)
        odd = odd or math.isinf(value)
        return value

    def whole(number: str) -> int:
        nonlocal odd
        odd = odd or len(number) >= _LONG_NUMBER
        return int(number)

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal is_doubled
        made = dict(pairs)
        is_doubled = is_doubled or len(made) != len(pairs)
        return made

    document = json.loads(
        text,
        parse_constant=_no_constant,
        parse_float=real,
        parse_int=whole,
        object_pairs_hook=members,
    )
    return Loaded(document, odd, is_doubled)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def doubled(text: str) -> Iterator[tuple[str, int]]:
    """Name and line (from 1) of each member of the valid JSON ``text`` that is not the first."""
    names: list[set[str] | None] = []  # of the objects around; None is an array
    is_name = False
    line, counted = 1, 0
    for token in _TOKEN.finditer(text):
        match token[0]:
            case "{":
                names.append(set())
                is_name = True
            case "[":
                names.append(None)
            case "}" | "]":
                names.pop()
                is_name = False
            case ",":
                is_name = names[-1] is not None
            case written:
                here = names[-1] if names and is_name else None
                is_name = False
                if here is not None and (name := json.loads(written)) in here:
                    line, counted = line + text.count("\n", counted, token.start()), token.start()
                    yield name, line
                elif here is not None:
                    here.add(name)
