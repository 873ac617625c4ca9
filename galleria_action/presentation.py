"""What a person sees of a run, in the log, the summary and the report folder."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import TYPE_CHECKING

from galleria_action import (
    plan_files,
    preparation,
    published,
    report,
    share,
    text,
)
from galleria_action.config import Config
from galleria_action.errors import DeployError
from galleria_action.outputs import Results
from galleria_action.plan import Plan
from galleria_action.plan_files import Page
from galleria_action.report_folder import ReportFolder
from galleria_action.reviews import Reviewed
from galleria_action.runner import Runner
from galleria_action.thumbnails import Files
from galleria_action.wanted import Wanted

if TYPE_CHECKING:
    from galleria_action.verification import Verification


def announce(config: Config, mode: str, runner: Runner) -> None:
    driven = "metadata-driven" if mode == "metadata" else "directory-based"
    runner.say(f"{'[DRY RUN] ' if config.dry_run else ''}Using {driven} deployment...")
    runner.say(f"Bucket: {config.bucket.name or config.public_url or '-'}")


@contextmanager
def shown(
    plan: Plan,
    config: Config,
    runner: Runner,
    reports: ReportFolder,
    results: Results,
    *,
    objects: Iterable[Wanted],
    files: Files,
    readers: Executor,
) -> Iterator[Page]:
    """Show the plan in the log, the summary and the report folder, before anything is written.

    ``objects`` are the gallery's, ``files`` where pictures of them can be read: those are made
    while the plan is carried out. ``readers``: see `plan_files`.
    """
    totals = plan.totals
    runner.say("\nDeployment Plan:")
    runner.say(f"  Photos to upload: {totals.photos_to_upload}")
    runner.say(f"  Photos to delete: {totals.photos_to_delete}")
    runner.say(f"  Photos unchanged: {totals.photos_unchanged}")
    if config.dry_run and preparation.refusal(plan, config) is None:
        runner.say("\nDry run completed - no files were uploaded")
    shown = share.announced(plan, config.shard) if config.shard else plan
    with plan_files.written(
        shown,
        objects,
        files,
        reports,
        runner.warning,
        readers=readers,
        dry_run=config.dry_run,
    ) as page:
        results.plan_path = reports.place(plan_files.PLAN)
        results.report_path = reports.place(plan_files.PAGE)
        runner.summarize(page.markdown)
        _show_rest(shown, config, results, runner)
        yield page


def _show_rest(plan: Plan, config: Config, results: Results, runner: Runner) -> None:
    totals = plan.totals
    runner.say()
    if plan.site:
        runner.say(
            f"Site files: {totals.site_to_upload} to upload, {totals.site_to_delete} to delete, "
            f"{totals.site_unchanged} unchanged"
        )
    runner.say(
        f"Volume: {text.count(totals.objects_to_put, 'file')} to upload, "
        f"{text.size(totals.bytes_to_upload)}"
    )
    if plan.purge and plan.purge.calls:
        runner.say(
            f"CDN: {text.count(plan.purge.objects, 'object')} to purge, as "
            f"{text.count(len(plan.purge.addresses), 'address', 'addresses')}"
        )
    runner.say(f"Plan: {results.report_path} ({plan.hash})")
    if config.require_reviewed_plan and config.dry_run and plan.changes:
        runner.say("Not a dry run, this would need a reviewed plan (require-reviewed-plan)")
    for message in plan.warnings:
        runner.warning(message)
    for message in plan.notices:
        runner.notice(message)


def reviewed(found: Reviewed | None, runner: Runner) -> None:
    if found:
        runner.say(f"Reviewed on pull request #{found.number}: the same plan")
    else:
        runner.say("Nothing to review: the plan changes nothing")


def without_plan(why: str, runner: Runner) -> None:
    """Say why a pull request without secrets gets no plan; that is nobody's fault."""
    runner.notice(f"No plan: {why}")
    runner.summarize(report.without_plan(why))


def conclude(
    results: Results,
    config: Config,
    runner: Runner,
    seconds: float,
    *,
    objects: Iterable[Wanted],
    files: Files,
) -> None:
    """Say what was done, and show the published photos.

    ``objects`` are the gallery's, ``files`` where theirs are.
    """
    outcome = results.outcome
    if outcome.re_encoded:
        runner.notice(
            f"{text.count(outcome.re_encoded, 'photo')} got other bytes than the manifest's "
            "deployment_file_hash foretold: it was made by a tool that edits them in another way. "
            "The times are right, and so are the pictures."
        )
    if config.shard:
        runner.say(
            f"\nPart {config.shard} completed: {text.count(outcome.uploaded_files, 'file')} "
            f"uploaded ({text.size(outcome.uploaded_bytes)}), nothing committed, "
            f"in {text.duration(seconds)}"
        )
        runner.summarize(report.part(config.shard, outcome, seconds))
        return
    if outcome.uploaded_files or outcome.deleted_files:
        runner.say(
            f"\nDeployment completed: {text.count(outcome.uploaded_files, 'file')} uploaded "
            f"({text.size(outcome.uploaded_bytes)}), {outcome.deleted_files} deleted, "
            f"in {text.duration(seconds)}"
        )
    else:
        runner.say("\nDeployment completed: nothing to do, the bucket is up to date")
    if outcome.purged_files:
        runner.say(f"CDN: {text.count(outcome.purged_files, 'object')} purged")
    if config.url:
        runner.say(f"Gallery: {config.url}")
    assert results.plan is not None, "what was done had been planned"
    photos = published.photos(results.plan, objects, files.size, config.public_url)
    runner.summarize(report.result(outcome, seconds, config.url, photos))
    if outcome.purged_files:
        from galleria_action import after_report

        runner.summarize(after_report.purged(outcome.purged_files))


def verified(found: Verification, config: Config, runner: Runner) -> None:
    """Say what reading the gallery back told; a failure is told once more, as an error."""
    where = f" and under {config.public_url}" if config.public_url else ""
    state = f"{len(found.faults)} wrong" if found.faults else "all as it was sent"
    runner.say(
        f"Verified: {text.count(found.listed, 'object')} listed, {len(found.in_bucket)} read back "
        f"from the bucket{where}: {state}"
    )
    if found.remark:
        runner.notice(found.remark)
    from galleria_action import after_report

    runner.summarize(after_report.verified(found, config.public_url or ""))


def failed(error: DeployError, results: Results, runner: Runner) -> None:
    """Say what went wrong, and what is live all the same."""
    runner.error(error)
    if results.outcome.committed and not results.outcome.complete:
        runner.say(report.LIVE)
    runner.summarize(report.failure(error, results.outcome))
