"""Makes small galleries of real JPEG and WebP files for tests."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import piexif
from PIL import Image

from galleria_action import exif

SITE = {
    "index.html": b"<!doctype html><title>Gallery</title>",
    "style.css": b"body { margin: 0 }",
    "js/app.js": b"console.log('gallery')",
    "data/photos.json": b"[]",
}


@cache
def jpeg(seed: str, time: str = "2024:06:15 18:30:45") -> bytes:
    """A small JPEG with EXIF, another picture for every seed."""
    digest = hashlib.sha256(seed.encode()).digest()
    picture = Image.frombytes("RGB", (4, 2), digest[:24]).resize((64, 48))
    metadata = {
        "0th": {piexif.ImageIFD.Make: b"Canon", piexif.ImageIFD.Model: b"EOS R5"},
        "Exif": {piexif.ExifIFD.DateTimeOriginal: time.encode()} if time else {},
    }
    file = io.BytesIO()
    picture.save(file, "JPEG", exif=piexif.dump(metadata))
    return file.getvalue()


def located(data: bytes) -> bytes:
    """The JPEG file with the position of a place in Berlin."""
    metadata = piexif.load(data)
    metadata["GPS"] = {
        piexif.GPSIFD.GPSLatitudeRef: b"N",
        piexif.GPSIFD.GPSLatitude: ((52, 1), (31, 1), (12, 1)),
        piexif.GPSIFD.GPSLongitudeRef: b"E",
        piexif.GPSIFD.GPSLongitude: ((13, 1), (24, 1), (36, 1)),
    }
    made = io.BytesIO()
    piexif.insert(piexif.dump(metadata), data, made)
    return made.getvalue()


@cache
def webp(seed: str) -> bytes:
    digest = hashlib.sha256(seed.encode()).digest()
    file = io.BytesIO()
    Image.frombytes("RGB", (4, 2), digest[:24]).resize((16, 12)).save(file, "WEBP")
    return file.getvalue()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@dataclass
class Gallery:
    """A gallery in a folder; change it, then `write` the manifest again."""

    root: Path
    photos: dict[str, dict] = field(default_factory=dict)
    offset_hours: float = 2
    generated_at: str = "2024-10-28T10:00:00+00:00"

    @property
    def pics(self) -> Path:
        return self.root / "prod/pics"

    @property
    def site(self) -> Path:
        return self.root / "prod/site"

    @property
    def manifest(self) -> Path:
        return self.pics / "gallery-metadata.json"

    def add(
        self, name: str, *, corrected: str | None = "2024-06-15T14:30:45", seed: str = ""
    ) -> None:
        """Add or replace a photo and its files; without ``corrected`` it goes as it is."""
        full, web, thumb = jpeg(seed or name), jpeg(f"{seed or name} web"), webp(seed or name)
        for variant, data, ending in (
            ("full", full, "jpg"),
            ("web", web, "jpg"),
            ("thumb", thumb, "webp"),
        ):
            path = self.pics / variant / f"{name}.{ending}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        published = full
        if corrected:
            offset = None if self.offset_hours == 13 else f"{self.offset_hours:+03.0f}:00"
            time = corrected.replace("-", ":").replace("T", " ")
            published = exif.edit(full, time, offset)
        self.photos[name] = {
            "id": name,
            "original_path": f"/home/me/pics-full/{name}.JPG",
            "file_hash": sha256(full),
            "deployment_file_hash": sha256(published),
            "exif": {
                "original_timestamp": "2024-06-15T18:30:45",
                "corrected_timestamp": corrected,
                "timezone_original": "+00:00",
                "camera": {"make": "Canon", "model": "EOS R5"},
                "subsecond": 12,
            },
            "files": {
                "full": f"full/{name}.jpg",
                "web": f"web/{name}.jpg",
                "thumb": f"thumb/{name}.webp",
            },
        }

    def remove(self, name: str) -> None:
        del self.photos[name]

    def document(self) -> dict:
        return {
            "schema_version": "1.0",
            "generated_at": self.generated_at,
            "collection": "wedding",
            "settings": {
                "timestamp_offset_hours": -4,
                "target_timezone_offset_hours": self.offset_hours,
            },
            "photos": list(self.photos.values()),
        }

    def write(self) -> None:
        self.pics.mkdir(parents=True, exist_ok=True)
        self.manifest.write_text(json.dumps(self.document(), indent=2))

    def write_site(self, files: dict[str, bytes] | None = None) -> None:
        for name, data in (SITE if files is None else files).items():
            path = self.site / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)

    def keys(self, prefix: str = "photos") -> set[str]:
        """Keys of all photo objects."""
        return {
            f"{prefix}/{path}" if prefix else path
            for photo in self.photos.values()
            for path in photo["files"].values()
        }


def make(root: Path, names: Iterable[str] = ("a", "b", "c")) -> Gallery:
    """A gallery with a site and a manifest."""
    gallery = Gallery(root)
    for name in names:
        gallery.add(name)
    gallery.write()
    gallery.write_site()
    return gallery
