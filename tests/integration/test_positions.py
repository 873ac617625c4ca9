"""Positions: published or not, as `strip-gps` says, and nothing sent that need not be."""

from __future__ import annotations

import gzip
import io
import json

import pytest
from PIL import Image
from support import galleries, program

LEDGER = ".galleria/gallery-metadata.json.ledger.json.gz"
FULLS = [f"photos/full/{name}.jpg" for name in "abc"]


def place_of(data: bytes) -> dict:
    """The GPS tags that Pillow reads."""
    with Image.open(io.BytesIO(data)) as image:
        return dict(image.getexif().get_ifd(0x8825))


@pytest.fixture
def gallery(tmp_path, monkeypatch):
    """Three photos; a and b carry a position, of b only the web variant does."""
    plain = galleries.jpeg
    with_place = {"a", "b web"}
    monkeypatch.setattr(
        galleries,
        "jpeg",
        lambda seed, *rest: (
            galleries.located(plain(seed, *rest)) if seed in with_place else plain(seed, *rest)
        ),
    )
    return galleries.make(tmp_path)


def data(store, key: str) -> bytes:
    return store.inner.get(key).data


def written(store) -> list[str]:
    """Keys of the photos and site files written since the last look."""
    keys = [each.key for each in store.writes if not each.key.startswith(".galleria/")]
    store.operations.clear()
    return keys


def reasons(gallery) -> dict[str, str]:
    plan = json.loads((gallery.root / "galleria-report/plan.json").read_text())
    return {each["key"]: each["reason"] for each in plan["changes"]}


def test_published_as_they_are_and_counted(store, gallery):
    """Off by default: the position is published, and each plan says of how many photos."""
    ran = program.deployed(gallery.root, store)
    assert place_of(data(store, FULLS[0]))
    assert "Everybody can read the position in 2 photos." in ran.log
    again = program.deployed(gallery.root, store)
    assert "Everybody can read the position in 2 photos." in again.log


def test_published_without(store, gallery):
    """On: no variant says where it was taken, and the times are corrected all the same."""
    ran = program.deployed(gallery.root, store, strip_gps="true")
    for key in (FULLS[0], "photos/web/b.jpg"):
        assert place_of(data(store, key)) == {}
        with Image.open(io.BytesIO(data(store, key))) as image:
            assert image.getexif().get_ifd(0x8769)[0x9003] == "2024:06:15 14:30:45"
    assert "The position is removed from 2 photos to upload (strip-gps)." in ran.log
    assert "Everybody can read" not in ran.log
    written(store)
    assert program.deployed(gallery.root, store, strip_gps="true").outputs["changes"] == "false"
    assert written(store) == []


@pytest.mark.parametrize("known", [True, False], ids=["recorded", "older ledger"])
def test_turned_on_and_off(store, gallery, known):
    """Either is a planned change of the photos with a position and of no others."""
    program.deployed(gallery.root, store)
    if not known:
        forget_positions(store)
    written(store)
    program.deployed(gallery.root, store, strip_gps="true")
    assert sorted(written(store)) == [FULLS[0], "photos/web/b.jpg"]
    assert set(reasons(gallery).values()) == {"metadata changed"}
    program.deployed(gallery.root, store)
    assert sorted(written(store)) == [FULLS[0], "photos/web/b.jpg"]
    assert set(reasons(gallery).values()) == {"metadata changed"}
    assert place_of(data(store, FULLS[0]))


def forget_positions(store):
    """The ledger as versions wrote it that did not look for positions."""
    document = json.loads(gzip.decompress(data(store, LEDGER)))
    for row in document["objects"].values():
        del row[8:]
    store.inner.put(LEDGER, json.dumps(document).encode(), None)


def test_what_is_known_needs_no_reading(store, gallery, monkeypatch):
    """Known to be without a position, or published without: a full is not read again."""
    program.deployed(gallery.root, store, strip_gps="true")
    for key in FULLS:
        (gallery.pics / key.removeprefix("photos/")).write_bytes(b"nobody looks")
    assert program.deployed(gallery.root, store, strip_gps="true").outputs["changes"] == "false"


def test_a_file_that_nobody_can_judge_is_never_published(store, gallery):
    """Neither removed nor ruled out: an error that names every such file; nothing is written."""
    for name in "ab":
        (gallery.pics / f"thumb/{name}.webp").write_bytes(b"\0" * 40)
    ran = program.run(gallery.root, store, strip_gps="true")
    assert ran.reason == "metadata"
    assert "thumb/a.webp" in ran.error.text()
    assert "thumb/b.webp" in ran.error.text()
    assert store.writes == []
    assert program.deployed(gallery.root, store).error is None


def test_directory_mode(store, gallery):
    """Without a manifest the same holds for every file of the photos folder."""
    gallery.manifest.unlink()
    program.deployed(gallery.root, store, strip_gps="true")
    assert place_of(data(store, FULLS[0])) == {}
    assert program.deployed(gallery.root, store, strip_gps="true").outputs["changes"] == "false"
    written(store)
    program.deployed(gallery.root, store)
    assert sorted(written(store)) == [FULLS[0], "photos/web/b.jpg"]


def test_a_photo_that_goes_as_it_is(store, gallery):
    """Equal hashes mean that no time is corrected; the position goes all the same."""
    entry = gallery.photos["a"]
    entry["deployment_file_hash"] = entry["file_hash"]
    gallery.write()
    program.deployed(gallery.root, store, strip_gps="true")
    assert place_of(data(store, FULLS[0])) == {}
    with Image.open(io.BytesIO(data(store, FULLS[0]))) as image:
        assert image.getexif().get_ifd(0x8769)[0x9003] == "2024:06:15 18:30:45"
    assert program.deployed(gallery.root, store, strip_gps="true").outputs["changes"] == "false"
