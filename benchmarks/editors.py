"""The programs that edit the Exif of a photo, each as a function for one file."""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import piexif

from galleria_action import exif, geotag

TIME, OFFSET = "2024:06:15 14:30:45", "+02:00"

Editor = Callable[[Path, bytes], bytes | None]
"""Gives the edited bytes, or None if they are in the file that :func:`edited` names."""


@dataclass(frozen=True)
class Task:
    """One edit, in the words of each program."""

    ours: Callable[[bytes], bytes]
    piexif: Callable[[dict[str, Any]], None]
    exiftool: Sequence[str]


def _set_time(metadata: dict[str, Any]) -> None:
    metadata["Exif"][piexif.ExifIFD.DateTimeOriginal] = TIME
    metadata["Exif"][piexif.ExifIFD.OffsetTimeOriginal] = OFFSET


def _remove_position(metadata: dict[str, Any]) -> None:
    metadata["GPS"] = {}


CORRECT_TIME = Task(
    lambda data: exif.edit(data, TIME, OFFSET),
    _set_time,
    (f"-DateTimeOriginal={TIME}", f"-OffsetTimeOriginal={OFFSET}"),
)
REMOVE_POSITION = Task(geotag.remove, _remove_position, ("-gps:all=", "-xmp:geotag="))


def edited(path: Path) -> Path:
    """Where exiftool writes what it made of a file."""
    return path.with_suffix(".edited.jpg")


@contextmanager
def editors(task: Task) -> Iterator[Mapping[str, Editor]]:
    """Name to editor; those of exiftool where it is installed."""
    plain: dict[str, Editor] = {
        "galleria": lambda _, data: task.ours(data),
        "copy": lambda _, data: b"".join([memoryview(data)]),
        "piexif": lambda _, data: _with_piexif(task, data),
    }
    if not shutil.which("exiftool"):
        yield plain
        return
    with _open_exiftool(task) as open_exiftool:
        alone: Editor = lambda path, _: _run_exiftool(task, path)  # noqa: E731
        yield {**plain, "exiftool": alone, "exiftool -stay_open": open_exiftool}


def _with_piexif(task: Task, data: bytes) -> bytes:
    metadata = piexif.load(data)
    task.piexif(metadata)
    file = io.BytesIO()
    piexif.insert(piexif.dump(metadata), data, file)
    return file.getvalue()


def _run_exiftool(task: Task, path: Path) -> None:
    command = ["exiftool", "-q", "-q", *task.exiftool, "-o", str(edited(path)), str(path)]
    # It warns that it does not know our camera's maker note.
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)


@contextmanager
def _open_exiftool(task: Task) -> Iterator[Editor]:
    """One process for all files."""
    with subprocess.Popen(
        ["exiftool", "-stay_open", "True", "-@", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        asking, answers = process.stdin, process.stdout
        assert asking
        assert answers

        def edit(path: Path, _data: bytes) -> None:
            words = [*task.exiftool, "-o", str(edited(path)), str(path), "-execute"]
            asking.write("\n".join(words) + "\n")
            asking.flush()
            while not answers.readline().startswith("{ready"):
                pass

        try:
            yield edit
        finally:
            asking.write("-stay_open\nFalse\n")
            asking.flush()
