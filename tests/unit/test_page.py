"""``report.html`` as a document: what it says, what it never says, how large it gets."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from unit.samples import full
from unit.showcase import HOSTILE, _photo, _put, changes, idle_plan, refused_plan, rich_plan

from galleria_action import album
from galleria_action.page import document
from galleria_action.page.sections import sections
from galleria_action.page.shares import shares
from galleria_action.page.template import Markup, Template
from galleria_action.plan import Action, Change, Kind, Plan, Reason, Totals
from galleria_action.thumbnail import Thumbnail

VOID = {"meta", "link", "input", "img"}
EVIL = "</script></style><img src=x onerror=alert(1)>\u202egpj.exe\x00\"'`{{ script }}"
PICTURE = Thumbnail(192, 128, b"RIFF....WEBP")


class Element(NamedTuple):
    tag: str
    attributes: dict[str, str]
    text: list[str]


class Elements(HTMLParser):
    """Every element with its attributes and the text directly in it; the tags are in balance."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.all: list[Element] = []
        self._open: list[Element] = []
        self.feed(page)
        self.close()
        assert not self._open

    def handle_starttag(self, tag, attributes):
        element = Element(tag, {name: value or "" for name, value in attributes}, [])
        self.all.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag, attributes):
        pass  # parts of drawings

    def handle_endtag(self, tag):
        assert self._open.pop().tag == tag

    def handle_data(self, data):
        if self._open:
            self._open[-1].text.append(data)

    def those(self, tag: str, name: str = "") -> Iterator[Element]:
        for each in self.all:
            if each.tag == tag and name in ("", *each.attributes.get("class", "").split()):
                yield each


def encoded(
    plan: Plan, pictures: Mapping[str, Thumbnail] | None = None, *, dry_run: bool = False
) -> str:
    found = sections(plan, document.ENTRIES)
    data = b"".join(document.encode(plan, found, pictures or {}, dry_run=dry_run))
    assert len(data) <= document.LIMIT
    return data.decode()


def named(name: str) -> Plan:
    """A plan with one photo and one file called so, a warning and a bucket of that name, too."""
    wanted = full("name", key=f"photos/full/{name}", photo=name)
    return replace(
        rich_plan(),
        bucket=name,
        changes=(
            _put(wanted, Reason.NEW, 1),
            Change(Action.DELETE, Reason.REMOVED, Kind.SITE, name, 1),
        ),
        warnings=(name,),
        notices=(name,),
    )


def test_the_parts_of_a_page():
    """Totals, warnings, every reason with its number and meaning, every name."""
    page = Elements(encoded(rich_plan()))
    (heading,) = page.those("h1")
    assert heading.text == ["my-gallery-bucket"]
    figures = {
        "".join(label.text): "".join(number.text).strip()
        for label, number in zip(page.those("dt"), page.those("dd"), strict=True)
    }
    assert figures == {
        "Photos to upload": "37",
        "Photos to delete": "2",
        "Photos unchanged": "12,345",
        "Site files to upload": "32",
    }
    titles = {"".join(each.text).strip() for each in page.those("h2")}
    assert {"New", "Metadata changed", "Removed", "Leftover", "Site: changed"} < titles
    assert "Manifest: changed" in titles
    names = {each.text[0] for each in page.those("span") if each.text}
    assert {"wedding-00", "the forced one", "gone", "old.js", "gallery-metadata.json"} < names
    assert len(list(page.those("li"))) == 38 + 32 + 1 + 2 + 1
    assert "cannot be read" in encoded(rich_plan())
    assert rich_plan().hash in encoded(rich_plan())


@pytest.mark.parametrize(
    ("dry_run", "title"), [(True, "Deployment plan, dry run"), (False, "Deployment plan")]
)
def test_title(dry_run, title):
    page = Elements(encoded(rich_plan(), dry_run=dry_run))
    assert [each.text for each in page.those("p", "eyebrow")] == [[title]]


def test_nothing_to_do():
    """One sentence, and nothing to choose from."""
    page = Elements(encoded(idle_plan()))
    assert [each.text for each in page.those("p", "lead")] == [
        ["Nothing to do. 1 photo and 2,345 site files are deployed as they are here."]
    ]
    assert not list(page.those("form"))
    assert not list(page.those("section"))


