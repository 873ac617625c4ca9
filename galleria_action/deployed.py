"""Loads the state of the bucket: the deployed manifest, the ledger and the listing."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import replace

from galleria_action import keys, ledger, manifest
from galleria_action.config import Config
from galleria_action.errors import DeployError, FailureReason
from galleria_action.ledger import Ledger, Owner
from galleria_action.manifest import Manifest
from galleria_action.remote import Listed, Remote
from galleria_action.store import Found, Store


def load(store: Store, config: Config, wanted: Iterable[str], executor: Executor) -> Remote:
    """The remote state, as far as ``wanted`` keys and this gallery's own are concerned.

    Requests that don't depend on each other are made at once, in threads of ``executor``.

    A missing manifest or ledger is an empty one, a broken one counts as empty with a warning;
    one that a newer version wrote is refused.
    """
    # No listing is older than the manifest: a commit after it is noticed at the gates.
    gets = [executor.submit(store.get, key) for key in (config.metadata_key, config.ledger_key)]
    found_manifest, found_ledger = (each.result() for each in gets)
    faults: list[str] = []
    deployed = _manifest(found_manifest, config.metadata_key, faults)
    records = read_ledger(found_ledger, config.ledger_key, faults)
    known = Remote(
        manifest_etag=found_manifest.etag if found_manifest else None,
        manifest=deployed,
        faults=tuple(faults),
        remarks=tuple(store.remarks),
        ledger=records,
        ledger_etag=found_ledger.etag if found_ledger else None,
    )
    interesting = {*wanted, *_deployed_keys(known, config)}
    return replace(known, listing=list_keys(store, config, interesting, executor))


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


def _prefixes(config: Config, interesting: Iterable[str]) -> Iterator[str]:
    """The fewest prefixes whose listings show every interesting key.

    Keys outside the configured prefixes stem from a deployment below other ones; their first
    folder is listed.
    """
    # The deeper prefix first: with the site at the root, photos alone need no listing of all.
    configured = sorted({config.photos_prefix, config.site_prefix}, key=len, reverse=True)
    scopes = {_scope(key, configured) for key in interesting}
    for scope in sorted(scopes):
        if not any(other != scope and keys.below(other, f"{scope}/") for other in scopes):
            yield f"{scope}/" if scope else ""


def _scope(key: str, configured: Collection[str]) -> str:
    for prefix in configured:
        if keys.below(prefix, key):
            return prefix
    return key.partition("/")[0] if "/" in key else ""


def list_keys(
    store: Store, config: Config, interesting: Collection[str], executor: Executor
) -> dict[str, Listed]:
    """Those of the ``interesting`` keys that are in the bucket now."""
    wanted = frozenset(interesting)

    def listing(prefix: str) -> dict[str, Listed]:
        return {
            sys.intern(key): Listed(listed.size, sys.intern(listed.etag))
            for key, listed in store.list(prefix)
            if key in wanted
        }

    listed: dict[str, Listed] = {}
    for part in executor.map(listing, _prefixes(config, wanted)):
        listed |= part
    return listed
