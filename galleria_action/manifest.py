"""The manifest of a gallery: bytes to a frozen value, all problems at once, each with its line.

Knows nothing of files or buckets: whether a file is there is the workspace's question.
"""

from __future__ import annotations

import hashlib
import json
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator, Mapping
from functools import cache, cached_property, partial
from itertools import islice
from typing import Any, NamedTuple

from galleria_action import canonical, manifest_document, manifest_problems
from galleria_action.edits import EDITOR
from galleria_action.errors import DeployError
from galleria_action.manifest_problems import Absent
from galleria_action.values import Struct, msgspec

KEEP_TIMEZONE = 13
"""``target_timezone_offset_hours`` that means: every photo keeps its own."""
_LOCAL = len("YYYY-MM-DDTHH:MM:SS")


class Edit(NamedTuple):
    """An EXIF correction: local time as ``YYYY-MM-DDTHH:MM:SS``, UTC offset ``±HH:MM`` or None."""

    local: str
    offset: str | None

    @property
    def time(self) -> str:
        """The local time as EXIF writes it."""
        return f"{self.local[:10].replace('-', ':')} {self.local[11:]}"

    def __str__(self) -> str:
        """As the ledger records it; the editor's version makes old edits recognisable."""
        local, offset = self
        return f"{EDITOR} {local} {offset}" if offset else f"{EDITOR} {local}"


class Photo(NamedTuple):
    """One photo. ``files`` are (variant, path below photos-dir), a shared path only once."""

    id: str
    file_hash: str
    deployment_file_hash: str
    edit: Edit | None
    files: tuple[tuple[str, str], ...]


_AS_EDIT, _AS_PHOTO = partial(tuple.__new__, Edit), partial(tuple.__new__, Photo)


class _Files(Struct, gc=False):
    full: str
    web: str
    thumb: str


class _Exif(Struct, gc=False):
    corrected_timestamp: str | None = None


class _Stated(Struct, gc=False):
    """A photo as a manifest has it; of its members those that a deployment needs."""

    id: str
    file_hash: str
    deployment_file_hash: str
    exif: _Exif
    files: _Files
    original_path: str | None = None


class _Settings(Struct):
    target_timezone_offset_hours: float = KEEP_TIMEZONE


class _Document(Struct):
    settings: _Settings
    photos: list[_Stated]


_DOCUMENTS = msgspec.json.Decoder(_Document)
_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ITEMS = msgspec.json.Decoder(list[msgspec.Raw])


class Manifest(Struct, frozen=True, dict=True):
    """A valid manifest: its photos and the bytes it was read from.

    Its document is not kept: that of 100,000 photos takes 200 MB. ``absolute`` tells whether
    an ``original_path`` shows folders.
    """

    photos: tuple[Photo, ...]
    data: bytes
    absolute: bool = False

    @property
    def document(self) -> dict[str, Any]:
        """The JSON document, parsed anew."""
        document: dict[str, Any] = json.loads(manifest_document.decoded(self.data))
        return document

    @property
    def paths(self) -> Iterator[str]:
        """Paths of all files, relative to photos-dir or the photos prefix."""
        return (path for photo in self.photos for _, path in photo.files)

    def below(self, start: str) -> Mapping[str, str]:
        """Paths of all files behind ``start``, with the id of their photo."""
        if start not in self._below:  # several ask, of 300,000 files
            self._below[start] = {
                start + path: photo.id for photo in self.photos for _, path in photo.files
            }
        return self._below[start]

    @cached_property
    def _below(self) -> dict[str, Mapping[str, str]]:
        return {}

    @cached_property
    def content(self) -> str:
        """SHA-256 of what the manifest says of the gallery: equal manifests have equal content.

        ``generated_at`` and the folders of ``original_path`` are left out.
        """
        return self._contents()

    def begin_content(self, begin: Callable[[Callable[[], str]], Callable[[], str]]) -> None:
        """Have `content`, which takes long, made by what ``begin`` returns for it."""
        vars(self)["_contents"] = begin(self._hashed)

    @cached_property
    def _contents(self) -> Callable[[], str]:
        return self._hashed

    def _hashed(self) -> str:
        photos, others = hashlib.sha256(), {}
        for name, value in self._members():
            if name == _PHOTOS:
                photos.update(canonical.encoded(_redacted(value)) + b"\n")
            elif name != "generated_at":
                others[name] = value
        return hashlib.sha256(photos.digest() + canonical.encoded(others)).hexdigest()

    def published(self, *, redact: bool) -> bytes:
        """The bytes to publish: those that were read unless a path is to be redacted."""
        if not (redact and self.absolute):
            return self.data
        written = json.JSONEncoder(ensure_ascii=False).encode
        photos, others = [], []
        for name, value in self._members():
            if name == _PHOTOS:
                photos.append(written(_redacted(value)))
            else:
                others.append(f"{written(name)}: {written(value)}")
        # A photo a line: a document of 100,000 photos is written in no time, and read.
        listed = ",\n  ".join(photos)
        others.append(f'"photos": [\n  {listed}\n ]')
        return ("{\n " + ",\n ".join(others) + "\n}\n").encode()

    def _members(self) -> Iterator[tuple[str, Any]]:
        """Name and value of each member, and of ``photos`` each photo by itself with that name."""
        decode = canonical.decode
        for name, value in _MEMBERS.decode(_bare(self.data)).items():
            if name == _PHOTOS:
                yield from ((name, decode(each)) for each in _ITEMS.decode(value))
            else:
                yield name, decode(value)


