"""Makes galleries for benchmarks: real photos with Exif, drawn once, no two of them the same.

    python -m benchmarks.galleries FOLDER --photos 1000

FOLDER/prod is what `process-photos` leaves, with a manifest that corrects the time of every
photo. FOLDER/published has the same files (hard links) under the names that they get in the
bucket, for programs that copy a folder. A process of its own, so that the memory which drawing
takes is not counted against the programs that are measured.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SITE = {
    "index.html": "<!doctype html><title>Gallery</title>",
    "about.html": "<!doctype html><title>About</title>",
    "style.css": "body { margin: 0 }",
    "js/app.js": "console.log('gallery')",
    "data/photos.json": "[]",
}
MANIFEST = "gallery-metadata.json"
SIZES = (12_000, 6_000, 3_000)
ENDINGS = {"full": "jpg", "web": "jpg", "thumb": "webp"}
# Where each file's own number goes: a JPEG comment, the XMP chunk of a WebP file.
NUMBER = b"no. ################"
TAKEN, CORRECTED, OFFSET = "2024:06:15 18:30:45", "2024:06:15 14:30:45", "+02:00"


def main() -> None:
    """Make the gallery, or change a part of one that is there."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--photos", type=int, required=True)
    parser.add_argument("--bytes", type=int, nargs=3, default=SIZES, help="full, web, thumb")
    parser.add_argument("--as-is", action="store_true", help="a manifest that corrects nothing")
    parser.add_argument("--change", type=int, default=0, help="photos to change in round N")
    parser.add_argument("--round", type=int, default=0)
    given = parser.parse_args()
    templates = drawn(given.folder, dict(zip(ENDINGS, given.bytes, strict=True)))
    gallery = Gallery(given.folder, templates, given.photos, corrects=not given.as_is)
    if given.change:
        gallery.change(given.change, given.round)
    else:
        gallery.make()


@dataclass(frozen=True)
class Template:
    """A picture's file, and what a deployment makes of it; both hold NUMBER once."""

    data: bytes
    edited: bytes

    def numbered(self, number: str) -> bytes:
        return _numbered(self.data, number)

    def hashes(self, number: str) -> tuple[str, str]:
        """SHA-256 of the file and of what is published of it."""
        plain, edited = _numbered(self.data, number), _numbered(self.edited, number)
        return hashlib.sha256(plain).hexdigest(), hashlib.sha256(edited).hexdigest()


def _numbered(data: bytes, number: str) -> bytes:
    return data.replace(NUMBER, number.rjust(len(NUMBER)).encode(), 1)


def drawn(folder: Path, sizes: Mapping[str, int]) -> dict[str, Template]:
    """Variant to template, of about these bytes; drawn once and kept in the gallery's folder."""
    from galleria_action import exif

    templates = {}
    for variant, size in sizes.items():
        file = folder / f"template.{variant}"
        if not file.exists():
            folder.mkdir(parents=True, exist_ok=True)
            file.write_bytes(webp(size) if ENDINGS[variant] == "webp" else jpeg(size))
        data = file.read_bytes()
        assert data.count(NUMBER) == 1
        edited = data if variant == "thumb" else exif.edit(data, CORRECTED, OFFSET)
        templates[variant] = Template(data, edited)
    return templates


def noise(size: int, bytes_a_pixel: float) -> Any:
    """A picture that takes about ``size`` bytes."""
    from PIL import Image

    side = max(1, int((size / bytes_a_pixel) ** 0.5))
    return Image.merge("RGB", [Image.effect_noise((side, side), 90) for _ in range(3)])


