"""The index on real folders, and how it agrees with the deployment that follows."""

from __future__ import annotations

import io
import json
import os
import threading
from pathlib import Path

import piexif
import pytest
from PIL import Image
from support import galleries, program
from support.galleries import Gallery, sha256
from support.memory import MemoryStore, RecordingStore

from galleria_action import exif, geotag, index, jpeg, manifest

ACTIONS = {"GITHUB_ACTIONS": "true", "RUNNER_WORKSPACE": "/home/runner/work/g", "GITHUB_REPOSITORY": "a/g"}  # fmt: skip
TIME = piexif.ExifIFD.DateTimeOriginal


class Folder:
    """A gallery's folder and what the index says of it."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root = root
        self.pics = root / "prod/pics"
        self.file = self.pics / "gallery-metadata.json"
        self.log = ""
        self._capsys = capsys

    def add(self, name: str, full: bytes, ending: str = "jpg", web: bytes = b"") -> None:
        for path, data in (
            (f"full/{name}.{ending}", full),
            (f"web/{name}.jpg", web or galleries.jpeg(f"{name} web")),
            (f"thumb/{name}.webp", galleries.webp(name)),
        ):
            (self.pics / path).parent.mkdir(parents=True, exist_ok=True)
            (self.pics / path).write_bytes(data)

    def index(self, status: int = 0, environ: dict | None = None, **options: str) -> str:
        """Run the index with these options, underscores for hyphens; what it prints."""
        flags = {name.replace("_", "-"): text for name, text in options.items()}
        found = index.main(flags, environ or {}, str(self.root), threading.Event())
        out = self._capsys.readouterr()
        self.log = out.out + out.err
        assert found == status, self.log
        return self.log

    @property
    def document(self) -> dict:
        return json.loads(self.file.read_text())

    @property
    def photos(self) -> dict[str, dict]:
        return {each["id"]: each for each in self.document["photos"]}


@pytest.fixture
def folder(tmp_path, capsys) -> Folder:
    """An empty folder."""
    return Folder(tmp_path, capsys)


@pytest.fixture
def gallery(tmp_path) -> Gallery:
    """A gallery with a manifest in the same folder."""
    return galleries.make(tmp_path)


def full_block() -> bytes:
    """A JPEG file whose Exif block has no room for one more tag."""
    tags = {TIME: b"2024:06:15 18:30:45"}
    note = b"x" * (jpeg.MAX_PAYLOAD - len(piexif.dump({"Exif": tags})) - 20)
    block = piexif.dump({"Exif": {**tags, piexif.ExifIFD.MakerNote: note}})
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "JPEG", exif=block)
    return file.getvalue()


def png() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "PNG")
    return file.getvalue()


def of_every_kind(folder: Folder) -> None:
    """Photos that are edited, that need it not, that have no time, and that cannot be edited."""
    folder.add("plain", galleries.jpeg("plain"))
    folder.add("right", exif.edit(galleries.jpeg("right"), "2024:06:15 18:30:45", "+02:00"))
    folder.add("timeless", galleries.jpeg("timeless", time=""))
    folder.add("full", full_block())
    folder.add("png", png(), "png")
    folder.add("webp", galleries.webp("webp"), "webp")
    folder.add("broken", galleries.jpeg("broken")[:50])
    folder.add("empty", b"")
    folder.add("trip/nested", galleries.jpeg("nested"))


def test_positions_that_a_deployment_removes(folder):
    """With strip-gps the index foretells photos without positions; turned on or off, both agree."""
    folder.add("here", galleries.located(galleries.jpeg("here")))
    folder.add("nowhere", galleries.jpeg("nowhere"))
    right = exif.edit(galleries.jpeg("right"), "2024:06:15 18:30:45", "+02:00")
    folder.add("right", galleries.located(right))
    Gallery(folder.root).write_site()
    store = RecordingStore(MemoryStore())
    for strip in ("true", "false", "true"):
        for zone in ("", "2"):
            folder.index(strip_gps=strip, target_timezone_offset_hours=zone)
            ran = program.deployed(folder.root, store, strip_gps=strip)
            assert ran.outcome.re_encoded == 0
            for photo in folder.photos.values():
                sent = store.inner.objects[f"photos/{photo['files']['full']}"].data
                assert sha256(sent) == photo["deployment_file_hash"]
                has_place = strip == "false" and photo["id"] != "nowhere"
                assert (geotag.remove(sent) is not sent) == has_place
            assert "up to date" in folder.index(strip_gps=strip)


def test_positions_that_nobody_can_judge(folder):
    """A deployment would refuse them, so the index does, by name; the manifest stays unmade."""
    folder.add("good", galleries.jpeg("good"))
    folder.add("odd", b"\0" * 40)
    log = folder.index(status=1, strip_gps="true")
    assert "Index failed: 1 file may say where a photo was taken (strip-gps)" in log
    assert "full/odd.jpg" in log
    assert not folder.file.exists()


@pytest.mark.parametrize(
    ("offset", "target", "edited"),
    [
        ("", "", set()),
        ("", "2", {"plain", "nested"}),
        ("-4", "", {"plain", "nested", "right", "full"}),
        ("-4", "13", {"plain", "nested", "right", "full"}),
        ("5.5", "-3.5", {"plain", "nested", "right"}),
        ("0", "0", {"plain", "nested", "right"}),
    ],
)
def test_index_and_deployment_agree(folder, offset, target, edited):
    """Every full is sent as exactly the bytes that the index foretold; again, both do nothing."""
    of_every_kind(folder)
    Gallery(folder.root).write_site()
    settings = {"timestamp_offset_hours": offset, "target_timezone_offset_hours": target}
    folder.index(**settings)
    manifest.parse(folder.file.read_bytes(), "it")
    store = RecordingStore(MemoryStore())
    ran = program.deployed(folder.root, store)
    assert ran.outcome.re_encoded == 0
    assert "foretold" not in ran.log
    assert "Warning" not in ran.log
    for photo in folder.photos.values():
        path = photo["files"]["full"]
        sent = store.inner.objects[f"photos/{path}"].data
        assert sha256(sent) == photo["deployment_file_hash"]
        assert sha256((folder.pics / path).read_bytes()) == photo["file_hash"]
    changed = {
        name
        for name, each in folder.photos.items()
        if each["deployment_file_hash"] != each["file_hash"]
    }
    assert changed == edited

    before = (folder.file.read_bytes(), folder.file.stat().st_mtime_ns, folder.file.stat().st_ino)
    for again in (settings, {}):
        assert "Nothing to do: prod/pics/gallery-metadata.json is up to date" in folder.index(
            **again
        )
    assert before == (
        folder.file.read_bytes(), folder.file.stat().st_mtime_ns, folder.file.stat().st_ino,
    )  # fmt: skip
    store.operations.clear()
    assert program.deployed(folder.root, store).outputs["changes"] == "false"
    assert store.writes == []


def test_what_is_said(folder):
    """Counts, names, and one message for each kind of trouble."""
    of_every_kind(folder)
    (folder.pics / "full/notes.txt").write_text("mine")
    log = folder.index(target_timezone_offset_hours="2", collection="wedding")
    assert log.splitlines() == [
        "Indexing prod/pics...",
        "9 photos: 9 new, 0 changed, 0 removed, 0 unchanged",
        "  new: full/full.jpg",
        "  new: full/plain.jpg",
        "  new: full/right.jpg",
        "  new: full/trip/nested.jpg",
        "  new: full/broken.jpg",
        "  new: full/empty.jpg",
        "  new: full/png.png",
        "  new: full/timeless.jpg",
        "  new: full/webp.webp",
        (
            "Warning: 1 photo cannot be edited without harm and will be published with times "
            "uncorrected: full/full.jpg (no room: the Exif block would be too large for its "
            "segment)"
        ),
        (
            "Note: 5 photos without a time that can be read: nothing is corrected there: "
            "full/broken.jpg; full/empty.jpg; full/png.png; full/timeless.jpg; full/webp.webp"
        ),
        "Note: 1 file belonging to no photo: full/notes.txt",
        "Written: prod/pics/gallery-metadata.json",
    ]
    assert folder.document["collection"] == "wedding"


def test_an_existing_manifest_of_another_tool_stands(folder, gallery):
    """What process-photos wrote is what the index finds: same hashes, same times, nothing to do."""
    before = gallery.manifest.read_bytes()
    assert "3 photos: 0 new, 0 changed, 0 removed, 3 unchanged" in folder.index()
    assert gallery.manifest.read_bytes() == before


def test_refresh(folder, gallery):
    """Photos come, change and go; ids and everything else that the manifest knows survive."""
    document = gallery.document()
    document["theme"] = "dark"
    document["settings"]["web_size"] = [2048, 2048]
    document["photos"][0] |= {"id": "first", "stars": 5}
    document["photos"][0]["exif"]["corrected_timestamp"] = "2024-06-15T11:11:11"
    document["photos"][2]["stars"] = 3
    gallery.manifest.write_text(json.dumps(document))
    (gallery.pics / "full/b.jpg").unlink()
    (gallery.pics / "full/c.jpg").write_bytes(galleries.jpeg("c again", "2024:06:16 10:00:00"))
    for name in ("e", "d"):
        folder.add(name, galleries.jpeg(name, f"2024:06:1{7 if name == 'd' else 6} 10:00:00"))
    log = folder.index()
    assert "4 photos: 2 new, 2 changed, 1 removed, 0 unchanged" in log
    assert "  removed: full/b.jpg" in log
    after = folder.document
    assert [each["id"] for each in after["photos"]] == ["first", "c", "e", "d"]
    assert after["photos"][0]["exif"]["corrected_timestamp"] == "2024-06-15T11:11:11"
    assert after["photos"][1]["exif"]["corrected_timestamp"] == "2024-06-16T06:00:00"
    assert [each.get("stars") for each in after["photos"]] == [5, 3, None, None]
    assert after["photos"][1]["original_path"] == "/home/me/pics-full/c.JPG"
    assert (after["theme"], after["collection"]) == ("dark", "wedding")
    assert after["settings"] == document["settings"]
    assert after["generated_at"] != document["generated_at"]
    assert "Nothing to do" in folder.index()


def test_new_settings(folder, gallery):
    """Another offset corrects anew, another zone does not; only what is asked for changes."""
    log = folder.index(timestamp_offset_hours="-3")
    assert "3 photos: 0 new, 3 changed, 0 removed, 0 unchanged" in log
    assert "  settings changed: timestamp_offset_hours" in log
    assert folder.photos["a"]["exif"]["corrected_timestamp"] == "2024-06-15T15:30:45"
    assert folder.document["settings"]["target_timezone_offset_hours"] == 2
    log = folder.index(target_timezone_offset_hours="13", collection="party")
    assert "  settings changed: collection, target_timezone_offset_hours" in log
    assert folder.photos["a"]["exif"]["corrected_timestamp"] == "2024-06-15T15:30:45"
    edited = exif.edit(galleries.jpeg("a"), "2024:06:15 15:30:45", None)
    assert folder.photos["a"]["deployment_file_hash"] == sha256(edited)


def test_dry_run(folder, gallery):
    """Everything is said and nothing is written."""
    gallery.manifest.unlink()
    log = folder.index(dry_run="true")
    assert log.splitlines()[0] == "[DRY RUN] Indexing prod/pics..."
    assert "  new: full/a.jpg" in log
    assert log.splitlines()[-1] == "Dry run completed - nothing was written"
    assert not gallery.manifest.exists()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("{", "is not JSON"),
        ('{"schema_version": "1.0", "settings": {}, "photos": []}', "is missing"),
        ('{"schema_version": "2.0"}', "newer than this action knows"),
    ],
)
def test_a_manifest_that_cannot_be_read_is_never_overwritten(folder, gallery, text, says):
    """It is an error, and the file stays."""
    gallery.manifest.write_text(text)
    log = folder.index(status=1)
    assert "Error loading gallery metadata: " in log
    assert says in log
    assert "Traceback" not in log
    assert gallery.manifest.read_text() == text


@pytest.mark.parametrize("before", ["photos", "nothing"])
def test_a_folder_without_photos_is_an_error(folder, gallery, before):
    """It never empties a manifest."""
    for path in list((gallery.pics / "full").iterdir()):
        path.unlink()
    if before == "nothing":
        (gallery.pics / "full").rmdir()
    manifest = gallery.manifest.read_bytes()
    assert "prod/pics/full is missing or has no photos" in folder.index(status=1)
    assert gallery.manifest.read_bytes() == manifest


def test_photos_that_lack_files_are_all_named(folder, gallery):
    """One error for all, and nothing is written."""
    for name in ("web/a.jpg", "thumb/a.webp", "thumb/c.webp"):
        (gallery.pics / name).unlink()
    before = gallery.manifest.read_bytes()
    log = folder.index(status=1)
    assert "full/a.jpg has no file of its name in web/ and thumb/" in log
    assert "full/c.jpg has no file of its name in thumb/" in log
    assert gallery.manifest.read_bytes() == before


def test_exclude(folder, gallery):
    """What a deployment would not publish is no photo of the manifest."""
    assert "2 photos: 0 new, 0 changed, 1 removed" in folder.index(exclude="full/b.jpg")
    assert list(folder.photos) == ["a", "c"]


def test_other_places(folder, gallery):
    """Photos and manifest may lie anywhere; a manifest that is named is made."""
    (folder.root / "here").mkdir()
    gallery.pics.rename(folder.root / "images")
    folder.index(photos_dir="images/", metadata_file="here/m.json")
    assert json.loads((folder.root / "here/m.json").read_text())["photos"][0]["id"] == "a"
    log = folder.index(status=1, photos_dir="images", metadata_file="nowhere/m.json")
    assert "nowhere/m.json cannot be written: there is no such folder" in log


def test_settings_file(folder, gallery):
    """The gallery's own settings count, except where strangers may have written them."""
    gallery.manifest.unlink()
    (folder.root / "settings.local.py").write_text(
        "import os\nTIMESTAMP_OFFSET_HOURS = -4\nS3_PUBLIC_SECRET_KEY = os.environ['X']\n"
    )
    folder.index(dry_run="true", environ={**ACTIONS, "GITHUB_EVENT_NAME": "pull_request_target"})
    folder.index()
    assert folder.document["settings"]["timestamp_offset_hours"] == -4


