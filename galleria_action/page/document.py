"""``report.html``: totals, then the pictures themselves, in one file that needs nothing else."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence

from galleria_action import __version__, report
from galleria_action.page import toolbar
from galleria_action.page.groups import Group
from galleria_action.page.parts import part, source
from galleria_action.page.sections import Section
from galleria_action.page.shares import shares
from galleria_action.page.template import Markup, joined
from galleria_action.plan import Kind, Plan
from galleria_action.text import shortened, size
from galleria_action.thumbnail import Thumbnail
from galleria_action.wanted import Wanted

ENTRIES = 5000
"""Photos and files of a page. ``plan.json`` has all."""
PICTURES = 500
LIMIT = 8_000_000
"""Bytes of a page."""
PICTURE_BYTES = 3_500_000
"""Of all pictures, before they are written in letters."""
SMALL = 128
"""Pixels: the height of pictures that are shown in lower rows."""
LONGEST_MESSAGE = 1200


def pictured(sections: Sequence[Section]) -> Iterator[Wanted]:
    """An object of each photo that is shown as a picture."""
    for section, most in _shown(sections):
        for entry in section.entries[:most]:
            if wanted := entry.changes[0].wanted:
                yield wanted


def encode(
    plan: Plan, sections: Sequence[Section], pictures: Mapping[str, Thumbnail], *, dry_run: bool
) -> Iterator[bytes]:
    """The page as UTF-8, at most ``LIMIT`` bytes; the same plan gives the same bytes.

    ``pictures`` are thumbnails by the name of :func:`album.photo`.
    """
    style, script = source("report.css"), source("report.js")
    above, below = part("report").around("sections")
    before = above.fill(
        policy=policy(style, script),
        style=style,
        bucket=plan.bucket or "-",
        eyebrow="Deployment plan, dry run" if dry_run else "Deployment plan",
        lead=_lead(plan),
        figures=joined(_figures(plan)),
        messages=joined(_messages(plan)),
        toolbar=toolbar.markup(sections),
        size="small" if _highest(pictures) <= SMALL else "large",
    ).encode()
    after = below.fill(
        script=script,
        scope=f"{plan.scope}, by {plan.mode}".capitalize(),
        hash=plan.hash,
        program=f"Galleria deploy {__version__}",
    ).encode()
    yield before
    for each in _sections(sections, _fitting(pictures), LIMIT - len(before) - len(after)):
        yield each.encode()
    yield after


def policy(style: str, script: str) -> str:
    """Only this style, this script and the pictures in the page; nothing from anywhere else."""
    return "; ".join(
        (
            "default-src 'none'",
            "img-src data:",
            f"style-src '{_hash(style)}'",
            f"script-src '{_hash(script)}'",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _hash(text: str) -> str:
    """As Content Security Policy Level 3 wants it, 2.3.1."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _shown(sections: Sequence[Section]) -> Iterator[tuple[Section, int]]:
    """Every section, and how many of its entries are shown as pictures."""
    wishes = [len(each.entries) if each.has_pictures else 0 for each in sections]
    return zip(sections, shares(wishes, PICTURES), strict=True)


def _fitting(pictures: Mapping[str, Thumbnail]) -> Mapping[str, Thumbnail]:
    """The first ones, as many as there is room for."""
    fitting: dict[str, Thumbnail] = {}
    room = PICTURE_BYTES
    for name, picture in pictures.items():
        room -= len(picture.data)
        if room >= 0:
            fitting[name] = picture
    return fitting


def _sections(
    sections: Sequence[Section], pictures: Mapping[str, Thumbnail], room: int
) -> Iterator[Markup]:
    """The sections, each entry of them whole, together at most ``room`` bytes."""
    made = [Group.of(section, most, pictures) for section, most in _shown(sections)]
    granted = shares([each.length for each in made], room)
    for each, most in zip(made, granted, strict=True):
        yield each.markup(most)


def _highest(pictures: Mapping[str, Thumbnail]) -> int:
    return max((each.height for each in pictures.values()), default=0)


def _lead(plan: Plan) -> Markup:
    """What no figure says: that there is nothing to do, or nearly nothing."""
    if any(each.kind is not Kind.MANIFEST for each in plan.changes):
        return Markup("")
    return part("lead").fill(sentence=report.sentence(plan).replace("**", ""))


def _figures(plan: Plan) -> Iterator[Markup]:
    totals, figure = plan.totals, part("figure")
    if plan.photos:
        yield figure.fill(
            label="Photos to upload",
            number=f"{totals.photos_to_upload:,}",
            detail=size(totals.photo_bytes) if totals.photo_bytes else "",
        )
        yield figure.fill(
            label="Photos to delete", number=f"{totals.photos_to_delete:,}", detail=""
        )
        yield figure.fill(
            label="Photos unchanged", number=f"{totals.photos_unchanged:,}", detail=""
        )
    if plan.site:
        deleted = f"{totals.site_to_delete:,} to delete" if totals.site_to_delete else ""
        weight = size(totals.site_bytes) if totals.site_bytes else ""
        yield figure.fill(
            label="Site files to upload",
            number=f"{totals.site_to_upload:,}",
            detail=", ".join(filter(None, (weight, deleted))),
        )


def _messages(plan: Plan) -> Iterator[Markup]:
    kinds = {
        "danger": ("Too many deletes, nothing will be written:", plan.over_limit),
        "warning": ("Warning:", plan.warnings),
        "note": ("Note:", plan.notices),
    }
    for kind, (title, texts) in kinds.items():
        for each in texts:
            yield part("message").fill(
                kind=kind, title=title, text=shortened(each, LONGEST_MESSAGE)
            )
