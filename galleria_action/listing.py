"""Which listings show all interesting keys of a bucket: few, and as many as can be made at once.

A listing is answered in pages of 1,000 keys, each of which has to wait for the one before. So the
bucket is listed by folder, and a large folder in ranges of keys; what lies elsewhere is not listed.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import count
from typing import NamedTuple

PAGE = 1000
"""Keys that S3 lists in one answer; no store is known that lists more."""

MOST = 16
"""Listings of one bucket. Each may cost one request more than its share of one long listing."""


class Part(NamedTuple):
    """One listing.

    folder
        '' is the bucket's root; else it ends with a slash.
    deep
        Whether it goes into the folders of this one.
    after, until
        The range of keys, without ``after`` and with ``until``; '' is no bound.
    """

    folder: str
    deep: bool = True
    after: str = ""
    until: str = ""


class _Span(NamedTuple):
    """The keys from ``start`` to before ``end``: all that are below ``folder``.

    Not ``deep``: as many keys, which are its files, wherever they stand between its folders.
    """

    folder: str
    start: int
    end: int
    deep: bool = True

    @property
    def pages(self) -> int:
        return -(-(self.end - self.start) // PAGE)


def parts(keys: Sequence[str]) -> list[Part]:
    """Listings that show each of ``keys``, which are sorted, at most :data:`MOST`."""
    spans = _spans(keys) if keys else []
    pages = next(most for most in count(1) if sum(-(-each.pages // most) for each in spans) <= MOST)
    return [part for each in spans for part in _ranges(keys, each, pages * PAGE)]


def _spans(keys: Sequence[str]) -> list[_Span]:
    """The keys by folder: the largest folder is divided, as long as the listings suffice."""
    done: list[_Span] = []
    left = [_Span("", 0, len(keys))]
    while left:
        left.sort(key=lambda span: span.end - span.start)
        largest = left.pop()
        inner = _inner(keys, largest, MOST - len(done) - len(left))
        if inner == [largest]:
            done.append(largest)
        done += [each for each in inner if not each.deep]
        left += [each for each in inner if each.deep and each != largest]
    return done


def _inner(keys: Sequence[str], span: _Span, most: int) -> list[_Span]:
    """The folders of a folder, and its own files; itself if they are too many or not worth it.

    The root is divided also for a few keys: others may have large folders there.
    """
    folders: list[_Span] = []
    own, at = 0, span.start
    while at < span.end:
        slash = keys[at].find("/", len(span.folder))
        if slash < 0:
            own += 1
            at += 1
        else:
            folder = keys[at][: slash + 1]
            end = bisect_left(keys, folder[:-1] + "0", at, span.end)  # "0" follows "/"
            folders.append(_Span(folder, at, end))
            at = end
        if own > PAGE or len(folders) + bool(own) > most:
            return [span]
    if not own and len(folders) == 1:
        return folders
    if span.folder and (not folders or span.pages == 1):
        return [span]
    return [*folders, *([_Span(span.folder, 0, own, deep=False)] if own else [])]


def _ranges(keys: Sequence[str], span: _Span, size: int) -> Iterator[Part]:
    if not span.deep:
        yield Part(span.folder, deep=False)
        return
    after = ""
    for start in range(span.start, span.end, size):
        # Whole pages, so that a listing ends with a page where the bucket holds just these keys.
        until = keys[min(start + size, span.end) - 1]
        yield Part(span.folder, after=after, until=until)
        after = until
