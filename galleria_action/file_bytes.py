"""The bytes of local files whose paths have been resolved: no link is followed any more."""

from __future__ import annotations

import os
from collections.abc import Iterator

from galleria_action.wanted import Stamp

_MORE = 16 << 20
_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW


class FileBytes:
    """Reads files; each method raises :class:`OSError` where that fails."""

    def read(self, path: str, most: int | None = None) -> bytes:
        """The bytes of the resolved ``path``; a link put there since is not followed."""
        descriptor = os.open(path, _READ)
        try:
            if most is not None:
                return os.read(descriptor, most)
            # By hand, because a file object takes as long as reading a small file.
            size = os.fstat(descriptor).st_size
            data = os.read(descriptor, size + 1)
            if len(data) == size:
                return data
            return data + b"".join(iter(lambda: os.read(descriptor, _MORE), b""))
        finally:
            os.close(descriptor)

    def stamp(self, path: str) -> Stamp:
        """What is another value as soon as the file is changed or replaced."""
        now = os.stat(path, follow_symlinks=False)
        return now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns

    def chunks(self, path: str, size: int) -> Iterator[bytes]:
        """The bytes of the resolved ``path`` in pieces of ``size``, the last one smaller."""
        with open(os.open(path, _READ), "rb") as file:
            while chunk := file.read(size):
                yield chunk
