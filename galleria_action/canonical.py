"""JSON in one spelling: equal values give equal bytes, to be hashed.

ASCII only, without spaces, members sorted: what Python's encoder makes of ``sort_keys=True`` and
``separators=(",", ":")``. Hashes that were shown to people or kept rely on it.
"""

from __future__ import annotations

import json
import re

from galleria_action.values import msgspec

# Python writes other letters as escapes, and has its own way with real numbers. What looks like one
# may stand in a text: then Python writes it all the same.
_OF_PYTHON = re.compile(rb"[\x7f-\xff]|(?:\A|[:,\[])-?[0-9]++[.eE]")


def encoded(value: object) -> bytes:
    """The JSON of a value, which msgspec writes in a tenth of the time where it writes the same."""
    try:
        text = msgspec.json.encode(value, order="sorted")
    except ValueError:  # half surrogate pairs
        return _by_python(value)
    return _by_python(value) if _OF_PYTHON.search(text) else text


def _by_python(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
