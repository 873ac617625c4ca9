"""What the bucket should hold: the objects of a gallery, from its manifest and its files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from operator import itemgetter
from typing import NamedTuple

from galleria_action import headers, keys
from galleria_action.config import Config
from galleria_action.errors import DeployError, FailureReason, Problem
from galleria_action.headers import Headers
from galleria_action.ledger import Owner
from galleria_action.manifest import Edit, Manifest
from galleria_action.manifest_problems import VARIANTS

Stamp = tuple[int, ...]
"""What is another value as soon as a file is changed or replaced."""


class LocalFile(NamedTuple):
    """A file to publish: its name in its folder, and where it really is.

    Where it is is told in two parts, because the second most often is the name once more, and
    300,000 of them take 40 MB. Its size is not told: asking for that takes longer than seeing that
    it is there, and most files are read anyway or not at all.
    """

    name: str
    place: str
    base: str = ""

    @property
    def path(self) -> str:
        """Where it really is, without links."""
        return self.base + self.place


AS_FILE = partial(tuple.__new__, LocalFile)
"""A file of all its values, in half the time that the class itself takes."""


class Wanted(NamedTuple):
    """One object that the deployment should leave in the bucket.

    photo
        Id of the photo it belongs to; the file's name in directory mode; '' for site files.
    file_hash, deployment_hash, edit
        From the manifest; the hashes of a full only, the edit of a full and its web variant.
    strip_gps
        Whether it must not say where it was taken.
    """

    key: str
    owner: Owner
    file: LocalFile
    headers: Headers
    photo: str = ""
    file_hash: str = ""
    deployment_hash: str = ""
    edit: Edit | None = None
    strip_gps: bool = False

    @property
    def is_full(self) -> bool:
        return bool(self.file_hash)

    @property
    def is_page(self) -> bool:
        return self.owner is Owner.SITE and headers.is_page(self.file.name)


_AS_WANTED = partial(tuple.__new__, Wanted)
_NO_HASHES = ("", "")


def photos(manifest: Manifest, files: Mapping[str, LocalFile], config: Config) -> Iterator[Wanted]:
    """The objects of a manifest; ``files`` maps its paths to the files found for them."""
    before, owner = keys.join(config.photos_prefix, ""), Owner.PHOTO
    rules, strip_gps = config.cache_control, config.strip_gps
    usual = {} if rules else headers.of_photos()
    # Variant by variant, as their keys are sorted: what is looked at in a row then lies close
    # together in memory, which is most of the time that a look at 300,000 objects takes.
    for place in range(len(VARIANTS)):
        for photo, file_hash, deployment_hash, edit, paths in manifest.photos:
            if place >= len(paths):
                continue
            variant, path = paths[place]
            key = before + path
            _, dot, ending = path.rpartition(".")
            its_headers = (dot and usual.get(ending)) or headers.headers(
                key, path, rules, photo=True
            )
            hashes = (file_hash, deployment_hash) if variant == "full" else _NO_HASHES
            its_edit = None if variant == "thumb" else edit
            yield _AS_WANTED(
                (key, owner, files[path], its_headers, photo, *hashes, its_edit, strip_gps)
            )


def photo_files(files: Iterable[LocalFile], config: Config) -> Iterator[Wanted]:
    """The objects of directory mode: every file of the photos folder as it is."""
    for file in files:
        key = keys.join(config.photos_prefix, file.name)
        photo_headers = headers.headers(key, file.name, config.cache_control, photo=True)
        yield Wanted(
            key, Owner.FILE, file, photo_headers, photo=file.name, strip_gps=config.strip_gps
        )


def site(files: Iterable[LocalFile], config: Config) -> Iterator[Wanted]:
    """The objects of the static site."""
    for file in files:
        key = keys.join(config.site_prefix, file.name)
        yield Wanted(key, Owner.SITE, file, headers.headers(key, file.name, config.cache_control))


def is_record(key: str, config: Config) -> bool:
    """Whether only the deployment itself may write ``key``: the manifest and our records."""
    return key == config.metadata_key or key.startswith(keys.RECORDS)


def checked(
    objects: Iterable[Wanted], config: Config
) -> tuple[tuple[Wanted, ...], tuple[str, ...]]:
    """The objects that may be published, sorted by key, and the site files that are skipped.

    A key that two objects want, a photo at a record's key and a key S3 cannot hold are a
    :class:`DeployError`.
    """
    objects = list(objects)
    if _are_fine(objects, config):
        return tuple(sorted(objects, key=_KEY)), ()
    accepted: dict[str, Wanted] = {}
    skipped: list[str] = []
    problems: list[Problem] = []
    for each in objects:
        if each.owner is Owner.SITE and is_record(each.key, config):
            skipped.append(each.file.name)
        elif why := _fault(each, config, accepted):
            problems.append(Problem(why))
        else:
            accepted[each.key] = each
    _refuse(problems)
    return tuple(accepted[key] for key in sorted(accepted)), tuple(skipped)


_KEY = itemgetter(0)


def _are_fine(objects: Sequence[Wanted], config: Config) -> bool:
    """Whether all objects may be published: nearly always, and seen at once in no time."""
    all_keys = list(map(_KEY, objects))
    unique = set(all_keys)
    return (
        len(unique) == len(all_keys)
        and config.metadata_key not in unique
        and not any(key.startswith(keys.RECORDS) for key in all_keys)
        and max(map(len, all_keys), default=0) <= keys.LONGEST // 4
        and not any(keys.fault(each.key) for each in objects if each.owner is not Owner.PHOTO)
    )


def refuse_overlap(objects: Iterable[Wanted], owned: Mapping[str, str]) -> None:
    """Refuse objects at keys that the half of the gallery that is not deployed now owns.

    ``owned`` maps those keys to what lies there, such as 'a photo'.
    """
    if owned:
        _refuse(
            [
                Problem(
                    f"{each.file.name!r} would overwrite {owned[each.key]} at the key {each.key!r}"
                )
                for each in objects
                if each.key in owned
            ]
        )


def _refuse(problems: list[Problem]) -> None:
    if problems:
        raise DeployError(
            FailureReason.CONFIG,
            "Error: Some files cannot be published",
            problems=problems,
            advice="Rename the files, exclude them, or choose other prefixes.",
        )


def _fault(each: Wanted, config: Config, accepted: Mapping[str, Wanted]) -> str | None:
    name = each.file.name
    if each.key in accepted:
        other = accepted[each.key]
        what = "a photo" if other.owner is not Owner.SITE else "a site file"
        return f"{name!r} would overwrite {what} at the key {each.key!r}"
    if is_record(each.key, config):
        return f"{name!r} has the key of the manifest or of our records: {each.key!r}"
    # Paths of a manifest were looked at with it, and prefixes with the configuration.
    if each.owner is not Owner.PHOTO and (why := keys.fault(each.key)):
        return f"{name!r} {why}"
    if len(each.key) > keys.LONGEST // 4 and len(each.key.encode()) > keys.LONGEST:
        return f"{name[:80]!r}... makes a key of more than {keys.LONGEST} bytes"
    return None
