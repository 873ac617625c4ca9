"""What the report folder gets of a plan: for programs, to read, and to look at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager

from galleria_action import album, plan_document, report
from galleria_action.errors import Cancelled, DeployError
from galleria_action.forks import beside
from galleria_action.page import document
from galleria_action.page.sections import Section, sections
from galleria_action.plan import Plan
from galleria_action.report_folder import ReportFolder
from galleria_action.thumbnails import Files, Thumbnails, thumbnails
from galleria_action.wanted import Wanted

PLAN, MARKDOWN, PAGE = "plan.json", "plan.md", "report.html"
MANY = 10_000
"""Changes from which on another process is worth it to write them."""


class Page:
    """``report.html``, written as soon as its pictures are made or given up.

    ``markdown`` is what ``plan.md`` holds.
    """

    def __init__(
        self,
        plan: Plan,
        markdown: str,
        shown: Sequence[Section],
        pictures: Thumbnails,
        folder: ReportFolder,
        warn: Callable[[str], None],
        *,
        dry_run: bool,
    ) -> None:
        self.markdown = markdown
        self._warn = warn
        self._plan = plan
        self._shown = shown
        self._pictures = pictures
        self._folder = folder
        self._dry_run = dry_run
        self._is_written = False

    def tick(self) -> None:
        """Some time has passed: write the page if nothing is to be waited for any more."""
        if not self._is_written and self._pictures.are_done():
            self.finish()

    def finish(self) -> None:
        """Write the page with the pictures that there are when their time is up."""
        if self._is_written:
            return
        made = self._pictures.made()
        page = document.encode(self._plan, self._shown, made, dry_run=self._dry_run)
        try:
            self._folder.write(PAGE, [*page])
        except DeployError as error:  # such as a full disk: never at the expense of the deployment
            self._warn(error.headline.removeprefix("Error: "))
        self._is_written = True

    def give_up(self) -> None:
        """Write the page with the pictures that there are now."""
        self._pictures.hurry()
        self.finish()


@contextmanager
def written(
    plan: Plan,
    objects: Iterable[Wanted],
    files: Files,
    folder: ReportFolder,
    warn: Callable[[str], None],
    *,
    readers: Executor,
    dry_run: bool,
) -> Iterator[Page]:
    """Before the block ``plan.json`` and ``plan.md`` are written, the page at its end or before.

    Its pictures are of ``files``. They are made meanwhile, and waited for unless the run is
    cancelled. ``warn`` is told, in a sentence, why the page could not be written. A long
    ``plan.json`` is written by another process of ``readers``.
    """

    def write_plan() -> str:
        folder.write(PLAN, plan_document.encode(plan, dry_run=dry_run))
        return plan.hash

    hashed = beside(readers, write_plan) if len(plan.changes) >= MANY else write_plan
    shown = sections(plan, document.ENTRIES)
    variants = album.variants(objects, document.pictured(shown), files.size)
    sources = {name: [each.file for each in some] for name, some in variants.items()}
    with thumbnails(files, sources, aside=not dry_run) as pictures:
        plan.knows_hash(hashed())
        markdown = report.plan(plan, dry_run=dry_run)
        folder.write(MARKDOWN, [markdown.encode()])
        folder.remove(PAGE)  # that of an earlier run would be taken for this one's
        page = Page(plan, markdown, shown, pictures, folder, warn, dry_run=dry_run)
        try:
            yield page
        except Cancelled:
            page.give_up()
            raise
        finally:
            page.finish()
