"""The photos of a deployment's summary: pictures where visitors get them, a table elsewhere."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from msgspec.structs import replace
from unit.samples import full, size_of, thumb
from unit.showcase import OUTCOME, _photo, _put, changes, idle_plan, rich_plan
from unit.test_album import file_of_a_folder

from galleria_action import published, report
from galleria_action.plan import Action, Change, Kind, Plan, Reason, Totals
from galleria_action.runner import SUMMARY_BYTES

URL = "https://photos.example.org/of/mine"
OBJECTS = [each.wanted for each in changes() if each.wanted]


class Links(HTMLParser):
    """Address of each link and of the picture in it, with its words."""

    def __init__(self, markdown: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str, str]] = []
        self._link = ""
        self.feed(MarkdownIt("commonmark", {"html": True}).render(markdown))

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == "a":
            self._link = given["href"] or ""
        if tag == "img":
            assert set(given) == {"src", "height", "alt", "title"}
            self.found.append((self._link, given["src"] or "", given["title"] or ""))


def plan_of(made: list[Change]) -> Plan:
    photos = len({each.photo for each in made})
    return replace(rich_plan(), changes=tuple(made), totals=Totals(photos_to_upload=photos))


def test_a_picture_is_its_thumb_and_leads_to_the_web_variant():
    """The thumb with a mark that makes caches fetch it anew, the link without."""
    made = _photo("a", Reason.NEW)
    text = published.photos(
        plan_of(made), [each.wanted for each in made if each.wanted], size_of, URL
    )
    ((link, source, title),) = Links(text).found
    assert link == f"{URL}/photos/web/a.jpg"
    assert re.fullmatch(re.escape(f"{URL}/photos/thumb/a.webp?v=") + "[0-9a-f]{12}", source)
    assert title == "a: new"


def test_a_changed_photo_has_another_address():
    """Its key stays, and with it the picture that caches hold."""
    before, after = (
        _put(thumb("a"), Reason.CHANGED, 1),
        _put(thumb("a"), Reason.CHANGED, 1)._replace(source="f" * 64),
    )
    first, second = (
        published.photos(plan_of([each]), [thumb("a")], size_of, URL) for each in (before, after)
    )
    assert first != second


def test_new_ones_first_and_no_more_than_there_is_room_for():
    """Then changed ones, and so on; the rest is counted."""
    names = [
        title for _, _, title in Links(published.photos(rich_plan(), OBJECTS, size_of, URL)).found
    ]
    assert len(names) == published.MOST
    assert all(each.endswith(": new") for each in names)
    made = [
        each
        for reason in (Reason.FORCED, Reason.CHANGED, Reason.NEW)
        for each in _photo(reason, reason)
    ]
    text = published.photos(
        plan_of(made), [each.wanted for each in made if each.wanted], size_of, URL
    )
    assert [title for _, _, title in Links(text).found] == [
        "new: new", "changed: changed", "forced: forced"
    ]  # fmt: skip
    assert "more" not in text
    assert "... and 14 more" in published.photos(rich_plan(), OBJECTS, size_of, URL)


def test_without_an_address_it_is_a_table():
    """Name, reason and size: the same photos."""
    text = published.photos(rich_plan(), OBJECTS, size_of, None)
    assert text.startswith("| Photo | Why | Size |\n|---|---|--:|\n| `wedding-00` | new | 4.5 MB |")
    assert "<img" not in text
    assert "... and 14 more" in text


@pytest.mark.parametrize("url", [URL, None])
def test_no_photos(url):
    """Nothing to show, nothing said: a deployment of the site alone."""
    assert published.photos(idle_plan(), [], size_of, url) == ""
    site = [each for each in changes() if each.kind is Kind.SITE or each.action is Action.DELETE]
    assert published.photos(plan_of(site), [], size_of, url) == ""


def test_what_browsers_do_not_show_is_left_out():
    """A video has no thumbnail; it is counted with the others."""
    made = _put(file_of_a_folder("a.mp4"), Reason.NEW, 5)
    assert published.photos(plan_of([made]), [made.wanted], size_of, URL) == ""
    assert "a.mp4" in published.photos(plan_of([made]), [made.wanted], size_of, None)


def test_without_a_manifest_a_picture_is_shown_once():
    """full, web and thumb of one name are one picture."""
    files = [file_of_a_folder(name) for name in ("full/a.jpg", "web/a.jpg", "thumb/a.webp")]
    text = published.photos(
        plan_of([_put(each, Reason.NEW, 5) for each in files]), files, size_of, URL
    )
    assert len(Links(text).found) == 1


@settings(max_examples=150, deadline=None)
@given(st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=30))
def test_any_name(name):
    """Whatever a photo and its key are called: one link, one picture, the right address."""
    wanted = full("a", key=f"photos/full/{name}", photo=name)
    made = _put(wanted, Reason.NEW, 5)
    ((link, source, _),) = Links(published.photos(plan_of([made]), [wanted], size_of, URL)).found
    for address in (link, source):
        assert address.isascii()
        assert not re.search(r"[\s<>\"]", address)
        parts = urlsplit(address)
        assert unquote(parts.path) == f"/of/mine/photos/full/{name}"
        assert not parts.fragment


def test_room_beside_the_longest_plan():
    """GitHub drops a summary above 1 MiB, and the runner's part stops before: it must fit."""
    made = [each for number in range(50) for each in _photo(f"{number}{'ä' * 900}", Reason.NEW)]
    text = published.photos(
        plan_of(made), [each.wanted for each in made if each.wanted], size_of, URL
    )
    assert 0 < len(Links(text).found) < published.MOST
    result = report.result(OUTCOME, 83.4, URL, text)
    assert report.SUMMARY_LIMIT + len(result.encode()) < SUMMARY_BYTES


def test_the_link_to_the_gallery_follows():
    """Pictures, a blank line, the link: each is read as what it is."""
    text = report.result(OUTCOME, 83.4, URL, published.photos(rich_plan(), OBJECTS, size_of, URL))
    html = MarkdownIt("commonmark", {"html": True}).render(text)
    assert f'<a href="{URL}">Open the gallery</a>' in html
