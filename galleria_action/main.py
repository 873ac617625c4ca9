"""The whole deployment: `run` is the flow, `main` wires the real collaborators."""

from __future__ import annotations

import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import contextmanager, nullcontext

from galleria_action import (
    aws,
    deployed,
    heap,
    launch,
    outputs,
    planning,
    preparation,
    presentation,
    reviews,
    share,
    unread,
)
from galleria_action import config as configuration
from galleria_action import delivery as deliveries
from galleria_action.apply import BYTES_IN_FLIGHT, Deployment
from galleria_action.config import Config
from galleria_action.content import Content
from galleria_action.delivery import Delivery
from galleria_action.errors import (
    Cancelled,
    DeployError,
    FailureReason,
    StoreError,
    bug,
)
from galleria_action.event import Event
from galleria_action.forks import cores, forks
from galleria_action.journal import Journal
from galleria_action.outputs import Results
from galleria_action.pool import threads
from galleria_action.progress import Bar, Lines
from galleria_action.pull_request import Place, PullRequests
from galleria_action.readback import Readback
from galleria_action.readings import ROOM, Readings
from galleria_action.recorder import Observer
from galleria_action.report_folder import ReportFolder
from galleria_action.reviews import Nowhere, Reviews
from galleria_action.runner import Runner
from galleria_action.sources import Sources, secrets
from galleria_action.store import Store
from galleria_action.transfer import ByteBudget
from galleria_action.workspace import Workspace


