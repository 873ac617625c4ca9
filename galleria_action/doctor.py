"""``galleria-deploy doctor``: tries whether a deployment to the bucket will work.

The flow, and the wiring of the real collaborators.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping, Sequence

from galleria_action import (
    aws,
    collaborators,
    doctor_advice,
    doctor_config,
    doctor_probes,
    doctor_report,
    ending,
    launch,
    sources,
)
from galleria_action import config as configuration
from galleria_action.config import Config
from galleria_action.doctor_probes import Probes
from galleria_action.errors import Cancelled, DeployError, FailureReason
from galleria_action.options import Parser
from galleria_action.runner import Runner
from galleria_action.sources import Sources

CANCELLED = (
    "Throw-away objects were removed again; if one could not be, the next run tells which it is."
)

_DESCRIPTION = """\
Find out whether a deployment to the bucket will work: try what one does on throw-away objects of
its own, remove them again, and say what works, what does not, and what to change."""

_EPILOG = """\
The options are those of a deployment, and may be given in the same ways. With --dry-run nothing is
written; that is for keys that can only read.
"""


def flags(arguments: Sequence[str]) -> dict[str, str]:
    """Name to text of the options that are given."""
    return Parser(
        "galleria-deploy doctor",
        doctor_config.OPTIONS,
        usage="galleria-deploy doctor [options]",
        description=_DESCRIPTION,
        epilog=_EPILOG,
    ).flags(arguments)


def run(config: Config, probes: Probes, prefix: str, runner: Runner) -> None:
    """Examine the bucket and report; raises :class:`DeployError` if deployments will not work."""
    for line in doctor_report.opening(probes.place, prefix, dry_run=config.dry_run):
        runner.say(line)
    found = probes.run()
    remarks = doctor_advice.remarks(found, config)
    runner.say()
    for line in doctor_report.lines(remarks):
        runner.say(line)
    runner.summarize(doctor_report.summary(found, remarks, dry_run=config.dry_run))
    if error := doctor_report.failure(remarks, config):
        raise error
    runner.say(f"\n{doctor_report.conclusion(remarks, dry_run=config.dry_run)}")


def main(
    flags: Mapping[str, str], environ: Mapping[str, str], here: str, stopped: threading.Event
) -> int:
    """Wire the real collaborators, run, and return the exit status.

    :class:`Cancelled` may be raised in this thread at any moment; ``stopped`` is set before.
    """
    runner = Runner(environ)
    try:
        with ending.explained(runner, cancelled=CANCELLED):
            _examine(flags, environ, here, stopped, runner)
    except DeployError as error:
        runner.error(error)
        runner.set_outputs({"failure-reason": error.reason})
        return error.exit_status
    runner.set_outputs({"failure-reason": ""})
    return 0


def _examine(
    flags: Mapping[str, str],
    environ: Mapping[str, str],
    here: str,
    stopped: threading.Event,
    runner: Runner,
) -> None:
    if stopped.is_set():
        raise Cancelled
    started_by = launch.started_by(environ)
    runner.mask(sources.secrets(Sources(flags, environ)))
    given = launch.sources(flags, environ, here, started_by)
    runner.mask(sources.secrets(given))
    config = configuration.parse(doctor_config.OnlyThese(given), started_by)
    if started_by.without_secrets and not config.bucket.access_key:
        raise _no_keys()
    prefix = f"{doctor_probes.FOLDER}{secrets.token_hex(8)}/"
    sign_in = collaborators.sign_in(config.role, environ, runner)
    client, signing, retries = aws.examined(config.bucket, stopped, sign_in)
    run(config, Probes(client, signing, config, prefix, retries), prefix, runner)


def _no_keys() -> DeployError:
    return DeployError(
        FailureReason.CREDENTIALS,
        "Error: There are no keys of the bucket to try",
        advice="GitHub gives no secrets to pull requests from forks and of Dependabot. Run the "
        "doctor on a branch of your own, or by hand.",
    )