class TestFile:
    """The manifest's file."""

    def test_mode_is_kept(self, folder, gallery):
        """As far as the mode goes it is still the same file."""
        gallery.manifest.chmod(0o640)
        folder.index(collection="other")
        assert gallery.manifest.stat().st_mode & 0o777 == 0o640

    def test_a_new_file_is_like_its_folder(self, folder, gallery):
        """Who may read the folder may read it."""
        gallery.manifest.unlink()
        gallery.pics.chmod(0o755)
        folder.index()
        assert gallery.manifest.stat().st_mode & 0o777 == 0o644

    @pytest.mark.parametrize("step", ["fsync", "replace"])
    def test_it_is_the_old_one_or_the_new_one(self, folder, gallery, step, monkeypatch):
        """A disk that is full leaves the old one, and nothing else."""

        def fail(*_, **__):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, step, fail)
        before, names = gallery.manifest.read_bytes(), sorted(os.listdir(gallery.pics))
        log = folder.index(status=1, collection="other")
        assert "gallery-metadata.json cannot be written: No space left on device" in log
        assert gallery.manifest.read_bytes() == before
        assert sorted(os.listdir(gallery.pics)) == names

    def test_a_link_stays_a_link(self, folder, gallery):
        """What it leads to is replaced."""
        (folder.root / "kept").mkdir()
        gallery.manifest.rename(folder.root / "kept/m.json")
        gallery.manifest.symlink_to("../../kept/m.json")
        folder.index(collection="other")
        assert gallery.manifest.is_symlink()
        assert json.loads((folder.root / "kept/m.json").read_text())["collection"] == "other"

    @pytest.mark.parametrize("there", [True, False])
    def test_a_link_out_of_the_workspace(self, folder, gallery, tmp_path_factory, there):
        """Under Actions it is refused; one that leads nowhere is refused everywhere."""
        outside = tmp_path_factory.mktemp("outside") / "m.json"
        if there:
            outside.write_bytes(gallery.manifest.read_bytes())
        gallery.manifest.unlink()
        gallery.manifest.symlink_to(outside)
        log = folder.index(status=1, environ=ACTIONS, collection="other")
        assert ("leads out of the workspace" if there else "leads nowhere") in log
        assert outside.exists() == there
        folder.index(status=0 if there else 1, collection="other")
        assert outside.exists() == there

    def test_a_folder_out_of_the_workspace(self, folder, gallery):
        """Under Actions nothing is written outside."""
        log = folder.index(status=1, environ=ACTIONS, metadata_file="../m.json")
        assert "leads out of the workspace" in log


