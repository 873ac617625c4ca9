"""Globs of `exclude` and `cache-control`."""

from __future__ import annotations

import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galleria_action import globs


@pytest.mark.parametrize(
    ("glob", "path", "matches"),
    [
        ("*.html", "index.html", True),
        ("*.html", "a/b/index.html", True),
        ("*.html", "index.htm", False),
        ("index.html", "a/index.html", True),
        ("a/index.html", "a/index.html", True),
        ("a/index.html", "b/a/index.html", False),
        ("a/*", "a/b/c.js", True),
        ("**/c.js", "a/b/c.js", True),
        ("**/c.js", "c.js", True),
        ("**", "a/b", True),
        ("./a.js", "a.js", True),
        ("?.js", "a.js", True),
        ("?.js", "ab.js", False),
        ("[ab].js", "b.js", True),
        ("[!ab].js", "b.js", False),
        ("*.HTML", "index.html", False),
        ("a.b", "axb", False),
        ("é*", "été/a", True),
        ("", "a", False),
    ],
)
def test_matches(glob, path, matches):
    """``*`` also matches ``/``; without ``/`` the name of a file counts; ``**/x`` finds x on top."""
    assert globs.matches(glob, path) is matches


@pytest.mark.parametrize(
    ("glob", "path", "covers"),
    [
        ("drafts", "drafts/a.html", True),
        ("drafts/", "drafts/a.html", True),
        ("drafts", "b/drafts/a.html", True),
        ("b/drafts/", "b/drafts/c/a.html", True),
        ("b/drafts", "drafts/a.html", False),
        ("drafts", "drafts2/a.html", False),
        ("drafts", "a/drafts.html", False),
        ("*.psd", "a/b.psd", True),
        ("/", "a", False),
    ],
)
def test_covers(glob, path, covers):
    """A glob that matches a folder covers everything in it."""
    assert globs.covers(glob, path) is covers


@given(st.text(alphabet="ab*?[]!^-/.\\é\n", max_size=12), st.text(alphabet="ab/.é\n", max_size=12))
def test_any_glob(glob, path):
    """No text of a glob is an error, and what it matches it covers."""
    if globs.matches(glob, path) and not glob.endswith("/"):
        assert globs.covers(glob, path)
    globs.covers(glob, path)


def test_a_hostile_glob_ends():
    """Many stars do not take exponential time: it would be more than anybody has."""
    assert not globs.matches("*a" * 20 + "b", "a" * 200)


def test_brackets_that_are_not_closed_take_no_quadratic_time(monkeypatch):
    """`fnmatch` gets no bracket for whose end it would go through all that follows."""
    asked: list[str] = []
    translate = fnmatch.translate
    monkeypatch.setattr(fnmatch, "translate", lambda glob: (asked.append(glob), translate(glob))[1])
    assert not globs.matches("a?[!bjpg" * 5000, "a/b")
    assert globs.matches("x[ab][", "xa[")
    assert asked == ["a?[[]!bjpg" * 5000, "x[ab][[]"]


@given(st.text("[]!a-b*", max_size=12), st.text("[]!a-b", max_size=6))
def test_brackets(glob, name):
    """Those that begin no class stand for themselves, as `fnmatch` has it."""
    assert bool(globs._pattern(glob).match(name)) == fnmatch.fnmatchcase(name, glob)
