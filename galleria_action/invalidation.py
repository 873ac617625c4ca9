"""What a CDN is asked to forget: few requests that cover all objects, within its limits.

One function for each provider, all of them pure: a plan shows what they make.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from galleria_action import urls


class Provider(StrEnum):
    """A CDN whose API is known."""

    BUNNY = "bunny"
    CLOUDFRONT = "cloudfront"
    CLOUDFLARE = "cloudflare"


class Call(NamedTuple):
    """One piece of a purge: what is asked for, and the keys that are done with it.

    ``addresses`` are as the provider wants them. ``collapsed``: one of them stands for all that
    lies below it, because the objects are too many to be named.
    """

    keys: tuple[str, ...]
    addresses: tuple[str, ...]
    collapsed: bool = False


class Purge(NamedTuple):
    """The purges of a deployment: of changed objects after the commit, of others once deleted."""

    provider: Provider
    changed: tuple[Call, ...] = ()
    deleted: tuple[Call, ...] = ()

    @property
    def calls(self) -> tuple[Call, ...]:
        return self.changed + self.deleted

    @property
    def objects(self) -> int:
        return sum(len(each.keys) for each in self.calls)

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(address for each in self.calls for address in each.addresses)


def calls(provider: Provider, keys: Iterable[str], url: str) -> tuple[Call, ...]:
    """What to ask ``provider`` for; ``url`` is the address of the bucket's root."""
    wanted = sorted(set(keys))
    return tuple(_MAKERS[provider](wanted, url)) if wanted else ()


MOST_PATHS = 8
"""Of one invalidation. 3,000 paths, and 15 that end with *, may be in progress at a time; 1,000
paths a month are free, and one with * counts as one ("Pay for file invalidation")."""

MANY = 1000
"""Keys from which on it is not worth looking whether few paths name them all."""

# A path must have the spelling that visitors use. These may come as they are or encoded; ~^[]|
# are refused unless encoded and then match only those. Source: "What you need to know when
# invalidating paths" (RFC 1738: only unsafe letters may be encoded), aws/aws-sdk issue 525.
_AMBIGUOUS = re.compile(r"[!$&'()*+,;=:@~^|\[\]]")


def _cloudfront(keys: Sequence[str], url: str) -> list[Call]:
    base = urlsplit(url).path
    if len(keys) <= MANY:
        paths = _needed({_path(base, place) for key in keys for place in urls.places(key)})
        if len(paths) <= MOST_PATHS:
            return [Call(tuple(keys), tuple(sorted(paths)))]
    folder = _common_folder(keys)
    path = _path(base, f"{folder}/" if folder else "").removesuffix("*") + "*"
    return [Call(tuple(keys), (path,), collapsed=True)]


def _path(base: str, place: str) -> str:
    """The path of a place; one that ends with * if its spelling cannot be known."""
    if found := _AMBIGUOUS.search(base):
        return base[: found.start()] + "*"
    if found := _AMBIGUOUS.search(place):
        return f"{base}/{quote(place[: found.start()])}*"
    return f"{base}/{quote(place)}"


def _needed(paths: Iterable[str]) -> list[str]:
    """Those of ``paths`` that no other, which ends with *, names as well."""
    needed: list[str] = []
    above = None
    # A path with * stands before all those that it names.
    for path in sorted(paths, key=lambda each: (each.removesuffix("*"), not each.endswith("*"))):
        if above is None or not path.startswith(above):
            needed.append(path)
            above = path[:-1] if path.endswith("*") else above
    return needed


BATCH = 30
"""Addresses of one request: what every plan allowed at all times ("Purge by single-file")."""
MOST_ADDRESSES = 100 * BATCH
"""From there on the folder is purged, which is one request: 1,200 in five minutes is the limit
for all that an account does ("Rate limits")."""


def _cloudflare(keys: Sequence[str], url: str) -> list[Call]:
    few = keys[: MOST_ADDRESSES + 1]  # a key has an address at least
    addresses = {key: urls.addresses(url, key) for key in few}
    if sum(map(len, addresses.values())) > MOST_ADDRESSES:
        # "Purge cache by prefix": host and path, without the slash at the end
        folder = f"{url.partition('://')[2]}/{quote(_common_folder(keys))}".rstrip("/")
        return [Call(tuple(keys), (folder,), collapsed=True)]
    return list(_batches(addresses))


def _batches(addresses: Mapping[str, Sequence[str]]) -> Iterable[Call]:
    """Calls of at most BATCH addresses; all those of a key are in one of them."""
    batch: list[str] = []
    keys: list[str] = []
    for key, some in addresses.items():
        if len(batch) + len(some) > BATCH:
            yield Call(tuple(keys), tuple(batch))
            batch, keys = [], []
        batch += some
        keys.append(key)
    yield Call(tuple(keys), tuple(batch))


def _common_folder(names: Sequence[str]) -> str:
    """The innermost folder that holds all ``names``, '' if that is the root."""
    first, last = min(names), max(names)  # what they have in common, all between them have
    pairs = enumerate(zip(first, last, strict=False))
    same = next((at for at, (one, other) in pairs if one != other), len(first))
    return first[:same].rpartition("/")[0]


MOST_EXACT = 120
MOST_FOLDERS = 20
"""Addresses of files, and of folders, that may be purged at once ("Purge rate limits")."""


def _bunny(keys: Sequence[str], url: str) -> list[Call]:
    few = keys[: MOST_EXACT + MOST_FOLDERS + 1]  # a key has an address at least
    made = [Call((key,), tuple(urls.addresses(url, key))) for key in few]
    addresses = [address for call in made for address in call.addresses]
    folders = sum(each.endswith("/") for each in addresses)
    if len(addresses) - folders > MOST_EXACT or folders > MOST_FOLDERS:
        return [Call(tuple(keys), (f"{url}/*",), collapsed=True)]
    return made


_MAKERS: Mapping[Provider, Callable[[Sequence[str], str], list[Call]]] = {
    Provider.BUNNY: _bunny,
    Provider.CLOUDFRONT: _cloudfront,
    Provider.CLOUDFLARE: _cloudflare,
}
