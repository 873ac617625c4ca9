"""How fast is a photo's time corrected, beside piexif and exiftool?

    python -m benchmarks.editing                 # files of 8 MB, one core
    python -m benchmarks.editing --megabytes 2 --rounds 9

Every editor sets DateTimeOriginal and OffsetTimeOriginal of the same JPEG files, in turn. Ours
and piexif go from bytes to bytes in this process; exiftool reads and writes files in memory
(/dev/shm where there is one), as a process for each file and as one that stays open. "copy" is
the floor: the bytes copied once. Medians of rounds; ratios are to ours.

Not measured: reading and hashing files, decoding images, and whether the result is right, which
is what tests/camera is for. All files have the same picture, so caches are warm for everyone.
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import piexif
from PIL import Image

from galleria_action import exif

TIME, OFFSET = "2024:06:15 14:30:45", "+02:00"
TAGS = (f"-DateTimeOriginal={TIME}", f"-OffsetTimeOriginal={OFFSET}")
KINDS = {
    "overwritten in place": ("2024:06:15 18:30:45", "+00:00"),
    "offset added, block grows": ("2024:06:15 18:30:45", None),
    "no Exif": None,
}

Editor = Callable[[Path, bytes], object]


def main() -> None:
    """Draw the photos, let every editor have its turn, print a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--megabytes", type=float, default=8)
    parser.add_argument("--files", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    picture = draw(int(given.megabytes * 1e6))
    with tempfile.TemporaryDirectory(dir=memory_folder()) as folder, stay_open() as server:
        editors: dict[str, Editor] = {"galleria": ours, "copy": copied, "piexif": with_piexif}
        if server:
            editors |= {"exiftool": with_exiftool, "exiftool -stay_open": server}
        for kind, tags in KINDS.items():
            photos = write(Path(folder), [photo(picture, tags, n) for n in range(given.files)])
            table(kind, photos, measure(editors, photos, given.rounds))


def memory_folder() -> str | None:
    """A folder in memory, if this machine has one, so that no disk is measured."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def draw(size: int) -> bytes:
    """A JPEG file of about ``size`` bytes, without Exif: noise, at some 1.9 bytes a pixel."""
    side = int((size / 1.9) ** 0.5)
    noise = Image.merge("RGB", [Image.effect_noise((side, side), 90) for _ in range(3)])
    file = io.BytesIO()
    noise.save(file, "JPEG", quality=90, subsampling=0)
    return file.getvalue()


def photo(picture: bytes, tags: tuple[str, str | None] | None, number: int) -> bytes:
    """The picture with Exif as a camera writes it (a maker note, a thumbnail), or without."""
    if tags is None:
        return commented(picture, number)
    taken, offset = tags
    details = {piexif.ExifIFD.DateTimeOriginal: taken, piexif.ExifIFD.MakerNote: bytes(8000)}
    if offset:
        details[piexif.ExifIFD.OffsetTimeOriginal] = offset
    metadata = {
        "0th": {piexif.ImageIFD.Make: "Galleria", piexif.ImageIFD.Model: f"Benchmark {number}"},
        "Exif": details,
        "1st": {piexif.ImageIFD.Compression: 6},
        "thumbnail": draw(8000),
    }
    file = io.BytesIO()
    piexif.insert(piexif.dump(metadata), picture, file)
    return file.getvalue()


def commented(picture: bytes, number: int) -> bytes:
    """The picture with a comment segment behind SOI, so that no two files are the same."""
    text = f"photo {number}".encode()
    return picture[:2] + b"\xff\xfe" + (2 + len(text)).to_bytes(2, "big") + text + picture[2:]


def write(folder: Path, photos: Sequence[bytes]) -> dict[Path, bytes]:
    paths = [folder / f"{number}.jpg" for number in range(len(photos))]
    for path, data in zip(paths, photos, strict=True):
        path.write_bytes(data)
    return dict(zip(paths, photos, strict=True))


def ours(_path: Path, data: bytes) -> bytes:
    return exif.edit(data, TIME, OFFSET)


def copied(_path: Path, data: bytes) -> bytes:
    return b"".join([memoryview(data)])


def with_piexif(_path: Path, data: bytes) -> bytes:
    metadata = piexif.load(data)
    metadata["Exif"][piexif.ExifIFD.DateTimeOriginal] = TIME
    metadata["Exif"][piexif.ExifIFD.OffsetTimeOriginal] = OFFSET
    file = io.BytesIO()
    piexif.insert(piexif.dump(metadata), data, file)
    return file.getvalue()


def with_exiftool(path: Path, _data: bytes) -> None:
    command = ["exiftool", "-q", "-q", *TAGS, "-o", str(edited(path)), str(path)]
    # It warns that it does not know our camera's maker note.
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)


@contextmanager
def stay_open() -> Iterator[Editor | None]:
    """An editor that is one exiftool process for all files; None where there is no exiftool."""
    if not shutil.which("exiftool"):
        print("exiftool is not installed (Debian: libimage-exiftool-perl) and is left out")
        yield None
        return
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
            words = [*TAGS, "-o", str(edited(path)), str(path), "-execute"]
            asking.write("\n".join(words) + "\n")
            asking.flush()
            while not answers.readline().startswith("{ready"):
                pass

        try:
            yield edit
        finally:
            asking.write("-stay_open\nFalse\n")
            asking.flush()


def edited(path: Path) -> Path:
    return path.with_suffix(".edited.jpg")


def measure(
    editors: Mapping[str, Editor], photos: Mapping[Path, bytes], rounds: int
) -> dict[str, float]:
    """Editor to seconds for all photos: the median of ``rounds``, another one first each time."""
    times: dict[str, list[float]] = {name: [] for name in editors}
    names = list(editors)
    for number in range(rounds + 1):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            seconds = sum(timed(editors[name], path, data) for path, data in photos.items())
            if number:  # the first round warms up
                times[name].append(seconds)
    return {name: statistics.median(taken) for name, taken in times.items()}


def timed(edit: Editor, path: Path, data: bytes) -> float:
    began = time.perf_counter()
    result = edit(path, data)
    seconds = time.perf_counter() - began
    if result is None:  # nobody wins by doing nothing
        assert edited(path).stat().st_size > 0.9 * len(data)
        edited(path).unlink()
    return seconds


def table(kind: str, photos: Mapping[Path, bytes], seconds: Mapping[str, float]) -> None:
    size = sum(map(len, photos.values()))
    print(f"\n{kind}: {len(photos)} files of {size / len(photos) / 1e6:.1f} MB")
    for name, taken in seconds.items():
        rate = size / taken / 1e6
        times = taken / seconds["galleria"]
        print(f"  {name:<22} {1000 * taken / len(photos):9.2f} ms a file {rate:9,.0f} MB/s", end="")
        print(f"  {times:7.2f} x the time" if name != "galleria" else "")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
