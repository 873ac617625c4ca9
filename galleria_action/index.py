"""``galleria-deploy index``: makes or refreshes the manifest of a photos folder.

The flow, and the wiring of the real collaborators. Only the manifest is written.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from datetime import UTC, datetime
from typing import Any

from galleria_action import ending, index_config, index_report, indexing, launch, photo_files
from galleria_action.errors import Cancelled, DeployError, FailureReason
from galleria_action.full_reader import FullReader, Observer
from galleria_action.index_config import IndexConfig
from galleria_action.manifest_file import ManifestFile
from galleria_action.manifest_problems import VARIANTS, normalised
from galleria_action.options import Parser
from galleria_action.photo_files import Entry
from galleria_action.pool import threads
from galleria_action.progress import Bar, Lines
from galleria_action.runner import Runner
from galleria_action.sources import Sources, secrets
from galleria_action.transfer import ByteBudget
from galleria_action.wanted import LocalFile
from galleria_action.workspace import Workspace

BYTES_IN_MEMORY = 256 << 20
READERS = min(16, (os.cpu_count() or 2) * 2)
CANCELLED = "The manifest is whole: it is replaced at the very end or not at all."

_DESCRIPTION = """\
Make gallery-metadata.json, the manifest, for a folder of processed photos, or refresh it: ids,
files, hashes and times. What an existing manifest says besides that is kept, and so are times that
were corrected there, as long as their photos do not change."""

_EPILOG = """\
A photo is an image in full/; web/ and thumb/ hold a file of the same name each, the ending apart.
Settings that are not given stay as the manifest has them. The options may also be given as
environment variables (GALLERIA_TIMESTAMP_OFFSET_HOURS=-4) or in settings.local.py.

A first look, which writes nothing:
  galleria-deploy index --dry-run
"""


def flags(arguments: Sequence[str]) -> dict[str, str]:
    """Name to text of the options that are given."""
    return Parser(
        "galleria-deploy index",
        index_config.OPTIONS,
        usage="galleria-deploy index [options]",
        description=_DESCRIPTION,
        epilog=_EPILOG,
    ).flags(arguments)


def run(
    config: IndexConfig,
    workspace: Workspace,
    runner: Runner,
    *,
    readers: Executor,
    observer: Observer,
    budget: ByteBudget,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> bool:
    """Make or refresh the manifest; whether that changes anything. Raises :class:`DeployError`."""
    runner.say(f"{'[DRY RUN] ' if config.dry_run else ''}Indexing {config.photos_dir}...")
    file = ManifestFile(workspace, config.manifest)
    manifest = file.load()
    old: Mapping[str, Any] = manifest.document if manifest else {}
    found = _find(config, workspace, old.get("photos", ()), readers)
    sort = photo_files.sort(found, old.get("photos", ()))
    if not sort.photos:
        raise _no_photos(config)

    settings = indexing.settings(old.get("settings", {}), config.request)
    clock = indexing.clock(old.get("settings", {}), settings)
    reader = FullReader(workspace, found, clock, budget, strip_gps=config.strip_gps)
    photos = reader.read(sort.photos, readers, observer)
    new = indexing.document(old, settings, config.request, photos, now())

    for line in index_report.lines(index_report.difference(old, new)):
        runner.say(line)
    for message in index_report.warnings(photos):
        runner.warning(message)
    for message in index_report.notices(photos, sort.passed_over):
        runner.notice(message)
    if new == old:
        runner.say(f"Nothing to do: {file.name} is up to date")
    elif config.dry_run:
        runner.say("Dry run completed - nothing was written")
    else:
        file.replace(new)
        runner.say(f"Written: {file.name}")
    return new != old


def _find(
    config: IndexConfig, workspace: Workspace, entries: Iterable[Entry], readers: Executor
) -> dict[str, LocalFile]:
    """The files that a deployment could publish: those of the three folders and of the manifest."""
    names = {
        f"{variant}/{file.name}"
        for variant in VARIANTS
        for file in workspace.scan(f"{config.photos_dir}/{variant}")
    }
    names |= {normalised(each["files"][variant]) for each in entries for variant in VARIANTS}
    return workspace.find(config.photos_dir, sorted(names), readers)[0]


def _no_photos(config: IndexConfig) -> DeployError:
    return DeployError(
        FailureReason.CONFIG,
        f"Error: the folder {config.photos_dir}/full is missing or has no photos",
        advice="Is photos-dir the folder that the step before makes? A manifest is never emptied "
        "because a folder is.",
    )


def main(
    flags: Mapping[str, str], environ: Mapping[str, str], here: str, stopped: threading.Event
) -> int:
    """Wire the real collaborators, run, and return the exit status.

    :class:`Cancelled` may be raised in this thread at any moment; ``stopped`` is set before.
    """
    runner = Runner(environ)
    try:
        with ending.explained(runner, cancelled=CANCELLED):
            changes = _index(flags, environ, here, stopped, runner)
    except DeployError as error:
        runner.error(error)
        runner.set_outputs({"changes": "", "failure-reason": error.reason})
        return error.exit_status
    runner.set_outputs({"changes": str(changes).lower(), "failure-reason": ""})
    return 0


def _index(
    flags: Mapping[str, str],
    environ: Mapping[str, str],
    here: str,
    stopped: threading.Event,
    runner: Runner,
) -> bool:
    if stopped.is_set():
        raise Cancelled
    runner.mask(secrets(Sources({}, environ)))
    sources = launch.sources(
        flags, environ, here, launch.started_by(environ), index_config.SETTING_NAMES
    )
    config = index_config.parse(sources)
    with threads(READERS) as readers:
        return run(
            config,
            Workspace.of(environ, here, config.never, config.exclude),
            runner,
            readers=readers,
            observer=_observer(runner, environ),
            budget=ByteBudget(BYTES_IN_MEMORY, stopped.is_set),
        )


def _observer(runner: Runner, environ: Mapping[str, str]) -> Observer:
    if sys.stderr.isatty() and environ.get("GITHUB_ACTIONS") != "true":
        return Bar(runner.say, every_object=False, doing="Reading")
    return Lines(runner.say, time.monotonic, every_object=False, done="read")
