"""The plan and its result as Markdown: for the job summary and ``plan.md``.

Totals first, then what changes and why, the long tail folded away. Whatever does not fit is cut
between rows, never in the totals.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from galleria_action.errors import DeployError
from galleria_action.invalidation import Purge
from galleria_action.plan import MEANING, Action, Change, Kind, Plan, Reason
from galleria_action.recorder import Outcome
from galleria_action.shard import Shard
from galleria_action.text import block, code, count, duration, markdown, shortened, size
from galleria_action.values import Struct

SUMMARY_LIMIT = 880_000
"""Bytes. Above 1 MiB GitHub drops a step's summary entirely; the result needs some room, too."""
LONGEST_LINE = 240
"""Letters of one problem or warning; names may be long."""
LONGEST_MESSAGE = 1200
"""Letters of one warning of a plan: a sentence and ten names of the usual length."""
LIVE = "The new gallery is live and complete. The next run does what is left."
OPEN_ROWS = 25
"""A group of more rows is folded."""


class _Section(Struct, frozen=True):
    heading: str
    columns: str
    count: int
    rows: Iterator[str]

    @property
    def frame(self) -> tuple[str, str]:
        """What stands before and behind the rows."""
        folded = "<details>" if self.count > OPEN_ROWS else "<details open>"
        rule = "|".join("---" for _ in self.columns.split("|")[1:-1])
        return (
            f"{folded}<summary>{self.heading}</summary>\n\n{self.columns}\n|{rule}|\n",
            "\n</details>\n\n",
        )


def plan(plan: Plan, *, dry_run: bool, limit: int = SUMMARY_LIMIT) -> str:
    """The plan, at most ``limit`` bytes of UTF-8."""
    head = "".join(_head(plan, dry_run=dry_run))
    sections = list(_sections(plan))
    frames = sum(len("".join(each.frame).encode()) + 100 for each in sections)
    foot = f"<sub>Plan hash <code>{plan.hash}</code></sub>\n"
    left = limit - len((head + foot).encode()) - frames
    body = []
    for section in sections:
        before, behind = section.frame
        rows, used = _fitting(section, left)
        left -= used
        body.append(before + rows + behind)
    return head + "".join(body) + foot


def _fitting(section: _Section, most: int) -> tuple[str, int]:
    """As many rows as fit into ``most`` bytes, and the bytes they take."""
    taken: list[str] = []
    used = 0
    for row in section.rows:
        length = len(row.encode()) + 1
        if used + length > most:
            left_out = section.count - len(taken)
            return "\n".join([*taken, f"\n... and {left_out:,} more; plan.json has all.\n"]), used
        taken.append(row)
        used += length
    return "\n".join(taken) + "\n", used


def _head(plan: Plan, *, dry_run: bool) -> Iterator[str]:
    title = "Deployment plan (dry run)" if dry_run else "Deployment plan"
    yield f"## {title}: {code(plan.bucket)}\n\n"
    yield f"{sentence(plan)}\n\n"
    if plan.changes:
        yield from _totals(plan)
    for each in plan.over_limit:
        yield f"> [!CAUTION]\n> Too many deletes, nothing will be written: {_message(each)}\n\n"
    for each in plan.warnings:
        yield f"> [!WARNING]\n> {_message(each)}\n\n"
    for each in plan.notices:
        yield f"> [!NOTE]\n> {_message(each)}\n\n"


def _message(text: str) -> str:
    return markdown(shortened(text, LONGEST_MESSAGE))


def sentence(plan: Plan) -> str:
    """What the plan does, in one sentence of numbers."""
    totals = plan.totals
    if not plan.changes:
        photos = count(totals.photos_unchanged, "photo") if plan.photos else ""
        site = count(totals.site_unchanged, "site file") if plan.site else ""
        what = " and ".join(filter(None, (photos, site)))
        one = plan.photos * totals.photos_unchanged + plan.site * totals.site_unchanged == 1
        state = "is deployed as it is here" if one else "are deployed as they are here"
        return f"**Nothing to do.** {what} {state}."
    parts = [
        _part(totals.photos_to_upload, "photo", "to upload", totals.photo_bytes),
        _part(totals.photos_to_delete, "photo", "to delete"),
        _part(totals.site_to_upload, "site file", "to upload", totals.site_bytes),
        _part(totals.site_to_delete, "site file", "to delete"),
    ]
    parts = [each for each in parts if each]
    if not parts:
        return "Only the **manifest** changes."
    return ", ".join(parts) + "."


def _part(number: int, noun: str, verb: str, volume: int = 0) -> str:
    if not number:
        return ""
    weight = f" ({size(volume)})" if volume else ""
    return f"**{count(number, noun)}** {verb}{weight}"


def _totals(plan: Plan) -> Iterator[str]:
    totals = plan.totals
    yield "| | Upload | Delete | Unchanged |\n|---|--:|--:|--:|\n"
    if plan.photos:
        yield _totals_row(
            "Photos",
            totals.photos_to_upload,
            totals.photo_bytes,
            totals.photos_to_delete,
            totals.photos_unchanged,
        )
    if plan.site:
        yield _totals_row(
            "Site files",
            totals.site_to_upload,
            totals.site_bytes,
            totals.site_to_delete,
            totals.site_unchanged,
        )
    manifest = plan.puts(Kind.MANIFEST)
    if plan.mode == "metadata" and plan.photos:
        yield f"| Manifest | {manifest[0].reason if manifest else '-'} | | |\n"
    yield "\n"