_PHOTOS = "photos"


def parse(data: bytes, file: str, absent: Absent = lambda _: {}) -> Manifest:
    """The manifest in ``data``, the content of ``file`` (for messages).

    ``absent`` tells which of its files cannot be published. Raises :class:`DeployError` with
    every problem found (``MOST_PROBLEMS`` at most), each with its JSON path and line.
    """
    return _made(msgspec.convert(_valid(data, file, absent), _Document), data)


def flawless_names(data: bytes) -> list[str] | None:
    """Paths of all files if `parse` finds nothing wrong, these apart; None if it may."""
    try:
        document, odd = manifest_document.load(data, "")
        return None if odd else manifest_problems.flawless_names(document)
    except (DeployError, RecursionError):
        return None


def presumed(data: bytes) -> Manifest | None:
    """What `parse` makes of ``data`` if that is flawless, in half the time, for nothing is checked.

    Of other data anything; None if nothing can be made of it.
    """
    try:
        return _made(_DOCUMENTS.decode(_bare(data)), data)
    except (RecursionError, ValueError):
        return None


def _bare(data: bytes) -> bytes:
    return data.removeprefix(BOM_UTF8)


def _made(document: _Document, data: bytes) -> Manifest:
    absolute = any(_is_absolute(photo.original_path) for photo in document.photos)
    return Manifest(tuple(_photos(document)), data, absolute)


def _valid(data: bytes, file: str, absent: Absent) -> dict[str, Any]:
    document, odd = manifest_document.load(data, file)
    try:
        found = list(
            islice(
                manifest_problems.find(document, absent, odd=odd), manifest_document.MOST_PROBLEMS
            )
        )
    except RecursionError:
        raise manifest_document.broken(
            file, "is not JSON that can be read: it is nested too deeply"
        ) from None
    if found:
        raise manifest_document.located(file, manifest_document.decoded(data), found)
    return document


def _photos(document: _Document) -> Iterator[Photo]:
    zone = offset(document.settings.target_timezone_offset_hours)
    for photo in document.photos:
        before, after = photo.file_hash.lower(), photo.deployment_file_hash.lower()
        corrected = None if before == after else photo.exif.corrected_timestamp
        due = _AS_EDIT((_local(corrected), zone)) if corrected else None
        yield _AS_PHOTO((photo.id, before, after, due, _files(photo.files)))


def _files(stated: _Files) -> tuple[tuple[str, str], ...]:
    normalised = manifest_problems.normalised
    full, web, thumb = normalised(stated.full), normalised(stated.web), normalised(stated.thumb)
    files = (("full", full), ("web", web), ("thumb", thumb))
    if full in (web, thumb) or web == thumb:
        # A path that variants share is one file, by the rules of the first: full.
        first = {path: variant for variant, path in reversed(files)}
        return tuple((variant, path) for path, variant in reversed(first.items()))
    return files


def edit(corrected: str | None, hours: float) -> Edit | None:
    """The edit that a ``corrected_timestamp`` asks for at a ``target_timezone_offset_hours``."""
    return None if corrected is None else Edit(_local(corrected), offset(hours))


def _local(stated: str) -> str:
    """A timestamp without its zone and fractions of a second; most have none."""
    return stated if len(stated) == _LOCAL and "T" in stated else f"{stated[:10]}T{stated[11:19]}"


@cache
def offset(hours: float) -> str | None:
    """``±HH:MM`` as OffsetTimeOriginal wants it (Exif 2.31, tag 0x9011)."""
    if hours == KEEP_TIMEZONE:
        return None
    minutes = round(abs(hours) * 60)
    return f"{'-' if hours < 0 else '+'}{minutes // 60:02}:{minutes % 60:02}"


def _redacted(photo: dict[str, Any]) -> dict[str, Any]:
    path = photo.get("original_path")
    if path is None or not _is_absolute(path):
        return photo
    return {**photo, "original_path": _file_name(path)}


def _is_absolute(path: str | None) -> bool:
    """POSIX, Windows and UNC paths; ``~`` names a home folder, too."""
    return path is not None and (path[:1] in ("/", "\\", "~") or path[1:2] == ":")


def _file_name(path: str) -> str:
    return path.replace("\\", "/").rstrip("/").rpartition("/")[2]
