"""Log, annotations, masks, summary and outputs."""

from __future__ import annotations

import io
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from galleria_action.errors import DeployError, FailureReason, Problem
from galleria_action.runner import Runner

ACTIONS = {"GITHUB_ACTIONS": "true"}
COMMAND = re.compile(r"^\s*::|##\[")
"""What the runner takes for a command: `::` at the start of a line, `##[` anywhere in it.

Source: TryParseV2 and TryParse in src/Runner.Common/ActionCommand.cs of actions/runner.
"""


@pytest.fixture
def out():
    return io.StringIO()


@pytest.fixture
def err():
    return io.StringIO()


def failure(*problems: Problem, headline: str = "Error: It broke") -> DeployError:
    return DeployError(FailureReason.CONFIG, headline, problems=problems, advice="Mend it.")


def test_say(out):
    """Lines come out as they are."""
    runner = Runner({}, out)
    runner.say("a\n\nb é")
    runner.say()
    assert out.getvalue() == "a\n\nb é\n\n"


@pytest.mark.parametrize(
    "line",
    ["::error::x", "  ::set-output name=a::b", "\t::stop-commands::x", "##[error]x", "  uploaded a##[group]x.jpg",
     "\u00a0::error::x", "x\n::error::y", "x\r::error::y", "\ufeff::error::x", "\u2003::debug::x"],
)  # fmt: skip
def test_no_line_is_a_command(out, line):
    """File names and messages are other people's text: the runner must not obey them."""
    Runner(ACTIONS, out).say(line)
    assert not [each for each in out.getvalue().splitlines() if COMMAND.search(each)]


@given(
    st.lists(
        st.sampled_from(
            ["::", "##[", "]", "error", " ", "\r", "\n", "\x1b[0m", "a", "\u2028", "\ufeff"]
        )
    ).map("".join)
)
def test_no_text_is_a_command(line):
    """However it is put together."""
    out = io.StringIO()
    Runner(ACTIONS, out).say(line)
    assert not [each for each in out.getvalue().split("\n") if COMMAND.search(each)]
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", out.getvalue())


def test_masks(out, capsys):
    """Every line of a secret is masked in the job, and never printed here."""
    runner = Runner(ACTIONS, out)
    runner.mask(["hush", "two\nlines", "50%"])
    assert sorted(capsys.readouterr().out.splitlines()) == [
        "::add-mask::50%25", "::add-mask::hush", "::add-mask::lines", "::add-mask::two",
    ]  # fmt: skip
    runner.say("a hush b, two and lines, 50%")
    assert out.getvalue() == "a *** b, *** and ***, ***\n"


def test_no_masks_on_a_laptop(out, capsys):
    """Where nobody obeys commands a secret is not printed to be masked."""
    runner = Runner({}, out)
    runner.mask(["hush"])
    runner.say("hush")
    assert capsys.readouterr().out == ""
    assert out.getvalue() == "***\n"


@pytest.mark.parametrize("secrets", [["abc", "abcdef"], ["abcdef", "abc"]])
def test_a_secret_within_a_secret(out, secrets):
    """No part of the longer one is left, in whatever order they come."""
    runner = Runner({}, out)
    runner.mask(secrets)
    runner.say("x abcdef y")
    assert "def" not in out.getvalue()


def test_error(out, err, capsys):
    """The whole message in the log; an annotation for each place, with file and line."""
    problems = [
        Problem("a.b: wrong, 5%", "prod/m.json", 3),
        Problem("c", "prod/m.json"),
        Problem("d"),
    ]
    Runner(ACTIONS, out, err).error(failure(*problems))
    assert out.getvalue().strip().splitlines() == [
        "Error: It broke", "  - line 3: a.b: wrong, 5%", "  - c", "  - d", "Mend it.",
    ]  # fmt: skip
    assert err.getvalue() == ""
    assert capsys.readouterr().out.splitlines() == [
        "::error file=prod/m.json,line=3::a.b: wrong, 5%25",
        "::error file=prod/m.json::c",
    ]


def test_error_without_a_place(out, capsys):
    """Then the headline is the annotation."""
    Runner(ACTIONS, out).error(failure(headline="Error: It broke\nsecond line"))
    assert capsys.readouterr().out == "::error::It broke\n"


def test_errors_on_a_laptop(out, err, capsys):
    """Errors go to standard error, without commands."""
    Runner({}, out, err).error(failure(Problem("a", "m.json", 1)))
    assert out.getvalue() == ""
    assert "Error: It broke" in err.getvalue()
    assert capsys.readouterr().out == ""


def test_few_annotations(out, capsys):
    """GitHub shows ten of a kind; the log has fifty problems, and the number of the rest."""
    Runner(ACTIONS, out).error(
        failure(*[Problem(f"p{number}", "m.json", 1) for number in range(70)])
    )
    assert capsys.readouterr().out.count("::error") == 10
    assert out.getvalue().count("  - line 1: p") == 50
    assert "... and 20 more" in out.getvalue()


