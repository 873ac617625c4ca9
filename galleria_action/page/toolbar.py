"""What a reader chooses by: kinds and reasons, each with the number of its photos and files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

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
    return joined(
        part("choice").fill(filter=name, value=value, label=label, count=f"{number:,}")
        for value, (label, number) in values.items()
    )
