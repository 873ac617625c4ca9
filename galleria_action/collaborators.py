"""The real collaborators of a run: the bucket, the sign-in, the progress, the pull requests.

Each is made from configuration and environment; none makes a request before it is used.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from galleria_action import aws
from galleria_action.config import Config
from galleria_action.event import Event
from galleria_action.progress import Bar, Lines
from galleria_action.recorder import Observer
from galleria_action.retry import Retries
from galleria_action.reviews import Nowhere, Reviews
from galleria_action.role import Role
from galleria_action.runner import Runner
from galleria_action.store import Store

if TYPE_CHECKING:
    from galleria_action.sign_in import SignIn  # loads botocore


def store(config: Config, stopped: threading.Event, role: SignIn | None, *, public: bool) -> Store:
    """The bucket; what visitors can read of it where there are no credentials."""
    if public and config.public_url:
        from galleria_action.public_files import PublicFiles

        return PublicFiles(config.public_url, config.ledger_key)
    return aws.store(config.bucket, config.concurrency, stopped, role)


def sign_in(role: Role | None, environ: Mapping[str, str], runner: Runner) -> SignIn | None:
    """What takes ``role``, if there is one, with the job's token when that is first needed."""
    if role is None:
        return None
    from galleria_action import id_token, role_faults
    from galleria_action.sign_in import SignIn

    issuer = id_token.issuer(environ)

    def token(audience: str, retries: Retries) -> str:
        if issuer is None:
            if environ.get("GITHUB_ACTIONS") != "true":
                raise role_faults.no_job()
            raise role_faults.no_token("this job may not ask GitHub for a token")
        runner.mask([issuer.secret])
        return id_token.fetch(issuer, audience, retries)

    return SignIn(role, token, runner.mask)


def observer(config: Config, runner: Runner, environ: Mapping[str, str]) -> Observer:
    """A bar at a terminal, lines elsewhere."""
    if sys.stderr.isatty() and environ.get("GITHUB_ACTIONS") != "true":
        return Bar(runner.say, every_object=config.progress)
    return Lines(runner.say, time.monotonic, every_object=config.progress)


def reviewers(
    config: Config, environ: Mapping[str, str], started_by: Event, runner: Runner
) -> Reviews:
    """The pull request of the run, if it has one."""
    if environ.get("GITHUB_ACTIONS") != "true":
        return Nowhere("this is not a run of a workflow")
    from galleria_action.pull_request import Place, PullRequests

    no_token = "" if config.github_token else "there is no github-token"
    place = Place(
        api_url=environ.get("GITHUB_API_URL") or "https://api.github.com",
        repository=environ.get("GITHUB_REPOSITORY", ""),
        sha=environ.get("GITHUB_SHA", ""),
        number=started_by.number,
        silent=started_by.no_comment_because or no_token,
        token=config.github_token or "",
    )
    return PullRequests(
        place,
        when=config.comment,
        dry_run=config.dry_run,
        redacted=runner.redacted,
        say=runner.say,
        warn=runner.warning,
    )