class TestLinks:
    """Links as process-photos makes them."""

    def link(self, folder: Folder, target: str) -> None:
        folder.add("a", galleries.jpeg("a"))
        originals = folder.root / "pics-full"
        originals.mkdir()
        (folder.pics / "full/a.jpg").rename(originals / "IMG_1.JPG")
        (folder.pics / "full/a.jpg").symlink_to(target)

    def test_absolute_ones_of_the_runner(self, folder):
        """The runner's path of the workspace is understood; the original's path is relative."""
        self.link(folder, "/home/runner/work/g/g/pics-full/IMG_1.JPG")
        folder.index(environ={**ACTIONS, "GITHUB_WORKSPACE": str(folder.root)})
        assert folder.photos["a"]["original_path"] == "pics-full/IMG_1.JPG"
        assert folder.photos["a"]["file_hash"] == sha256(galleries.jpeg("a"))

    def test_out_of_the_workspace(self, folder, tmp_path_factory):
        """Under Actions an error that names them; on a laptop they may lead anywhere."""
        outside = tmp_path_factory.mktemp("outside") / "x.jpg"
        outside.write_bytes(galleries.jpeg("x"))
        self.link(folder, str(outside))
        assert "prod/pics/full/a.jpg: leads out of the workspace" in folder.index(1, ACTIONS)
        folder.index()
        assert folder.photos["a"]["original_path"] == str(outside)


