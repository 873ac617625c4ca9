"""The bytes of local files whose paths have been resolved: no link is followed any more.

Between the moment at which a path was judged and the one at which it is opened somebody may put a
link into its way. So what was opened has to be where it was looked for.
"""

from __future__ import annotations

import errno
import os
import stat
import threading
from collections.abc import Iterator
from functools import cached_property

from galleria_action.wanted import Stamp

LARGEST = (2 << 30) - (1 << 16)
"""Bytes of a file that is read as a whole; Linux gives no more at a time (read(2))."""

# Without waiting: a pipe that was put in the place of a file would never have anything to read.
_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_FOLDER = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_DIRECTORY


class FileBytes:
    """Reads files; each method raises :class:`OSError` where that fails."""

    @cached_property
    def _places(self) -> _Places:
        return _Places()

    def read(self, path: str, most: int | None = None) -> bytes:
        """The bytes of the resolved ``path``, or the first ``most`` of them."""
        descriptor, size = self._places.open(path)
        try:
            if most is not None:
                return os.read(descriptor, most)
            if size > LARGEST:
                raise OSError(errno.EFBIG, "it is too large to be looked into")
            return _all_of(descriptor, size)
        finally:
            os.close(descriptor)

    def read_small(self, path: str, limit: int) -> bytes | None:
        """The bytes of the resolved ``path``; None if there are ``limit`` of them or more."""
        descriptor, size = self._places.open(path)
        try:
            return None if size >= limit else _all_of(descriptor, size)
        finally:
            os.close(descriptor)

    def size(self, path: str) -> int:
        """How many bytes the resolved ``path`` has."""
        return os.stat(path, follow_symlinks=False).st_size

    def stamp(self, path: str) -> Stamp:
        """What is another value as soon as the file is changed or replaced."""
        now = os.stat(path, follow_symlinks=False)
        return now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns

    def chunks(self, path: str, size: int) -> Iterator[bytes]:
        """The bytes of the resolved ``path`` in pieces of ``size``, the last one smaller."""
        descriptor, left = self._places.open(path)
        with open(descriptor, "rb") as file:
            while chunk := file.read(size):
                left -= len(chunk)
                if left < 0:  # it may never end
                    raise _changing()
                yield chunk


def _all_of(descriptor: int, size: int) -> bytes:
    # By hand, because a file object takes as long as reading a small file.
    data = os.read(descriptor, size + 1)
    if len(data) != size:
        raise _changing()
    return data


class _Folder:
    """A folder that is open as long as somebody knows of it."""

    def __init__(self, path: str) -> None:
        self.descriptor = _opened_at(path, _FOLDER)

    def __del__(self) -> None:
        if hasattr(self, "descriptor"):
            os.close(self.descriptor)


class _Places(threading.local):
    """Where this thread opened its last file: the next one most often lies in the same folder.

    From a folder that is open a file is opened in half the time, and no link can be in the way.
    """

    path = ""
    folder: _Folder | None = None

    def open(self, path: str) -> tuple[int, int]:
        """Descriptor and size of the file at the resolved ``path``."""
        descriptor = self._open(path)
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            os.close(descriptor)
            raise OSError(errno.EINVAL, "it is no file")
        return descriptor, status.st_size

    def _open(self, path: str) -> int:
        above, _, name = path.rpartition("/")
        if above == self.path:
            try:  # without `suppress`, which takes a tenth as long as all else
                folder = self.folder = self.folder or _Folder(above)
                return os.open(name, _READ, dir_fd=folder.descriptor)
            except OSError:
                pass  # such as a folder that is gone, and another one in its place
        self.path, self.folder = above, None
        return _opened_at(path, _READ)


def _opened_at(path: str, how: int) -> int:
    """Descriptor of what is at the resolved ``path``, no link on the way followed."""
    descriptor = os.open(path, how)
    if _is_at(descriptor, path):
        return descriptor
    os.close(descriptor)
    # Slower, but known to all systems and file systems.
    above, _, name = path.rpartition("/")
    folder = opened_folder(above)
    try:
        return os.open(name, how, dir_fd=folder)
    finally:
        os.close(folder)


def _is_at(descriptor: int, path: str) -> bool:
    """Whether the kernel says so (Linux); the only question that nearly all files are asked."""
    try:
        return os.readlink(f"/proc/self/fd/{descriptor}") == path
    except OSError:
        return False


def opened_folder(path: str) -> int:
    """Descriptor of the folder at the resolved ``path``, opened folder after folder."""
    here = os.open("/", _FOLDER)
    for each in filter(None, path.split("/")):
        try:
            deeper = os.open(each, _FOLDER, dir_fd=here)
        finally:
            os.close(here)
        here = deeper
    return here


def _changing() -> OSError:
    return OSError(errno.EBUSY, "it is being written to")
