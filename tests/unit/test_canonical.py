"""One spelling of JSON: that of Python's encoder, whoever writes it."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galleria_action import canonical, manifest
from galleria_action.canonical import Real

NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False).map(Real)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=12,
)


def by_python(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


@given(VALUES)
def test_any_value(value):
    """Numbers, letters and escapes are as Python writes them, and members are sorted."""
    assert canonical.encoded(value) == by_python(value)


@pytest.mark.parametrize(
    "value",
    [
        Real(1e16), [Real(0.1)], {"a": Real(1e22)}, {"b": 1, "a": [2, Real(-3.5)]}, 2**70, "5.5", ",5.5", "é",
        "\x7f", "\ud800", '\0\n"\\/', {"é": 1, "z": 2, "": 3}, ["12.5", {"x": ":1e5"}], [], {}, "",
    ],
)  # fmt: skip
def test_values_that_encoders_disagree_about(value):
    """And those that only look like them."""
    assert canonical.encoded(value) == by_python(value)


@given(VALUES)
def test_a_text_of_any_value(value):
    """What is decoded here is encoded as Python decodes and encodes it."""
    text = json.dumps(value)
    assert canonical.encoded(canonical.decode(text)) == by_python(json.loads(text))


@given(
    st.dictionaries(st.text(max_size=3), VALUES, max_size=4),
    st.lists(st.dictionaries(st.text(max_size=3), VALUES, max_size=3), max_size=4),
    st.sampled_from([None, 0, 2, "\t"]),
    st.booleans(),
)
def test_the_content_of_a_manifest(others, photos, indent, ascii_only):
    """Its hash depends on what the document says, not on how it is laid out."""
    for each in photos:
        each.pop("original_path", None)
    document = {**others, "photos": photos}
    text = json.dumps(document, indent=indent, ensure_ascii=ascii_only)
    others = {
        name: each for name, each in document.items() if name not in ("photos", "generated_at")
    }
    said = hashlib.sha256(b"".join(by_python(each) + b"\n" for each in photos)).digest()

    found = manifest.Manifest((), f" {text}\n".encode()).content

    assert found == hashlib.sha256(said + by_python(others)).hexdigest()
    assert found == manifest.Manifest((), b"\xef\xbb\xbf" + text.encode()).content