def test_a_refused_plan_says_so_first():
    page = Elements(encoded(refused_plan()))
    (message,) = page.those("p", "danger")
    assert "2 of 3 deployed photos would be deleted" in "".join(message.text)


def test_pictures_of_what_is_here():
    """New and changed photos have their picture, removed ones their name."""
    photos = {each.photo for each in changes() if each.wanted}
    page = Elements(encoded(rich_plan(), dict.fromkeys(photos, PICTURE)))
    shown = [each for each in page.those("img") if "width" in each.attributes]
    assert len(shown) == 31 + 7
    source = f"data:image/webp;base64,{base64.b64encode(PICTURE.data).decode()}"
    assert {each.attributes["src"] for each in shown} == {source}
    assert {(each.attributes["width"], each.attributes["height"]) for each in shown} == {
        ("192", "128")
    }


def test_a_photo_without_a_picture():
    """Its ending stands in the place."""
    page = Elements(encoded(rich_plan()))
    assert {"".join(each.text) for each in page.those("i")} == {"JPG"}
    assert len(list(page.those("i"))) == 38


def test_a_closer_look():
    """Each photo carries its files with their sizes, and what is done to it."""
    page = Elements(encoded(rich_plan()))
    photo = next(each for each in page.those("li") if "wedding-00" in each.attributes["data-files"])
    assert photo.attributes["data-files"].split("\n") == [
        "photos/full/wedding-00.jpg\t4.2 MB",
        "photos/thumb/wedding-00.webp\t21.0 kB",
        "photos/web/wedding-00.jpg\t310 kB",
    ]
    assert photo.attributes["data-facts"] == "Time set to 2024-06-15, 14:30:45 +02:00"


@pytest.mark.parametrize(
    ("change", "fact"),
    [
        ({"edit": "gps/1", "position": False}, "Position removed"),
        ({"position": True}, "Shows where it was taken"),
        ({"edit": "untouched exif/1 2024-06-15T14:30:45"}, "Time not corrected"),
        ({"edit": "exif/1 2024-06-15T14:30:45"}, "Time set to 2024-06-15, 14:30:45"),
        ({}, ""),
        ({"kind": Kind.MANIFEST, "edit": "redacted"}, "Folders of your computer left out"),
    ],
)
def test_facts(change, fact):
    """What is done to a file, and what can be read in it, in words."""
    made = _photo("a", Reason.NEW)[1]._replace(**change)
    page = Elements(encoded(replace(rich_plan(), changes=(made,))))
    (item,) = page.those("li")
    assert item.attributes["data-facts"].startswith(fact)
    assert bool(item.attributes["data-facts"]) == bool(fact)


