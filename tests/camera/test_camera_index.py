"""The index on files that real cameras and editors wrote, with exiftool as the judge.

See `test_camera_files.py` for how to get the files.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest
from support import galleries, program
from support.memory import MemoryStore

from galleria_action import index, photo_facts
from galleria_action.edits import Uneditable
from galleria_action.exif import edit

FOLDER = os.environ.get("GALLERIA_CAMERA_FILES", "")
TAGS = {
    "make": "IFD0:Make",
    "model": "IFD0:Model",
    "original": "ExifIFD:DateTimeOriginal",
    "timezone": "ExifIFD:OffsetTimeOriginal",
    "subsecond": "ExifIFD:SubSecTimeOriginal",
}

pytestmark = [
    pytest.mark.skipif(not FOLDER, reason="GALLERIA_CAMERA_FILES names no folder of camera files"),
    pytest.mark.skipif(not shutil.which("exiftool"), reason="exiftool is not installed"),
]


@pytest.fixture(scope="module")
def files() -> list[Path]:
    """Every JPEG file below the folder."""
    found = [
        path
        for path in sorted(Path(FOLDER).rglob("*"))
        if path.is_file() and not path.is_symlink() and path.read_bytes()[:2] == b"\xff\xd8"
    ]
    assert found, f"no JPEG files in {FOLDER}"
    return found


def judged(files: list[Path]) -> list[dict[str, object]]:
    """The facts as exiftool reads them, None for texts that are no such value."""
    options = ["-json", "-n", "-G1", "-q", "-q", *(f"-{tag}" for tag in TAGS.values())]
    done = subprocess.run(["exiftool", *options, *files], capture_output=True, check=False)
    read = {each["SourceFile"]: each for each in json.loads(done.stdout.decode(errors="replace"))}
    return [
        {name: _value(name, str(read[str(path)].get(tag, ""))) for name, tag in TAGS.items()}
        for path in files
    ]


def _value(name: str, text: str) -> object:
    text = text.strip()
    if name == "original":
        try:
            return datetime.fromisoformat(text[:10].replace(":", "-") + text[10:19])
        except ValueError:
            return None
    if name == "subsecond":
        return int(text) if text.isdigit() else None
    return text or None


def test_facts_are_those_that_exiftool_reads(files):
    """Every fact is the same; or the file cannot be read, and then it is not edited either."""
    compared, unread, wrong = Counter(), {}, []
    for path, expected in zip(files, judged(files), strict=True):
        data = path.read_bytes()
        facts = photo_facts.read(data)
        found = {name: getattr(facts, name) for name in TAGS}
        if facts == photo_facts.Facts() and any(expected.values()):
            with pytest.raises(Uneditable) as reason:
                edit(data, "2024:06:15 14:30:45", None)
            unread[path.name] = str(reason.value)
            continue
        compared.update(name for name, value in expected.items() if value is not None)
        # exiftool has a question mark for every letter that is neither ASCII nor UTF-8.
        same = all(
            str(value).encode("ascii", "replace") == str(expected[name]).encode("ascii", "replace")
            for name, value in found.items()
        )
        wrong += [] if same else [(path.name, found, expected)]
    lines = [f"{len(files)} JPEG files; facts that agree with exiftool's: {dict(compared)}"]
    lines += [f"  not read: {name}: {why}" for name, why in unread.items()]
    sys.stdout.write("\n" + "\n".join(lines) + "\n")
    assert not wrong
    assert compared["original"]


@pytest.mark.parametrize("hours", ["0", "-4"])
def test_the_deployment_sends_what_the_index_foretells(files, hours, tmp_path, capsys):
    """Of each of the files, edited or not; a second index finds nothing to do."""
    for number, path in enumerate(files):
        for name, data in (("full", path.read_bytes()), ("web", b""), ("thumb", b"")):
            file = tmp_path / f"prod/pics/{name}/{number:05}.jpg"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
    galleries.Gallery(tmp_path).write_site()
    flags = {"timestamp-offset-hours": hours, "target-timezone-offset-hours": "2"}
    for said in ("Written: ", "Nothing to do: "):
        assert index.main(flags, {}, str(tmp_path), threading.Event()) == 0
        assert said in capsys.readouterr().out
    store = MemoryStore()
    ran = program.deployed(tmp_path, store)
    assert ran.outcome.re_encoded == 0
    photos = json.loads((tmp_path / "prod/pics/gallery-metadata.json").read_bytes())["photos"]
    assert len(photos) == len(files)
    for photo in photos:
        sent = store.objects[f"photos/{photo['files']['full']}"].data
        assert galleries.sha256(sent) == photo["deployment_file_hash"]
    edited = sum(each["file_hash"] != each["deployment_file_hash"] for each in photos)
    sys.stdout.write(f"\n{hours} hours: {edited} of {len(photos)} are edited\n")
    assert edited
