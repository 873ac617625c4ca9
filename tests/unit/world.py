"""A model of galleries and a bucket: dictionaries of bytes, and what a deployment does to them.

It restates the order of writes of the design in a few lines, so that plans can be tried on it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from msgspec.structs import replace
from support.galleries import jpeg
from unit.samples import config

from galleria_action import exif, manifest, planning, publication, unread, wanted
from galleria_action.config import Config, MaxDeletes
from galleria_action.edits import is_corrected
from galleria_action.ledger import Entry, Ledger, Owner
from galleria_action.plan import Action, Kind, Plan
from galleria_action.planning import Gallery
from galleria_action.remote import Listed, Remote
from galleria_action.wanted import LocalFile, Wanted

MANIFEST_KEY = "gallery-metadata.json"
CORRECTED = "2024-06-15T14:30:45"


def md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@dataclass
class Here:
    """A local gallery: photos as id to (name of the files, version, edited), site as name to version."""

    photos: Mapping[str, tuple[str, int, bool]] = field(default_factory=dict)
    site: Mapping[str, int] = field(default_factory=dict)
    directory: bool = False
    generated_at: int = 0

    def files(self) -> dict[str, bytes]:
        """Path to bytes of every photo file."""
        made = {}
        for name, version, edited in self.photos.values():
            made[f"full/{name}"] = (
                jpeg(f"{name}{version}") if edited else f"{name}{version}".encode()
            )
            made[f"web/{name}"] = jpeg(f"{name}{version} web") if edited else b"web of all"
            made[f"thumb/{name}"] = f"{name}{version} thumb".encode()
        return made

    def site_files(self) -> dict[str, bytes]:
        return {name: f"{name}{version}".encode() for name, version in self.site.items()}

    def manifest(self) -> manifest.Manifest:
        files = self.files()
        document = {
            "schema_version": "1.0",
            "generated_at": f"2024-01-{self.generated_at + 1:02}",
            "settings": {"timestamp_offset_hours": 0, "target_timezone_offset_hours": 2},
            "photos": [
                {
                    "id": photo,
                    "file_hash": sha256(files[f"full/{name}"]),
                    "deployment_file_hash": sha256(self._published(files[f"full/{name}"], edited)),
                    "exif": {"corrected_timestamp": CORRECTED},
                    "files": {variant: f"{variant}/{name}" for variant in ("full", "web", "thumb")},
                }
                for photo, (name, _, edited) in self.photos.items()
            ],
        }
        return manifest.parse(json.dumps(document).encode(), "m.json")

    def _published(self, data: bytes, edited: bool) -> bytes:
        return exif.edit(data, "2024:06:15 14:30:45", "+02:00") if edited else data

    def gallery(self, settings: Config) -> Gallery:
        """What is to be deployed, as the preparation makes it."""
        objects: list[Wanted] = []
        files = {name: LocalFile(name, name) for name in self.files()}
        made = None if self.directory or settings.site_only else self.manifest()
        if made:
            objects += wanted.photos(made, files, settings)
        elif not settings.site_only:
            objects += wanted.photo_files(files.values(), settings)
        if not settings.photos_only:
            site = [LocalFile(name, name) for name in self.site_files()]
            objects += wanted.site(site, settings)
        accepted, skipped = wanted.checked(objects, settings)
        return Gallery(accepted, "directory" if self.directory else "metadata", made, skipped)

    def read(self, each: Wanted) -> bytes:
        return (self.site_files() if each.owner is Owner.SITE else self.files())[each.file.name]


@dataclass
class World:
    """A bucket, and what its ledger says."""

    bucket: dict[str, bytes] = field(default_factory=dict)
    ledger: Ledger = field(default_factory=Ledger)
    faults: tuple[str, ...] = ()
    ours: set[str] = field(default_factory=set)

    def remote(self) -> Remote:
        data = self.bucket.get(MANIFEST_KEY)
        try:
            deployed = manifest.parse(data, "m.json") if data else None
            faults = self.faults
        except manifest.DeployError:
            deployed, faults = None, (*self.faults, "broken manifest")
        return Remote(
            manifest_etag=md5(data) if data else None,
            manifest=deployed,
            faults=faults,
            ledger=self.ledger,
            listing={key: Listed(len(each), md5(each)) for key, each in self.bucket.items()},
        )

    def plan(self, here: Here, settings: Config) -> Plan:
        gallery, remote = here.gallery(settings), self.remote()
        begun = [
            publication.read_source(each, here.read(each))
            for each in gallery.objects
            if not each.is_full
        ]
        readings = {
            request.wanted.key: publication.read(
                request.wanted, request.edit, here.read(request.wanted), md5=request.md5
            )[0]
            for request in unread.find(gallery.objects, remote, begun, force=settings.force)
        }
        return planning.build(settings, gallery, remote, readings)

    def apply(self, plan: Plan, here: Here, stop_after: int | None, flushed: bool) -> None:
        """Execute ``plan``, or only its first changes; the ledger then has all puts or none."""
        listed = self.remote().photo_keys(plan.photos_prefix)
        changes = plan.changes if stop_after is None else plan.changes[:stop_after]
        facts: dict[str, Entry | None] = {
            **plan.claims, **plan.kept, **dict.fromkeys(plan.forgotten)
        }  # fmt: skip
        committed = False
        for change in changes:
            self.ours.add(change.key)
            if change.action is Action.DELETE:
                self.bucket.pop(change.key, None)
                if stop_after is None:
                    facts[change.key] = None
            elif change.kind is Kind.MANIFEST:
                committed = True
                self.bucket[change.key] = plan.manifest_data
                self.ledger = self.ledger.changed(facts)  # flushed before the commit
                facts[change.key] = self._manifest_entry(change, plan)
            else:
                facts[change.key] = self._put(change, here, change.key in listed)
        if stop_after is None:
            self._finish(plan, facts)
        elif flushed and not committed:
            self.ledger = self.ledger.changed(facts)

    def _manifest_entry(self, change, plan) -> Entry:
        data = plan.manifest_data
        return Entry(Owner.MANIFEST, change.source, "", change.headers.digest, len(data), md5(data))

    def _put(self, change, here: Here, listed: bool) -> Entry:
        data = here.read(change.wanted)
        assert sha256(data) == change.source
        published = publication.publish(
            change.wanted, change.wanted.edit if is_corrected(change.edit) else None, data
        )
        assert published.edit == change.edit
        assert len(published.data) == change.size
        before = self.ledger.entries.get(change.key)
        self.bucket[change.key] = published.data
        return Entry(
            owner=change.wanted.owner,
            source=change.source,
            edit=change.edit,
            headers=change.headers.digest,
            size=change.size,
            etag=md5(published.data),
            deployment_hash=change.wanted.deployment_hash,
            listed=change.wanted.owner is not Owner.PHOTO
            or listed
            or (before is not None and before.listed),
            position=change.position,
        )

    def _finish(self, plan: Plan, facts: dict[str, Entry | None]) -> None:
        in_plan = {*plan.kept, *(change.key for change in plan.changes)}
        if plan.photos and plan.mode == "metadata":
            facts |= {
                key: each._replace(listed=True)
                for key, each in facts.items()
                if each and key in in_plan
            }
            self.ledger = replace(self.ledger, photos_prefix=plan.photos_prefix)
        if plan.site:
            self.ledger = replace(self.ledger, site_prefix=plan.site_prefix)
        self.ledger = self.ledger.changed(facts)
        self.faults = ()


def settings(**changes: object) -> Config:
    """A configuration that no limit of deletes holds back."""
    return config(max_deletes=MaxDeletes(count=10**6), **changes)
