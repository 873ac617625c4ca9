"""Which objects a CDN may still show as they were: those that a deployment replaces or deletes."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from galleria_action import invalidation
from galleria_action.config import Config
from galleria_action.invalidation import Purge
from galleria_action.plan import Action, Change, Reason


def replaced(changes: Iterable[Change]) -> set[str]:
    """Keys of objects that visitors could have read before they are put.

    Not those that are new: nothing referred to them, so nobody asked for them. One that went
    missing was asked for, and a cache may hold that it is not there.
    """
    return {
        each.key for each in changes if each.action is Action.PUT and each.reason is not Reason.NEW
    }


def deleted(changes: Iterable[Change]) -> set[str]:
    return {each.key for each in changes if each.action is Action.DELETE}


def build(config: Config, changes: Collection[Change], owed: Collection[str]) -> Purge | None:
    """The purges that belong to ``changes``; None if no CDN is to be purged.

    ``owed`` are keys that earlier runs changed and did not purge.
    """
    if not (config.invalidate_cdn and config.cdn_provider and config.public_url):
        return None
    gone = deleted(changes)
    provider, url = config.cdn_provider, config.public_url
    return Purge(
        provider=provider,
        changed=invalidation.calls(provider, (replaced(changes) | set(owed)) - gone, url),
        deleted=invalidation.calls(provider, gone, url),
    )
