"""The doctor's report: for a terminal or a log, and for the summary of a workflow's run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from galleria_action.config import Config
from galleria_action.doctor_facts import Findings, Place
from galleria_action.doctor_remarks import Mark, Paste, Remark
from galleria_action.errors import DeployError, Problem
from galleria_action.text import code, markdown

_SIGNS = {
    Mark.OK: ":white_check_mark:",
    Mark.NOTE: ":information_source:",
    Mark.CHANGE: ":warning:",
    Mark.FAIL: ":x:",
}


def opening(place: Place, prefix: str, *, dry_run: bool) -> Iterator[str]:
    """What is going to happen."""
    yield f"Bucket: {place.bucket}"
    yield f"Store: {place.endpoint or 'AWS S3'}"
    if place.address:
        yield f"Address: {place.address}"
    origin = "s3-region" if place.region_given else "s3-region is not given"
    yield f"Region: {place.region} ({origin})"
    if dry_run:
        yield "Nothing is written (dry-run)"
    else:
        yield f"Throw-away objects: {prefix} (removed at the end)"


def lines(remarks: Sequence[Remark]) -> Iterator[str]:
    """The report as lines of a log, the documents at its end."""
    for each in remarks:
        yield f"{each.mark:<6}  {each.text}"
        if each.advice:
            yield f"        {each.advice}"
    for paste in _pastes(remarks):
        yield ""
        yield f"{paste.title}:"
        yield paste.text
        if paste.how:
            yield paste.how


def summary(found: Findings, remarks: Sequence[Remark], *, dry_run: bool) -> str:
    """The report as Markdown."""
    rows = "".join(
        f"| {_SIGNS[each.mark]} | {markdown(f'{each.text} {each.advice}')} |\n" for each in remarks
    )
    pastes = "".join(
        f"\n<details><summary><b>{paste.title}</b></summary>\n\n```json\n{paste.text}\n```\n\n"
        f"{f'{code(paste.how, 1000)}{chr(10)}{chr(10)}' if paste.how else ''}</details>\n"
        for paste in _pastes(remarks)
    )
    return (
        f"## Doctor: {code(found.place.bucket)}\n\n**{conclusion(remarks, dry_run=dry_run)}**\n\n"
        f"| | |\n|---|---|\n{rows}{pastes}"
    )


def conclusion(remarks: Sequence[Remark], *, dry_run: bool) -> str:
    """The report in one sentence."""
    what = "Plans" if dry_run else "Deployments"
    if any(each.mark is Mark.FAIL for each in remarks):
        return f"{what} will not work with this bucket as it is."
    changes = any(each.mark is Mark.CHANGE for each in remarks)
    return f"{what} will work{'; something should be changed all the same' if changes else ''}."


def failure(remarks: Sequence[Remark], config: Config) -> DeployError | None:
    """The error to end with; None if all will work."""
    bad = [each for each in remarks if each.mark is Mark.FAIL]
    if not bad:
        return None
    return DeployError(
        bad[0].reason,
        f"Error: {conclusion(remarks, dry_run=config.dry_run)}",
        problems=[Problem(each.text) for each in bad],
        advice="What to change is said above.",
    )


def _pastes(remarks: Sequence[Remark]) -> list[Paste]:
    return [each.paste for each in remarks if each.paste]
