"""What is deployed in a run: a gallery, mostly one that is live already and has changed since."""

from __future__ import annotations

import hashlib
import shutil
import threading
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from support import program, servers
from support.galleries import Gallery
from support.memory import MemoryStore
from support.servers import Server

from faults.kinds import LEDGER, MANIFEST
from faults.script import Script
from galleria_action import ledger
from galleria_action.fast_store import FastStore
from galleria_action.ledger import Entry, Ledger, Owner

OTHERS = {
    "photos/full/holiday.jpg": b"somebody's own",
    "photos2/full/p0.jpg": b"of another prefix",
    "other.html": b"<p>another page",
    ".galleria/other.json.ledger.json.gz": ledger.encode(
        Ledger({"other.html": Entry(Owner.SITE, size=19, etag="a")}, "photos2", "")
    ),
}
"""Objects that are not this gallery's, at keys close to its own."""
PHOTOS = [f"p{number}" for number in range(12)]


_MAKING = threading.Lock()


def store(server: Server, bucket: str) -> FastStore:
    """The direct way to a bucket; made by one thread at a time, as it sets the environment."""
    with _MAKING:
        return servers.store(server, bucket)


@dataclass
class Story:
    """A gallery as it is to be published.

    target
        Key to MD5 of every object that it consists of, the ledger apart.
    manifests
        The bytes that may be live: of before, of this version, of somebody else's.
    """

    gallery: Gallery
    target: dict[str, str]
    manifests: dict[str, bytes] = field(default_factory=dict)
    owned: set[str] = field(default_factory=set)
    """Every key that any version has, and the ledger's."""


def tell(script: Script, server: Server, bucket: str, root: Path) -> Story:
    """Fill the bucket and the folder ``root`` by the script's seed."""
    random = Random(f"story {script.seed}")
    client = servers.client(server)
    for key, data in OTHERS.items():
        client.put_object(Bucket=bucket, Key=key, Body=data)
    gallery = Gallery(root)
    names = random.sample(PHOTOS, random.randint(3, 9))
    for name in names:
        gallery.add(name)
    gallery.write()
    gallery.write_site()
    if random.random() < 0.3:
        gallery.write_site({"media/tour.mp4": random.randbytes(random.randint(270_000, 600_000))})
    manifests: dict[str, bytes] = {}
    owned = {LEDGER}
    if random.random() < 0.8 or script.thorough:
        program.deployed(root, store(server, bucket))
        manifests["old"] = servers.body(server, bucket, MANIFEST)
        owned |= versions(gallery).keys()
        _change(gallery, names, random, 1 if script.thorough else 0)
    target = versions(gallery)
    manifests["new"] = published(gallery)
    return Story(gallery, target, manifests, owned | target.keys())


def _change(gallery: Gallery, names: list[str], random: Random, least: int) -> None:
    """At least one photo more, perhaps some fewer and some that are others now.

    ``least`` 1: certainly, and files of the site as well.
    """
    for name in random.sample(names, random.randint(least, min(2, len(names) - 2) or 1)):
        gallery.remove(name)
        for path in gallery.pics.glob(f"*/{name}.*"):
            path.unlink()
    for name in random.sample(sorted(gallery.photos), random.randint(least, 2)):
        gallery.add(name, seed=f"{name} again")
    for name in random.sample([each for each in PHOTOS if each not in names], random.randint(1, 3)):
        gallery.add(name)
    gallery.generated_at = "2024-11-02T10:00:00+00:00"
    gallery.write()
    if random.random() < 0.7 or least:
        gallery.write_site({"index.html": f"<p>{random.random()}".encode()})
    if random.random() < 0.5 or least:
        gallery.write_site({"data/photos.json": f"[{random.random()}]".encode()})


def _deployed_in_memory(gallery: Gallery) -> MemoryStore:
    """What a deployment without faults makes of the gallery."""
    store = MemoryStore()
    program.deployed(gallery.root, store)
    shutil.rmtree(gallery.root / "galleria-report")
    return store


def versions(gallery: Gallery) -> dict[str, str]:
    return {
        key: hashlib.md5(stored.data).hexdigest()
        for key, stored in _deployed_in_memory(gallery).objects.items()
        if key != LEDGER
    }


def published(gallery: Gallery) -> bytes:
    return _deployed_in_memory(gallery).objects[MANIFEST].data


def intrude(server: Server, bucket: str, story: Story, root: Path) -> None:
    """Publish another version in the bucket, from a copy of the folder."""
    shutil.copytree(story.gallery.root, root)
    other = Gallery(root, dict(story.gallery.photos))
    other.add("guest")
    other.write()
    story.owned |= versions(other).keys()
    program.deployed(root, store(server, bucket))
    story.manifests["other"] = servers.body(server, bucket, MANIFEST)