def policy(page: str) -> dict[str, str]:
    (meta,) = [
        each
        for each in Elements(page).those("meta")
        if each.attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    return {
        name: value
        for name, _, value in (
            each.strip().partition(" ") for each in meta.attributes["content"].split(";")
        )
    }


def test_policy():
    """Nothing is allowed but this style, this script and pictures in the page itself."""
    page = encoded(rich_plan())
    allowed = policy(page)
    assert allowed.pop("default-src") == "'none'"
    assert allowed.pop("img-src") == "data:"
    assert allowed.pop("base-uri") == allowed.pop("form-action") == "'none'"
    for name in ("style", "script"):
        (element,) = re.findall(rf"<{name}>(.*?)</{name}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(element.encode()).digest()).decode()
        assert allowed.pop(f"{name}-src") == f"'sha256-{digest}'"
    assert allowed == {}


def test_nothing_is_loaded():
    """Every address of the page is a part of it; no style or handler stands in an attribute."""
    photos = {each.photo for each in changes() if each.wanted}
    for element in Elements(encoded(rich_plan(), dict.fromkeys(photos, PICTURE))).all:
        for name, value in element.attributes.items():
            assert not name.startswith("on")
            assert name not in ("style", "srcset", "action", "background")
            if name in ("src", "href"):
                assert value.startswith(("data:image/", "#"))
    assert not re.search(r"@import|url\(|fetch\(|XMLHttp|innerHTML|eval\(", encoded(idle_plan()))


@pytest.mark.parametrize("name", [HOSTILE, EVIL, "a\nb", "{{ name }}", "{{ sections }}", "é\ud800"])
def test_other_peoples_words(name):
    """Whatever a photo, a file, a bucket or a warning is called, it is text and never markup."""
    page = Elements(encoded(named(name)))
    plain = Elements(encoded(named("name")))
    assert [(each.tag, *each.attributes) for each in page.all] == [
        (each.tag, *each.attributes) for each in plain.all
    ]
    shown = encoded(named(name))
    assert "\u202e" not in shown
    assert "\x00" not in shown


@settings(max_examples=60, deadline=None)
@given(st.text(min_size=1, max_size=30))
def test_any_name(name):
    """The same for names that nobody thought of."""
    page = Elements(encoded(named(name)))
    plain = Elements(encoded(named("name")))
    assert [each.tag for each in page.all] == [each.tag for each in plain.all]
    assert [len(each.attributes) for each in page.all] == [
        len(each.attributes) for each in plain.all
    ]


def large_plan(photos: int, changed: int = 0, name: str = "wedding-20240615T143045-r5a") -> Plan:
    made = [
        each
        for number in range(photos)
        for each in _photo(f"{name}-{number}", Reason.NEW if number >= changed else Reason.CHANGED)
    ]
    return replace(rich_plan(), changes=tuple(made), totals=Totals(photos_to_upload=photos))


def test_a_page_has_a_limit():
    """Of photos, and of pictures; it says how many are left out, and small groups are whole."""
    plan = large_plan(6000, changed=20)
    shown = sections(plan, document.ENTRIES)
    pictured = list(document.pictured(shown))
    assert len(pictured) == document.PICTURES == 500
    pictures = dict.fromkeys((album.photo(each) for each in pictured), PICTURE)
    page = Elements(encoded(plan, pictures))
    assert len(list(page.those("li"))) == document.ENTRIES == 5000
    assert len(list(page.those("li", "photo"))) == 500
    assert len([each for each in page.those("img") if "width" in each.attributes]) == 500
    new, _ = page.those("section")
    assert new.attributes["data-reason"] == "new"
    assert [each.text[0] for each in page.those("p", "rest")] == [
        "and 1,000 more, which plan.json has"
    ]
    assert sum("20 photos" in each.text[0] for each in page.those("small") if each.text) == 1


@pytest.mark.parametrize("name", ["é" * 400, "'&<" * 300, HOSTILE * 8])
def test_a_page_has_a_size(name):
    """However long the names and however large the pictures: cut between photos, totals kept."""
    plan = large_plan(5000, name=name)
    found = sections(plan, document.ENTRIES)
    pictures = {
        album.photo(each): Thumbnail(384, 128, b"x" * 40_000) for each in document.pictured(found)
    }
    page = Elements(encoded(plan, pictures))
    shown = len(list(page.those("li")))
    (rest,) = page.those("p", "rest")
    assert rest.text == [f"and {5000 - shown:,} more, which plan.json has"]
    assert shown > 500


def test_the_same_plan_gives_the_same_page():
    """No time, no host: what was looked at can be compared."""
    assert encoded(rich_plan()) == encoded(rich_plan())


@given(st.lists(st.integers(0, 1000), max_size=12), st.integers(0, 3000))
def test_shares(wishes, most):
    """Nobody gets more than wanted, nothing is left while somebody waits, the small come first."""
    granted = shares(wishes, most)
    assert all(0 <= got <= wish for got, wish in zip(granted, wishes, strict=True))
    assert sum(granted) == min(most, sum(wishes))
    for got, wish in zip(granted, wishes, strict=True):
        if got < wish:
            assert got + 1 >= max(granted)


def test_template():
    """Values are escaped unless they are markup, and are no places themselves."""
    made = Template('<p title="{{ a }}">{{ b }}{{ a }}</p>').fill(a='"{{ b }}"', b=Markup("<b>"))
    assert made == '<p title="&quot;{{ b }}&quot;"><b>&quot;{{ b }}&quot;</p>'
    assert isinstance(made, Markup)
