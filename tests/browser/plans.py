"""Pages that the tests open: of every kind of change, of five thousand, of hostile names."""

from __future__ import annotations

import io
from functools import cache

from msgspec.structs import replace
from PIL import Image
from unit.samples import page
from unit.showcase import _photo, _put, rich_plan

from galleria_action import album, thumbnail
from galleria_action.page import document
from galleria_action.page.sections import sections
from galleria_action.plan import Plan, Reason, Totals
from galleria_action.thumbnail import Thumbnail

SHAPES = ((300, 200), (200, 300), (300, 225), (320, 180), (200, 200))
MANY = 5000
EVIL = "<img src=x onerror=\"document.title='hit'\"></script><script>document.title='hit'</script>"
DECEITFUL = "photo\u202egpj.exe"


@cache
def picture(number: int) -> Thumbnail:
    """A picture of one colour, wide or high."""
    file = io.BytesIO()
    colour = f"hsl({number * 47 % 360}, 45%, 55%)"
    Image.new("RGB", SHAPES[number % len(SHAPES)], colour).save(file, "PNG")
    made = thumbnail.make(file.getvalue(), 128)
    assert made is not None
    return made


def encoded(plan: Plan) -> bytes:
    """The page of a plan, each of its photos with a picture."""
    found = sections(plan, document.ENTRIES)
    pictures = {
        album.photo(each): picture(number % 60)
        for number, each in enumerate(document.pictured(found))
    }
    return b"".join(document.encode(plan, found, pictures, dry_run=True))


def many() -> Plan:
    made = [
        each
        for number in range(MANY)
        for each in _photo(
            f"wedding-20240615T14{number:06}-r5a-0", Reason.NEW if number % 50 else Reason.CHANGED
        )
    ]
    return replace(rich_plan(), changes=tuple(made), totals=Totals(photos_to_upload=MANY))


def hostile() -> Plan:
    names = (EVIL, DECEITFUL, "line\nbreak", "{{ script }}")
    made = [each for name in names for each in _photo(name, Reason.NEW)]
    made += [_put(page(name), Reason.CHANGED, 5) for name in names]
    return replace(rich_plan(), bucket=EVIL, changes=tuple(made), warnings=names)


def idle() -> Plan:
    return replace(rich_plan(), changes=(), totals=Totals(photos_unchanged=3))


PAGES = {
    "rich": lambda: encoded(rich_plan()),
    "many": lambda: encoded(many()),
    "hostile": lambda: encoded(hostile()),
    "idle": lambda: encoded(idle()),
}
