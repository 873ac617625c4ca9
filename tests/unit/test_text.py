"""Numbers and names as people read them, and other people's text made harmless."""

from __future__ import annotations

import html
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from galleria_action import text

HOSTILE = [
    "`", "``", "a`b", "` `", "`" * 20, "|", "a|b", "\\|", "\\", "<script>", "</details>", "<!--",
    "@octocat", "a@b.c", "[x](y)", "![x](y)", "https://x.org", "www.x.org", "WWW.x.org", "#1",
    "**x**", "__x__", "~~x~~", "> x", "$x$", ":tada:", "&lt;", "&#64;octocat", "\n# x", "\r\n---",
    "\u202egpj.exe", "\u2066x", "\x1b[31mx", "::error::x", "\u2028x", "\x85x", "\ud800", "", " ",
    "org/repo#1", "GH-1", "line\n\n| a | b |",
]  # fmt: skip
LINES = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(st.characters()),
    st.lists(st.sampled_from(HOSTILE)).map("".join),
)


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (3_400_000, "3.4 MB"),
        (99_400, "99.4 kB"), (99_500, "100 kB"), (999_400, "999 kB"), (999_500, "1.0 MB"),
        (1_000_000, "1.0 MB"), (12_345_678_901, "12.3 GB"), (5e15, "5000 TB"),
    ],
)  # fmt: skip
def test_size(count, expected):
    """Powers of ten, as providers count; never four digits before a unit."""
    assert text.size(count) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.84, "0.8 s"), (45, "45 s"), (45.4, "45 s"), (59.6, "1 min 0 s"), (200, "3 min 20 s"),
        (3599.6, "1 h 0 min"), (7500, "2 h 5 min"),
    ],
)  # fmt: skip
def test_duration(seconds, expected):
    """Seconds, minutes, hours."""
    assert text.duration(seconds) == expected


@pytest.mark.parametrize(
    ("number", "expected"),
    [(0, "0 photos"), (1, "1 photo"), (3, "3 photos"), (12_345, "12,345 photos")],
)
def test_count(number, expected):
    """One photo, more photos."""
    assert text.count(number, "photo") == expected


def test_count_with_a_plural():
    """Some plurals are irregular."""
    assert text.count(2, "entry", "entries") == "2 entries"


@pytest.mark.parametrize(
    ("given_text", "expected"),
    [
        ("a b é 日本 🏔", "a b é 日本 🏔"),
        ("a\nb", "a\ufffdb"),
        ("a\r\x1b[31m\t\0", "a\ufffd\ufffd[31m\ufffd\ufffd"),
        ("\u202egpj", "\ufffdgpj"),
        ("\u2028\u2029\x85\ud800", "\ufffd" * 4),
    ],
)
def test_plain(given_text, expected):
    """One line without control and direction characters."""
    assert text.plain(given_text) == expected


@given(LINES)
def test_plain_is_one_printable_line(line):
    """Nothing is left that moves a cursor, turns the text or breaks the line; length is kept."""
    made = text.plain(line)
    assert len(made) == len(line)
    assert len(made.splitlines()) <= 1
    assert not {unicodedata.category(letter) for letter in made} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert made.encode().decode() == made
    assert text.plain(made) == made


@given(LINES, st.integers(10, 200))
def test_shortened(line, most):
    """At most so many letters, beginning and end kept."""
    made = text.shortened(line, most)
    assert len(made) <= most
    if len(line) <= most:
        assert made == text.plain(line)
    else:
        assert made.startswith(text.plain(line)[: most // 2 - 1])
        assert made.endswith(text.plain(line)[-(most // 2 - 1) :])


@given(LINES)
def test_code(line):
    """A code span in one table cell: fences that nothing inside ends, every bar escaped."""
    made = text.code(line)
    fence = re.match("`+", made)[0]
    assert made.endswith(fence)
    inner = made[len(fence) : -len(fence)]
    assert len(fence) not in {len(run) for run in re.findall("`+", inner)}
    assert inner
    assert inner[0] != "`"
    assert inner[-1] != "`"
    assert "\n" not in made
    assert not re.search(r"(?<!\\)\|", made)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("a.jpg", "`a.jpg`"),
        ("a`b", "``a`b``"),
        ("`a", "`` `a ``"),
        ("a|b", "`a\\|b`"),
        ("@octocat <b>", "`@octocat <b>`"),
        ("", "`  `"),
    ],
)
def test_code_spans(line, expected):
    """GitHub Flavored Markdown, 6.1 and 4.10."""
    assert text.code(line) == expected


@pytest.mark.parametrize("line", HOSTILE, ids=ascii)
def test_markdown(line):
    """No markup, mention, link, reference, formula, emoji or HTML survives."""
    made = text.markdown(line)
    bare = re.sub(r"&#\d+;", "", made)
    assert not re.search(r"[\\`*_{}\[\]#|<>~@$]|://|www\.|:\w+:", bare, re.IGNORECASE)
    assert not re.search("[&]", bare)
    assert "\n" not in made


@given(LINES)
def test_markdown_says_the_same(line):
    """A reader sees the very text, one line, without anything that a parser could take for markup."""
    made = text.markdown(line)
    seen = html.unescape(made).replace("\u200b", "").replace("<!-- -->", "")
    assert seen == text.plain(line).strip()
    assert not set(re.sub(r"&#\d+;", "", made)) & set("\\`*_{}[]#|<>~@:$&")


@pytest.mark.parametrize(
    "line", ["- x", "+ x", "1. x", "12) x", "---", "===", "    x", "* x", "> x", "# x"]
)
def test_markdown_begins_no_block(line):
    """At the beginning of a line or an item no list, heading, rule or code block begins."""
    made = text.markdown(line)
    assert not re.match(r"[-+*>#=]|\d{1,9}[.)]| {4}", made)


def test_mentions_are_broken():
    """GitHub looks for mentions in the rendered text, where a character reference is an @ again.

    Only something between the @ and the name stops it.
    """
    assert "@octocat" not in html.unescape(text.markdown("thanks to @octocat"))


@given(LINES)
def test_block_shows_the_same(line):
    """A reader copies the very lines; no text ends the block before its end."""
    made = text.block(line)
    (token,) = MarkdownIt("commonmark").parse(made)
    assert token.type == "fence"
    assert token.content.split("\n")[:-1] == [text.plain(each) for each in line.splitlines()]
