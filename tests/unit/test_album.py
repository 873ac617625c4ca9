"""Which files show a photo."""

from __future__ import annotations

from unit.samples import full, local, page, size_of, thumb

from galleria_action import album, headers
from galleria_action.ledger import Owner
from galleria_action.wanted import Wanted


def file_of_a_folder(name: str) -> Wanted:
    """A wanted file of a gallery without a manifest."""
    key = f"photos/{name}"
    made = headers.headers(key, name, (), photo=True)
    return Wanted(key, Owner.FILE, local(name), made, photo=name)


def test_the_smallest_first():
    """Thumb, web, full: the first is the quickest to read."""
    large, small = full("a"), thumb("a")
    web = full("a", key="photos/web/a.jpg", file_hash="", file=local("web/a.jpg"))
    found = album.variants([large, full("b"), small, web, page("a.jpg")], [large], size_of)
    assert found == {"a": (small, web, large)}


def test_without_a_manifest_names_tell():
    """Files of one name in full, web and thumb are one picture; others are their own."""
    files = [
        file_of_a_folder("full/a.jpg"),
        file_of_a_folder("thumb/a.webp"),
        file_of_a_folder("full/b.jpg"),
        file_of_a_folder("c.jpg"),
    ]
    found = album.variants(files, [files[0], files[3]], size_of)
    assert [[each.file.name for each in some] for some in found.values()] == [
        ["thumb/a.webp", "full/a.jpg"],
        ["c.jpg"],
    ]


def test_what_no_browser_shows():
    """Raw files, videos and vector graphics (which may hold scripts) show nothing."""
    names = ("full/a.cr3", "full/a.mp4", "full/a.svg", "full/a.heic")
    files = [file_of_a_folder(name) for name in names]
    assert album.variants(files, files, size_of) == {"photos/a": ()}


def test_nobody_asked():
    assert album.variants([full("a")], [], size_of) == {}


def test_a_file_that_is_gone_is_the_last():
    """Nobody knows its size; whoever reads it complains."""

    def sizes(path: str) -> int:
        if "thumb" in path:
            raise FileNotFoundError(2, "no such file")
        return size_of(path)

    large, small = full("a"), thumb("a")
    assert album.variants([small, large], [large], sizes) == {"a": (large, small)}