@pytest.mark.parametrize(("name", "opening"), [("warning", "Warning: "), ("notice", "Note: ")])
def test_warnings_and_notices(out, capsys, name, opening):
    """A line in the log, and an annotation where there is a runner."""
    getattr(Runner(ACTIONS, out), name)("careful\n::error::x")
    assert out.getvalue().startswith(f"{opening}careful")
    assert capsys.readouterr().out.startswith(f"::{name}::careful")
    assert not re.search(r"^::error", out.getvalue(), re.MULTILINE)
    getattr(Runner({}, out), name)("x")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("place", ["message", "file"])
def test_annotations_are_one_line_without_secrets(out, capsys, place):
    """Neither message nor file of an annotation is a second command or shows a secret."""
    runner = Runner(ACTIONS, out)
    runner.mask(["hush"])
    capsys.readouterr()
    hostile = "a,b:c\n::error::hush\r\n##[x]"
    runner.error(failure(Problem("m", hostile, 1) if place == "file" else Problem(hostile, "f", 1)))
    (line,) = capsys.readouterr().out.splitlines()
    assert "hush" not in line
    assert line.startswith("::error file=")


def test_a_file_name_outside_unicode(out, capsys):
    """A name that is no valid Unicode text does not stop the report of an error."""
    Runner(ACTIONS, out).error(failure(Problem("m \udcff", "f\udcff", 1)))
    capsys.readouterr().out.encode()


def test_summary(out, tmp_path):
    """Appended, without secrets."""
    path = tmp_path / "summary.md"
    path.write_text("before\n")
    runner = Runner({"GITHUB_STEP_SUMMARY": str(path)}, out)
    runner.mask(["hush"])
    runner.summarize("# é hush")
    runner.summarize("more")
    assert path.read_text(encoding="utf-8") == "before\n# é ***\nmore\n"


def test_no_summary_on_a_laptop(out):
    """Without the file nothing happens."""
    Runner({}, out).summarize("x")
    assert out.getvalue() == ""


@pytest.mark.parametrize("size", [500_000, 899_000, 1_048_575, 1_048_576, 2_000_000])
def test_a_summary_never_gets_too_long(out, tmp_path, size):
    """Over 1 MiB GitHub drops all of it: it stays under 900 kB, whatever is appended."""
    path = tmp_path / "summary.md"
    runner = Runner({"GITHUB_STEP_SUMMARY": str(path)}, out)
    runner.summarize("x" * 500_000)
    runner.summarize("é" * (size // 2))
    runner.summarize("the end")
    assert 500_000 < path.stat().st_size < 900_000


def test_a_summary_that_cannot_be_written(out, tmp_path):
    """It only warns."""
    Runner({"GITHUB_STEP_SUMMARY": str(tmp_path)}, out).summarize("x")
    assert "The job summary cannot be written" in out.getvalue()


def test_outputs(out, tmp_path, monkeypatch):
    """Each output as a name and a value, whatever is in it, without secrets."""
    path = tmp_path / "output"
    path.touch()
    monkeypatch.setenv("GITHUB_OUTPUT", str(path))
    runner = Runner({"GITHUB_OUTPUT": str(path)}, out)
    runner.mask(["hush"])
    runner.set_outputs({"mode": "metadata", "url": "hush\nEOF", "plan-hash": ""})
    blocks = re.findall(r"^(.+)<<(.+)\n((?:.*\n)*?)\2\n", path.read_text(), re.MULTILINE)
    assert [(name, value) for name, _, value in blocks] == [
        ("mode", "metadata\n"), ("url", "***\nEOF\n"), ("plan-hash", "\n"),
    ]  # fmt: skip


def test_outputs_that_cannot_be_set(out, tmp_path, monkeypatch):
    """It only warns; the deployment is what counts."""
    gone = str(tmp_path / "gone")
    monkeypatch.setenv("GITHUB_OUTPUT", gone)
    Runner({"GITHUB_OUTPUT": gone}, out).set_outputs({"mode": "x"})
    assert "The outputs cannot be set" in out.getvalue()


def test_no_outputs_on_a_laptop(out, capsys):
    """Without a step nothing is set or printed."""
    Runner({}, out).set_outputs({"mode": "x"})
    assert (out.getvalue(), capsys.readouterr().out) == ("", "")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters()))
def test_any_text_can_be_shown(tmp_path, text):
    """No text of anybody stops the log or the summary."""
    out = io.StringIO()
    runner = Runner({"GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")}, out)
    runner.say(text)
    runner.error(failure(Problem(text)))
    out.getvalue().encode()
