"""The line of a value in a JSON text."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galleria_action import json_position

TEXT = """
{
  "a": 1, "b": [
    10,
    {"c": "x\\ny", "d":
       null},
    []
  ],
  "e" :
    {}
}
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ((), 2),
        (("a",), 3),
        (("b",), 3),
        (("b", 0), 4),
        (("b", 1), 5),
        (("b", 1, "c"), 5),
        (("b", 1, "d"), 6),
        (("b", 2), 7),
        (("e",), 10),
        (("missing",), 2),
        (("b", 9), 3),
        (("b", 1, "missing"), 5),
        (("b", "0"), 3),
        ((0,), 2),
        (("b", 2, 0, "x"), 7),
        (("a", "x"), 3),
    ],
)
def test_line(path, line):
    """The line on which the value begins; for a path that is not there, that of its parent."""
    assert json_position.lines_of(TEXT, [path])[0] == line


@pytest.mark.parametrize(
    ("text", "path", "line"),
    [
        ("5", (), 1),
        ("\n\n[]", (), 3),
        ("[]", (0,), 1),
        ("{}", ("a",), 1),
        ('{"a":\r\n1}', ("a",), 2),
        ('[\n"]"\n,\n"}"]', (1,), 4),
        ('{"\\"a":1,\n"a":2}', ("a",), 2),
        ('{"\\u0061":\n1}', ("a",), 2),
        ('{"a": 1,\n"a": 2}', ("a",), 2),
    ],
)
def test_odd_texts(text, path, line):
    """Brackets in strings, escapes in names, other spaces; of equal names the last counts."""
    assert json_position.lines_of(text, [path])[0] == line


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=20,
)


def paths(value, path=()):
    """Every path of a document with the value there."""
    yield path, value
    steps = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value if isinstance(value, list) else [])
    )
    for step, inner in steps:
        yield from paths(inner, (*path, step))


@given(VALUES, st.sampled_from([0, 1, 4, None]), st.booleans())
def test_agrees_with_the_json_module(value, indent, ascii_only):
    """What begins on the found line of a printed document is the value that json finds there."""
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    for path, inner in paths(value):
        line = text.split("\n")[json_position.lines_of(text, [path])[0] - 1]
        first = json.dumps(inner, indent=indent, ensure_ascii=ascii_only).split("\n")[0]
        assert first in line


@given(VALUES)
def test_lines_of_a_printed_document_are_in_order(value):
    """In a document with every value on its own line, the values' lines go down one by one."""
    text = json.dumps(value, indent=1)
    lines = [json_position.lines_of(text, [path])[0] for path, _ in paths(value)]
    assert lines == sorted(set(lines))
