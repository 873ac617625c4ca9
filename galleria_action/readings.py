"""What the files tell that a plan is made of: each read once, a few at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from itertools import chain
from typing import Protocol, TypeVar

from galleria_action import geotag, publication
from galleria_action.edits import is_corrected
from galleria_action.errors import DeployError, FailureReason, Problem
from galleria_action.failures import positions_undecided, stale_photos
from galleria_action.ledger import Owner
from galleria_action.publication import AS_READING, Published, Reading, Stale, Undecidable
from galleria_action.unread import ReadRequest
from galleria_action.wanted import Stamp, Wanted

T = TypeVar("T")
R = TypeVar("R")

CHUNK = 1 << 20
BATCH_FILES, BATCH_BYTES = 250, 4 << 20
"""Files are read in batches: handing over each alone would take longer than reading it."""
FEWEST_FILES, BATCHES = 25, 64
"""Of a batch, and of them: enough for all processes to end at the same time."""
SAMPLE = 100
"""Files whose sizes stand for those of all: asking for that of each takes as long as opening it."""

ROOM = 48 << 20
SMALL = 1 << 20
OVERHEAD = 400  # of an object in memory, whatever its size

Prepared = tuple[Published, Stamp]
Members = tuple[object, ...]
"""Of a reading: another process hands them over in half the time."""
Failure = Stale | Undecidable | OSError


class Files(Protocol):
    """What is needed of the workspace."""

    def size(self, path: str) -> int:
        """How many bytes a resolved path has."""

    def read(self, path: str) -> bytes:
        """The bytes of a resolved path."""

    def read_small(self, path: str, limit: int) -> bytes | None:
        """The same, None if there are so many or more."""

    def chunks(self, path: str, size: int) -> Iterator[bytes]:
        """The same in pieces."""

    def stamp(self, path: str) -> Stamp:
        """What is another value as soon as the file is changed or replaced."""

    def relative(self, path: str) -> str:
        """The path as people know it."""


class Readings:
    """Reads files with ``executor``: in threads, or in processes that have a copy of this object.

    ``prepared`` is what had to be made of some of them, by key, ``room`` bytes at most, each with
    the file's stamp: small photos need not be read and edited once more to be sent.
    """

    def __init__(self, files: Files, executor: Executor, room: int = 0) -> None:
        self._files = files
        self._executor = executor
        self._room = room
        self._to_keep: frozenset[str] = frozenset()
        self._as_they_are: set[str] = set()  # photos whose full goes so, although an edit was due
        self.prepared: dict[str, Prepared] = {}

    def begin(self, objects: Iterable[Wanted]) -> Iterator[Reading | None]:
        """Start to hash the files that nothing vouches for: all but the fulls of a manifest.

        Their readings come in the order of ``objects``, None for those that cannot be read.
        """
        others = [each for each in objects if not each.file_hash]
        told = self._each(others, _batch_of_small(others), self._source)
        return (AS_READING(each) if each else None for _, each in told)

    def all(self, requests: Sequence[ReadRequest]) -> dict[str, Reading]:
        """Key to reading of every request; raises ``stale-photos`` with all photos that differ."""
        readings: dict[str, Reading] = {}
        unread: list[ReadRequest] = []
        for each in requests:
            wanted, _, md5, begun = each
            if begun and not (wanted.edit or wanted.strip_gps or md5):
                readings[wanted.key] = begun
            else:
                unread.append(each)
        readings |= self._readings(unread)
        # A web variant is edited exactly when its full is: nearly always, so that was presumed.
        again = [
            each._replace(edit=None)
            for each in (requests if self._as_they_are else ())
            if each.edit and not each.wanted.is_full and each.wanted.photo in self._as_they_are
        ]
        for each in again:
            self.prepared.pop(each.wanted.key, None)
        return readings | self._readings(again)

    def _readings(self, requests: Sequence[ReadRequest]) -> dict[str, Reading]:
        readings: dict[str, Reading] = {}
        failed: list[tuple[Wanted, Failure]] = []
        self._to_keep = self._small_edits(requests)
        attempts = self._each(requests, self._batch_size(requests), self._attempt)
        for (wanted, *_), (outcome, prepared) in attempts:
            if not isinstance(outcome, tuple):
                failed.append((wanted, outcome))
                continue
            reading = readings[wanted.key] = AS_READING(outcome)
            if prepared:
                self.prepared[wanted.key] = prepared
            if wanted.file_hash and wanted.edit and not is_corrected(reading.edit):
                self._as_they_are.add(wanted.photo)
        if failed:
            raise self._explained(failed)
        return readings

    def _explained(self, failed: Sequence[tuple[Wanted, Failure]]) -> DeployError:
        if problems := [
            Problem(f"{self._files.relative(wanted.file.path)}: {failure.strerror}")
            for wanted, failure in failed
            if isinstance(failure, OSError)
        ]:
            return DeployError(
                FailureReason.CONFIG, "Error: Some files cannot be read", problems=problems
            )
        if stale := [each.file.name for each, failure in failed if isinstance(failure, Stale)]:
            return stale_photos(stale)
        undecided = [Problem(f"{wanted.file.name}: {failure}") for wanted, failure in failed]
        return positions_undecided("Photo deployment", undecided)

    def _size(self, request: ReadRequest) -> int:
        """Bytes of a file that is to be read; none if it cannot be, which reading it will tell."""
        if request.begun:
            return request.begun.size
        try:
            return self._files.size(request.wanted.file.path)
        except OSError:
            return 0

    def _batch_size(self, requests: Sequence[ReadRequest]) -> int:
        """How many files make a batch: few if they are large."""
        sample = requests[:: len(requests) // SAMPLE + 1]
        held = sum(map(self._size, sample))
        return max(1, min(_batch_of_small(requests), BATCH_BYTES * len(sample) // max(held, 1)))

    def _each(
        self, items: Sequence[T], batch_size: int, work: Callable[[T], R]
    ) -> Iterable[tuple[T, R]]:
        """Every item with what ``work`` made of it, ``batch_size`` of them at a time."""

        def batch(start: int) -> list[R]:
            return [work(each) for each in items[start : start + batch_size]]

        results = self._executor.map(batch, range(0, len(items), batch_size))
        return zip(items, chain.from_iterable(results), strict=True)

    def _source(self, wanted: Wanted) -> Members | None:
        try:
            data = self._files.read_small(wanted.file.path, CHUNK)
            if data is None:
                return (*self._streamed(wanted, md5=False),)
            return (*publication.read_source(wanted, data),)
        except OSError:
            return None  # it is read again, and complained of then

    def _attempt(self, request: ReadRequest) -> tuple[Members | Failure, Prepared | None]:
        try:
            reading, prepared = self._read(request)
            return (*reading,), prepared
        except (Stale, Undecidable, OSError) as error:
            return error, None

    def _read(self, request: ReadRequest) -> tuple[Reading, Prepared | None]:
        wanted, edit, md5, _ = request
        path = wanted.file.path
        is_kept = wanted.key in self._to_keep
        stamp = self._files.stamp(path) if is_kept else ()
        is_whole = edit or wanted.strip_gps
        data = self._files.read(path) if is_whole else self._files.read_small(path, CHUNK)
        if data is not None:
            reading, made = publication.read(wanted, edit, data, md5=md5)
            return reading, (made.whole(), stamp) if is_kept and made and made.edit else None
        reading = self._streamed(wanted, md5=md5)
        publication.edit_for(wanted, None, reading.sha256)
        return reading, None

    def _small_edits(self, requests: Iterable[ReadRequest]) -> frozenset[str]:
        """Keys of the first files that may be edited, as many as there is room for."""
        keys: list[str] = []
        for request in requests:
            wanted = request.wanted
            if not (request.edit or wanted.strip_gps):
                continue
            size = self._size(request) + OVERHEAD
            if size > SMALL:
                continue
            if size > self._room:
                break  # nor do most of the others fit, and their sizes need not be asked for
            self._room -= size
            keys.append(wanted.key)
        return frozenset(keys)

    def _streamed(self, wanted: Wanted, *, md5: bool) -> Reading:
        sha256, all_md5, size = hashlib.sha256(), hashlib.md5(usedforsecurity=False), 0
        position = None
        for chunk in self._files.chunks(wanted.file.path, CHUNK):
            if not size and wanted.owner is not Owner.SITE:
                # What stands further behind is not seen, so a position can be found, no more.
                position = geotag.found(chunk) or None
            sha256.update(chunk)
            size += len(chunk)
            if md5:
                all_md5.update(chunk)
        return Reading(
            sha256=sha256.hexdigest(),
            edit="",
            size=size,
            md5=all_md5.hexdigest() if md5 else "",
            position=position,
        )


def _batch_of_small(items: Sequence[object]) -> int:
    """How many small files make a batch."""
    return min(BATCH_FILES, max(FEWEST_FILES, len(items) // BATCHES))
