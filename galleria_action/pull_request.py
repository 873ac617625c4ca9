"""The plan on a pull request: one comment for each gallery, written once and edited in place.

Only comments of the account that the token writes for count: what others write, our marker
included, is neither edited nor believed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from galleria_action import comment
from galleria_action.config import Comment
from galleria_action.errors import DeployError
from galleria_action.plan import Plan
from galleria_action.reviews import Reviewed, missing
from galleria_action.values import Discreet

if TYPE_CHECKING:
    from galleria_action.github_api import ApiError, Posted, Repository

PERMISSION = """\
Give the job this permission:

  permissions:
    contents: read
    pull-requests: {access}
"""


class Place(Discreet, frozen=True):
    """Where the run belongs to. ``number`` is 0 without a pull request to comment on.

    ``silent`` is why a pull request that is there gets no comment, '' if it may have one.
    """

    unshown = frozenset({"token"})

    api_url: str
    repository: str
    sha: str
    number: int
    silent: str
    token: str


class PullRequests:
    """See :class:`galleria_action.reviews.Reviews`."""

    def __init__(
        self,
        place: Place,
        *,
        when: Comment,
        dry_run: bool,
        redacted: Callable[[str], str],
        say: Callable[[str], None],
        warn: Callable[[str], None],
    ) -> None:
        self._place = place
        self._when = when
        self._dry_run = dry_run
        self._redacted = redacted
        self._say = say
        self._warn = warn

    def post(self, plan: Plan) -> None:
        number = self._place.number
        if not number or self._when is Comment.OFF:
            return
        if self._place.silent:
            self._say(f"No comment on pull request #{number}: {self._place.silent}")
            return
        from galleria_action.github_api import ApiError

        try:
            done = self._post(self._repository(), plan)
        except ApiError as error:
            self._tell_failure(error)
        else:
            self._say(f"Comment on pull request #{number}: {done}")

    def _repository(self) -> Repository:
        from galleria_action.github_api import Repository

        return Repository(self._place.api_url, self._place.repository, self._place.token)

    def _post(self, repository: Repository, plan: Plan) -> str:
        number = self._place.number
        body = comment.body(plan, dry_run=self._dry_run, redacted=self._redacted)
        if not repository.is_open(number):
            # A run may be repeated after the merge; what was reviewed stays as it was.
            return "left alone, for it is closed"
        ours = _ours(repository, number, plan)
        if ours is None:
            if self._when is Comment.CHANGES and not plan.changes:
                return "none, for nothing changes"
            repository.create(number, body)
            return "created"
        if comment.says(ours.body, body):
            return "up to date"
        repository.edit(ours, body)
        return "edited"

    def _tell_failure(self, error: ApiError) -> None:
        needed = " It needs the permission pull-requests: write." if error.lacks_permission else ""
        self._warn(
            f"The plan was not posted on pull request #{self._place.number}: {error}.{needed}"
        )
        if error.lacks_permission:
            self._say(PERMISSION.format(access="write"))

    def reviewed(self, plan: Plan) -> Reviewed:
        place = self._place
        if not (place.token and place.repository and place.sha):
            raise missing("this run has no commit or no github-token to look for one")
        from galleria_action.github_api import ApiError

        try:
            return self._reviewed(self._repository(), plan)
        except ApiError as error:
            advice = PERMISSION.format(access="read") if error.lacks_permission else ""
            raise DeployError(
                error.reason,
                f"Error: Could not read the reviewed plan: {error}",
                advice=f"Nothing was written. {advice}".strip(),
            ) from None

    def _reviewed(self, repository: Repository, plan: Plan) -> Reviewed:
        sha = self._place.sha
        merged = repository.merged_with(sha)
        chosen = [each for each in merged if each.exactly] or (merged if len(merged) == 1 else [])
        if not chosen:
            raise missing(f"no pull request was merged with the commit {sha[:12]}")
        why = ""
        for each in chosen:
            if each.from_fork:
                why = f"pull request #{each.number} came from a fork, whose plans do not count"
                continue
            ours = _ours(repository, each.number, plan)
            found = comment.decode(ours.body) if ours else None
            if found:
                return Reviewed(each.number, found)
            why = (
                f"pull request #{each.number} has no comment of {repository.login()} with a plan "
                f"of this gallery ({plan.scope})"
            )
        raise missing(why)


def _ours(repository: Repository, number: int, plan: Plan) -> Posted | None:
    """The oldest comment of our own account that is about this gallery."""
    for each in repository.comments(number):
        found = comment.decode(each.body)
        if found and found.is_about(plan) and each.author == repository.login():
            return each
    return None
