"""Many deployments at once to one bucket, in orders of their requests that a seed decides.

`GALLERIA_OVERLAP=2000 pytest tests/integration/test_overlap.py` tries so many orders of each kind.
A failure names its seed: `GALLERIA_OVERLAP_FIRST=17 GALLERIA_OVERLAP=1` tries that one again.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from support import galleries, program
from support.memory import MemoryStore, Operation, RecordingStore
from support.program import Ran
from support.turns import Turns

from galleria_action import keys, ledger
from galleria_action.delivery import Delivery

ORDERS = int(os.environ.get("GALLERIA_OVERLAP", "12"))
FIRST = int(os.environ.get("GALLERIA_OVERLAP_FIRST", "0"))
SEEDS = range(FIRST, FIRST + ORDERS)
NAMES = "abcde"


@dataclass(frozen=True)
class Place:
    """Where a gallery goes: its inputs."""

    metadata_key: str = "gallery-metadata.json"
    photos_prefix: str = "photos"
    site_prefix: str = "/"

    @property
    def inputs(self) -> dict[str, str]:
        return {
            "metadata_key": self.metadata_key,
            "photos_prefix": self.photos_prefix,
            "site_prefix": self.site_prefix,
            "max_deletes": "100",
        }

    @property
    def ledger_key(self) -> str:
        return keys.ledger(self.metadata_key)

    def listed(self, bucket: MemoryStore) -> set[str]:
        """Keys that its live manifest lists."""
        found = bucket.objects.get(self.metadata_key)
        photos = json.loads(found.data)["photos"] if found else []
        return {
            f"{self.photos_prefix}/{path}" for each in photos for path in each["files"].values()
        }

    def facts(self, bucket: MemoryStore) -> ledger.Ledger:
        found = bucket.objects.get(self.ledger_key)
        return ledger.decode(found.data) if found else ledger.Ledger()


@dataclass(frozen=True)
class Deployment:
    """One run: of a gallery with these photos (name to seed), to a place, with more inputs."""

    place: Place
    photos: tuple[tuple[str, str], ...]
    inputs: tuple[tuple[str, str], ...] = ()
    site: str = ""

    def files(self, root: Path) -> Path:
        gallery = galleries.Gallery(root)
        for name, seed in self.photos:
            gallery.add(name, seed=f"{name}{seed}")
        gallery.write()
        gallery.write_site(
            {name: data + self.site.encode() for name, data in galleries.SITE.items()}
        )
        return root

    def run(self, root: Path, store, delivery: Delivery = program.NOBODY) -> Ran:
        inputs = self.place.inputs | dict(self.inputs)
        return program.run(root, store, delivery=delivery, **inputs)


@dataclass
class Look:
    """From the last look before a delete to the delete: as long as a request or two."""

    place: Place
    number: int = 0
    """Of looks that began."""
    lasts: bool = False

    def told(self, operation: Operation) -> bool:
        """Whether the operation goes on with the look that an earlier one has begun."""
        goes_on = self.lasts and (
            (operation.name == "get" and keys.gallery(operation.key) is not None)
            or operation == ("head", self.place.metadata_key)
            or operation.name == "delete"
        )
        begins = operation == ("list", keys.RECORDS)
        self.number += begins
        self.lasts = goes_on or begins
        return goes_on

    def ended(self) -> None:
        self.lasts = False


@dataclass
class Overlap:
    """Deployments to one bucket at once, watched after each of their requests."""

    bucket: MemoryStore
    deployments: list[Deployment]
    folder: Path
    put: dict[Place, dict[str, set[str]]] = field(default_factory=dict)
    """Of each gallery: key to the ETags that its runs were told of."""

    def __post_init__(self) -> None:
        self.places = {each.place for each in self.deployments}
        self.put = {each: {} for each in self.places}
        self.roots = [
            each.files(self.folder / str(number)) for number, each in enumerate(self.deployments)
        ]

    def at_once(self, seed: int) -> list[Ran]:
        """Run all; between any two requests of one those of others may come.

        Who waits does so for longer than a look and its delete take. Where the store knows no
        conditions, the moment between a look and what follows it is not closed: there it is one
        step.
        """
        turns = Turns(seed)
        looks = [Look(each.place) for each in self.deployments]
        steps = self.bucket.conditions and self.bucket.knows_conditions

        def start(number: int) -> Callable[[], Ran]:
            deployment, look = self.deployments[number], looks[number]
            store = RecordingStore(self.bucket)

            def commits(operation: Operation) -> bool:
                return operation == ("put", deployment.place.metadata_key)

            def before(operation: Operation) -> None:
                goes_on = look.told(operation)
                if steps or not (goes_on or commits(operation)):
                    turns.turn()

            def after(operation: Operation) -> None:
                self._watch(deployment.place, operation)
                if operation.name == "delete":
                    look.ended()

            def rest(_seconds: float) -> None:
                look.ended()
                now = [(each, each.number) for each in looks if each.lasts]
                while any(each.lasts and each.number == then for each, then in now):
                    turns.turn(patient=True)

            def run() -> Ran:
                try:
                    return deployment.run(self.roots[number], store, Delivery(rest=rest))
                finally:
                    look.ended()

            store.before, store.after = before, after
            return run

        return turns.run([start(number) for number in range(len(self.deployments))])

    def _watch(self, place: Place, operation: Operation) -> None:
        for each in self.places:
            missing = each.listed(self.bucket) - set(self.bucket.objects)
            assert not missing, f"{each.metadata_key} lists {missing} after {operation} of {place}"
        if operation.name == "put" and operation.key not in (place.ledger_key, place.metadata_key):
            etag = self.bucket.objects[operation.key].etag
            self.put[place].setdefault(operation.key, set()).add(etag)

    def check(self, runs: list[Ran]) -> None:
        """Whoever did not succeed says why; no ledger has lost what its runs were told."""
        assert {run.reason for run in runs} <= {"", "remote-changed"}, [
            run.error.text() for run in runs if run.error
        ]
        if self.bucket.conditions and self.bucket.knows_conditions:
            for place, put in self.put.items():
                entries = place.facts(self.bucket).entries
                for key, etags in put.items():
                    there = self.bucket.objects.get(key)
                    if there and there.etag in etags:
                        assert key in entries, f"{place.metadata_key} forgot {key}"
                        assert entries[key].etag in etags, (key, entries[key])

    def rerun(self, number: int) -> None:
        """A rerun succeeds and publishes its gallery; one more has nothing to do."""
        deployment, root = self.deployments[number], self.roots[number]
        whole = replace(
            deployment,
            inputs=tuple(each for each in deployment.inputs if each[0] != "shard"),
        )
        store = RecordingStore(self.bucket)
        store.after = lambda operation: self._watch(deployment.place, operation)
        ran = whole.run(root, store)
        assert ran.error is None, ran.error.text()
        if "site_only" not in dict(whole.inputs):
            files = {name: f"{kind}/{name}" for name, _ in whole.photos for kind in ["full"]}
            prefix = deployment.place.photos_prefix
            listed = {key for key in deployment.place.listed(self.bucket) if "/full/" in key}
            assert listed == {f"{prefix}/{path}.jpg" for path in files.values()}
        store.operations.clear()
        ran = whole.run(root, store)
        assert (ran.reason, ran.outputs["changes"], store.writes) == ("", "false", [])


def versions(seed: int, place: Place, number: int, first: int = 0) -> Iterator[Deployment]:
    """Different versions of one gallery: photos more, fewer, changed."""
    choose = random.Random(f"{seed} {place.metadata_key}")
    for each in range(first, first + number):
        names = sorted(choose.sample(NAMES, choose.randint(2, len(NAMES))))
        photos = tuple((name, choose.choice(["", "", f" v{each}"])) for name in names)
        yield Deployment(place, photos, site=choose.choice(["", f" {each}"]))


def own(number: int) -> Place:
    return Place(f"g{number}.json", f"g{number}/photos", f"g{number}/site")


def sharing(number: int) -> Place:
    """A gallery of its own with the folders of all others."""
    return Place(f"g{number}.json")


def deployed(bucket: MemoryStore, folder: Path, *deployments: Deployment) -> None:
    """Before the others start, these have succeeded."""
    for number, each in enumerate(deployments):
        ran = each.run(each.files(folder / f"before-{number}"), bucket)
        assert ran.error is None, ran.error.text()


@pytest.mark.parametrize("seed", SEEDS)
def test_ten_runs_of_one_gallery(seed: int, tmp_path: Path):
    """Versions that add, change and remove: one after the other commits, or says who was faster."""
    bucket = MemoryStore()
    place = Place()
    start, *others = versions(seed, place, 11)
    deployed(bucket, tmp_path, start)
    overlap = Overlap(bucket, others, tmp_path)
    runs = overlap.at_once(seed)
    overlap.check(runs)
    for number in random.Random(seed).sample(range(10), 2):
        overlap.rerun(number)


@pytest.mark.parametrize("seed", SEEDS)
def test_ten_first_deployments(seed: int, tmp_path: Path):
    """There is nothing yet, and ten want to be the first."""
    overlap = Overlap(MemoryStore(), list(versions(seed, Place(), 10)), tmp_path)
    runs = overlap.at_once(seed)
    overlap.check(runs)
    overlap.rerun(seed % 10)


@pytest.mark.parametrize("seed", SEEDS)
def test_ten_galleries_of_their_own(seed: int, tmp_path: Path):
    """Galleries with folders of their own never meet: all succeed, whatever the order."""
    bucket = MemoryStore()
    each = [list(versions(seed, own(number), 2)) for number in range(10)]
    deployed(bucket, tmp_path, *(first for first, _ in each))
    overlap = Overlap(bucket, [second for _, second in each], tmp_path)
    runs = overlap.at_once(seed)
    overlap.check(runs)
    assert [run.reason for run in runs] == [""] * 10
    for number in range(10):
        overlap.rerun(number)


@pytest.mark.parametrize("seed", SEEDS)
def test_galleries_that_share_their_folders(seed: int, tmp_path: Path):
    """Galleries that publish the same keys: what one removes another may still list."""
    bucket = MemoryStore()
    each = [list(versions(seed, sharing(number), 2)) for number in range(5)]
    deployed(bucket, tmp_path, *(first for first, _ in each))
    overlap = Overlap(bucket, [second for _, second in each], tmp_path)
    runs = overlap.at_once(seed)
    overlap.check(runs)
    for number in range(5):
        overlap.rerun(number)


@pytest.mark.parametrize("seed", SEEDS)
def test_scoped_runs_beside_whole_ones(seed: int, tmp_path: Path):
    """Photos alone, the site alone and both, of one gallery."""
    bucket = MemoryStore()
    start, *others = versions(seed, Place(), 9)
    deployed(bucket, tmp_path, start)
    scopes = [(("photos_only", "true"),), (("site_only", "true"),), ()]
    some = [replace(each, inputs=scopes[number % 3]) for number, each in enumerate(others)]
    overlap = Overlap(bucket, some, tmp_path)
    runs = overlap.at_once(seed)
    overlap.check(runs)
    overlap.rerun(2)


@pytest.mark.parametrize("seed", SEEDS)
def test_shards_beside_a_commit(seed: int, tmp_path: Path):
    """Jobs that send parts of a new version while others commit."""
    bucket = MemoryStore()
    start, new, other = versions(seed, Place(), 3)
    deployed(bucket, tmp_path, start)
    shards = [replace(new, inputs=(("shard", f"{part}/4"),)) for part in range(1, 5)]
    overlap = Overlap(bucket, [*shards, other, new], tmp_path)
    runs = overlap.at_once(seed)
    overlap.check(runs)
    overlap.rerun(5)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("knows", [True, False], ids=["ignores", "refuses"])
def test_stores_without_conditions(seed: int, knows: bool, tmp_path: Path):
    """Five at once: the last look keeps the live manifest whole; a rerun converges."""
    bucket = MemoryStore(conditions=False, knows_conditions=knows)
    start, *others = versions(seed, Place(), 6)
    deployed(bucket, tmp_path, start)
    overlap = Overlap(bucket, others, tmp_path)
    runs = overlap.at_once(seed)
    overlap.check(runs)
    overlap.rerun(seed % 5)
