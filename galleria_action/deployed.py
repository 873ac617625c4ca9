"""Loads the state of the bucket: the deployed manifest, the ledger and the listing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import Executor, Future
from itertools import islice
from operator import itemgetter, lt
from types import MappingProxyType
from typing import NamedTuple

from galleria_action import etags, ledger, listing, manifest
from galleria_action.config import Config
from galleria_action.errors import DeployError, FailureReason
from galleria_action.ledger import Entry, Ledger, Owner
from galleria_action.listing import Part
from galleria_action.manifest import Manifest
from galleria_action.manifest_document import NewerManifest
from galleria_action.neighbours import Neighbours, UnreadableNeighbour
from galleria_action.remote import AS_LISTED, Listed, Remote
from galleria_action.store import Found, Store
from galleria_action.values import replace

LARGE = 1 << 20
"""Bytes of a manifest from which on a request more is worth it not to fetch it."""
_ABSENT = Listed(0, "")
_FACTS = itemgetter(slice(Entry._fields.index("size"), Entry._fields.index("etag") + 1))
"""Size and ETag of an entry."""


class Records(NamedTuple):
    """What a deployment leaves to be read by the next one.

    ``manifest`` is the result of :func:`_manifest`, still under way; ``ledger`` was found, and
    nobody has looked into it.
    """

    manifest: Future[tuple[str | None, Manifest | None, Sequence[str]]]
    ledger: Found | None


def records(store: Store, config: Config, local: Manifest | None, executor: Executor) -> Records:
    """Ask for manifest and ledger at once, in threads of ``executor``, and wait for the ledger.

    ``local`` is the manifest here: most often the one there has the same bytes.
    """
    state = executor.submit(_manifest, store, config.metadata_key, local)
    ledger = executor.submit(store.get, config.ledger_key)
    if ledger.exception():
        state.result()  # what is wrong with both is said of the one that people know
    return Records(state, ledger.result())


def load(
    known: Records,
    store: Store,
    config: Config,
    wanted: Mapping[str, object],
    *,
    local: Manifest | None,
    executor: Executor,
    neighbours: Neighbours,
) -> Remote:
    """The remote state, as far as the ``wanted`` keys and this gallery's own are concerned.

    Requests that don't depend on each other are made at once, in threads of ``executor``.

    A missing manifest or ledger is an empty one, a broken one counts as empty with a warning;
    one that a newer version wrote is refused.
    """
    lost: list[str] = []
    entries = read_ledger(known.ledger, config.ledger_key, lost)
    # No listing is older than the manifest: a commit after it is noticed at the gates.
    manifest_etag, deployed, unreadable = known.manifest.result()
    remote = Remote(
        manifest_etag=manifest_etag,
        manifest=deployed,
        remarks=tuple(store.remarks),
        ledger=entries,
        ledger_etag=known.ledger.etag if known.ledger else None,
    )
    faults = [*unreadable, *lost]
    gone = _gone(remote, config, wanted.keys(), local)
    others = _others(neighbours, gone, faults) if gone and _deletes(config) else frozenset()
    listed = list_keys(store, [*wanted, *gone], executor, entries.entries)
    return replace(remote, faults=tuple(faults), others=others, listing=listed)


def _deletes(config: Config) -> bool:
    return config.delete or config.delete_stale_site


def _others(neighbours: Neighbours, keys: Iterable[str], faults: list[str]) -> frozenset[str]:
    try:
        return neighbours.look().published(keys)
    except UnreadableNeighbour as error:
        faults.append(
            f"The ledger {error} of another gallery cannot be read, so nobody knows which files "
            "that one publishes. Nothing is deleted in this run."
        )
        return frozenset()


def _manifest(
    store: Store, key: str, local: Manifest | None
) -> tuple[str | None, Manifest | None, Sequence[str]]:
    """ETag and manifest of what is deployed, and in sentences why that cannot be read."""
    if local and len(local.data) >= LARGE:
        # Its hash tells whether that of 100,000 photos, 80 MB, has to come at all.
        etag = store.head(key)
        if etag == etags.md5_hex(local.data):
            return etag, local, ()
    found = store.get(key)
    if found is None:
        return None, None, ()
    if local and found.data == local.data:
        return found.etag, local, ()
    try:
        return found.etag, manifest.parse(found.data, key), ()
    except NewerManifest:
        raise
    except DeployError:
        why = f"The deployed manifest {key} cannot be read. It counts as missing, and nothing is"
        return found.etag, None, [f"{why} deleted in this run."]


def read_ledger(found: Found | None, key: str, faults: list[str]) -> Ledger:
    """The ledger that was found, an empty one if there is none; faults are added to ``faults``."""
    if found is None:
        return Ledger()
    try:
        return ledger.decode(found.data)
    except ledger.NewerLedger:
        raise DeployError(
            FailureReason.METADATA,
            f"Error: The ledger {key} was written by a newer version of this action",
            advice="Update the action: uses: galleria/deploy@v1 gets the newest version 1.",
        ) from None
    except ledger.BrokenLedger:
        faults.append(
            f"The ledger {key} cannot be read. It counts as missing, and nothing is deleted in "
            "this run; unknown objects are compared by their ETags."
        )
        return Ledger()


def _gone(
    known: Remote, config: Config, published: AbstractSet[str], local: Manifest | None
) -> set[str]:
    """Keys of what was deployed, of the halves that are in scope, without the ``published``.

    Those are the keys of ``local`` and of other files.
    """
    entries = known.ledger.entries
    photos = () if config.site_only else (Owner.PHOTO, Owner.FILE)
    owners = (*photos, *(() if config.photos_only else (Owner.SITE,)))
    gone = {key for key in entries.keys() - published if entries[key].owner in owners}
    if not config.site_only and known.manifest is not local:
        gone |= known.photo_keys(config.photos_prefix).keys() - published
    return gone


def list_keys(
    store: Store,
    interesting: Iterable[str],
    executor: Executor,
    entries: Mapping[str, Entry] = MappingProxyType({}),
    new: Mapping[str, int] = MappingProxyType({}),
) -> dict[str, Listed]:
    """Those of the ``interesting`` keys that are in the bucket now.

    Most are listed as ``entries`` has them: then one of each text is enough in memory. ``new`` has
    the bytes of those that have just been put, see `listing`.
    """
    # In the order of listings: what is asked for in a row lies close together in memory then.
    found = dict.fromkeys(sorted(interesting), _ABSENT)

    def read(part: Part) -> None:
        for page in _pages(store, part):
            ours = page if page.keys() <= found.keys() else _only(page, found.keys())
            found.update(_recorded(ours, entries))

    for _ in executor.map(read, listing.parts(list(found), new)):
        pass
    for key in [key for key, listed in found.items() if listed is _ABSENT]:
        del found[key]
    return found


def _only(page: Mapping[str, Listed], keys: AbstractSet[str]) -> Mapping[str, Listed]:
    return {key: page[key] for key in page.keys() & keys}


def _recorded(
    page: Mapping[str, Listed], entries: Mapping[str, Entry]
) -> Iterable[tuple[str, Listed]]:
    """What a page shows; texts that are those of ``entries`` are the same in memory, too."""
    known = list(map(entries.get, page))
    told = list(map(_FACTS, filter(None, known)))
    if told == list(page.values()):  # nearly always, and seen without a look at each
        return zip(page, map(AS_LISTED, told), strict=True)
    return (
        (key, AS_LISTED(_FACTS(entry)) if entry and _FACTS(entry) == listed else listed)
        for (key, listed), entry in zip(page.items(), known, strict=True)
    )


def _pages(store: Store, part: Part) -> Iterator[Mapping[str, Listed]]:
    """What a listing shows, and perhaps more."""
    if not part.deep:
        yield dict(store.files(part.folder))
        return
    objects = store.list(part.folder, part.after)
    last = ""
    while some := list(islice(objects, listing.PAGE)):
        page = dict(some)
        keys = [last, *page]
        if len(page) < len(some) or not all(map(lt, keys, page)):
            # No order to rely on, so its end may hide more.
            yield dict(store.list(part.folder))
            return
        yield page
        last = keys[-1]
        if last >= part.until:
            return
