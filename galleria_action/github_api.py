"""The parts of GitHub's REST API that reviews need, and what its refusals mean.

The only module that knows PyGithub, which takes a while to load: import it when it is due.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

from github import Auth, Github, GithubException, GithubRetry
from github.IssueComment import IssueComment
from github.PullRequest import PullRequest
from urllib3.exceptions import MaxRetryError, ResponseError

from galleria_action import __version__
from galleria_action.errors import FailureReason
from galleria_action.text import shortened
from galleria_action.values import Discreet, Struct

# PyGithub tells of refusals here by itself; this program says it in its own words.
logging.getLogger("github").setLevel(logging.CRITICAL)

MOST_ITEMS = 10_000
"""Of a list, in pages of 100; one that goes on for ever leads nowhere."""
SECONDS = 10
"""How long an answer may take, and how long GitHub may ask to wait before it is given up."""
RETRIES = 2
JOB_LOGIN = "github-actions[bot]"
"""Author of what a job's own token writes (GitHub Docs, "Use GITHUB_TOKEN")."""


class ApiError(Exception):
    """GitHub could not be asked, or refused.

    ``lacks_permission``: the token may not do it; GitHub says 404 where it may not even look.
    """

    def __init__(self, why: str, reason: FailureReason, *, lacks_permission: bool = False) -> None:
        super().__init__(why)
        self.reason = reason
        self.lacks_permission = lacks_permission


class Posted(Discreet, frozen=True):
    """A comment on a pull request; ``author`` is '' if the account is gone."""

    unshown = frozenset({"handle"})

    author: str
    body: str
    handle: IssueComment


class Merged(Struct, frozen=True):
    """A pull request that was merged. ``exactly``: the commit is the very one that did it."""

    number: int
    exactly: bool
    from_fork: bool


class Repository:
    """One repository, seen with one token, at the API that ``api_url`` names.

    All methods raise :class:`ApiError` and nothing else. PyGithub sends the token to that API's
    host only; redirects and links to another one are errors.
    """

    def __init__(self, api_url: str, name: str, token: str) -> None:
        self._host = urlsplit(api_url).hostname or api_url
        with self._explained():
            self._github = Github(
                auth=Auth.Token(token),
                base_url=api_url.rstrip("/"),
                timeout=SECONDS,
                user_agent=f"galleria-deploy/{__version__}",
                per_page=100,
                retry=_retry(),
                seconds_between_requests=None,
                seconds_between_writes=None,
                lazy=True,
            )
            self._repository = self._github.get_repo(name)
        self._login = ""

    def login(self) -> str:
        """The account that writes with this token."""
        with self._explained():
            self._login = self._login or self._asked_login()
            return self._login

    def _asked_login(self) -> str:
        try:
            return self._github.get_user().login
        except GithubException as error:
            if error.status not in (403, 404) or _is_rate_limit(error):
                raise
        # Tokens of apps, the job's own among them, are no user's; GraphQL knows their name.
        try:
            _, answer = self._github.requester.graphql_query("query { viewer { login } }", {})
            login = str(answer["data"]["viewer"]["login"])
        except (GithubException, KeyError, TypeError):
            return JOB_LOGIN
        return login.removesuffix("[bot]") + "[bot]"

    def is_open(self, number: int) -> bool:
        with self._explained():
            return self._pull(number).state != "closed"

    def comments(self, number: int) -> Iterator[Posted]:
        """The comments on a pull request, the oldest first, page after page."""
        with self._explained():
            comments = self._pull(number).get_issue_comments()
            for count, each in enumerate(comments):
                if count == MOST_ITEMS:
                    why = f"there are more than {MOST_ITEMS:,} comments"
                    raise ApiError(why, FailureReason.NETWORK)
                yield Posted(each.user.login if each.user else "", each.body or "", each)

    def create(self, number: int, body: str) -> None:
        with self._explained():
            self._pull(number).create_issue_comment(body)

    def edit(self, comment: Posted, body: str) -> None:
        with self._explained():
            comment.handle.edit(body)

    def merged_with(self, sha: str) -> list[Merged]:
        """The merged pull requests that brought the commit ``sha``."""
        with self._explained():
            pulls = self._repository.get_commit(sha).get_pulls()
            return [
                Merged(each.number, each.merge_commit_sha == sha, _is_from_fork(each))
                for each in islice(pulls, MOST_ITEMS)
                if each.merged_at is not None
            ]

    def _pull(self, number: int) -> PullRequest:
        return self._repository.get_pull(number)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except ApiError:
            raise
        except GithubException as error:
            raise _refused(error) from None
        except OSError:  # whatever requests raises
            raise ApiError(f"no connection to {self._host}", FailureReason.NETWORK) from None
        except Exception as error:
            # PyGithub asserts the hosts of links and redirects and the shapes of answers.
            why = f"the answer of {self._host} makes no sense ({type(error).__name__})"
            raise ApiError(why, FailureReason.NETWORK) from error


def _is_from_fork(pull: PullRequest) -> bool:
    # A fork that was deleted leaves no repository behind.
    head: Any = pull.head.repo
    return head is None or head.full_name != pull.base.repo.full_name


class _Retry(GithubRetry):
    """Gives up at once where GitHub wants a longer pause than a deployment should wait."""

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: Any = None,
        error: Exception | None = None,
        _pool: Any = None,
        _stacktrace: Any = None,
    ) -> Any:
        if response is not None and (self.get_retry_after(response) or 0) > SECONDS:
            raise MaxRetryError(_pool, url or "", ResponseError("the pause is too long"))
        return super().increment(method, url, response, error, _pool, _stacktrace)


def _retry() -> _Retry:
    return _Retry(
        total=RETRIES,
        backoff_factor=0.5,
        max_rate_limit_wait=SECONDS,
        raise_on_status=False,
        # A new comment whose answer is lost may have been made: it is never sent twice.
        allowed_methods=frozenset({"GET", "PATCH"}),
    )


def _refused(error: GithubException) -> ApiError:
    said = f"GitHub says {error.status}"
    if isinstance(error.data, dict) and error.data.get("message"):
        said += f": {shortened(str(error.data['message']), 200)}"
    if _is_rate_limit(error):
        return ApiError(f"GitHub's rate limit is reached ({said})", FailureReason.NETWORK)
    if error.status == 401:
        return ApiError(f"GitHub does not accept the token ({said})", FailureReason.CREDENTIALS)
    if error.status in (403, 404):
        why = f"the token may not do that ({said})"
        return ApiError(why, FailureReason.CREDENTIALS, lacks_permission=True)
    return ApiError(said, FailureReason.NETWORK)


def _is_rate_limit(error: GithubException) -> bool:
    """GitHub Docs, "Rate limits for the REST API": 403 or 429, told by headers or message."""
    headers = error.headers or {}
    message = str(error.data.get("message", "")) if isinstance(error.data, dict) else ""
    return error.status == 429 or (
        error.status == 403
        and (
            headers.get("x-ratelimit-remaining") == "0"
            or "retry-after" in headers
            or "rate limit" in message.lower()
        )
    )
