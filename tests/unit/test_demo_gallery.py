"""The sample gallery of the demo is what it says it is: real photos, a true manifest, a whole site."""

from __future__ import annotations

import hashlib
import json
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from PIL import ExifTags, Image, ImageStat
from support import listening

from galleria_action.exif import edit

DEMO = Path(__file__).parents[2] / "examples" / "demo"
if str(DEMO) not in sys.path:
    sys.path.insert(0, str(DEMO))  # the demo is run as a script, its modules are no package

import gallery  # noqa: E402
from scenes import SCENES, draw  # noqa: E402
from serve import key_of, serve  # noqa: E402

COUNT = 3


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small sample gallery, built once and only read."""
    root = tmp_path_factory.mktemp("gallery")
    gallery.make(root, COUNT)
    return root


@pytest.fixture(scope="module")
def manifest(root: Path) -> dict[str, Any]:
    """The manifest of the small gallery."""
    return read_manifest(root)


def read_manifest(root: Path) -> dict[str, Any]:
    """The manifest under a root."""
    text = (root / "prod/pics/gallery-metadata.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def test_manifest_has_the_designed_members(manifest: dict[str, Any]) -> None:
    """Version, settings and one entry per photo, each with a unique id."""
    assert manifest["schema_version"] == "1.0"
    assert manifest["settings"]["timestamp_offset_hours"] == -4
    assert manifest["settings"]["target_timezone_offset_hours"] == 2
    assert len({photo["id"] for photo in manifest["photos"]}) == COUNT
    for photo in manifest["photos"]:
        assert {"id", "original_path", "file_hash", "deployment_file_hash", "exif", "files"} == set(
            photo
        )
        assert set(photo["files"]) == {"full", "web", "thumb"}


def test_files_open_and_keep_their_proportions(root: Path, manifest: dict[str, Any]) -> None:
    """Every variant is a real picture of its format, its size and the same proportions."""
    for photo in manifest["photos"]:
        shapes = []
        for variant, (kind, side) in {
            "full": ("JPEG", 2400),
            "web": ("JPEG", 1200),
            "thumb": ("WEBP", 400),
        }.items():
            with Image.open(root / "prod/pics" / photo["files"][variant]) as picture:
                picture.load()
                assert (picture.format, max(picture.size)) == (kind, side)
                shapes.append(picture.width / picture.height)
        assert max(shapes) - min(shapes) < 0.01


def test_full_hash_is_the_file(root: Path, manifest: dict[str, Any]) -> None:
    """`file_hash` is the SHA-256 of the full file on disk."""
    for photo in manifest["photos"]:
        data = (root / "prod/pics" / photo["files"]["full"]).read_bytes()
        assert photo["file_hash"] == hashlib.sha256(data).hexdigest()


def test_deployment_hash_is_the_edited_file(root: Path, manifest: dict[str, Any]) -> None:
    """`deployment_file_hash` is that of the bytes which a deployment publishes: the clock put right."""
    for photo in manifest["photos"]:
        data = (root / "prod/pics" / photo["files"]["full"]).read_bytes()
        taken = datetime.fromisoformat(photo["exif"]["corrected_timestamp"])
        edited = edit(data, f"{taken:%Y:%m:%d %H:%M:%S}", "+02:00")
        assert photo["deployment_file_hash"] == hashlib.sha256(edited).hexdigest()
        assert photo["deployment_file_hash"] != photo["file_hash"]


@pytest.mark.parametrize("variant", ["full", "web"])
def test_exif_tells_what_the_camera_knew(
    root: Path, manifest: dict[str, Any], variant: str
) -> None:
    """The files carry the wrong clock's time, the camera and the subsecond of the manifest."""
    for photo in manifest["photos"]:
        with Image.open(root / "prod/pics" / photo["files"][variant]) as picture:
            main = picture.getexif()
            tags = main.get_ifd(ExifTags.IFD.Exif)
        exif = photo["exif"]
        original = datetime.fromisoformat(exif["original_timestamp"])
        corrected = datetime.fromisoformat(exif["corrected_timestamp"])
        assert original - corrected == timedelta(hours=4)
        assert tags[ExifTags.Base.DateTimeOriginal] == f"{original:%Y:%m:%d %H:%M:%S}"
        assert int(tags[ExifTags.Base.SubsecTimeOriginal]) == exif["subsecond"]
        assert main[ExifTags.Base.Make] == exif["camera"]["make"]
        assert main[ExifTags.Base.Model] == exif["camera"]["model"]


def test_formats_are_mixed() -> None:
    """The twelve shots are no uniform grid: upright, wide and classic ones, each its own scene."""
    shapes = {shot.size for shot in gallery.SHOTS}
    assert any(width < height for width, height in shapes)
    assert any(width > 1.7 * height for width, height in shapes)
    assert {shot.scene for shot in gallery.SHOTS} == set(SCENES)


