"""Inputs to begin with: made here, and those of the folder ``corpus``, where findings stay."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from support import galleries, photos, positions

from galleria_action import comment, ledger
from galleria_action.comment import Marker
from galleria_action.ledger import Entry, Intent, Ledger, Owner

FOLDER = Path(__file__).parent / "corpus"
DATA = Path(__file__).parents[1] / "data/manifests"


def of(name: str) -> list[bytes]:
    """The corpus of the target called ``name``, never empty."""
    return [*_MADE.get(name, lambda: [b""])(), *(data for _, data in kept(name))]


def kept(name: str) -> Iterator[tuple[Path, bytes]]:
    """Files of the corpus of the target called ``name``."""
    for path in sorted((FOLDER / name).glob("*")):
        yield path, path.read_bytes()


def _manifests() -> Iterable[bytes]:
    gallery = galleries.Gallery(Path("/nowhere"))
    document = gallery.document()
    photo = {
        "id": "a",
        "original_path": "/home/me/a.jpg",
        "file_hash": "a" * 64,
        "deployment_file_hash": "b" * 64,
        "exif": {"corrected_timestamp": "2024-06-15T14:30:45", "camera": {"make": "Canon"}},
        "files": {"full": "photos/full/a.jpg", "web": "web/a.jpg", "thumb": "thumb/a.webp"},
    }
    yield json.dumps({**document, "photos": [photo]}).encode()
    yield json.dumps({**document, "photos": []}, indent=1).encode()
    for path in sorted(DATA.rglob("*.json")):
        if path.stat().st_size < 10_000:
            yield path.read_bytes()


def _ledgers() -> Iterable[bytes]:
    entries = {
        "photos/full/a.jpg": Entry(
            Owner.PHOTO, "a" * 64, "exif/1 2024", "h", 5, "e", "d", True, False
        ),
        "index.html": Entry(Owner.SITE, size=1, listed=False),
    }
    runs = {"run": Intent(1, frozenset({"photos/full/b.jpg"}), "etag")}
    packed = ledger.encode(Ledger(entries, "photos", "", frozenset("k"), runs))
    yield packed
    yield ledger._text(packed)


def _pictures() -> Iterable[bytes]:
    yield galleries.jpeg("fuzz")
    yield galleries.located(galleries.jpeg("fuzz"))
    yield photos.photo(
        photos.app1(positions.block()),
        photos.segment(
            0xE1,
            b"http://ns.adobe.com/xap/1.0/\0"
            + positions.packet(b"<exif:GPSLatitude>51,30N</exif:GPSLatitude>"),
        ),
    )
    yield photos.photo(
        photos.app1(positions.block("<")),
        photos.mpf(">", [(1000, 0), (10, 2000)]),
        trailer=galleries.jpeg("behind"),
    )


def _files() -> Iterable[bytes]:
    yield from _pictures()
    yield positions.block()
    yield galleries.webp("fuzz")
    yield positions.movie(
        positions.box(b"udta", positions.box(b"\xa9xyz", b"\0\x15\x15\xc7+51.5-000.1/"))
    )
    yield b"<svg><image href='data:image/png;base64,iVBORw0KGgo='/></svg>"
    yield b"GIF89a\x01\0\x01\0\0\0\0!\xff\x0bXMP DataXMP<x/>\x01\xff\xfe\0\0;"


_MARKER = Marker("0" * 16, "photos+site", "f" * 64, {"objects_to_put": 1}, "12345678")
_MADE = {
    "manifest": _manifests,
    "ledger": _ledgers,
    "canonical": _manifests,
    "token": lambda: [
        b'{"iss": "https://token.actions.githubusercontent.com", "sub": "repo:a/b:ref:refs/heads/main", "aud": ["x"]}',
        b"[" * 100_000,
    ],
    "cdn": lambda: [
        b'403 {"success": false, "errors": [{"code": 10000, "message": "Authentication error"}]}',
        b'400 {"ErrorKey": "purge.urls_invalid", "Field": "Urls", "Message": "The purge request"}',
        b"500 " + b"[" * 100_000,
    ],
    "settings": lambda: [
        b"S3_PUBLIC_BUCKET = 'gallery'\nDRY_RUN = True\nMAX_DELETES: int = 20\nEXCLUDE = ['a', 'b']\n",
        b"import os\nOUTPUT_DIR = os.path.join('a', 'b')\ndef f(): pass\n",
    ],
    "config": lambda: [
        b"s3-bucket=gallery\ns3-endpoint=https://s3.example.org\ns3-access-key=ak\ns3-secret-key=verysecretkey\nmax-deletes=25%\ncache-control=*.html: no-store\nshard=1/3\nphotos-prefix=a/b\npublic-url=https://x.org",
    ],
    "index-config": lambda: [b"timestamp-offset-hours=-4\ntarget-timezone-offset-hours=5.5\ncollection=x"],
    "listing": lambda: [
        b'<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><KeyCount>1</KeyCount><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken><Contents><Key>a&amp;b</Key><Size>1</Size><ETag>&quot;e&quot;</ETag></Contents></ListBucketResult>',
    ],
    "http": lambda: [
        b'HTTP/1.1 200 OK\r\nETag: "e"\r\nContent-Length: 5\r\n\r\nhello',
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nx: y\r\n\r\n",
        b"HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\nbody",
    ],
    "globs": lambda: [b"**/*.jp[eg]*\nfull/a/b.jpg", b"drafts/\ndrafts/a", b"./a?[!b-d]\nabc"],
    "exif": _pictures,
    "jpeg": _pictures,
    "tiff": lambda: [positions.block(), positions.block("<")],
    "position": _files,
    "event": lambda: [
        json.dumps(
            {"pull_request": {"number": 7, "state": "open", **{side: {"repo": {"full_name": "a/b"}} for side in ("head", "base")}}}
        ).encode()
    ],
    "comment": lambda: [comment.encode(_MARKER).encode() + b"\n\n## Plan"],
    "text": lambda: [b"a `b` | <c> @d ::error:: \x1b[31m \xe2\x80\xae", b"1. www.example.org #1 &amp;"],
}  # fmt: skip
