"""What the report folder gets of a plan: for programs, to read, and to look at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from galleria_action import album, plan_document
from galleria_action.page import document
from galleria_action.page.sections import sections
from galleria_action.plan import Plan
from galleria_action.report_folder import ReportFolder
from galleria_action.thumbnails import Files, thumbnails
from galleria_action.wanted import Wanted


@dataclass(frozen=True, slots=True)
class Paths:
    """Of ``plan.json`` and ``report.html``, relative to the workspace."""

    plan: str
    report: str


def write(
    plan: Plan,
    markdown: str,
    objects: Iterable[Wanted],
    files: Files,
    folder: ReportFolder,
    *,
    dry_run: bool,
) -> Paths:
    """Write ``plan.json``, ``plan.md`` and ``report.html``, its pictures of ``files``."""
    shown = sections(plan, document.ENTRIES)
    variants = album.variants(objects, document.pictured(shown), files.size)
    sources = {name: [each.file for each in some] for name, some in variants.items()}
    with thumbnails(files, sources) as making:
        path = folder.write("plan.json", plan_document.encode(plan, dry_run=dry_run))
        folder.write("plan.md", [markdown.encode()])
        page = [*document.encode(plan, shown, making.made(), dry_run=dry_run)]
        return Paths(path, folder.write("report.html", page))
