"""The document of a manifest: its JSON, and what to say of one that cannot be read or is wrong."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from galleria_action import json_position, json_text
from galleria_action.errors import DeployError, FailureReason, Problem
from galleria_action.manifest_problems import JsonPath
from galleria_action.text import shortened

MOST_PROBLEMS = 100


def invalid(file: str, problems: Sequence[Problem]) -> DeployError:
    """The error for a manifest with ``problems``."""
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    more = " or more" if len(problems) >= MOST_PROBLEMS else ""
    return DeployError(
        FailureReason.METADATA,
        f"Error loading gallery metadata: {count}{more} in {file}",
        problems=problems,
        advice="Nothing was compared or uploaded. Run process-photos again, or mend the lines.",
    )


def located(file: str, text: str, found: Iterable[tuple[JsonPath, str]]) -> DeployError:
    found = list(found)
    lines = json_position.lines_of(text, [path for path, _ in found])
    return invalid(
        file,
        [
            Problem(f"{_json_path(path)}: {why}", file, line)
            for (path, why), line in zip(found, lines, strict=True)
        ],
    )


class NewerManifest(DeployError):
    """The manifest has a version that this program does not know."""


def decoded(data: bytes) -> str:
    return data.decode("utf-8-sig")


def load(data: bytes, file: str) -> tuple[dict[str, Any], bool]:
    """The document, and whether it may have values that JSON in UTF-8 cannot hold."""
    if not data.strip():
        raise broken(file, "is empty")
    try:
        document, odd, is_doubled = json_text.load(decoded(data))
    except UnicodeDecodeError:
        raise broken(file, "is not UTF-8 text") from None
    except json.JSONDecodeError as error:
        detail = Problem(f"JSON ends here: {error.msg}", file, error.lineno)
        raise broken(file, "is not JSON", detail) from None
    except (ValueError, RecursionError):
        raise broken(file, "is not JSON that can be read") from None
    if is_doubled:
        raise invalid(file, _doubled(file, decoded(data)))
    if not isinstance(document, dict):
        raise broken(file, "is not a manifest", Problem("a JSON object is needed", file, 1))
    stated = document.get("schema_version")
    version = str(stated) if isinstance(stated, str | int | float) else ""
    major = version.partition(".")[0]
    if major.isascii() and major.isdigit() and int(major[:9]) > 1:
        raise NewerManifest(
            FailureReason.METADATA,
            f"Error loading gallery metadata: {file} has version {version[:20]}, "
            "newer than this action knows (1.x)",
            problems=[
                Problem(
                    "schema_version: from a newer version",
                    file,
                    json_position.lines_of(decoded(data), [("schema_version",)])[0],
                )
            ],
            advice="Update the action: uses: galleria/deploy@v1 gets the newest version 1.",
        )
    return document, odd


def broken(file: str, why: str, *details: Problem) -> DeployError:
    return DeployError(
        FailureReason.METADATA,
        f"Error loading gallery metadata: {file} {why}",
        problems=details,
        advice="The file may have been cut off or edited by hand. Run process-photos again.",
    )


def _doubled(file: str, text: str) -> list[Problem]:
    return [
        Problem(f"{shortened(repr(name))} is there twice in one object", file, line)
        for name, line in islice(json_text.doubled(text), MOST_PROBLEMS)
    ]


def _json_path(path: Iterable[str | int]) -> str:
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".") or "the document"
