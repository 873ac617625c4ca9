"""Watches a bucket through the only door to it, and says whenever a promise is broken.

It keeps a picture of the bucket that changes with each write the store has done, so it sees what
holds at every moment and not at some.
"""

from __future__ import annotations

import hashlib
import json
import threading
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs

from support import servers
from support.servers import Server

from faults.kinds import LEDGER, MANIFEST, PHOTOS, RECORDS, Phase, Request
from faults.story import Story


@dataclass
class Witness:
    """What was asked of the bucket and done to it.

    objects
        Key to MD5 of what is in the bucket.
    live
        The bytes of its manifest.
    sent
        Key to how often its bytes of now were sent, since :meth:`begin`.
    """

    server: Server
    bucket: str
    story: Story
    objects: dict[str, str] = field(default_factory=dict)
    live: bytes | None = None
    violations: list[str] = field(default_factory=list)
    unconditional: list[str] = field(default_factory=list)
    """Manifest and ledger, whenever they were put without a condition."""
    requests: list[Request] = field(default_factory=list)
    sent: Counter[tuple[str, str]] = field(default_factory=Counter)
    sent_bytes: int = 0
    sent_twice: int = 0
    _numbers: Counter[Phase] = field(default_factory=Counter)
    _attempts: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    _written: bool = False
    _committed: bool = False
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def begin(self) -> None:
        """A run begins."""
        with self._lock:
            self.objects = {
                key: each.etag for key, each in servers.listing(self.server, self.bucket).items()
            }
            present = MANIFEST in self.objects
            self.live = servers.body(self.server, self.bucket, MANIFEST) if present else None
            self.requests, self.sent = [], Counter()
            self.sent_bytes = self.sent_twice = 0
            self._numbers, self._attempts = Counter(), Counter()
            self._written = self._committed = False

    def came(self, method: str, key: str, query: str) -> Request:
        """A request has come; where it belongs."""
        with self._lock:
            phase = self._phase(method, key, query)
            about = (method, key, query)
            request = Request(phase, *about, self._numbers[phase], self._attempts[about])
            self._numbers[phase] += 1
            self._attempts[about] += 1
            self.requests.append(request)
            return request

    def _phase(self, method: str, key: str, query: str) -> Phase:
        if method in ("POST", "DELETE"):
            return Phase.DELETES
        if method == "PUT":
            return self._phase_of_put(key)
        if "list-type" in query:
            return Phase.LISTING
        if method == "HEAD":
            return Phase.GATE
        return Phase.READ_BACK if self._written else Phase.LOAD

    def _phase_of_put(self, key: str) -> Phase:
        if key == MANIFEST:
            return Phase.MANIFEST
        if key == LEDGER:
            if self._committed:
                return Phase.LAST_LEDGER
            return Phase.LEDGER if self._written else Phase.ANNOUNCE
        if key.startswith(PHOTOS):
            return Phase.PHOTOS
        return Phase.PAGES if key.endswith(".html") else Phase.SITE

    def writes(self, request: Request, data: bytes, headers: dict[str, str]) -> None:
        """A request to write has come with all of its body."""
        with self._lock:
            if not self._written and not self._report.exists():
                self._violated(f"{request.key} is written before the plan is shown")
            self._written = True
            self._check_owner(request, data)
            self._check_order(request.phase)
            if request.key in RECORDS and not {"if-match", "if-none-match"} & headers.keys():
                self.unconditional.append(request.key)
            if request.method == "PUT":
                self._count(request.key, data)

    @property
    def _report(self) -> Path:
        return self.story.gallery.root / "galleria-report/plan.json"

    def _count(self, key: str, data: bytes) -> None:
        md5 = hashlib.md5(data).hexdigest()
        again = self.sent[key, md5] or self.objects.get(key) == md5
        self.sent[key, md5] += 1
        self.sent_bytes += len(data)
        self.sent_twice += len(data) if again and key not in RECORDS else 0

    def _check_owner(self, request: Request, data: bytes) -> None:
        keys = _deleted(request, data) if request.method != "PUT" else {request.key}
        if foreign := keys - self.story.owned:
            self._violated(f"{request.method} of {sorted(foreign)}, which are not ours")

    def _check_order(self, phase: Phase) -> None:
        """No group is begun before those before it have arrived, whole."""
        target = self.story.target
        pages = {key for key in target if key.endswith(".html")}
        photos = {key for key in target if key.startswith(PHOTOS)}
        before = {
            Phase.SITE: photos,
            Phase.PAGES: target.keys() - pages - RECORDS,
            Phase.MANIFEST: target.keys() - RECORDS,
            Phase.DELETES: target.keys(),
        }.get(phase, set())
        wrong = [key for key in sorted(before) if self.objects.get(key) != target[key]]
        if wrong:
            self._violated(f"{phase} begun while {wrong} have not arrived")

    def done(self, request: Request, data: bytes, answer: bytes) -> None:
        """The store has done what was asked; ``data`` is what it got."""
        with self._lock:
            if request.method == "PUT":
                self.objects[request.key] = hashlib.md5(data).hexdigest()
                if request.key == MANIFEST:
                    self.live, self._committed = data, True
            else:
                refused = set(_keys(answer, "Error"))
                for key in _deleted(request, data) - refused:
                    self.objects.pop(key, None)
            self.check_live()

    def check_live(self) -> None:
        """The live manifest is one of those that may be, and every key it lists exists."""
        with self._lock:
            if self.live is None:
                if "old" in self.story.manifests:
                    self._violated("there is no manifest any more")
                return
            if self.live not in self.story.manifests.values():
                self._violated("the live manifest is none that anybody deployed")
                return
            if missing := _listed(self.live) - self.objects.keys():
                self._violated(f"the live manifest names {sorted(missing)}, which are missing")

    def intruded(self) -> None:
        """Somebody else has written to the bucket."""
        with self._lock:
            listing = servers.listing(self.server, self.bucket)
            self.objects = {key: each.etag for key, each in listing.items()}
            self.live = servers.body(self.server, self.bucket, MANIFEST)
            self.check_live()

    def check_picture(self) -> None:
        """What was seen is what is there."""
        listing = servers.listing(self.server, self.bucket)
        if {key: each.etag for key, each in listing.items()} != self.objects:
            self._violated("the witness has missed something")

    def _violated(self, what: str) -> None:
        self.violations.append(what)


def _listed(manifest: bytes) -> set[str]:
    photos = json.loads(manifest)["photos"]
    return {f"{PHOTOS}{path}" for photo in photos for path in photo["files"].values()}


def _deleted(request: Request, data: bytes) -> set[str]:
    """Keys that are to be deleted."""
    if request.method == "DELETE":
        return {request.key}
    if "delete" not in parse_qs(request.query, keep_blank_values=True):
        return set()
    return set(_keys(data, "Object"))


def _keys(document: bytes, parent: str) -> Iterator[str]:
    if not document.strip():
        return
    for each in ET.fromstring(document).iter():
        if each.tag.rpartition("}")[2] == parent:
            yield from (one.text or "" for one in each if one.tag.rpartition("}")[2] == "Key")
