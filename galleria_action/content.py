"""Reads local files to send them, never all at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Protocol

from galleria_action import publication
from galleria_action.edits import correction, is_edited
from galleria_action.plan import Change
from galleria_action.publication import Published, Stale
from galleria_action.values import replace
from galleria_action.wanted import Stamp, Wanted

LARGE = 64 << 20
"""Bytes from which on an object is sent in parts."""
PART = 16 << 20
MOST_PARTS = 10_000  # of a multipart upload, AWS "Multipart upload limits"


class Files(Protocol):
    """What is needed of the workspace."""

    def read(self, path: str) -> bytes:
        """The bytes of a resolved path."""

    def chunks(self, path: str, size: int) -> Iterator[bytes]:
        """The same in pieces."""

    def stamp(self, path: str) -> Stamp:
        """What is another value as soon as the file is changed or replaced."""


class Content:
    """The bytes of the workspace's files, as they are published.

    ``prepared`` are some that the plan was made from, by key, with the stamps of their files;
    they are given away, unless their file has changed since.
    """

    def __init__(
        self, files: Files, prepared: dict[str, tuple[Published, Stamp]] | None = None
    ) -> None:
        self._files = files
        self._prepared = {} if prepared is None else prepared

    def open(self, change: Change) -> Published | Iterator[bytes]:
        """What to send for a put: the bytes, or the parts of a large file.

        Raises :class:`Stale` (of the parts: before the last is given) if the file is no longer
        what the plan was made from, :class:`OSError` if it cannot be read.
        """
        wanted = change.wanted
        assert wanted is not None, f"nothing is sent for {change.key}"
        ready, stamp = self._prepared.pop(change.key, (None, ()))
        if ready and ready.edit == change.edit and stamp == self._files.stamp(wanted.file.path):
            sha256 = ready.hashed()
            return replace(ready, re_encoded=not _is_foretold(wanted, sha256), sha256=sha256)
        if change.size >= LARGE and not is_edited(change.edit):
            return self._parts(wanted, change)
        data = self._files.read(wanted.file.path)
        if is_edited(change.edit):
            return _edited(change, wanted, data)
        if hashlib.sha256(data).hexdigest() != change.source:
            raise Stale(wanted.file.name)
        return Published(data, change.edit, sha256=change.source)

    def _parts(self, wanted: Wanted, change: Change) -> Iterator[bytes]:
        """Parts of equal size; the last is held back until the hash of all has been checked."""
        sha256 = hashlib.sha256()
        held = b""
        for part in self._files.chunks(wanted.file.path, max(PART, -(-change.size // MOST_PARTS))):
            sha256.update(part)
            if held:
                yield held
            held = part
        if sha256.hexdigest() != change.source:
            raise Stale(wanted.file.name)
        yield held


def _edited(change: Change, wanted: Wanted, data: bytes) -> Published:
    edit = wanted.edit if correction(change.edit) else None
    published = publication.publish(wanted, edit, data)
    sha256 = published.hashed()
    foretold = _is_foretold(wanted, sha256)
    # What the manifest foretells can only be made of the file that it describes.
    proven = foretold and wanted.deployment_hash
    same = published.edit == change.edit
    if not same or not (proven or hashlib.sha256(data).hexdigest() == change.source):
        raise Stale(wanted.file.name)
    # In one piece, so that the source need not stay in memory while it is sent.
    return replace(published, made=published.data, re_encoded=not foretold, sha256=sha256)


def _is_foretold(wanted: Wanted, sha256: str) -> bool:
    """Whether the manifest says nothing of the published bytes, or just this."""
    return wanted.deployment_hash in ("", sha256)
