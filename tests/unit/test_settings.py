"""settings.local.py is read as literals; whatever it holds, nothing of it is executed."""

from __future__ import annotations

import warnings
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galleria_action import settings
from galleria_action.errors import DeployError, FailureReason

KNOWN = frozenset({"S3_PUBLIC_BUCKET", "S3_PUBLIC_SECRET_KEY", "DRY_RUN", "EXCLUDE"})


def parse(text: str) -> dict:
    return settings.parse(text, "settings.local.py", KNOWN)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("", {}),
        ("# nothing", {}),
        ("S3_PUBLIC_BUCKET = 'b'", {"S3_PUBLIC_BUCKET": "b"}),
        ("S3_PUBLIC_BUCKET: str = 'b'", {"S3_PUBLIC_BUCKET": "b"}),
        ("S3_PUBLIC_BUCKET = 'a' 'b'", {"S3_PUBLIC_BUCKET": "ab"}),
        ("S3_PUBLIC_BUCKET = 'a'\nS3_PUBLIC_BUCKET = 'b'", {"S3_PUBLIC_BUCKET": "b"}),
        ("DRY_RUN = True; S3_PUBLIC_BUCKET = None", {"DRY_RUN": True, "S3_PUBLIC_BUCKET": None}),
        ("DRY_RUN = 1.5", {"DRY_RUN": 1.5}),
        ("DRY_RUN = -1", {"DRY_RUN": -1}),
        ("EXCLUDE = ['a', 'b']", {"EXCLUDE": ["a", "b"]}),
        ("EXCLUDE = ('a',)", {"EXCLUDE": ["a"]}),
        ("S3_PUBLIC_BUCKET: str", {}),
        ("import os\nBASE = os.getcwd()\nDRY_RUN = False", {"DRY_RUN": False}),
        ("def DRY_RUN(): raise SystemExit", {}),
        ("OTHER = open('/etc/passwd').read()", {}),
        ("if True:\n    DRY_RUN = True", {}),
        ("DRY_RUN += 1", {}),
        ("a.DRY_RUN = 1", {}),
    ],
)
def test_values(text, values):
    """Known names with literals are read; everything else is passed over."""
    assert parse(text) == values


@pytest.mark.parametrize(
    "value",
    [
        "os.environ['X']", "open('x').read()", "f'{1}'", "'a' + 'b'", "b'bytes'", "{'a': 1}",
        "[1, 2]", "['a', None]", "1 + 2j", "lambda: 1", "'%s' % 1", "...", "{'a'}", "[[]]",
        "(yield)", "[x for x in y]", "NAME", "__import__('os').system('true')",
    ],
)  # fmt: skip
def test_no_literal(value):
    """A known name must be a plain literal; the problem has its line and never shows a value."""
    with pytest.raises(DeployError) as caught:
        parse(f"DRY_RUN = True\n\nS3_PUBLIC_SECRET_KEY = {value}\n")
    assert caught.value.reason is FailureReason.CONFIG
    (problem,) = caught.value.problems
    assert (problem.file, problem.line) == ("settings.local.py", 3)
    assert problem.message.startswith("S3_PUBLIC_SECRET_KEY must be")
    assert value not in caught.value.text()


def test_every_problem_at_once():
    """Each name that cannot be read is listed."""
    with pytest.raises(DeployError) as caught:
        parse("S3_PUBLIC_BUCKET = f()\nDRY_RUN = g()\n")
    assert [each.line for each in caught.value.problems] == [1, 2]


@pytest.mark.parametrize(
    ("text", "line"), [("A = 1\nB = (\n", 2), ("S3_PUBLIC_SECRET_KEY = hush hush", 1), ("\0", None)]
)
def test_no_python(text, line):
    """A text that is no Python is refused with its line, without showing it."""
    with pytest.raises(DeployError) as caught:
        parse(text)
    assert caught.value.problems[0].line == line
    assert "hush" not in caught.value.text()


@pytest.mark.parametrize(
    "value",
    ["-" * 50_000 + "1", "+".join("1" * 50_000), "a" + ".b" * 50_000, "(" * 999 + ")" * 999,
     "[" * 150 + "]" * 150, "9" * 5_000, "0x" + "f" * 5_000, "'\ud800'"],
    ids=["signs", "sum", "dots", "parentheses", "brackets", "digits", "hexadecimal", "surrogate"],
)  # fmt: skip
def test_nonsense(value):
    """What would bring a parser down is an error like any other."""
    with pytest.raises(DeployError):
        parse(f"DRY_RUN = {value}")


@pytest.mark.parametrize(
    "text",
    [
        "S3_PUBLIC_BUCKET = open({path!r}, 'w').write('x')",
        "open({path!r}, 'w').write('x')",
        "import pathlib\npathlib.Path({path!r}).touch()",
        "def S3_PUBLIC_BUCKET(x=open({path!r}, 'w')): pass",
        "@open({path!r}, 'w')\nclass DRY_RUN: pass",
        "S3_PUBLIC_BUCKET: open({path!r}, 'w') = 'b'",
    ],
)
def test_nothing_is_executed(text, tmp_path):
    """No statement, default, decorator or annotation runs."""
    path = tmp_path / "made"
    with suppress(DeployError):
        parse(text.format(path=str(path)))
    assert not path.exists()


def test_escapes_do_not_warn():
    r"""A secret with \d in it is valid; Python's warning, which shows a part, is not printed."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert parse(r"S3_PUBLIC_SECRET_KEY = 'hush\d'") == {"S3_PUBLIC_SECRET_KEY": r"hush\d"}
    assert not caught


LINES = st.sampled_from(
    ["DRY_RUN = ", "S3_PUBLIC_BUCKET: ", "EXCLUDE = [", "'x'", "]", "\n", "(", ")", "\\", "=", "é",
     "import os", "    ", "#", '"""', "\x0c", "\r", "0o9", "lambda: 0", "async ", "\ufeff", "1_0"]
)  # fmt: skip


@given(st.one_of(st.text(), st.lists(LINES).map("".join)))
def test_any_text(text):
    """Whatever the file holds: literals of known names, or a DeployError."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            values = parse(text)
        except DeployError:
            return
    assert set(values) <= KNOWN
    for value in values.values():
        assert value is None or isinstance(value, str | int | float | bool | list)
