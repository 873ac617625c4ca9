"""The whole deployment: `run` is the flow, `main` wires the real collaborators."""

from __future__ import annotations

import gc
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import contextmanager, nullcontext
from itertools import repeat

from galleria_action import (
    collaborators,
    deployed,
    ending,
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
from galleria_action.errors import Cancelled, DeployError, StoreError
from galleria_action.forks import cores, forks
from galleria_action.journal import Journal
from galleria_action.neighbours import Neighbours
from galleria_action.outputs import Results
from galleria_action.pool import threads
from galleria_action.publication import Reading
from galleria_action.readings import ROOM, Readings
from galleria_action.recorder import Beside, Observer
from galleria_action.report_folder import ReportFolder
from galleria_action.reviews import Reviews
from galleria_action.runner import Runner
from galleria_action.sources import Sources, secrets
from galleria_action.store import Store
from galleria_action.transfer import ByteBudget
from galleria_action.workspace import Workspace

READERS = min(16, (os.cpu_count() or 2) * 2)
_ended: list[Results] = []
"""The last run: its process ends before all that it knew could be given back, one by one."""
CANCELLED = "What arrived is recorded: a rerun sends only what is missing."


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
    heap.share(len(gallery.objects), preparation.some_sizes(gallery.objects, workspace))
    readings = Readings(workspace, readers, room=0 if config.dry_run else ROOM)
    records = deployed.records(store, config, gallery.manifest, uploaders)
    begun: Iterator[Reading | None] = repeat(None)
    if records.ledger:
        begun = readings.begin(gallery.objects)  # while the bucket is listed
    else:  # all files will be read, and more will be asked of them
        preparation.begin_content(gallery, readers)
    neighbours = Neighbours(store, config.ledger_key)
    remote = deployed.load(
        records,
        store,
        config,
        gallery.by_key,
        local=gallery.manifest,
        executor=uploaders,
        neighbours=neighbours,
    )
    preparation.refuse_conflicts(config, gallery, remote)

    requests = unread.find(gallery.objects, remote, begun, force=config.force)
    plan = planning.build(config, gallery, remote, readings.all(requests))

    results.plan = plan
    results.known = (gallery, remote, readings)
    shown = presentation.shown(
        plan,
        config,
        runner,
        reports,
        results,
        objects=gallery.objects,
        files=workspace,
        readers=readers,
    )
    with shown as page:
        reviewers.post(plan)
        if refusal := preparation.refusal(plan, config):
            raise refusal
        if config.dry_run:
            return
        if config.require_reviewed_plan:
            presentation.reviewed(reviews.require(plan, reviewers), runner)

        if not gc.isenabled():
            gc.freeze()  # all that was planned: it has no circles, and stays
            gc.enable()
        content = Content(workspace, readings.prepared)
        journal = Journal(store, config.ledger_key, remote.ledger, remote.ledger_etag, clock)
        deployment = Deployment(
            config=config,
            plan=share.of(plan, config.shard) if config.shard else plan,
            remote=remote,
            store=store,
            source=content,
            journal=journal,
            neighbours=neighbours,
            executor=uploaders,
            observer=Beside(observer, page.tick),
            budget=budget,
            clock=clock,
            rest=delivery.rest,
            connect=delivery.connect,
        )
        results.outcome = deployment.outcome
        deployment.run()
    presentation.conclude(
        results, config, runner, clock() - began, objects=gallery.objects, files=workspace
    )
    if deployment.failure:
        raise deployment.failure
    if not config.verify or config.shard:
        return
    from galleria_action.readback import Readback

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
    _ended[:] = [results]
    try:
        with ending.explained(runner, cancelled=CANCELLED):
            _deploy(flags, environ, here, stopped, runner, results)
    except DeployError as error:
        results.failure = error.reason
        presentation.failed(error, results, runner)
        runner.set_outputs(outputs.render(results))
        return error.exit_status
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
    sign_in = collaborators.sign_in(config.role, environ, runner)
    with (
        threads(READERS) as waiting,
        forks(cores(), waiting) as readers,
        threads(config.concurrency) as uploaders,
        _green(runner) if public else nullcontext(),
    ):
        run(
            config,
            collaborators.store(config, stopped, sign_in, public=public),
            workspace,
            runner,
            results,
            readers=readers,
            uploaders=uploaders,
            observer=collaborators.observer(config, runner, environ),
            reviewers=collaborators.reviewers(config, environ, started_by, runner),
            budget=ByteBudget(BYTES_IN_FLIGHT, stopped.is_set),
            delivery=deliveries.of(config, stopped, sign_in),
        )


@contextmanager
def _green(runner: Runner) -> Iterator[None]:
    """What a contributor cannot help does not fail their pull request."""
    try:
        yield
    except StoreError as error:
        presentation.without_plan(error.headline.removeprefix("Error: "), runner)
