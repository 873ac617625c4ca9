"""A section as HTML: pictures, then names, then how many are left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from galleria_action.page import entries
from galleria_action.page.parts import part
from galleria_action.page.sections import Section
from galleria_action.page.template import Markup, joined
from galleria_action.plan import Kind, Reason
from galleria_action.text import count, size
from galleria_action.thumbnail import Thumbnail

FRAME = 1000
"""Bytes for what stands around the entries of a section, and more."""
LIST = 60
"""Names of one list, which fill its lines whether these hold two, three, four or five. A browser
takes seconds to hide thousands in a single list, and draws only the lists that are in sight.
"""
_NOUNS = {Kind.PHOTO: "photo", Kind.SITE: "site file", Kind.MANIFEST: "file"}
_TITLES = {Kind.PHOTO: "", Kind.SITE: "Site: ", Kind.MANIFEST: "Manifest: "}


class Group(NamedTuple):
    """The entries of a section: ``pictures`` and, where those end, ``rows``."""

    section: Section
    pictures: tuple[Markup, ...]
    rows: tuple[Markup, ...]

    @classmethod
    def of(cls, section: Section, pictured: int, pictures: Mapping[str, Thumbnail]) -> Group:
        """The first ``pictured`` entries with their ``pictures``, the others by name."""
        return cls(
            section,
            tuple(entries.pictured(each, pictures) for each in section.entries[:pictured]),
            tuple(entries.named(each) for each in section.entries[pictured:]),
        )

    @property
    def length(self) -> int:
        """Bytes of all of it."""
        return FRAME + sum(len(each.encode()) for each in (*self.pictures, *self.rows))

    def markup(self, most: int) -> Markup:
        """The section, at most so many bytes: what comes last is left out."""
        pictures, used = _fitting(self.pictures, most - FRAME)
        rows, _ = _fitting(self.rows, most - FRAME - used)
        section = self.section
        return part("section").fill(
            id=f"{section.kind}-{section.action}-{slug(section.reason)}",
            kind=section.kind,
            slug=slug(section.reason),
            title=title(_TITLES[section.kind] + section.reason),
            count=f"{count(section.count, _NOUNS[section.kind])}, {size(section.size)}",
            meaning=f"{title(section.meaning)}.",
            lists=joined(
                [*_lists("pictures", pictures, len(pictures)), *_lists("rows", rows, LIST)]
            ),
            rest=_rest(section.count - len(pictures) - len(rows)),
        )


def slug(reason: Reason) -> str:
    return reason.replace(" ", "-")


def title(words: str) -> str:
    return words[:1].upper() + words[1:]


def _lists(name: str, items: Sequence[Markup], most: int) -> Iterator[Markup]:
    for start in range(0, len(items), most or 1):
        yield Markup(f'<ul class="{name}">{joined(items[start : start + most])}</ul>\n')


def _rest(left_out: int) -> Markup:
    if left_out <= 0:
        return Markup("")
    return Markup(f'<p class="rest">and {left_out:,} more, which plan.json has</p>')


def _fitting(items: Iterable[Markup], most: int) -> tuple[list[Markup], int]:
    """The first items that fit into ``most`` bytes, and the bytes they take."""
    taken: list[Markup] = []
    used = 0
    for each in items:
        used += len(each.encode())
        if used > most:
            break
        taken.append(each)
    return taken, used
