"""Values that several unit tests start from: a configuration, manifests, wanted objects."""

from __future__ import annotations

import hashlib
import json
from functools import cache

from msgspec.structs import replace

from galleria_action import headers, manifest, publication
from galleria_action.bucket import Bucket
from galleria_action.config import Config
from galleria_action.ledger import Entry, Owner
from galleria_action.manifest import Edit, Manifest
from galleria_action.wanted import LocalFile, Wanted

EDIT = Edit("2024-06-15T14:30:45", "+02:00")
CORRECTED = "2024-06-15T14:30:45"


@cache
def sha256(text: str) -> str:
    """64 digits that stand for bytes called ``text``."""
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def config(**changes: object) -> Config:
    """The default configuration with ``changes``."""
    return replace(Config(Bucket("my-gallery-bucket")), **changes)


def photo(name: str, **changes: object) -> dict:
    """A manifest's entry of a photo that is edited; ``changes`` replace its members."""
    return {
        "id": name,
        "original_path": f"pics-full/{name}.JPG",
        "file_hash": sha256(name),
        "deployment_file_hash": sha256(f"{name} corrected"),
        "exif": {"corrected_timestamp": CORRECTED},
        "files": {
            "full": f"full/{name}.jpg",
            "web": f"web/{name}.jpg",
            "thumb": f"thumb/{name}.webp",
        },
        **changes,
    }


def document(*photos: dict, **changes: object) -> dict:
    """A manifest's document; ``changes`` replace its members."""
    return {
        "schema_version": "1.0",
        "generated_at": "2024-10-28T10:00:00+00:00",
        "collection": "wedding",
        "settings": {"timestamp_offset_hours": -4, "target_timezone_offset_hours": 2},
        "photos": list(photos),
        **changes,
    }


def parsed(document: object) -> Manifest:
    return manifest.parse(json.dumps(document, indent=2).encode(), "gallery-metadata.json")


SIZE = 1000
"""Bytes of an object, where it does not matter which."""


def local(name: str) -> LocalFile:
    return LocalFile(name, f"/workspace/{name}")


def size_of(path: str) -> int:
    """Bytes of a file, as they mostly are: a full's are more than a web's or a thumb's."""
    return {"full": 9000, "web": 500, "thumb": 10}.get(path.split("/")[-2], SIZE)


def full(name: str, **changes: object) -> Wanted:
    """The wanted full of the photo ``name``, as :func:`photo` describes it."""
    key = f"photos/full/{name}.jpg"
    made = Wanted(
        key=key,
        owner=Owner.PHOTO,
        file=local(f"full/{name}.jpg"),
        headers=headers.headers(key, f"full/{name}.jpg", (), photo=True),
        photo=name,
        file_hash=sha256(name),
        deployment_hash=sha256(f"{name} corrected"),
        edit=EDIT,
    )
    return made._replace(**changes)


def thumb(name: str, **changes: object) -> Wanted:
    """The wanted thumb of the photo ``name``."""
    key = f"photos/thumb/{name}.webp"
    photo_headers = headers.headers(key, f"thumb/{name}.webp", (), photo=True)
    file = local(f"thumb/{name}.webp")
    return Wanted(key, Owner.PHOTO, file, photo_headers, photo=name)._replace(**changes)


def page(name: str, **changes: object) -> Wanted:
    """A wanted file of a site at the bucket's root."""
    made = Wanted(name, Owner.SITE, local(name), headers.headers(name, name, ()))
    return made._replace(**changes)


def entry(wanted: Wanted, **changes: object) -> Entry:
    """The ledger's entry of ``wanted`` as the deployment leaves it; a file is named by its hash."""
    edit = str(wanted.edit) if wanted.edit else ""
    made = Entry(
        owner=wanted.owner,
        source=wanted.file_hash or sha256(wanted.file.name),
        edit=edit,
        headers=wanted.headers.digest,
        size=SIZE,
        etag=md5(wanted.file.name),
        deployment_hash=wanted.deployment_hash,
    )
    return made._replace(**changes)


def published_for(wanted, data):
    """What is published for ``data`` if nothing but the file itself speaks against its edit."""
    due = publication.edit_for(wanted, wanted.edit, hashlib.sha256(data).hexdigest())
    return publication.publish(wanted, due, data)