class TestActions:
    """As a step of a workflow."""

    @pytest.fixture
    def environ(self, tmp_path_factory, monkeypatch) -> dict[str, str]:
        """What the runner sets; its toolkit looks the file of the outputs up by itself."""
        output = tmp_path_factory.mktemp("runner") / "output"
        output.touch()
        monkeypatch.setenv("GITHUB_OUTPUT", str(output))
        return {**ACTIONS, "GITHUB_OUTPUT": str(output), "INPUT_PHOTOS-DIR": "prod/pics"}

    def outputs(self, environ: dict[str, str]) -> str:
        return Path(environ["GITHUB_OUTPUT"]).read_text()

    def test_success(self, folder, gallery, environ):
        """The outputs say whether the manifest changed."""
        folder.index(environ=environ)
        assert "\nfalse\n" in self.outputs(environ)
        folder.index(environ=environ, collection="other")
        assert "\ntrue\n" in self.outputs(environ)

    def test_failure(self, folder, gallery, environ):
        """An annotation at the line, and the reason as an output."""
        gallery.manifest.write_text("{\n")
        log = folder.index(1, environ)
        assert "::error file=prod/pics/gallery-metadata.json,line=" in log
        assert "\nmetadata\n" in self.outputs(environ)

    def test_cancelled(self, folder, gallery, capsys):
        """Told to stop before it began, it does nothing and says so."""
        stopped = threading.Event()
        stopped.set()
        assert index.main({}, {}, str(folder.root), stopped) == 130
        assert "Error: Cancelled" in capsys.readouterr().err


def test_a_huge_file_that_is_no_jpeg_is_read_in_pieces(folder, monkeypatch):
    """Its hash is that of the whole file, and it goes as it is."""
    monkeypatch.setattr("galleria_action.full_reader.LARGE", 20)
    of_every_kind(folder)
    log = folder.index(timestamp_offset_hours="-4", target_timezone_offset_hours="2")
    assert "9 photos: 9 new" in log
    for photo in folder.photos.values():
        assert photo["file_hash"] == sha256((folder.pics / photo["files"]["full"]).read_bytes())
    assert folder.photos["png"]["deployment_file_hash"] == folder.photos["png"]["file_hash"]
    assert folder.photos["plain"]["deployment_file_hash"] != folder.photos["plain"]["file_hash"]
