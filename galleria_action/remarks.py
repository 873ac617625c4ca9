"""What a reader of a plan should know besides its changes, in sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from galleria_action.plan import Plan
from galleria_action.publication import Reading
from galleria_action.text import count


def warnings(plan: Plan, readings: Mapping[str, Reading]) -> Iterable[str]:
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
    untouched = [(key, each) for key, each in readings.items() if each.untouched_because]
    if untouched:
        shown = "; ".join(f"{key} ({each.untouched_because})" for key, each in untouched[:10])
        more = f"; and {len(untouched) - 10} more" if len(untouched) > 10 else ""
        yield (
            f"{count(len(untouched), 'file')} cannot be edited without harm and will be published "
            f"with times uncorrected: {shown}{more}"
        )


def notices(skipped: Sequence[str]) -> Iterable[str]:
    if skipped:
        yield (
            f"{count(len(skipped), 'site file')} not uploaded, because only the deployment "
            f"itself writes such keys: {', '.join(skipped[:5])}"
        )