def jpeg(size: int) -> bytes:
    """A JPEG file with Exif, as a camera writes it, and a comment that holds NUMBER."""
    import piexif

    file = io.BytesIO()
    noise(size, 1.9).save(file, "JPEG", quality=90, subsampling=0, comment=NUMBER)
    metadata = {
        "0th": {piexif.ImageIFD.Make: "Canon", piexif.ImageIFD.Model: "EOS R5"},
        "Exif": {
            piexif.ExifIFD.DateTimeOriginal: TAKEN,
            piexif.ExifIFD.OffsetTimeOriginal: "+00:00",
        },
    }
    with_exif = io.BytesIO()
    piexif.insert(piexif.dump(metadata), file.getvalue(), with_exif)
    return with_exif.getvalue()


def webp(size: int) -> bytes:
    """A WebP file without Exif, whose XMP chunk holds NUMBER."""
    file = io.BytesIO()
    noise(size, 1.3).save(file, "WEBP", quality=80, xmp=NUMBER)
    return file.getvalue()


@dataclass(frozen=True)
class Gallery:
    """A gallery in ``root``; ``corrects``: its manifest corrects the time of every photo."""

    root: Path
    templates: dict[str, Template]
    photos: int
    corrects: bool

    def make(self) -> None:
        for variant in ENDINGS:
            (self.root / "prod/pics" / variant).mkdir(parents=True)
            (self.root / "published/photos" / variant).mkdir(parents=True)
        for path, content in SITE.items():
            self._put(f"prod/site/{path}", path, content.encode())
        for number in range(self.photos):
            self._write_photo(number, f"{number}")
        self._write_manifest(0, 0)

    def change(self, count: int, round_number: int) -> None:
        """Write the first ``count`` photos, all variants, and the manifest anew."""
        for number in range(count):
            self._write_photo(number, f"{number}.{round_number}")
        self._write_manifest(count, round_number)

    def _write_photo(self, number: int, serial: str) -> None:
        for variant, path in files(number).items():
            data = self.templates[variant].numbered(serial)
            self._put(f"prod/pics/{path}", f"photos/{path}", data)

    def _write_manifest(self, changed: int, round_number: int) -> None:
        entries = []
        for number in range(self.photos):
            serial = f"{number}.{round_number}" if number < changed else f"{number}"
            plain, edited = self.templates["full"].hashes(serial)
            entries.append(entry(number, plain, edited if self.corrects else plain))
        offset = -4 if self.corrects else 0
        document = {
            "schema_version": "1.0",
            "generated_at": f"2024-10-28T10:00:{round_number:02}+00:00",
            "collection": "benchmark",
            "settings": {"timestamp_offset_hours": offset, "target_timezone_offset_hours": 2},
            "photos": entries,
        }
        data = json.dumps(document, indent=2).encode()
        self._put(f"prod/pics/{MANIFEST}", MANIFEST, data)

    def _put(self, path: str, published: str, data: bytes) -> None:
        """Write a file, or write into it: its hard link shows the same bytes."""
        file = self.root / path
        if file.exists():
            with file.open("r+b") as existing:
                existing.write(data)
                existing.truncate()
            return
        link = self.root / "published" / published
        for folder in (file.parent, link.parent):
            folder.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        os.link(file, link)


def files(number: int) -> dict[str, str]:
    """Variant to path, as the manifest has it."""
    name = f"benchmark-20240615T143045-r5a-{number}"
    return {variant: f"{variant}/{name}.{ending}" for variant, ending in ENDINGS.items()}


def entry(number: int, file_hash: str, deployment_hash: str) -> dict[str, Any]:
    """A photo of the manifest."""
    return {
        "id": f"benchmark-20240615T143045-r5a-{number}",
        "original_path": f"pics-full/IMG_{number}.jpg",
        "file_hash": file_hash,
        "deployment_file_hash": deployment_hash,
        "exif": {
            "original_timestamp": "2024-06-15T18:30:45",
            "corrected_timestamp": "2024-06-15T14:30:45",
            "timezone_original": "+00:00",
            "camera": {"make": "Canon", "model": "EOS R5"},
            "subsecond": 12,
        },
        "files": files(number),
    }


if __name__ == "__main__":
    main()
