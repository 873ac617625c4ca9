"""The manifest's file: where it really is, read, and replaced as a whole or not at all."""

from __future__ import annotations

import json
import os
import secrets
import stat
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Protocol

from galleria_action import manifest
from galleria_action.errors import DeployError, FailureReason
from galleria_action.file_bytes import opened_folder
from galleria_action.manifest import Manifest
from galleria_action.manifest_document import NewerManifest

_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Folder(Protocol):
    """What is needed of the workspace."""

    def locate(self, path: str) -> str | None:
        """The real path of a file or folder, None if it is not there."""

    def absolute(self, path: str) -> str:
        """The path, links not followed, as this process sees it."""

    def relative(self, path: str) -> str:
        """The path as people know it."""

    def read(self, path: str) -> bytes:
        """The bytes of a real path."""


class ManifestFile:
    """The file at ``path``; links are followed as far as the workspace's rules allow."""

    def __init__(self, folder: Folder, path: str) -> None:
        self._folder = folder
        self._path = folder.absolute(path)
        self.name = folder.relative(self._path)
        self._real = folder.locate(self._path)

    def load(self) -> Manifest | None:
        """The manifest, None if there is no file; raises :class:`DeployError` if it is no good."""
        if self._real is None:
            return None
        try:
            return manifest.parse(self._folder.read(self._real), self.name)
        except OSError as error:
            raise DeployError(
                FailureReason.METADATA,
                f"Error loading gallery metadata: {self.name} cannot be read: {error.strerror}",
            ) from None
        except NewerManifest:
            raise
        except DeployError as error:
            raise DeployError(
                error.reason,
                error.headline,
                problems=error.problems,
                advice="It was left as it is. Mend it, or remove it to have it made anew: ids and "
                "corrections that only it knows are lost then.",
            ) from None

    def replace(self, document: Mapping[str, Any]) -> None:
        """Write ``document``: at every moment the file is the old one or the new one.

        The mode is kept, and so is the owner where root writes, as in a container.
        """
        data = (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()
        try:
            _replace(self._place(), data)
        except OSError as error:
            raise DeployError(
                FailureReason.CONFIG, f"Error: {self.name} cannot be written: {error.strerror}"
            ) from None

    def _place(self) -> str:
        """The real path to write at; raises :class:`OSError` if there can be no file."""
        if self._real is not None:
            return self._real
        if os.path.islink(self._path):
            raise FileNotFoundError(2, "it is a link that leads nowhere")
        above, _, name = self._path.rpartition("/")
        folder = self._folder.locate(above)
        if folder is None or not os.path.isdir(folder):
            raise FileNotFoundError(2, "there is no such folder")
        return f"{folder}/{name}"


def _replace(path: str, data: bytes) -> None:
    """Write beside the file at the resolved ``path``, and move that there.

    The folder is opened once: no link that somebody puts in its place leads elsewhere.
    """
    above, _, name = path.rpartition("/")
    folder = opened_folder(above)
    new = f".{name[:100]}.{secrets.token_hex(8)}.new"
    try:
        descriptor = os.open(new, _NEW_FILE, 0o600, dir_fd=folder)
        try:
            with open(descriptor, "wb") as file:
                _like(name, folder, descriptor)
                file.write(data)
                file.flush()
                os.fsync(descriptor)
            os.replace(new, name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(new, dir_fd=folder)
            raise
    finally:
        os.close(folder)


def _like(name: str, folder: int, descriptor: int) -> None:
    """Give the new file mode and owner of the old one; without one, those of a new file here."""
    try:
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
        mode = stat.S_IMODE(status.st_mode)
    except FileNotFoundError:
        status = os.stat(folder)
        mode = stat.S_IMODE(status.st_mode) & 0o666
    if os.geteuid() == 0:
        os.fchown(descriptor, status.st_uid, status.st_gid)
    os.fchmod(descriptor, mode)
