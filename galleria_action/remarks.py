"""What a reader of a plan should know besides its changes, in sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from galleria_action import edits, lookalikes
from galleria_action.plan import Action, Plan
from galleria_action.publication import Reading
from galleria_action.text import count
from galleria_action.wanted import Wanted


def warnings(
    plan: Plan, readings: Mapping[str, Reading], objects: Iterable[Wanted]
) -> Iterable[str]:
    if not plan.site and plan.totals.photos_to_delete:
        yield (
            "Photos are deleted but the site is not deployed (photos-only): "
            "pages may still show them."
        )
    if plan.totals.replaced:
        yield (
            f"{count(plan.totals.replaced, 'object')} at this gallery's keys will be replaced, "
            "although it did not put them. If they belong to another gallery, give this one a "
            "metadata-key, photos-prefix and site-prefix of its own."
        )
    if alike := lookalikes.find([each.key for each in objects]):
        shown = "; ".join(" and ".join(map(repr, pair)) for pair in alike[:5])
        more = f"; and {len(alike) - 5} more" if len(alike) > 5 else ""
        yield (
            f"{count(len(alike), 'pair')} of keys differ only in capitals or in how their accents "
            f"are written: {shown}{more}. Macs and Windows, and some copies of the bucket, can "
            "hold only one of each. Rename the files if that matters."
        )
    untouched = [(key, each) for key, each in readings.items() if each.untouched_because]
    if untouched:
        shown = "; ".join(f"{key} ({each.untouched_because})" for key, each in untouched[:10])
        more = f"; and {len(untouched) - 10} more" if len(untouched) > 10 else ""
        yield (
            f"{count(len(untouched), 'file')} cannot be edited without harm and will be published "
            f"with times uncorrected: {shown}{more}"
        )


def notices(plan: Plan, objects: Iterable[Wanted], skipped: Sequence[str]) -> Iterable[str]:
    yield from _positions(plan, objects)
    if plan.spared:
        yield (
            f"{count(len(plan.spared), 'file')} of this gallery will not be deleted, because "
            "another gallery of the bucket publishes the same: "
            f"{', '.join(each.key for each in plan.spared[:5])}"
        )
    if skipped:
        yield (
            f"{count(len(skipped), 'site file')} not uploaded, because only the deployment "
            f"itself writes such keys: {', '.join(skipped[:5])}"
        )


def _positions(plan: Plan, objects: Iterable[Wanted]) -> Iterable[str]:
    """How many photos say where they were taken, as far as that is known without reading them."""
    puts = [each for each in plan.changes if each.action is Action.PUT]
    shown = {key for key, entry in plan.kept.items() if entry.position}
    shown |= {each.key for each in puts if each.position}
    public = {each.photo for each in objects if each.key in shown} if shown else ()
    if public:
        yield (
            f"Everybody can read the position in {count(len(public), 'photo')}. "
            "strip-gps: true publishes photos without the place they were taken at."
        )
    removed = {each.photo for each in puts if edits.remover(each.edit)}
    if removed:
        yield f"The position is removed from {count(len(removed), 'photo')} to upload (strip-gps)."
