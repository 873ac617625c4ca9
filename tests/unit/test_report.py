"""The plan as Markdown: totals first, cut between rows, harmless whatever it shows."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from unit.samples import page
from unit.showcase import HOSTILE, OUTCOME, failure, idle_plan, refused_plan, rich_plan

from galleria_action import report
from galleria_action.errors import DeployError, FailureReason, Problem
from galleria_action.headers import Headers
from galleria_action.plan import MEANING, Action, Change, Kind, Plan, Reason, Totals
from galleria_action.recorder import Outcome

BASE = replace(rich_plan(), changes=(), totals=Totals(), warnings=(), notices=())


def large_plan(rows: int, name: str = "photos/full/wedding-20240615T143045-r5a") -> Plan:
    """A plan with ``rows`` photos and as many site files."""
    changes = [
        Change(Action.PUT, Reason.NEW, kind, f"{name}-{number}.jpg", 10**6, f"{name}-{number}", "0" * 64,
               headers=Headers("a", "b"), wanted=page("a"))
        for kind in (Kind.PHOTO, Kind.SITE)
        for number in range(rows)
    ]  # fmt: skip
    totals = Totals(photos_to_upload=rows, site_to_upload=rows, photo_bytes=rows * 10**6)
    return replace(BASE, changes=tuple(changes), totals=totals)


def test_totals_come_first():
    """Photos and bytes up, deleted, unchanged, site files: before any row."""
    text = report.plan(rich_plan(), dry_run=False)
    head = text[: text.index("<details")]
    assert head.startswith("## Deployment plan: `my-gallery-bucket`\n")
    assert "**37 photos** to upload (168 MB)" in head
    assert "**2 photos** to delete" in head
    assert "**32 site files** to upload (43.8 kB)" in head
    assert "**1 site file** to delete" in head
    assert "| Photos | 37 (168 MB) | 2 | 12,345 |" in head
    assert "| Site files | 32 (43.8 kB) | 1 | 0 |" in head
    assert "| Manifest | changed | | |" in head


@pytest.mark.parametrize(
    ("dry_run", "title"), [(True, "Deployment plan (dry run)"), (False, "Deployment plan:")]
)
def test_title(dry_run, title):
    """A dry run says so."""
    assert title in report.plan(idle_plan(), dry_run=dry_run)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({}, "**Nothing to do.** 1 photo and 2,345 site files are deployed as they are here."),
        (
            {"site": False, "totals": Totals(photos_unchanged=1)},
            "**Nothing to do.** 1 photo is deployed as it is here.",
        ),
        ({"photos": False}, "**Nothing to do.** 2,345 site files are deployed as they are here."),
    ],
)
def test_nothing_to_do(changes, sentence):
    """An idle plan is one sentence, of what is in scope."""
    text = report.plan(replace(idle_plan(), **changes), dry_run=False)
    assert sentence in text
    assert "<details" not in text


def test_only_the_manifest():
    """A plan without photos and site files says what it does."""
    put = Change(
        Action.PUT,
        Reason.CHANGED,
        Kind.MANIFEST,
        "m",
        5,
        source="0" * 64,
        headers=Headers("a", "b"),
    )
    assert "Only the **manifest** changes." in report.plan(
        replace(BASE, changes=(put,)), dry_run=False
    )


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_explained(reason):
    """What changes and why: each reason is a group with its meaning."""
    text = report.plan(rich_plan(), dry_run=False)
    assert re.search(rf": {reason}</b> \(.*\) - {MEANING[reason].replace('`', '')}", text)


def test_long_groups_are_folded():
    """Up to 25 rows are open, more are folded."""
    text = report.plan(rich_plan(), dry_run=False)
    assert "<details><summary><b>31 photos to upload: new</b>" in text
    assert "<details open><summary><b>1 photo to upload: changed</b>" in text


def test_warnings_notices_and_limit():
    """They stand above the rows, the refusal before all."""
    text = report.plan(refused_plan(), dry_run=True)
    assert (
        "> [!CAUTION]\n> Too many deletes, nothing will be written: 2 of 3 deployed photos" in text
    )
    text = report.plan(rich_plan(), dry_run=True)
    assert text.index("> [!WARNING]") < text.index("> [!NOTE]") < text.index("<details")


@pytest.mark.parametrize("limit", [20_000, 60_000, report.SUMMARY_LIMIT])
@pytest.mark.parametrize("name", ["a", "photos/full/" + "é" * 60, HOSTILE])
def test_limit(limit, name):
    """However long the plan, it fits, its totals are kept and it is cut between rows."""
    text = report.plan(large_plan(6000, name), dry_run=False, limit=limit)
    assert len(text.encode()) <= limit
    assert "| Photos | 6,000 (6.0 GB) | 0 | 0 |" in text
    assert text.count("<details") == text.count("</details>") == 2
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    assert all(line.endswith(" |") for line in rows)
    left_out = [
        int(each.replace(",", "")) for each in re.findall(r"\.\.\. and ([\d,]+) more", text)
    ]
    assert len(rows) + sum(left_out) == 12_000
    assert "Plan hash <code>" in text


def test_the_summary_stays_below_900_kb():
    """GitHub drops a summary above 1 MiB entirely."""
    assert report.SUMMARY_LIMIT < 900_000


@settings(max_examples=50)
@given(st.text(min_size=1, max_size=40), st.sampled_from(["key", "photo"]))
def test_no_name_breaks_the_table(name, field):
    """Whatever a file or photo is called, its row stays one row of three cells."""
    plan = rich_plan()
    odd = tuple(each._replace(**{field: name}) for each in plan.changes[:1])
    made = report.plan(replace(plan, changes=odd), dry_run=False)
    assert made.count("\n") == report.plan(
        replace(plan, changes=plan.changes[:1]), dry_run=False
    ).count("\n")
    (row,) = [line for line in made.split("\n") if line.startswith("| `")]
    assert len(re.findall(r"(?<!\\)\|", row)) == 4


@pytest.mark.parametrize("made", ["plan", "failure"])
def test_other_peoples_words_are_harmless(made):
    """No mention, link, tag or command of a name survives outside a code span."""
    text = (
        report.plan(rich_plan(), dry_run=True)
        if made == "plan"
        else report.failure(failure(), None)
    )
    outside = re.sub(r"(`+) ?.*?[^`] ?\1(?!`)", "", text)
    assert not re.search(r"@octocat|<b>@|~~c|\]\(b\)|https://|::error", outside)


def test_result():
    """What was done, how long it took, and where to look at it."""
    text = report.result(OUTCOME, 83.4, "https://photos.example.org/")
    assert "144 files uploaded (168 MB), 6 files deleted, in 1 min 23 s" in text
    assert "<https://photos.example.org/>" in text
    assert "Up to date" in report.result(Outcome(), 1.0, "")


def test_failure():
    """Reason, headline without its opening, problems, advice, and what arrived before."""
    text = report.failure(
        DeployError(
            FailureReason.UPLOAD,
            "Error: It broke",
            problems=[Problem("this", "f", 3)],
            advice="Mend it.",
        ),
        Outcome(uploaded_files=2, uploaded_bytes=1000),
    )
    assert text.startswith("## Not deployed: upload\n\nIt broke\n")
    assert "- line 3&#58; this\n" in text
    assert "Mend it." in text
    assert "2 files arrived before that (1.0 kB)." in text


def test_a_failure_with_something_to_paste():
    """Lines of advice stay lines, and what is to be pasted is a block of its own, at the end."""
    error = DeployError(
        FailureReason.CREDENTIALS,
        "Error: No",
        advice="Look.\nGive the job this:",
        paste='permissions:\n  id-token: write # "@octocat" ```\n',
    )
    text = report.failure(error, None)
    assert "\N{REPLACEMENT CHARACTER}" not in text
    assert "\nLook.\n\nGive the job this&#58;\n" in text
    assert text.endswith('\n````\npermissions:\n  id-token: write # "@octocat" ```\n````\n')
    assert error.text().endswith("Give the job this:\n\n" + error.paste)


def test_a_long_failure_is_short():
    """Fifty problems are shown, cut to what fits beside the longest plan into 1 MiB."""
    assert "... and 10 more" in report.failure(failure(), None)
    huge = DeployError(FailureReason.METADATA, "x", problems=[Problem("@" * 100_000)] * 50)
    assert len(report.failure(huge, None).encode()) < (1 << 20) - report.SUMMARY_LIMIT
