"""The doctor's throw-away objects: written below one prefix, and removed whatever happens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from galleria_action import etags, headers, s3_faults
from galleria_action.headers import Headers
from galleria_action.retry import Retries

PAGE = b"<!doctype html><title>galleria-deploy doctor</title>\n"
OTHER = PAGE.replace(b"doctor", b"health")
"""As long as the other one, so that they can be exchanged on their way."""
HEADERS = Headers("text/html; charset=utf-8", headers.PAGE_CACHE)
_REMOVING = Retries(attempts=3)
_DENIED = (401, 403)


class Objects:
    """Writes and removes objects; knows which of them, and which versions, may be there.

    left
        Keys that could not be removed, once :meth:`removed` has ended.
    """

    def __init__(self, client: Any, signing: Any, bucket: str) -> None:
        self._client = client
        self._signing = signing
        self._bucket = bucket
        self._versions: dict[str, list[str]] = {}
        self.left: tuple[str, ...] = ()

    @property
    def keeps_versions(self) -> bool:
        """Whether the bucket keeps what is replaced and deleted."""
        return any(self._versions.values())

    def put(self, key: str, data: bytes = PAGE, **more: str) -> Any:
        """Write an object as a deployment does; ``more`` are parameters of boto3."""
        given = {
            "ContentMD5": etags.content_md5(data),
            "ContentType": HEADERS.content_type,
            "CacheControl": HEADERS.cache_control,
            **more,
        }
        return self._write(
            key, lambda: self._client.put_object(**self._at(key), Body=data, **given)
        )

    def put_swapped(self, key: str) -> Any:
        """Write an object of which another body arrives than the one whose hash was signed."""

        def swap(request: Any, **_: Any) -> None:
            request.body = OTHER

        events = self._signing.meta.events
        events.register("before-send.s3.PutObject", swap)
        try:
            return self._write(key, lambda: self._signing.put_object(**self._at(key), Body=PAGE))
        finally:
            events.unregister("before-send.s3.PutObject", swap)

    def _write(self, key: str, request: Any) -> Any:
        new = key not in self._versions
        self._versions.setdefault(key, [])  # before: an interrupted request may have arrived
        try:
            answer = request()
        except Exception as error:
            if new and s3_faults.status_of(error) in _DENIED:
                del self._versions[key]
            raise
        self._remember(key, answer.get("VersionId"))
        return answer

    def _remember(self, key: str, version: str | None) -> None:
        if version and version != "null":
            self._versions[key].append(version)

    def delete(self, key: str) -> bool:
        """Delete one object by its own request."""
        self._remember(key, self._client.delete_object(**self._at(key)).get("VersionId"))
        return True

    def delete_batch(self, keys: list[str]) -> bool:
        """Delete objects by one request; whether all of them were."""
        answer = self._client.delete_objects(
            Bucket=self._bucket, Delete={"Objects": [{"Key": key} for key in keys]}
        )
        for each in answer.get("Deleted", ()):
            self._remember(each["Key"], each.get("DeleteMarkerVersionId"))
        return not answer.get("Errors")

    @contextmanager
    def removed(self) -> Iterator[None]:
        """At the end of the block, however it ends, everything is removed."""
        try:
            yield
        finally:
            try:
                self._remove_all()
            except BaseException:
                self._remove_all()  # interrupted once; a second signal is ignored
                raise

    def _remove_all(self) -> None:
        self.left = tuple(key for key in self._versions if not self._remove(key))

    def _remove(self, key: str) -> bool:
        """Whether an object is gone, with its versions if they may be deleted."""
        versions = self._versions[key] or self._there(key)
        if versions == []:
            return True
        gone = [self._removes(key, VersionId=each) for each in versions or ()]
        # Deleted without a version, a marker of that would be kept as well.
        return bool(gone and all(gone)) or self._removes(key)

    def _there(self, key: str) -> list[str] | None:
        """The version that is there, of an object whose put was not answered; None: unknown."""
        try:
            answer = self._client.head_object(**self._at(key))
        except Exception as error:  # noqa: BLE001  such as no right to read
            return [] if s3_faults.status_of(error) == 404 else None
        version = answer.get("VersionId")
        return [version] if version and version != "null" else None

    def _removes(self, key: str, **version: str) -> bool:
        try:
            _REMOVING.call(
                lambda: self._client.delete_object(**self._at(key), **version), s3_faults.judge
            )
        except Exception:  # noqa: BLE001  whatever it is, the object may be there
            return False
        return True

    def _at(self, key: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": key}