def run(
    config: Config,
    store: Store,
    workspace: Workspace,
    runner: Runner,
    results: Results,
    *,
    readers: Executor,
    uploaders: Executor,
    observer: Observer,
    reviewers: Reviews,
    budget: ByteBudget,
    delivery: Delivery,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Validate, compare, show the plan and, unless it is a dry run, deploy.

    ``results`` holds what is known so far, also when this raises :class:`DeployError`.
    """
    began = clock()
    reports = ReportFolder(
        workspace.root, workspace.relative(workspace.absolute(config.report_dir))
    )
    results.mode = preparation.mode(config, workspace)
    presentation.announce(config, results.mode, runner)

    gallery = preparation.gather(config, workspace, results.mode, readers)
    heap.share([each.file.size for each in gallery.objects])
    readings = Readings(workspace, readers, room=0 if config.dry_run else ROOM)
    begun = readings.begin(gallery.objects)  # while the bucket answers
    remote = deployed.load(
        store, config, [each.key for each in gallery.objects], gallery.manifest, uploaders
    )
    preparation.refuse_conflicts(config, gallery, remote)

    requests = unread.find(gallery.objects, remote, begun, force=config.force)
    plan = planning.build(config, gallery, remote, readings.all(requests))

    results.plan = plan
    presentation.show(plan, config, runner, reports, results)
    reviewers.post(plan)
    if refusal := preparation.refusal(plan, config):
        raise refusal
    if config.dry_run:
        return
    if config.require_reviewed_plan:
        presentation.reviewed(reviews.require(plan, reviewers), runner)

    content = Content(workspace, readings.prepared)
    journal = Journal(store, config.ledger_key, remote.ledger, remote.ledger_etag, clock)
    deployment = Deployment(
        config=config,
        plan=share.of(plan, config.shard) if config.shard else plan,
        remote=remote,
        store=store,
        source=content,
        journal=journal,
        executor=uploaders,
        observer=observer,
        budget=budget,
        connect=delivery.connect,
    )
    results.outcome = deployment.outcome
    deployment.run()
    presentation.conclude(results, config, runner, clock() - began)
    if deployment.failure:
        raise deployment.failure
    if not config.verify or config.shard:
        return

    verification = Readback(
        config=config,
        gallery=gallery,
        plan=plan,
        remote=remote,
        journal=journal,
        store=store,
        source=content,
        executor=uploaders,
        visitors=delivery.visitors,
        purged=bool(results.outcome.purged_files),
        rest=delivery.rest,
    ).verify()
    presentation.verified(verification, config, runner)
    if failure := verification.failure():
        raise failure


def main(
    flags: Mapping[str, str], environ: Mapping[str, str], here: str, stopped: threading.Event
) -> int:
    """Wire the real collaborators, run, and return the exit status.

    :class:`Cancelled` may be raised in this thread at any moment; ``stopped`` is set before.
    """
    runner = Runner(environ)
    results = Results()
    try:
        _deploy(flags, environ, here, stopped, runner, results)
    except DeployError as error:
        return _failed(error, results, runner)
    except Cancelled:
        return _failed(_cancelled(), results, runner)
    except Exception as error:  # noqa: BLE001
        runner.say(traceback.format_exc())
        return _failed(bug(error), results, runner)
    runner.set_outputs(outputs.render(results))
    return 0


def _deploy(
    flags: Mapping[str, str],
    environ: Mapping[str, str],
    here: str,
    stopped: threading.Event,
    runner: Runner,
    results: Results,
) -> None:
    if stopped.is_set():
        raise Cancelled
    started_by = launch.started_by(environ)
    runner.mask(secrets(Sources(flags, environ)))  # before the settings file can be complained of
    sources = launch.sources(flags, environ, here, started_by)
    runner.mask(secrets(sources))
    config = configuration.parse(sources, started_by)
    results.config = config
    never = (config.settings_file or launch.DEFAULT_SETTINGS, config.report_dir)
    workspace = Workspace.of(environ, here, never, config.exclude)
    public = started_by.without_secrets and not config.bucket.access_key
    if public and not config.public_url:
        presentation.without_plan("there are no secrets and no public-url here.", runner)
        return
    with (
        threads(READERS) as waiting,
        forks(cores(), waiting) as readers,
        threads(config.concurrency) as uploaders,
        _green(runner) if public else nullcontext(),
    ):
        run(
            config,
            _store(config, stopped, public=public),
            workspace,
            runner,
            results,
            readers=readers,
            uploaders=uploaders,
            observer=_observer(config, runner, environ),
            reviewers=_reviewers(config, environ, started_by, runner),
            budget=ByteBudget(BYTES_IN_FLIGHT, stopped.is_set),
            delivery=deliveries.of(config, stopped),
        )


def _store(config: Config, stopped: threading.Event, *, public: bool) -> Store:
    """The bucket; what visitors can read of it where there are no credentials."""
    if public and config.public_url:
        from galleria_action.public_files import PublicFiles

        return PublicFiles(config.public_url, config.ledger_key)
    return aws.store(config.bucket, config.concurrency, stopped)


@contextmanager
def _green(runner: Runner) -> Iterator[None]:
    """What a contributor cannot help does not fail their pull request."""
    try:
        yield
    except StoreError as error:
        presentation.without_plan(error.headline.removeprefix("Error: "), runner)


READERS = min(16, (os.cpu_count() or 2) * 2)


def _observer(config: Config, runner: Runner, environ: Mapping[str, str]) -> Observer:
    if sys.stderr.isatty() and environ.get("GITHUB_ACTIONS") != "true":
        return Bar(runner.say, every_object=config.progress)
    return Lines(runner.say, time.monotonic, every_object=config.progress)


def _reviewers(
    config: Config, environ: Mapping[str, str], started_by: Event, runner: Runner
) -> Reviews:
    if environ.get("GITHUB_ACTIONS") != "true":
        return Nowhere("this is not a run of a workflow")
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


def _failed(error: DeployError, results: Results, runner: Runner) -> int:
    results.failure = error.reason
    presentation.failed(error, results, runner)
    runner.set_outputs(outputs.render(results))
    return error.exit_status


def _cancelled() -> DeployError:
    return DeployError(
        FailureReason.CANCELLED,
        "Error: Cancelled",
        advice="What arrived is recorded: a rerun sends only what is missing.",
    )
