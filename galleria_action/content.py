"""Reads local files: once to compare them, once more to send them, never all at a time."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from itertools import chain
from typing import Protocol

from galleria_action import publication, text
from galleria_action.edits import correction, is_corrected, is_edited
from galleria_action.errors import DeployError, FailureReason, Problem
from galleria_action.ledger import Owner
from galleria_action.plan import Change
from galleria_action.planning import ReadRequest
from galleria_action.publication import Published, Reading, Stale, Undecidable
from galleria_action.wanted import Wanted

CHUNK = 1 << 20
BATCH_FILES, BATCH_BYTES = 250, 4 << 20
"""Files are read in batches: handing over each alone would take longer than reading it."""
LARGE = 64 << 20
"""Bytes from which on an object is sent in parts."""
PART = 16 << 20
MOST_PARTS = 10_000  # of a multipart upload, AWS "Multipart upload limits"


Outcome = Reading | Stale | Undecidable | OSError
Attempt = tuple[ReadRequest, Outcome]


class Files(Protocol):
    """What is needed of the workspace."""

    def read(self, path: str) -> bytes:
        """The bytes of a resolved path."""

    def relative(self, path: str) -> str:
        """The path as people know it."""


class Content:
    """The bytes of the workspace's files, as they are published."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._begun: Iterator[Attempt] = iter(())

    def begin(self, requests: Sequence[ReadRequest], executor: Executor) -> None:
        """Start to read what `readings` will be asked for, as far as that is known already."""
        self._begun = self._attempted(requests, executor)

    def readings(self, requests: Sequence[ReadRequest], executor: Executor) -> dict[str, Reading]:
        """Key to reading of every request; raises ``stale-photos`` with all photos that differ."""
        fulls = [each for each in requests if each.wanted.is_full]
        others = [each for each in requests if not each.wanted.is_full]
        readings = self._readings(self._attempted(fulls, executor))
        # A web variant is edited exactly when its full is.
        as_they_are = {
            each.wanted.photo for each in fulls if not is_corrected(readings[each.wanted.key].edit)
        }
        others = [
            replace(each, edit=None) if each.edit and each.wanted.photo in as_they_are else each
            for each in others
        ]
        return readings | self._readings(self._as_begun(others, executor))

    def _as_begun(self, requests: Sequence[ReadRequest], executor: Executor) -> Iterator[Attempt]:
        """What was begun in the way it is wanted now, and the others."""
        begun = {request.wanted.key: (request, outcome) for request, outcome in self._begun}
        others = []
        for each in requests:
            request, outcome = begun.get(each.wanted.key, (None, None))
            if request and outcome and (request.edit, request.md5) == (each.edit, each.md5):
                yield request, outcome
            else:
                others.append(each)
        yield from self._attempted(others, executor)

    def _attempted(self, requests: Sequence[ReadRequest], executor: Executor) -> Iterator[Attempt]:
        outcomes = chain.from_iterable(executor.map(self._batch, _batches(requests)))
        return zip(requests, outcomes, strict=True)

    def _readings(self, attempts: Iterable[Attempt]) -> dict[str, Reading]:
        readings: dict[str, Reading] = {}
        stale: list[str] = []
        undecided: list[Problem] = []
        problems: list[Problem] = []
        for request, outcome in attempts:
            match outcome:
                case Reading():
                    readings[request.wanted.key] = outcome
                case Stale():
                    stale.append(request.wanted.file.name)
                case Undecidable():
                    undecided.append(Problem(f"{request.wanted.file.name}: {outcome}"))
                case OSError():
                    name = self._files.relative(request.wanted.file.path)
                    problems.append(Problem(f"{name}: {outcome.strerror}"))
        if problems:
            raise DeployError(
                FailureReason.CONFIG, "Error: Some files cannot be read", problems=problems
            )
        if stale:
            raise stale_photos(stale)
        if undecided:
            raise positions_undecided(undecided)
        return readings

    def _batch(self, requests: Sequence[ReadRequest]) -> list[Outcome]:
        return [self._attempt(each) for each in requests]

    def _attempt(self, request: ReadRequest) -> Outcome:
        try:
            return self._read(request)
        except (Stale, Undecidable, OSError) as error:
            return error

    def _read(self, request: ReadRequest) -> Reading:
        wanted = request.wanted
        whole = CHUNK if wanted.owner is Owner.SITE else LARGE
        if request.edit or wanted.strip_gps or wanted.file.size < whole:
            data = self._files.read(wanted.file.path)
            return publication.read(wanted, request.edit, data, md5=request.md5)
        sha256, md5, size = hashlib.sha256(), hashlib.md5(usedforsecurity=False), 0
        for chunk in self._chunks(wanted, CHUNK):
            sha256.update(chunk)
            size += len(chunk)
            if request.md5:
                md5.update(chunk)
        publication.edit_for(wanted, None, sha256.hexdigest())
        return Reading(sha256.hexdigest(), "", size, md5.hexdigest() if request.md5 else "")

    def _chunks(self, wanted: Wanted, size: int) -> Iterator[bytes]:
        flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW
        with open(os.open(wanted.file.path, flags), "rb") as file:
            while chunk := file.read(size):
                yield chunk

    def open(self, change: Change) -> Published | Iterator[bytes]:
        """What to send for a put: the bytes, or the parts of a large file.

        Raises :class:`Stale` (of the parts: before the last is given) if the file is no longer
        what the plan was made from, :class:`OSError` if it cannot be read.
        """
        wanted = change.wanted
        assert wanted is not None, f"nothing is sent for {change.key}"
        if change.size >= LARGE and not is_edited(change.edit):
            return self._parts(wanted, change)
        data = self._files.read(wanted.file.path)
        sha256 = hashlib.sha256(data).hexdigest()
        if sha256 != change.source:
            raise Stale(wanted.file.name)
        if not is_edited(change.edit):
            return Published(data, change.edit)
        edit = wanted.edit if correction(change.edit) else None
        published = publication.publish(wanted, edit, data)
        if published.edit != change.edit:
            raise Stale(wanted.file.name)
        return published

    def _parts(self, wanted: Wanted, change: Change) -> Iterator[bytes]:
        """Parts of equal size; the last is held back until the hash of all has been checked."""
        sha256 = hashlib.sha256()
        held = b""
        for part in self._chunks(wanted, max(PART, -(-change.size // MOST_PARTS))):
            sha256.update(part)
            if held:
                yield held
            held = part
        if sha256.hexdigest() != change.source:
            raise Stale(wanted.file.name)
        yield held


def _batches(requests: Sequence[ReadRequest]) -> Iterator[list[ReadRequest]]:
    batch: list[ReadRequest] = []
    size = 0
    for each in requests:
        if batch and (len(batch) == BATCH_FILES or size + each.wanted.file.size > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(each)
        size += each.wanted.file.size
    if batch:
        yield batch


def stale_photos(names: Iterable[str]) -> DeployError:
    """The error for photos whose bytes are not what manifest or plan say."""
    names = sorted(names)
    return DeployError(
        FailureReason.STALE_PHOTOS,
        f"Photo deployment failed: the manifest describes other bytes for "
        f"{text.count(len(names), 'photo')}",
        problems=[Problem(name) for name in names],
        advice="They changed after the manifest was made. Run process-photos again; nothing "
        "was uploaded.",
    )


def positions_undecided(problems: Iterable[Problem]) -> DeployError:
    """The error for files that may say where a photo was taken, although none is to say it."""
    problems = sorted(problems, key=lambda each: each.message)
    return DeployError(
        FailureReason.METADATA,
        f"Photo deployment failed: {text.count(len(problems), 'file')} may say where a photo was "
        "taken (strip-gps), and it can neither be removed nor ruled out",
        problems=problems,
        advice="Nothing was written. Remove the position with the program that made these files "
        "or with exiftool, convert them to JPEG, or leave them out with exclude.",
    )