def test_larger_gallery_repeats_scenes_with_new_names() -> None:
    """A gallery of more photos than scenes still has unique times, and so unique ids."""
    shots = [gallery.shot_at(index) for index in range(60)]
    assert len({(shot.taken, shot.camera) for shot in shots}) == 60
    assert len({shot.title for shot in shots}) == 60


@pytest.mark.parametrize("scene", sorted(SCENES))
def test_scene_follows_its_seed(scene: str) -> None:
    """A seed draws one picture, another seed another one, and neither is a blank sheet."""
    first, again, other = (draw(scene, (240, 160), seed) for seed in (1, 1, 2))
    assert first.tobytes() == again.tobytes()
    assert first.tobytes() != other.tobytes()
    assert first.size == (240, 160)
    assert max(ImageStat.Stat(first).stddev) > 15


def test_changed_photo_is_a_new_picture_under_its_name(tmp_path: Path) -> None:
    """Taking a photo again changes its three files and its hashes, and no name; twice is twice."""
    gallery.make(tmp_path, 1)
    seen = []
    for times in range(3):
        if times:
            name = gallery.change_photo(tmp_path)
        (photo,) = read_manifest(tmp_path)["photos"]
        files = {p: (tmp_path / "prod/pics" / p).read_bytes() for p in photo["files"].values()}
        assert hashlib.sha256(files[photo["files"]["full"]]).hexdigest() == photo["file_hash"]
        seen.append((photo, files))
    assert name == Path(photo["files"]["full"]).name
    for (before, old), (after, new) in pairwise(seen):
        assert before["id"] == after["id"]
        assert before["deployment_file_hash"] != after["deployment_file_hash"]
        assert old.keys() == new.keys()
        assert all(old[path] != new[path] for path in old)


def test_site_knows_every_photo(root: Path, manifest: dict[str, Any]) -> None:
    """The site has its pages, and a title, a description and proportions for each photo."""
    site = root / "prod/site"
    for name in ("index.html", "404.html", "style.css", "app.js", "favicon.svg"):
        assert (site / name).stat().st_size > 200
    about = json.loads((site / "gallery.json").read_text(encoding="utf-8"))
    assert set(about["photos"]) == {photo["id"] for photo in manifest["photos"]}
    for photo in manifest["photos"]:
        known = about["photos"][photo["id"]]
        with Image.open(root / "prod/pics" / photo["files"]["full"]) as picture:
            assert picture.size == (known["width"], known["height"])
        assert known["title"]
        assert known["alt"]


def test_site_needs_nothing_from_elsewhere() -> None:
    """No page, style or script loads a resource from another host."""
    for path in (DEMO / "site").iterdir():
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert "http://" not in text
        assert "https://" not in text


@pytest.mark.parametrize(
    ("target", "key"),
    [
        ("/", "index.html"),
        ("/app.js?v=1", "app.js"),
        ("/photos/full/a%20b%2Bc%C3%A4.jpg", "photos/full/a b+cä.jpg"),
        ("/2024/", "2024/index.html"),
        ("//app.js", "app.js"),
    ],
)
def test_request_means_a_key(target: str, key: str) -> None:
    """Targets are percent-decoded (a plus stays a plus) and folders mean their index page."""
    assert key_of(target) == key


@pytest.fixture
def address() -> Iterator[str]:
    """A running server of three objects; one more fails."""
    objects = {
        "index.html": (
            b"home",
            {"Content-Type": "text/html", "ETag": '"1"', "Connection": "close"},
        ),
        "404.html": (b"lost", {"content-type": "text/html"}),
        "photos/a b.jpg": (b"photo", {"content-type": "image/jpeg", "cache-control": "max-age=9"}),
    }

    def get(key: str) -> tuple[bytes, dict[str, str]] | None:
        if key == "broken":
            message = "no answer"
            raise OSError(message)
        return objects.get(key)

    server = serve(get)
    with listening.serving(server):
        yield f"http://127.0.0.1:{server.server_port}"


def ask(url: str, method: str = "GET", **headers: str) -> tuple[int, bytes, dict[str, str]]:
    """Status, body and headers (lower case) of an answer, whatever its status."""
    request = urllib.request.Request(url, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read(), {k.lower(): v for k, v in answer.headers.items()}
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(), {k.lower(): v for k, v in error.headers.items()}


def test_server_answers_with_the_objects(address: str) -> None:
    """Bodies and headers are the bucket's own; HEAD has no body but the length of it."""
    status, body, headers = ask(address + "/photos/a%20b.jpg")
    assert (status, body, headers["content-type"]) == (200, b"photo", "image/jpeg")
    assert headers["cache-control"] == "max-age=9"
    status, body, headers = ask(address + "/", method="HEAD")
    assert (status, body, headers["content-length"]) == (200, b"", "4")


def test_server_says_what_is_missing_or_unchanged(address: str) -> None:
    """A miss shows the site's own page, a known ETag costs no body, a failing bucket is a 502."""
    assert ask(address + "/nothing")[:2] == (404, b"lost")
    assert ask(address + "/", **{"If-None-Match": '"1"'})[:2] == (304, b"")
    assert ask(address + "/broken")[0] == 502
