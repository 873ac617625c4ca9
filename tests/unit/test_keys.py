"""Keys: prefixes as folders, and texts that cannot be keys or relative paths."""

from __future__ import annotations

import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galleria_action import keys


@pytest.mark.parametrize(
    ("prefix", "relative", "key"),
    [("", "a.jpg", "a.jpg"), ("photos", "full/a.jpg", "photos/full/a.jpg"), ("a/b", "c", "a/b/c")],
)
def test_join(prefix, relative, key):
    """A key is its prefix and the path; the root has no prefix. `relative` takes it back."""
    assert keys.join(prefix, relative) == key
    assert keys.relative(prefix, key) == relative


@pytest.mark.parametrize(
    ("prefix", "key", "inside"),
    [
        ("site", "site/a", True),
        ("site", "site2/a", False),
        ("site", "site", False),
        ("site", "Site/a", False),
        ("", "anything", True),
        ("a/b", "a/b/c", True),
        ("a/b", "a/bc", False),
    ],
)
def test_below(prefix, key, inside):
    """Prefixes are compared as folders: ``site`` never matches ``site2/``."""
    assert keys.below(prefix, key) is inside
    assert (keys.relative(prefix, key) is not None) is inside


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a.jpg", None),
        ("full/a b+c%20é.jpg", None),
        ("a..b/c...", None),
        (".hidden/a", None),
        ("日本/写真.jpg", None),
        ("ab:c.jpg", None),
        ("", "is empty"),
        ("/etc/passwd", "is an absolute path"),
        ("C:/a.jpg", "is an absolute path"),
        ("..", "has a '..' part"),
        ("a/../b", "has a '..' part"),
        ("../a", "has a '..' part"),
        ("a\\b", "has a backslash; use /"),
        ("..\\a", "has a backslash; use /"),
        ("a\nb", "has a control character"),
        ("a\0b", "has a control character"),
        ("a\x7fb", "has a control character"),
        ("a\x85b", "has a control character"),
        ("a//b", "has an empty or '.' part"),
        ("a/", "has an empty or '.' part"),
        ("./a", "has an empty or '.' part"),
        ("a/./b", "has an empty or '.' part"),
        ("a\ud800", "is no valid Unicode text"),
    ],
)
def test_fault(text, fault):
    """Why a text cannot be a relative path; None for those that can."""
    assert keys.fault(text) == fault


PARTS = st.sampled_from(["..", ".", "", "/", "\\", "a", "é", "\0", "\x85", "C:", "\ud800", "..."])


@given(st.one_of(st.text(), st.lists(PARTS).map("/".join), st.lists(PARTS).map("".join)))
def test_a_text_without_fault_stays_below_its_folder(text):
    """Whatever has no fault is a path that is its own normal form, below any folder."""
    if keys.fault(text) is None:
        assert posixpath.normpath(text) == text
        assert posixpath.normpath(f"/w/{text}") == f"/w/{text}"
        assert text.encode().decode() == text
        assert not set(text) & {"\\", "\0", "\n", "\r"}
        assert keys.below("w", keys.join("w", text))


def test_ledger():
    """The ledger lies beside the manifest, below our own folder."""
    assert keys.ledger("a/b.json") == ".galleria/a/b.json.ledger.json.gz"
    assert keys.ledger("a").startswith(keys.RECORDS)
