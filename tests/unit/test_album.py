"""Which files show a photo."""

from __future__ import annotations

from unit.samples import full, local, page, thumb

from galleria_action import album, headers
from galleria_action.ledger import Owner
from galleria_action.wanted import Wanted


def sized(wanted: Wanted, size: int) -> Wanted:
    return wanted._replace(file=wanted.file._replace(size=size))


def file_of_a_folder(name: str, size: int = 1000) -> Wanted:
    """A wanted file of a gallery without a manifest."""
    key = f"photos/{name}"
    made = headers.headers(key, name, (), photo=True)
    return Wanted(key, Owner.FILE, local(name, size), made, photo=name)


def test_the_smallest_first():
    """Thumb, web, full: the first is the quickest to read."""
    large, small = sized(full("a"), 9000), sized(thumb("a"), 10)
    web = sized(full("a", key="photos/web/a.jpg", file_hash=""), 500)
    found = album.variants([large, sized(full("b"), 1), small, web, page("a.jpg")], [large])
    assert found == {"a": (small, web, large)}


def test_without_a_manifest_names_tell():
    """Files of one name in full, web and thumb are one picture; others are their own."""
    files = [
        file_of_a_folder("full/a.jpg", 900),
        file_of_a_folder("thumb/a.webp", 10),
        file_of_a_folder("full/b.jpg", 800),
        file_of_a_folder("c.jpg"),
    ]
    found = album.variants(files, [files[0], files[3]])
    assert [[each.file.name for each in some] for some in found.values()] == [
        ["thumb/a.webp", "full/a.jpg"],
        ["c.jpg"],
    ]


def test_what_no_browser_shows():
    """Raw files, videos and vector graphics (which may hold scripts) show nothing."""
    names = ("full/a.cr3", "full/a.mp4", "full/a.svg", "full/a.heic")
    files = [file_of_a_folder(name) for name in names]
    assert album.variants(files, files) == {"photos/a": ()}


def test_nobody_asked():
    assert album.variants([full("a")], []) == {}
