"""The one folder of the workspace that a run writes into."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

from galleria_action.errors import DeployError, FailureReason

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class ReportFolder:
    """The folder ``path`` (relative) below ``root``; no link is ever followed on the way.

    A pull request may contain a link at that place: it must not make us write elsewhere.
    """

    def __init__(self, root: str, path: str) -> None:
        self._root = root
        self._path = os.path.normpath(path)
        if os.path.isabs(self._path) or self._path.split("/")[0] in ("..", "."):
            raise _refused(path, "it must be a folder below the workspace")

    def write(self, name: str, data: Iterable[bytes]) -> str:
        """Write a file of the folder anew and return its path relative to the root.

        Made by root in a container, files and folders get the owner of the workspace.
        """
        try:
            with self._opened() as folder:
                self._write(folder, name, data)
        except OSError as error:
            raise _refused(self._path, error.strerror or "it cannot be written") from None
        except ValueError:  # NUL in the name
            raise _refused(repr(self._path), "it is not the name of a folder") from None
        return self.place(name)

    def place(self, name: str) -> str:
        """The path of a file of the folder, relative to the root."""
        return f"{self._path}/{name}"

    def remove(self, name: str) -> None:
        """Remove a file of the folder if it is there."""
        with suppress(FileNotFoundError), self._opened() as folder:
            os.unlink(name, dir_fd=folder)

    def _write(self, folder: int, name: str, data: Iterable[bytes]) -> None:
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=folder)
        with open(os.open(name, _NEW_FILE, 0o644, dir_fd=folder), "wb") as file:
            self._give_away(file.fileno())
            file.writelines(data)

    @contextmanager
    def _opened(self) -> Iterator[int]:
        folder = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for part in self._path.split("/"):
                try:
                    os.mkdir(part, dir_fd=folder)
                    made = True
                except FileExistsError:
                    made = False
                deeper = os.open(part, _FOLDER, dir_fd=folder)
                os.close(folder)
                folder = deeper
                if made:
                    self._give_away(folder)
            yield folder
        finally:
            os.close(folder)

    def _give_away(self, descriptor: int) -> None:
        if os.geteuid() == 0:
            owner = os.stat(self._root)
            os.fchown(descriptor, owner.st_uid, owner.st_gid)


def _refused(path: str, why: str) -> DeployError:
    return DeployError(
        FailureReason.CONFIG,
        f"Error: report-dir {path} cannot be used: {why}",
        advice="Choose a folder of the workspace that is no link and does not lie behind one.",
    )
