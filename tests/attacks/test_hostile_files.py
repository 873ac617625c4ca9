"""Files that are not what they seem: links that move, pipes, bombs, names made to mislead."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import socket
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from support import galleries, program
from support.galleries import Gallery
from support.memory import MemoryStore
from support.program import Serial
from unit.folders import actions, laptop

from galleria_action import file_bytes, folder_walk, keys, launch, ledger, lookalikes, manifest
from galleria_action.errors import DeployError
from galleria_action.event import Event
from galleria_action.file_bytes import FileBytes
from galleria_action.manifest_file import ManifestFile
from galleria_action.report_folder import ReportFolder

SECRET = b"somebody else's"


@pytest.fixture
def place(tmp_path) -> Path:
    """A workspace with `site/deep/a.js` in it, and beside it a folder like it that is a secret."""
    for folder, data in (("workspace/site/deep", b"ours"), ("outside/deep", SECRET)):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "a.js").write_bytes(data)
    return tmp_path


def swap_file(place: Path) -> None:
    path = place / "workspace/site/deep/a.js"
    path.unlink()
    path.symlink_to(place / "outside/deep/a.js")


def swap_folder(place: Path) -> None:
    folder = place / "workspace/site/deep"
    folder.rename(place / "workspace/elsewhere")
    folder.symlink_to(place / "outside/deep")


def swap_folder_above(place: Path) -> None:
    folder = place / "workspace/site"
    folder.rename(place / "workspace/elsewhere")
    folder.symlink_to(place / "outside")


SWAPS = {"the file": swap_file, "its folder": swap_folder, "a folder above": swap_folder_above}


@pytest.mark.parametrize("swap", SWAPS.values(), ids=SWAPS)
@pytest.mark.parametrize("kind", [actions, laptop])
def test_links_put_in_the_way(place, swap: Callable[[Path], None], kind):
    """A link that comes between the check and the reading is never followed, wherever it is."""
    workspace = kind(place / "workspace")
    (scanned,) = workspace.scan("site")
    found = workspace.find("site", ["deep/a.js"], Serial())[0]["deep/a.js"]
    assert workspace.read(scanned.path) == b"ours"

    swap(place)

    for path in (scanned.path, found.path):
        with pytest.raises(OSError, match=r".") as caught:
            workspace.read(path)
        assert SECRET.decode() not in str(caught.value)
        with pytest.raises(OSError, match=r"."):
            list(workspace.chunks(path, 10))
        with pytest.raises(OSError, match=r"."):
            workspace.read(path, 10)


@pytest.mark.parametrize("swap", SWAPS.values(), ids=SWAPS)
def test_links_put_in_the_way_within_a_folder(place, swap: Callable[[Path], None]):
    """Whoever reads one file of a folder after the other reads on where that began, or nothing."""
    workspace = laptop(place / "workspace")
    (found,) = workspace.scan("site")
    assert [workspace.read(found.path) for _ in range(3)] == [b"ours"] * 3

    swap(place)

    with suppress(OSError):
        assert workspace.read(found.path) == b"ours"
    with suppress(OSError):
        assert b"".join(workspace.chunks(found.path, 3)) == b"ours"


def test_a_folder_that_is_made_anew(place):
    """Files of the same name in a new folder of the same name are found."""
    workspace = laptop(place / "workspace")
    (found,) = workspace.scan("site")
    assert [workspace.read(found.path) for _ in range(3)] == [b"ours"] * 3
    shutil.rmtree(place / "workspace/site")
    (place / "workspace/site/deep").mkdir(parents=True)
    (place / "workspace/site/deep/a.js").write_bytes(b"new")
    assert workspace.read(found.path) == b"new"


def test_no_descriptor_is_left_behind(place):
    """A folder is closed when files of another one are read, and with the thread that reads."""
    workspace = laptop(place / "workspace")
    (found,) = workspace.scan("site")
    (place / "workspace/b.js").write_bytes(b"b")
    before = len(os.listdir("/proc/self/fd"))

    def read() -> None:
        for path in [found.path] * 3 + [str(place / "workspace/b.js")] * 3:
            workspace.read(path)

    for _ in range(20):
        reader = threading.Thread(target=read)
        reader.start()
        reader.join()
    assert len(os.listdir("/proc/self/fd")) <= before


@pytest.mark.parametrize("swap", SWAPS.values(), ids=SWAPS)
def test_links_put_in_the_way_of_a_deployment(place, swap, monkeypatch):
    """Whatever is swapped while a deployment runs, nothing of the other files is sent."""
    store = MemoryStore()
    read = FileBytes.read_small

    def reading(self: FileBytes, path: str, limit: int) -> bytes | None:
        if path.endswith("a.js") and not (place / "workspace/elsewhere").exists():
            swap(place)
            monkeypatch.setattr(FileBytes, "read_small", read)
        return read(self, path, limit)

    monkeypatch.setattr(FileBytes, "read_small", reading)
    ran = program.run(place / "workspace", store, site_only="true", source="site")
    assert ran.reason == "config"
    assert SECRET not in b"".join(each.data for each in store.objects.values())
    assert SECRET.decode() not in ran.log + ran.summary


def test_systems_without_proc(place, monkeypatch):
    """The same holds where the kernel does not say what was opened, as on a Mac."""
    monkeypatch.setattr(file_bytes, "_is_at", lambda *_: False)
    workspace = actions(place / "workspace")
    (found,) = workspace.scan("site")
    assert workspace.read(found.path) == b"ours"
    swap_folder_above(place)
    with pytest.raises(OSError, match=r"."):
        workspace.read(found.path)


def test_the_report_folder_is_swapped(place, monkeypatch):
    """A report is written into the folder that was made, never through a link in its place."""
    target = place / "outside"
    mkdir = os.mkdir

    def making(name: str, *, dir_fd: int) -> None:
        mkdir(name, dir_fd=dir_fd)
        os.rename(name, f"{name}-away", src_dir_fd=dir_fd, dst_dir_fd=dir_fd)
        os.symlink(target, name, dir_fd=dir_fd)

    monkeypatch.setattr(os, "mkdir", making)
    with pytest.raises(DeployError, match="report-dir"):
        ReportFolder(str(place / "workspace"), "reports/deep").write("plan.json", [b"{}"])
    assert sorted(os.listdir(target)) == ["deep"]


@pytest.mark.parametrize("swap", [swap_folder, swap_folder_above])
def test_the_folder_of_the_manifest_is_swapped(place, swap):
    """The index writes into the folder that it has looked at, or nowhere."""
    workspace = actions(place / "workspace")
    file = ManifestFile(workspace, "site/deep/m.json")
    (place / "workspace/site/deep/m.json").write_text(document())
    known = ManifestFile(workspace, "site/deep/m.json")
    swap(place)
    with pytest.raises(DeployError, match="cannot be written"):
        known.replace({"photos": []})
    with pytest.raises(DeployError, match=r"cannot be (written|used)"):
        file.replace({"photos": []})
    assert sorted(each.name for each in (place / "outside").rglob("*")) == ["a.js", "deep"]


def pipe(path: Path) -> None:
    os.mkfifo(path)


def unix_socket(path: Path) -> None:
    here = os.open(path.parent, os.O_RDONLY)
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(f"/proc/self/fd/{here}/{path.name}")  # a path of its own is too long
    os.close(here)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


ODD = {"a pipe": pipe, "a socket": unix_socket}


@pytest.mark.parametrize("make", ODD.values(), ids=ODD)
def test_what_is_no_file(place, make):
    """Pipes and sockets are passed over, and never waited for."""
    root = place / "workspace"
    make(root / "site/b.js")
    workspace = actions(root)
    assert [each.name for each in workspace.scan("site")] == ["deep/a.js"]
    assert workspace.find("site", ["b.js"], Serial()) == ({}, {"b.js": "is no file"})
    with pytest.raises(OSError, match=r"."):
        workspace.read(str(root / "site/b.js"))


def test_devices_on_a_laptop(place):
    """A link to a device, which never ends, is no file either."""
    root = place / "workspace"
    device(root / "site/b.js")
    assert [each.name for each in laptop(root).scan("site")] == ["deep/a.js"]
    with pytest.raises(OSError, match="no file"):
        laptop(root).read("/dev/zero")


@pytest.mark.parametrize("name", ["settings.local.py", "prod/pics/gallery-metadata.json"])
def test_a_pipe_in_place_of_a_file(tmp_path, name):
    """Settings and manifest are no pipe: that is an error, not a wait for somebody to write."""
    galleries.make(tmp_path)
    path = tmp_path / name
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    environ = {"GITHUB_WORKSPACE": str(tmp_path)}
    if name.endswith(".py"):
        with pytest.raises(DeployError, match=r"settings.local.py cannot be read"):
            launch.sources({}, environ, str(tmp_path), Event())
    else:
        assert program.run(tmp_path, MemoryStore()).reason == "metadata"


def test_huge_settings(tmp_path):
    """A settings file is not read to its end if it has none."""
    with (tmp_path / "settings.local.py").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(DeployError, match="too large"):
        launch.sources({}, {}, str(tmp_path), Event())


def test_files_that_grow():
    """More bytes than a file has are not read, however fast somebody writes them."""
    path = f"/proc/{os.getpid()}/status"  # says that it is empty
    with pytest.raises(OSError, match="written to"):
        FileBytes().read(path)
    with pytest.raises(OSError, match="written to"):
        list(FileBytes().chunks(path, 10))


def test_sparse_files(tmp_path):
    """A file of terabytes that takes no room is not taken into memory."""
    with (tmp_path / "a.jpg").open("wb") as file:
        file.truncate(1 << 43)
    tracemalloc.start()
    with pytest.raises(OSError, match="too large"):
        FileBytes().read(str(tmp_path / "a.jpg"))
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()


@pytest.fixture
def deep(place) -> Iterator[Path]:
    """A folder with 1,500 folders in each other, which Python's own rmtree cannot remove."""
    folder = place / "workspace/site/d"
    folder.mkdir()
    here = os.open(folder, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d", dir_fd=here)
        deeper = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = deeper
    os.close(here)
    yield folder
    while (folder / "d").exists():
        (folder / "d").rename(place / "rest")
        folder.rmdir()
        (place / "rest").rename(folder)


def test_deep_folders(place, deep):
    """Folders may lie as deep as the system allows."""
    assert [each.name for each in actions(place / "workspace").scan("site")] == ["deep/a.js"]


def test_a_bomb_of_links(place, monkeypatch):
    """Thirty folders with two links to the next one each look like a thousand million files."""
    root = place / "workspace/site"
    for number in range(30):
        folder = root / f"f{number}"
        folder.mkdir()
        for side in ("l", "r"):
            (folder / side).symlink_to(root / f"f{number + 1}")
    (root / "f30").mkdir()
    (root / "f30/a").write_bytes(b"x")
    monkeypatch.setattr(folder_walk, "MOST_WAYS", 5)
    with pytest.raises(DeployError, match="cannot be used") as caught:
        list(actions(place / "workspace").scan("site"))
    assert any("too many links" in each.message for each in caught.value.problems)


NAMES = {
    "not UTF-8": b"a\xff\xfe.js",
    "overlong UTF-8": b"a\xc0\xaf.js",
    "a half of a pair": b"a\xed\xa0\x80.js",
    "a line break": b"a\n::error::boo.js",
    "an escape": b"a\x1b[2J\x1b]0;boo\x07.js",
    "a backslash": b"a\\..\\b.js",
    "a drive": b"c:a.js",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_names_that_are_no_keys(place, name):
    """They are refused, and shown in a way that no terminal and no runner obeys."""
    root = place / "workspace"
    with open(os.fsencode(root / "site") + b"/" + name, "wb") as file:
        file.write(b"x")
    store = MemoryStore()
    ran = program.run(root, store, site_only="true", source="site")
    assert ran.reason == "config"
    assert not store.objects
    shown = ran.log + ran.summary + (ran.error.text() if ran.error else "")
    assert "\x1b" not in shown
    assert not any(line.lstrip().startswith("::") for line in shown.splitlines())
    shown.encode()


def test_names_that_only_look_odd(place):
    """Markup, mentions and reversed text are names like others, and stay text in every report."""
    root = place / "workspace"
    odd = ["@all.js", "<img src=x>.js", "a`b|c.js", "\u202egpj.js", "##[group]x.js", "[x](y).js"]
    for name in odd:
        (root / "site" / name).write_bytes(b"x")
    store = MemoryStore()
    ran = program.deployed(root, store, site_only="true", source="site", progress="true")
    assert {*odd, "deep/a.js"} <= set(store.objects)
    assert "##[" not in ran.log
    assert "\u202e" not in ran.log + ran.summary
    assert "<img" not in ran.summary.replace("`<img src=x>.js`", "")


def test_keys_that_are_too_long(place):
    """A key of more than 1,024 bytes is told before anything is sent."""
    root = place / "workspace"
    folder = root / "site" / "/".join(["é" * 100] * 5)
    folder.mkdir(parents=True)
    (folder / ("x" * 30)).write_bytes(b"x")
    store = MemoryStore()
    ran = program.run(root, store, site_only="true", source="site")
    assert ran.reason == "config"
    assert f"more than {keys.LONGEST} bytes" in ran.error.text()
    assert not store.objects


ALIKE = {
    "capitals": (["a/B.jpg", "a/b.jpg", "c"], [("a/B.jpg", "a/b.jpg")]),
    "accents": (["cafe\u0301.jpg", "caf\u00e9.jpg"], [("cafe\u0301.jpg", "caf\u00e9.jpg")]),
    "both": (["CAFE\u0301.jpg", "caf\u00e9.jpg"], [("CAFE\u0301.jpg", "caf\u00e9.jpg")]),
    "a sharp s": (["stra\u00dfe", "STRASSE"], [("stra\u00dfe", "STRASSE")]),
    "neither": (["a", "b", "\u00e9", "e"], []),
    "folders": (["A/x", "a/x"], [("A/x", "a/x")]),
}


@pytest.mark.parametrize(("given", "pairs"), ALIKE.values(), ids=ALIKE)
def test_keys_that_look_alike(given, pairs):
    """What Macs and Windows take for the same name."""
    assert lookalikes.find(given) == pairs


def test_look_alikes_are_told(place):
    """They are published, for buckets tell them apart, and the plan warns of them."""
    (place / "workspace/site/deep/A.js").write_bytes(b"x")
    store = MemoryStore()
    ran = program.deployed(place / "workspace", store, site_only="true", source="site")
    assert "Warning: 1 pair of keys differ only in capitals" in ran.log
    assert {"deep/A.js", "deep/a.js"} <= set(store.objects)


def test_a_ledger_that_is_a_bomb():
    """A few kilobytes that unpack to gigabytes are a ledger that cannot be read."""
    bomb = gzip.compress(b" " * (ledger.SMALL + 1))
    tracemalloc.start()
    with pytest.raises(ledger.BrokenLedger, match="room"):
        ledger.decode(bomb * 3)
    with pytest.raises(ledger.BrokenLedger):
        ledger.decode(gzip.compress(b'{"version": 1, "objects": {'))
    tracemalloc.stop()


def document(**changes: object) -> str:
    return json.dumps(
        {
            "schema_version": "1.0",
            "settings": {"timestamp_offset_hours": 0},
            "photos": [],
            **changes,
        }
    )


TWICE = {
    "at the top": document()[:-1] + ',\n "photos": []}',
    "deep": document(x=[{"y": 1}]).replace('{"y": 1}', '{"y": 1, \n"y": 2}'),
    "by another spelling": document()[:-1] + ',\n "ph\\u006ftos": []}',
    "among many": document(x=[{"a": 1}] * 50)[:-1] + ',\n "x": 2}',
}


@pytest.mark.parametrize("text", TWICE.values(), ids=TWICE)
def test_members_that_are_there_twice(text):
    """Readers differ in which one counts, so a manifest with two has no meaning."""
    with pytest.raises(DeployError, match="1 problem") as caught:
        manifest.parse(text.encode(), "m.json")
    (problem,) = caught.value.problems
    assert "twice" in problem.message
    assert problem.line == 2


@pytest.mark.parametrize("depth", [100, 300, 900, 990, 5000, 200_000])
@pytest.mark.parametrize("around", ["[]", '{"a":}'])
@pytest.mark.parametrize("member", ["schema_version", "photos", "unknown"])
def test_deep_documents(depth, around, member):
    """However deep: a manifest or an error, for the local one and for that of the bucket."""
    opening, closing = around[:-1], around[-1]
    deep = opening * depth + "1" + closing * depth
    text = document()[:-1] + f', "x": {deep}}}'
    for data in (text, document().replace("[]", deep), f'{{"{member}": {deep}}}'):
        try:
            manifest.parse(data.encode(), "m.json")
        except DeployError as error:
            assert len(error.text()) < 3000  # noqa: PT017


def test_a_wide_gallery_with_a_wrong_member_is_told_in_time(tmp_path):
    """The lines of problems deep inside are looked for no deeper than they are told."""
    deep = '{"a":' * 300 + '"\\ud800"' + "}" * 300
    with pytest.raises(DeployError, match="1 problem"):
        manifest.parse((document()[:-1] + f', "x": {deep}}}').encode(), "m.json")


def test_a_gallery_that_is_a_link(tmp_path):
    """A photo that is a link out of the workspace is never read under Actions."""
    gallery = Gallery(tmp_path / "workspace")
    gallery.add("a")
    gallery.write()
    outside = tmp_path / "outside.jpg"
    (gallery.pics / "full/a.jpg").rename(outside)
    (gallery.pics / "full/a.jpg").symlink_to(outside)
    found, faults = actions(gallery.root).find("prod/pics", ["full/a.jpg"], Serial())
    assert found == {}
    assert "leads out of the workspace" in faults["full/a.jpg"]
