"""The step's outputs."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from unit.samples import config
from unit.showcase import OUTCOME, idle_plan, rich_plan

from galleria_action import outputs
from galleria_action.errors import FailureReason
from galleria_action.inputs import OUTPUTS
from galleria_action.outputs import Results
from galleria_action.recorder import Outcome

WHOLE = Results(
    config=config(public_url="https://photos.example.org", site_prefix="site"),
    mode="metadata",
    plan=rich_plan(),
    plan_path="galleria-report/plan.json",
    report_path="galleria-report/report.html",
    outcome=OUTCOME,
)


def test_a_whole_run():
    """Everything that is known, as texts."""
    assert outputs.render(WHOLE) == {
        "mode": "metadata",
        "changes": "true",
        "photos-to-upload": "37",
        "photos-to-delete": "2",
        "photos-unchanged": "12345",
        "site-to-upload": "32",
        "site-to-delete": "1",
        "site-unchanged": "0",
        "uploaded-files": "144",
        "deleted-files": "6",
        "uploaded-bytes": "167745100",
        "plan-hash": rich_plan().hash,
        "plan-path": "galleria-report/plan.json",
        "report-path": "galleria-report/report.html",
        "url": "https://photos.example.org/site/",
        "failure-reason": "",
    }


@pytest.mark.parametrize(
    "results",
    [
        Results(),
        Results(failure=FailureReason.CONFIG),
        Results(config=config(), mode="directory", failure=FailureReason.METADATA),
        WHOLE,
        replace(WHOLE, plan=idle_plan(), outcome=Outcome()),
    ],
)
def test_all_outputs_are_set_on_every_run(results):
    """Dry or not, failed or not: every output is there, in the documented order, a text."""
    made = outputs.render(results)
    assert list(made) == list(OUTPUTS)
    assert all(isinstance(value, str) for value in made.values())


def test_unknown_is_empty():
    """A run that failed before its plan knows nothing of it."""
    made = outputs.render(Results(failure=FailureReason.CONFIG))
    assert made["failure-reason"] == "config"
    unknown = set(OUTPUTS) - {"failure-reason", "uploaded-files", "deleted-files", "uploaded-bytes"}
    assert {made[name] for name in unknown} == {""}


@pytest.mark.parametrize(("plan", "changes"), [(rich_plan(), "true"), (idle_plan(), "false")])
def test_changes(plan, changes):
    """Whether the plan writes or deletes anything."""
    assert outputs.render(Results(plan=plan))["changes"] == changes


@pytest.mark.parametrize("reason", FailureReason)
def test_failure_reasons(reason):
    """The reason is the word of the documentation."""
    assert outputs.render(Results(failure=reason))["failure-reason"] == reason.value


def test_the_documented_failure_reasons():
    """Every reason that this version can have is one of the design's words."""
    assert {reason.value for reason in FailureReason} <= {
        "config", "metadata", "credentials", "bucket", "network", "stale-photos",
        "too-many-deletes", "plan-changed", "remote-changed", "upload", "verify", "cdn",
        "unsafe-event", "cancelled", "internal",
    }  # fmt: skip
