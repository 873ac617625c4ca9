"""What a run has found out so far, and the step's outputs made of it."""

from __future__ import annotations

from galleria_action.config import Config
from galleria_action.errors import FailureReason
from galleria_action.inputs import OUTPUTS
from galleria_action.plan import Plan
from galleria_action.recorder import Outcome
from galleria_action.values import Struct, field


class Results(Struct):
    """Filled in as a run goes on; what a failed run did not come to is left out.

    ``known`` is what nobody asks for any more, and takes long to be given back.
    """

    config: Config | None = None
    mode: str = ""
    plan: Plan | None = None
    plan_path: str = ""
    report_path: str = ""
    outcome: Outcome = field(default_factory=Outcome)
    failure: FailureReason | None = None
    known: tuple[object, ...] = ()


def render(results: Results) -> dict[str, str]:
    """All outputs, in the order of the documentation; empty where nothing is known."""
    outcome = results.outcome
    known = {
        "mode": results.mode,
        "uploaded-files": str(outcome.uploaded_files),
        "deleted-files": str(outcome.deleted_files),
        "uploaded-bytes": str(outcome.uploaded_bytes),
        "plan-path": results.plan_path,
        "report-path": results.report_path,
        "url": results.config.url if results.config else "",
        "failure-reason": str(results.failure or ""),
    }
    if results.plan:
        known |= _plan(results.plan)
    return {name: known.get(name, "") for name in OUTPUTS}


def _plan(plan: Plan) -> dict[str, str]:
    totals = plan.totals
    return {
        "changes": str(bool(plan.changes)).lower(),
        "photos-to-upload": str(totals.photos_to_upload),
        "photos-to-delete": str(totals.photos_to_delete),
        "photos-unchanged": str(totals.photos_unchanged),
        "site-to-upload": str(totals.site_to_upload),
        "site-to-delete": str(totals.site_to_delete),
        "site-unchanged": str(totals.site_unchanged),
        "plan-hash": plan.hash,
    }
