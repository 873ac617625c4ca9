"""Plans that people look at before they are carried out, wherever these people do that."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from galleria_action.errors import DeployError, FailureReason, Problem
from galleria_action.plan import Plan

if TYPE_CHECKING:
    from galleria_action.comment import Marker


class Reviewed(NamedTuple):
    """The plan that was shown on the pull request ``number``."""

    number: int
    marker: Marker


class Reviews(Protocol):
    """The place where plans are shown and looked at."""

    def post(self, plan: Plan) -> None:
        """Show the plan where it is reviewed. Whatever happens there, this does not raise."""

    def reviewed(self, plan: Plan) -> Reviewed:
        """The plan that was reviewed in place of ``plan``.

        Raises :class:`DeployError` where there is none or it cannot be read.
        """


class Nowhere:
    """No reviews at all; ``why`` is a sentence without a full stop."""

    def __init__(self, why: str) -> None:
        self._why = why

    def post(self, plan: Plan) -> None:
        """Nothing to do."""

    def reviewed(self, plan: Plan) -> Reviewed:  # noqa: ARG002
        raise missing(self._why)


def missing(why: str) -> DeployError:
    return DeployError(
        FailureReason.PLAN_CHANGED,
        "Error: There is no reviewed plan: nothing was written",
        problems=[Problem(why)],
        advice="require-reviewed-plan deploys only what a comment of this action showed on the "
        "pull request that was merged. Look at the plan of a dry run and deploy it once with "
        "expected-plan and require-reviewed-plan: false, or open a pull request for it.",
    )


def require(plan: Plan, reviews: Reviews) -> Reviewed | None:
    """The reviewed plan, which is this one; None if there is nothing to review.

    Raises :class:`DeployError` if it is another one or nobody was shown any.
    """
    if not plan.changes:
        return None
    reviewed = reviews.reviewed(plan)
    if reviewed.marker.plan_hash == plan.hash:
        return reviewed
    from galleria_action import comment

    raise DeployError(
        FailureReason.PLAN_CHANGED,
        f"Error: The plan is not the one of pull request #{reviewed.number}: nothing was written",
        problems=[Problem(each) for each in comment.differences(reviewed.marker, plan)],
        advice="The gallery, the bucket or the inputs changed since that plan was posted. Look "
        "at the new plan. To deploy it, pass its hash as expected-plan and set "
        "require-reviewed-plan: false for one run, or open a new pull request.",
    )
