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
MANY = 20_000
"""Files from which on it does, too: their ledger and listing are large (60 MB of 300,000)."""
_ARENA_MAX = ((-8, 1),)
_KEEPS_BLOCKS = ((-3, 32 << 20), (-1, 256 << 20))
"""M_ARENA_MAX, M_MMAP_THRESHOLD, M_TRIM_THRESHOLD of mallopt(3), by their numbers in malloc.h."""


def share(files: int, some_sizes: Iterable[int]) -> None:
    """One heap for all threads that are started from now on, if so many files want it.

    ``some_sizes`` are those of some of them. No effect with other C libraries.
    """
    if max(some_sizes, default=0) >= LARGE:
        options = [*_ARENA_MAX, *_KEEPS_BLOCKS]
    elif files >= MANY:
        options = [*_ARENA_MAX]
    else:
        return
    with suppress(ImportError, OSError, AttributeError):
        import ctypes  # slow to import

        library = ctypes.CDLL(None)
        for number, value in options:
            library.mallopt(number, value)
