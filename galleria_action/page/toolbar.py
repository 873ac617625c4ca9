"""What a reader chooses by: kinds and reasons, each with the number of its photos and files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from galleria_action.page.groups import slug, title
from galleria_action.page.parts import part
from galleria_action.page.sections import Section
from galleria_action.page.template import Markup, joined
from galleria_action.plan import Kind, Reason

_KINDS = {Kind.PHOTO: "Photos", Kind.SITE: "Site", Kind.MANIFEST: "Manifest"}


def markup(sections: Sequence[Section]) -> Markup:
    """Nothing where there is nothing to choose."""
    if not sections:
        return Markup("")
    kinds: Counter[Kind] = Counter()
    reasons: Counter[Reason] = Counter()
    for each in sections:
        kinds[each.kind] += each.count
        reasons[each.reason] += each.count
    return part("toolbar").fill(
        kinds=_choices("kind", {kind: (_KINDS[kind], kinds[kind]) for kind in kinds}),
        reasons=_choices(
            "reason", {slug(each): (title(each), reasons[each]) for each in Reason if reasons[each]}
        ),
    )


def _choices(name: str, values: Mapping[str, tuple[str, int]]) -> Markup:
    if len(values) < 2:
        return Markup("")
    everything = {"": ("All", sum(number for _, number in values.values()))}
    return joined(_buttons(name, everything | dict(values)))


def _buttons(name: str, values: Mapping[str, tuple[str, int]]) -> Iterable[Markup]:
    for value, (label, number) in values.items():
        yield part("choice").fill(
            name=name,
            value=value,
            slug=value or "all",
            label=label,
            count=f"{number:,}",
            pressed="false" if value else "true",
        )
