"""Loads the state of the bucket: the deployed manifest, the ledger and the listing."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import replace

from galleria_action import ledger, listing, manifest
from galleria_action.config import Config
from galleria_action.errors import DeployError, FailureReason
from galleria_action.ledger import Ledger, Owner
from galleria_action.listing import Part
from galleria_action.manifest import Manifest
from galleria_action.neighbours import Neighbours, UnreadableNeighbour
from galleria_action.remote import Listed, Remote
from galleria_action.store import Found, Store


def load(
    store: Store,
    config: Config,
    wanted: Iterable[str],
    local: Manifest | None,
    executor: Executor,
    neighbours: Neighbours,
) -> Remote:
    """The remote state, as far as ``wanted`` keys and this gallery's own are concerned.

    ``local`` is the manifest here: most often the one there has the same bytes.

    Requests that don't depend on each other are made at once, in threads of ``executor``.

    A missing manifest or ledger is an empty one, a broken one counts as empty with a warning;
    one that a newer version wrote is refused.
    """
    # No listing is older than the manifest: a commit after it is noticed at the gates.
    gets = [executor.submit(store.get, key) for key in (config.metadata_key, config.ledger_key)]
    found_manifest, found_ledger = (each.result() for each in gets)
    faults: list[str] = []
    if found_manifest and local and found_manifest.data == local.data:
        deployed: Manifest | None = local
    else:
        deployed = _manifest(found_manifest, config.metadata_key, faults)
    records = read_ledger(found_ledger, config.ledger_key, faults)
    known = Remote(
        manifest_etag=found_manifest.etag if found_manifest else None,
        manifest=deployed,
        remarks=tuple(store.remarks),
        ledger=records,
        ledger_etag=found_ledger.etag if found_ledger else None,
    )
    wanted, ours = set(wanted), _deployed_keys(known, config)
    others = _others(neighbours, faults) if ours - wanted and _deletes(config) else {}
    listing = list_keys(store, wanted | ours, executor)
    return replace(known, faults=tuple(faults), others=others, listing=listing)


def _deletes(config: Config) -> bool:
    return config.delete or config.delete_stale_site


def _others(neighbours: Neighbours, faults: list[str]) -> Mapping[str, str]:
    try:
        return neighbours.keys()
    except UnreadableNeighbour as error:
        faults.append(
            f"The ledger {error} of another gallery cannot be read, so nobody knows which files "
            "that one publishes. Nothing is deleted in this run."
        )
        return {}


def _manifest(found: Found | None, key: str, faults: list[str]) -> Manifest | None:
    if found is None:
        return None
    try:
        return manifest.parse_deployed(found.data, key)
    except manifest.NewerManifest:
        raise
    except DeployError:
        faults.append(
            f"The deployed manifest {key} cannot be read. It counts as missing, and nothing is "
            "deleted in this run."
        )
        return None


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


def _deployed_keys(known: Remote, config: Config) -> set[str]:
    """Keys of what was deployed, of the halves that are in scope."""
    photos = () if config.site_only else (Owner.PHOTO, Owner.FILE)
    site = () if config.photos_only else (Owner.SITE,)
    deployed = known.ledger.owned(*photos, *site)
    return deployed if config.site_only else deployed | set(known.photo_keys(config.photos_prefix))


def list_keys(store: Store, interesting: Collection[str], executor: Executor) -> dict[str, Listed]:
    """Those of the ``interesting`` keys that are in the bucket now."""
    wanted = frozenset(interesting)

    def read(part: Part) -> dict[str, Listed]:
        return {
            sys.intern(key): Listed(listed.size, sys.intern(listed.etag))
            for key, listed in _objects(store, part)
            if key in wanted
        }

    listed: dict[str, Listed] = {}
    for some in executor.map(read, listing.parts(sorted(interesting))):
        listed |= some
    return listed


def _objects(store: Store, part: Part) -> Iterator[tuple[str, Listed]]:
    """What a listing shows, and perhaps more."""
    if not part.deep:
        yield from store.files(part.folder)
        return
    last = ""
    for key, found in store.list(part.folder, part.after):
        if key <= last:
            # No order to rely on, so its end may hide more.
            yield from store.list(part.folder)
            return
        yield key, found
        if key >= part.until:
            return
        last = key
