"""The commit point: the manifest is put only if nobody else committed since the plan was made."""

from __future__ import annotations

from galleria_action import failures
from galleria_action.errors import ConditionFailed, ConditionUnknown, StoreError
from galleria_action.plan import Change
from galleria_action.store import Condition, Found, Store


def gate(store: Store, key: str, seen: str | None) -> None:
    """Refuse to go on unless the manifest at ``key`` still has the ETag ``seen`` at planning."""
    if store.head(key) != seen:
        raise failures.remote_changed("another deployment of this gallery was committed meanwhile")


def put(store: Store, change: Change, data: bytes, seen: str | None) -> str:
    """Put the manifest in place of the one with the ETag ``seen`` (None: of none); its ETag."""
    gate(store, change.key, seen)
    try:
        return _put(store, change, data, seen)
    except (ConditionFailed, StoreError) as error:
        found = _read_back(store, change.key)
        if found is None or found.data != data:
            if isinstance(error, StoreError):
                raise
            raise failures.remote_changed("another deployment was committed first") from None
        return found.etag  # it is ours: the answer to an earlier attempt was lost


def _put(store: Store, change: Change, data: bytes, seen: str | None) -> str:
    assert change.headers is not None
    try:
        return store.put(change.key, data, change.headers, Condition(seen))
    except ConditionUnknown:
        gate(store, change.key, seen)
        return store.put(change.key, data, change.headers)


def _read_back(store: Store, key: str) -> Found | None:
    try:
        return store.get(key)
    except StoreError:
        return None  # then the failure of the put is the one to report
