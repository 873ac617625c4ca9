"""What every failure of the program has in common, whatever caused it."""

from __future__ import annotations

from galleria_action.inputs import OUTPUTS
from support.process import Annotation, Job, Run

OPENINGS = ("Error", "Photo deployment failed", "Static site deployment failed")


def check(run: Run, job: Job, reason: str, message: str, *details: str) -> None:
    """It ends with 1, says once what is wrong and names no secret.

    ``message`` is how its first line begins, ``details`` are texts of the lines that follow.
    """
    assert run.status == 1, run.stdout
    assert run.stderr == ""
    assert run.outputs.keys() == OUTPUTS.keys()
    assert run.outputs["failure-reason"] == reason, run.stdout
    _check_message(run, message, details)
    assert f"Not deployed: {reason}" in run.summary
    assert run.summary.count("Not deployed") == 1
    check_secrets(run, job)


def _check_message(run: Run, message: str, details: tuple[str, ...]) -> None:
    headlines = [number for number, line in enumerate(run.log) if line.startswith(OPENINGS)]
    assert len(headlines) == 1, run.stdout
    text = run.log[headlines[0] :]
    assert text[0].startswith(message), run.stdout
    for detail in details:
        assert any(detail in line for line in text), run.stdout
    assert "Traceback" not in run.visible
    assert len(run.stdout) < 50_000
    errors = run.annotations("error")
    assert errors
    placed = [each for each in errors if each.file]
    if not placed:
        assert errors == [Annotation(text[0].removeprefix("Error: "))]
    assert all(each.message for each in errors)


def check_secrets(run: Run, job: Job) -> None:
    """Secrets are masked before anything else is printed, and nothing shows them."""
    secrets = [job.inputs[name] for name in ("s3-access-key", "s3-secret-key")]
    for secret in filter(None, secrets):
        assert secret not in run.visible
        assert f"::add-mask::{secret}" in run.stdout
        assert run.stdout.startswith("::add-mask::")