def _totals_row(name: str, upload: int, volume: int, delete: int, unchanged: int) -> str:
    weight = f" ({size(volume)})" if upload else ""
    return f"| {name} | {upload:,}{weight} | {delete:,} | {unchanged:,} |\n"


def _sections(plan: Plan) -> Iterator[_Section]:
    for action, verb in ((Action.PUT, "upload"), (Action.DELETE, "delete")):
        for kind in (Kind.PHOTO, Kind.SITE):
            for reason in Reason:
                if group := plan.by_reason.get((action, kind, reason)):
                    yield _section(group, verb, reason)
    if plan.purge and plan.purge.calls:
        yield _purges(plan.purge)


def _purges(purge: Purge) -> _Section:
    addresses = purge.addresses
    heading = (
        f"<b>{count(len(addresses), 'address', 'addresses')} to purge</b> - "
        f"{count(purge.objects, 'object')} in the cache of {purge.provider}"
    )
    rows = (f"| {code(each, LONGEST_LINE)} |" for each in addresses)
    return _Section(heading, "| Address |", len(addresses), rows)


def _section(group: Sequence[Change], verb: str, reason: Reason) -> _Section:
    kind = group[0].kind
    volume = f"({size(sum(each.size for each in group))})"
    if kind is Kind.PHOTO:
        photos = _by_photo(group)
        number, noun, columns = len(photos), "photo", "| Photo | Objects | Size |"
        rows = _photo_rows(photos)
    else:
        number, noun, columns = len(group), "site file", "| File | Size |"
        rows = _file_rows(group)
    heading = (
        f"<b>{count(number, noun)} to {verb}: {reason}</b> {volume} - {_meaning(reason, kind)}"
    )
    return _Section(heading, columns, number, rows)


def _meaning(reason: Reason, kind: Kind) -> str:
    if reason is Reason.CHANGED and kind is Kind.SITE:
        return "the file changed"
    return MEANING[reason]


def _by_photo(group: Iterable[Change]) -> dict[str, list[Change]]:
    photos: dict[str, list[Change]] = {}
    for each in group:
        photos.setdefault(each.photo, []).append(each)
    return photos


def _photo_rows(photos: Mapping[str, Sequence[Change]]) -> Iterator[str]:
    for photo, changes in photos.items():
        shown = ", ".join(code(each.key) for each in changes[:3])
        more = f" and {len(changes) - 3} more" if len(changes) > 3 else ""
        yield f"| {code(photo)} | {shown}{more} | {size(sum(each.size for each in changes))} |"


def _file_rows(group: Iterable[Change]) -> Iterator[str]:
    for each in group:
        yield f"| {code(each.key)} | {size(each.size)} |"


def without_plan(why: str) -> str:
    """Why a pull request without secrets has no plan, and what would change that."""
    return (
        f"## No plan\n\n{markdown(why)}\n\nPull requests from forks and of Dependabot get no "
        "secrets. With `public-url`, the address under which everybody can read the bucket, the "
        "plan is made from the published manifest and ledger. The maintainers see the full plan "
        "when they run the workflow on a branch of their own.\n"
    )


def result(outcome: Outcome, seconds: float, url: str, published: str = "") -> str:
    """What a deployment that succeeded has done; ``published`` shows its photos, in Markdown."""
    link = f"\n\n[Open the gallery](<{url}>)" if url else ""
    shown = f"\n\n{published}" if published else ""
    if not (outcome.uploaded_files or outcome.deleted_files):
        return f"## Up to date\n\nNothing had to be written.{link}\n"
    return (
        f"## Deployed\n\n{count(outcome.uploaded_files, 'file')} uploaded "
        f"({size(outcome.uploaded_bytes)}), {count(outcome.deleted_files, 'file')} deleted, "
        f"in {duration(seconds)}.{shown}{link}\n"
    )


def part(shard: Shard, outcome: Outcome, seconds: float) -> str:
    """What one of several jobs that share the photos has done."""
    return (
        f"## Part {shard} uploaded\n\n{count(outcome.uploaded_files, 'file')} uploaded "
        f"({size(outcome.uploaded_bytes)}), in {duration(seconds)}. Nothing is committed: the "
        "gallery that visitors see is as it was.\n"
    )


def failure(error: DeployError, outcome: Outcome | None) -> str:
    """What a deployment that failed tells its reader."""
    lines = [
        markdown(shortened(line.removeprefix("Error: "), LONGEST_LINE))
        for line in error.headline.splitlines()
    ]
    problems = "".join(
        f"- {markdown(shortened(str(each), LONGEST_LINE))}\n" for each in error.problems[:50]
    )
    if len(error.problems) > 50:
        problems += f"- ... and {len(error.problems) - 50} more\n"
    advice = "".join(f"\n{markdown(line)}\n" for line in error.advice.splitlines() if line)
    if error.paste:
        advice += f"\n{block(error.paste)}\n"
    state = ""
    if outcome and outcome.uploaded_files and not outcome.complete:
        state = (
            f"\n{count(outcome.uploaded_files, 'file')} arrived before that "
            f"({size(outcome.uploaded_bytes)}).\n"
        )
    headline = "\n".join(lines)
    title = "Not deployed"
    if outcome and outcome.complete:
        title = "Deployed, but a step after it failed"
    elif outcome and outcome.committed:
        title = "Deployed, but not finished"
        state += f"\n{LIVE}\n"
    return f"## {title}: {error.reason}\n\n{headline}\n\n{problems}{advice}{state}"
