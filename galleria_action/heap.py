"""The memory of large files is used again.

The C library gives each thread a heap of its own. Those that read photos of 8 MB then hold three
times what is in use (450 MB instead of 140 MB for case d of benchmarks/deployment.py). And it gives
large blocks back at once, to be filled with zeros for the next photo: 7 % of the CPU time.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

LARGE = 1 << 20
"""Bytes of a file from which on a heap for each thread costs more than it saves."""
_OPTIONS = {
    "M_ARENA_MAX": (-8, 1),
    "M_MMAP_THRESHOLD": (-3, 32 << 20),
    "M_TRIM_THRESHOLD": (-1, 256 << 20),
}
"""Of mallopt(3) in glibc, by their numbers in malloc.h."""


def share(sizes: Iterable[int]) -> None:
    """One heap for all threads that are started from now on, if files of these sizes want it.

    No effect with other C libraries.
    """
    if max(sizes, default=0) < LARGE:
        return
    with suppress(ImportError, OSError, AttributeError):
        import ctypes  # slow to import

        library = ctypes.CDLL(None)
        for number, value in _OPTIONS.values():
            library.mallopt(number, value)
