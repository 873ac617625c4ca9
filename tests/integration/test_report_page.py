"""What a run leaves in the report folder to look at, and in the summary after a deployment."""

from __future__ import annotations

import base64
import io
import re

import pytest
from PIL import Image
from support import galleries, program
from support.memory import MemoryStore

from galleria_action import exif

URL = "https://photos.example.org"


@pytest.fixture
def store():
    return MemoryStore()


def page(gallery, ran) -> str:
    assert ran.outputs["report-path"] == "galleria-report/report.html"
    return (gallery.root / ran.outputs["report-path"]).read_text()


def pictures(text: str) -> dict[str, Image.Image]:
    """Name of each photo that is shown to its picture."""
    image = r'<img src="data:image/(jpeg|webp);base64,([^"]+)"[^>]*><span>([^<]*)</span>'
    return {
        name: Image.open(io.BytesIO(base64.b64decode(data)), formats=(kind,))
        for kind, data, name in re.findall(image, text)
    }


def names(text: str, reason: str) -> list[str]:
    """Names of the entries of one reason."""
    sections = re.findall(rf'<section class="group {reason}".*?</section>', text, re.DOTALL)
    return [name for each in sections for name in re.findall(r"<span>([^<]+)</span>", each)]


def test_every_plan_has_its_page(store, gallery):
    """A dry run and a deployment alike: new photos with pictures, site files by name."""
    dry = page(gallery, program.deployed(gallery.root, store, dry_run="true"))
    assert "Deployment plan, dry run" in dry
    assert set(pictures(dry)) == {"a", "b", "c"}
    assert "index.html" in names(dry, "new")
    real = page(gallery, program.deployed(gallery.root, store))
    assert "Deployment plan, dry run" not in real
    assert set(pictures(real)) == {"a", "b", "c"}


def test_new_changed_removed_and_nothing_else(store, gallery):
    """The pictures of what changes; what stays has none, what goes has a name."""
    program.deployed(gallery.root, store)
    gallery.add("b", seed="another picture")
    gallery.add("d")
    gallery.remove("c")
    gallery.write()
    text = page(gallery, program.deployed(gallery.root, store, dry_run="true"))
    assert set(pictures(text)) == {"b", "d"}
    assert names(text, "new") == ["d"]
    assert names(text, "changed") == ["b", "gallery-metadata.json"]
    assert names(text, "removed") == ["c"]


def test_the_picture_is_that_of_the_thumb(store, gallery):
    """The smallest file is read; nobody waits for the originals."""
    Image.new("RGB", (40, 30), "lime").save(gallery.pics / "thumb/a.webp", "WEBP")
    made = pictures(page(gallery, program.deployed(gallery.root, store, dry_run="true")))["a"]
    red, green, blue = made.convert("RGB").getpixel((20, 15))
    assert green > 200 > 60 > max(red, blue)


def test_a_thumb_that_is_none(store, gallery):
    """Then another variant shows the photo; a deployment never fails for a picture."""
    (gallery.pics / "thumb/a.webp").write_bytes(b"not a picture")
    (gallery.pics / "thumb/b.webp").write_bytes(b"")
    for variant in ("full", "web"):
        (gallery.pics / variant / "b.jpg").write_bytes(b"neither")
    gallery.photos["b"] |= dict.fromkeys(
        ("file_hash", "deployment_file_hash"), galleries.sha256(b"neither")
    )
    gallery.write()
    text = page(gallery, program.deployed(gallery.root, store))
    assert set(pictures(text)) == {"a", "c"}
    assert names(text, "new")[:3] == ["a", "b", "c"]


@pytest.mark.parametrize("strip", ["true", "false"])
def test_no_position_is_in_the_page(store, gallery, strip):
    """Whether it is removed from the photos or not: no picture of the page says where it is."""
    for photo in gallery.photos.values():
        full = galleries.located(galleries.jpeg(photo["id"]))
        for path in photo["files"].values():
            (gallery.pics / path).write_bytes(full)
        published = exif.edit(full, "2024:06:15 14:30:45", "+02:00")
        photo["file_hash"] = galleries.sha256(full)
        photo["deployment_file_hash"] = galleries.sha256(published)
    gallery.write()
    text = page(gallery, program.deployed(gallery.root, store, dry_run="true", strip_gps=strip))
    made = pictures(text)
    assert len(made) == 3
    assert not any({"exif", "xmp", "comment"} & each.info.keys() for each in made.values())
    assert ("Position removed" in text) is (strip == "true")
    assert ("Shows where it was taken" in text) is (strip == "false")


def test_a_refused_plan_has_its_page(store, gallery):
    """Who must decide about the deletes can see what they are."""
    program.deployed(gallery.root, store)
    gallery.remove("b")
    gallery.write()
    ran = program.run(gallery.root, store, max_deletes="0")
    assert ran.reason == "too-many-deletes"
    assert names(page(gallery, ran), "removed") == ["b"]


def test_a_gallery_without_a_manifest(store, gallery):
    """Each file is an entry, and is shown by the smallest file of its name."""
    gallery.manifest.unlink()
    text = page(gallery, program.deployed(gallery.root, store, dry_run="true"))
    made = pictures(text)
    assert set(made) == {
        path for each in gallery.photos.values() for path in each["files"].values()
    }
    assert {each.size for each in made.values()} == {(16, 12)}


def test_the_summary_shows_what_was_published(store, gallery):
    """Thumbnails at the address of the gallery, and the way there."""
    summary = program.deployed(gallery.root, store, public_url=URL).summary
    deployed = summary.partition("## Deployed")[2]
    for name in "abc":
        link = rf'<a href="{URL}/photos/(web|full)/{name}\.jpg"><img src="{URL}/photos/thumb/{name}\.webp\?v='
        assert re.search(link, deployed)
    assert f"[Open the gallery](<{URL}>)" in deployed
    again = program.deployed(gallery.root, store, public_url=URL).summary
    assert "<img" not in again


def test_the_summary_of_a_gallery_without_an_address(store, gallery):
    """A table of the photos."""
    deployed = program.deployed(gallery.root, store).summary.partition("## Deployed")[2]
    assert "| `a` | new |" in deployed
    assert "<img" not in deployed
