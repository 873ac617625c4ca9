"""Failures in words: what is live, and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from galleria_action.errors import DeployError, FailureReason, Problem, StoreError
from galleria_action.plan import Change, Kind
from galleria_action.publication import Stale
from galleria_action.text import count

_RERUN = "The live gallery is as it was. A rerun sends only what is missing."


def _opening(change: Change) -> str:
    half = "Static site" if change.kind is Kind.SITE else "Photo"
    return f"{half} deployment failed"


def failed(change: Change, why: str) -> DeployError:
    return DeployError(FailureReason.UPLOAD, f"{_opening(change)}: {why}", advice=_RERUN)


def stale(change: Change, error: Stale) -> DeployError:
    reason = FailureReason.UPLOAD if change.kind is Kind.SITE else FailureReason.STALE_PHOTOS
    return DeployError(
        reason,
        f"{_opening(change)}: {error} changed while the deployment was running",
        advice=f"Let the steps that make the files finish first. {_RERUN}",
    )


def upload_error(change: Change, error: StoreError) -> DeployError:
    why = error.headline.removeprefix("Error: ")
    return DeployError(
        error.reason,
        f"{_opening(change)}: {why[:1].lower()}{why[1:]}",
        problems=error.problems,
        advice=f"{_RERUN} {error.advice}",
        paste=error.paste,
    )


def delete_error(change: Change, errors: Mapping[str, str]) -> DeployError:
    denied = any(why.startswith("AccessDenied") for why in errors.values())
    return DeployError(
        FailureReason.CREDENTIALS if denied else FailureReason.UPLOAD,
        f"{_opening(change)}: {count(len(errors), 'object')} could not be deleted",
        problems=[Problem(f"{key}: {why}") for key, why in sorted(errors.items())],
        advice="The new gallery is live and complete. The next run deletes the objects, once the "
        "access key may: it needs s3:DeleteObject.",
    )


def remote_changed(why: str, keys: Sequence[str] = ()) -> DeployError:
    return DeployError(
        FailureReason.REMOTE_CHANGED,
        f"Error: The bucket changed during the deployment: {why}",
        problems=[Problem(key) for key in sorted(keys)],
        advice="Nothing of it was overwritten. Run again: the new plan starts from what is there "
        "now. Let the workflow's `concurrency` keep deployments of one gallery apart.",
    )


def stale_photos(names: Iterable[str]) -> DeployError:
    """The error for photos whose bytes are not what manifest or plan say."""
    names = sorted(names)
    return DeployError(
        FailureReason.STALE_PHOTOS,
        f"Photo deployment failed: the manifest describes other bytes for "
        f"{count(len(names), 'photo')}",
        problems=[Problem(name) for name in names],
        advice="They changed after the manifest was made. Run process-photos again; nothing "
        "was uploaded.",
    )


def positions_undecided(what: str, problems: Iterable[Problem]) -> DeployError:
    """The error for files that may say where a photo was taken, although none is to say it."""
    problems = sorted(problems, key=lambda each: each.message)
    return DeployError(
        FailureReason.METADATA,
        f"{what} failed: {count(len(problems), 'file')} may say where a photo was "
        "taken (strip-gps), and it can neither be removed nor ruled out",
        problems=problems,
        advice="Nothing was written. Remove the position with the program that made these files "
        "or with exiftool, convert them to JPEG, or leave them out with exclude.",
    )
