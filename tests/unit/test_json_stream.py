"""The members of a document one by one."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galleria_action import json_stream

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


@given(
    st.dictionaries(st.text(max_size=3), VALUES, max_size=4),
    st.lists(VALUES, max_size=4) | st.none(),
    st.sampled_from([None, 0, 2, "\t"]),
    st.booleans(),
)
def test_members(others, items, indent, ascii_only):
    """They are those of the document, the long list's items by themselves, however it is laid out."""
    others.pop("photos", None)
    before = dict(list(others.items())[:2])
    middle = {} if items is None else {"photos": items}
    text = json.dumps({**before, **middle, **others}, indent=indent, ensure_ascii=ascii_only)
    found = list(json_stream.members(f" {text}\n", "photos"))
    assert [each for name, each in found if name == "photos"] == (items or [])
    assert {name: each for name, each in found if name != "photos"} == others


@pytest.mark.parametrize("text", ["{}", " { } ", '{"photos":[]}', '{ "photos" : [ ] }\r\n'])
def test_nothing(text):
    """An object without members, a list without items."""
    assert list(json_stream.members(text, "photos")) == []
