"""Reads the fulls of an index, each once and a few at a time, and states what a deployment sends.

Both programs make the bytes to publish in `publication.corrected`, of the same edit: so the hashes
that the index states are those that the deployment finds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from typing import Protocol

from galleria_action import failures, indexing, jpeg, photo_facts, publication, transfer
from galleria_action.errors import DeployError, FailureReason, Problem
from galleria_action.indexing import Clock, Indexed
from galleria_action.photo_files import Photo
from galleria_action.publication import Undecidable
from galleria_action.transfer import ByteBudget
from galleria_action.wanted import LocalFile

IN_FLIGHT = 64
LARGE = 64 << 20
"""Bytes from which on a file is read as a whole only if it can be edited."""
CHUNK = 1 << 20
COPIES = 3
"""Of a file at the same time: the source, the edited one, and what compares them."""


class Files(Protocol):
    """What is needed of the workspace."""

    def size(self, path: str) -> int:
        """How many bytes a resolved path has."""

    def read(self, path: str, most: int | None = None) -> bytes:
        """The bytes of a resolved path."""

    def chunks(self, path: str, size: int) -> Iterator[bytes]:
        """The same in pieces."""

    def relative(self, path: str) -> str:
        """The path as people know it."""


class Observer(Protocol):
    """Is told how far the reading is; see :mod:`galleria_action.progress`."""

    def started(self, objects: int, size: int) -> None:
        """How many photos, how many bytes."""

    def count(self, size: int) -> None:
        """A photo of so many bytes was read."""

    def tick(self) -> None:
        """Some time has passed."""

    def finished(self) -> None:
        """All are read, or no more will be."""


class FullReader:
    """Reads photos; ``found`` are the files by their paths below the photos folder."""

    def __init__(
        self,
        files: Files,
        found: Mapping[str, LocalFile],
        clock: Clock,
        budget: ByteBudget,
        *,
        strip_gps: bool,
    ) -> None:
        self._files = files
        self._found = found
        self._clock = clock
        self._budget = budget
        self._strip_gps = strip_gps

    def read(
        self, photos: Sequence[Photo], executor: Executor, observer: Observer
    ) -> list[Indexed]:
        """What each photo's entry is made of; raises with all files that cannot be read."""
        read: dict[str, Indexed] = {}
        problems: list[Problem] = []
        undecided: list[Problem] = []
        sizes = {each.full: self._size(each) for each in photos}

        def done(photo: Photo, outcome: Indexed | Undecidable | OSError) -> None:
            file = self._found[photo.full]
            observer.count(sizes[photo.full])
            if isinstance(outcome, Indexed):
                read[photo.full] = outcome
            elif isinstance(outcome, Undecidable):
                undecided.append(Problem(f"{photo.full}: {outcome}"))
            else:
                name = self._files.relative(file.path)
                problems.append(Problem(f"{name}: {outcome.strerror}"))

        observer.started(len(photos), sum(sizes.values()))
        try:
            transfer.run(
                lambda photo: executor.submit(self._attempt, photo),
                photos,
                IN_FLIGHT,
                done=done,
                tick=observer.tick,
            )
        finally:
            observer.finished()
        if problems:
            raise DeployError(
                FailureReason.CONFIG,
                "Error: Some files cannot be read",
                problems=sorted(problems, key=str),
            )
        if undecided:
            raise failures.positions_undecided("Index", sorted(undecided, key=str))
        return [read[each.full] for each in photos]

    def _size(self, photo: Photo) -> int:
        try:
            return self._files.size(self._found[photo.full].path)
        except OSError:
            return 0  # reading it will tell

    def _attempt(self, photo: Photo) -> Indexed | Undecidable | OSError:
        try:
            return self._read(photo, self._found[photo.full])
        except (Undecidable, OSError) as error:
            return error

    def _read(self, photo: Photo, file: LocalFile) -> Indexed:
        size = self._files.size(file.path)
        if size >= LARGE and not self._strip_gps:
            head = self._files.read(file.path, len(jpeg.SOI))
            if head != jpeg.SOI:  # which tells that there is nothing to read or to edit in it
                return self._indexed(photo, file, head, self._sha256_of(file.path))
        with self._budget.hold(COPIES * size):
            data = self._files.read(file.path)
            return self._indexed(photo, file, data, hashlib.sha256(data).hexdigest())

    def _indexed(self, photo: Photo, file: LocalFile, data: bytes, sha256: str) -> Indexed:
        statement = indexing.state(photo.entry, sha256, photo_facts.read(data), self._clock)
        published = publication.corrected(data, statement.edit, strip_gps=self._strip_gps)
        is_edited = published.made is not data
        if is_edited and statement.edit is None:
            # Only its position goes; other bytes than the file's make a deployment set the time.
            statement = indexing.edited(statement, sha256, self._clock)
            published = publication.corrected(data, statement.edit, strip_gps=True)
        return Indexed(
            photo=photo,
            statement=statement,
            deployment_file_hash=published.hashed() if is_edited else sha256,
            original_path=self._files.relative(file.path),
            untouched_because=published.untouched_because,
        )

    def _sha256_of(self, path: str) -> str:
        sha256 = hashlib.sha256()
        for chunk in self._files.chunks(path, CHUNK):
            sha256.update(chunk)
        return sha256.hexdigest()
