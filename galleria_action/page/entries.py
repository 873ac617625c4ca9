"""The entries of a section as HTML: photos with their pictures, all else by name.

Beside its name each carries what a closer look shows: its files, and what is done to them.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping

from galleria_action import edits, headers
from galleria_action.album import photo
from galleria_action.page.parts import part
from galleria_action.page.sections import Entry
from galleria_action.page.template import Markup, escaped, joined
from galleria_action.plan import Change, Kind
from galleria_action.text import shortened, size
from galleria_action.thumbnail import Thumbnail

MOST_FILES = 12
"""Files of one photo that are named; usually there are three."""
LONGEST = 240
"""Letters of a name."""


def pictured(entry: Entry, pictures: Mapping[str, Thumbnail]) -> Markup:
    """A photo with its picture, or with a place for the one that cannot be shown."""
    wanted = entry.changes[0].wanted
    picture = pictures.get(photo(wanted)) if wanted else None
    if picture is None:
        ending = headers.extension(entry.changes[0].key)[:5].upper() or "?"
        return part("blank").fill(ending=ending, **_about(entry))
    return part("picture").fill(
        type=picture.content_type,
        picture=base64.b64encode(picture.data).decode(),
        width=picture.width,
        height=picture.height,
        **_about(entry),
    )


def named(entry: Entry) -> Markup:
    """A photo or file by its name and size."""
    return part("row").fill(size=size(entry.size), **_about(entry))


def _about(entry: Entry) -> dict[str, str]:
    return {
        "name": shortened(entry.name, LONGEST),
        "files": joined(_files(entry), "\n"),
        "facts": joined((escaped(each) for each in _facts(entry)), "\n"),
    }


def _files(entry: Entry) -> Iterator[Markup]:
    """A file a line: its key and, after a tab, its size."""
    for each in entry.changes[:MOST_FILES]:
        yield Markup(f"{escaped(shortened(each.key, LONGEST))}\t{size(each.size)}")
    if len(entry.changes) > MOST_FILES:
        yield Markup(f"and {len(entry.changes) - MOST_FILES} more\t")


def _facts(entry: Entry) -> Iterator[str]:
    """What is done to the photo on its way, and what everybody will be able to read in it."""
    yield from dict.fromkeys(fact for each in entry.changes for fact in _facts_of(each))


def _facts_of(change: Change) -> Iterator[str]:
    if change.kind is Kind.MANIFEST:
        if change.edit:
            yield "Folders of your computer left out"
        return
    correction = edits.correction(change.edit)
    if edits.is_corrected(change.edit):
        _, _, time = correction.partition(" ")
        yield f"Time set to {time.replace('T', ', ')}"
    elif correction:
        yield "Time not corrected: that cannot be done without harm"
    if edits.remover(change.edit):
        yield "Position removed"
    elif change.position:
        yield "Shows where it was taken"
