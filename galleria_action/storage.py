"""A bucket behind S3's API: the :class:`~galleria_action.store.Store` of real deployments."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager, closing, nullcontext, suppress
from typing import Any, TypeVar

from galleria_action import etags, s3_faults
from galleria_action.errors import ConditionFailed, ConditionUnknown, FailureReason, StoreError
from galleria_action.headers import Headers
from galleria_action.listing_page import Page
from galleria_action.paging import Paging
from galleria_action.remote import Listed
from galleria_action.retry import Retries
from galleria_action.store import LARGEST, Condition, Found
from galleria_action.text import size

T = TypeVar("T")

DELETES_AT_ONCE = 1000  # of DeleteObjects; 1,001 are refused
NO_BATCHES = frozenset({400, 411, 501})
"""Statuses after which keys are deleted one by one."""
_NO_CONDITIONS = frozenset({"NotImplemented", "NotSupported", "InvalidArgument"})


class S3Store:
    """The bucket ``bucket`` through a boto3 ``client`` that does not retry by itself."""

    def __init__(self, client: Any, bucket: str, retries: Retries, where: str | None) -> None:
        self._client = client
        self._bucket = bucket
        self._retries = retries
        self._where = where
        self._delete_batches = True

    @property
    def remarks(self) -> Sequence[str]:
        return ()

    def get(self, key: str) -> Found | None:
        """What the ETag proves, or, as it need not be an MD5, two attempts in a row say."""
        found = self._read(key)
        for _ in range(self._retries.attempts):
            if found is None or found.is_proven:
                return found
            before, found = found, self._read(key)
            if found == before:
                return found
        raise StoreError(
            FailureReason.NETWORK,
            f"Error: Could not read {key}: it arrives as something else each time",
            advice="Something on the way from the store alters what passes, or others write it all "
            "the time. Run again.",
        )

    def _read(self, key: str) -> Found | None:
        def request() -> Found:
            answer = self._client.get_object(Bucket=self._bucket, Key=key)
            with closing(answer["Body"]) as body:
                data = body.read(LARGEST + 1)
                if len(data) <= LARGEST:
                    data += body.read(1)  # nothing; raises if it was cut off
            return Found(data, etags.of(answer))

        found = self._unless_absent(f"read {key}", request)
        if found and len(found.data) > LARGEST:
            raise StoreError(
                FailureReason.METADATA,
                f"Error: Could not read {key}: it is larger than {size(LARGEST)}",
                advice="Somebody put another file there. Look at it, and remove it.",
            )
        return found

    def head(self, key: str) -> str | None:
        def request() -> str:
            return etags.of(self._client.head_object(Bucket=self._bucket, Key=key))

        return self._unless_absent(f"look at {key}", request)

    def put(
        self,
        key: str,
        data: bytes,
        headers: Headers,
        condition: Condition | None = None,
        sha256: str = "",  # noqa: ARG002
    ) -> str:
        arguments = {
            "Bucket": self._bucket,
            "Key": key,
            "Body": data,
            "ContentMD5": etags.content_md5(data),
            **_arguments(headers),
        }
        if condition is None:
            put = self._client.put_object
            return self._call(f"write {key}", lambda: etags.of(put(**arguments)))
        return self._put_if(key, arguments, condition)

    def _put_if(self, key: str, arguments: dict[str, Any], condition: Condition) -> str:
        if condition.etag is None:
            return self._put_on_condition(key, arguments, {"IfNoneMatch": "*"})
        try:
            return self._put_on_condition(key, arguments, {"IfMatch": f'"{condition.etag}"'})
        except ConditionFailed:
            # Ceph compares the header with the bare ETag. If the object is still the one that
            # was seen, the refusal was about the quotes; without them the put is as safe.
            if self.head(key) != condition.etag:
                raise
        try:
            return self._put_on_condition(key, arguments, {"IfMatch": condition.etag})
        except ConditionFailed:
            if self.head(key) != condition.etag:
                raise
            raise ConditionUnknown(key) from None

    def _put_on_condition(self, key: str, arguments: dict[str, Any], header: dict[str, str]) -> str:
        def request() -> str:
            return etags.of(self._client.put_object(**arguments, **header))

        try:
            return self._tried(request)
        except Exception as error:
            status, code = s3_faults.status_of(error), s3_faults.code_of(error)
            # 404: AWS's answer to If-Match on an object that is gone.
            if status in (409, 412) or (status == 404 and code != "NoSuchBucket"):
                raise ConditionFailed(key) from None
            if status == 501 or (status == 400 and code in _NO_CONDITIONS):
                raise ConditionUnknown(key) from None
            raise self._explained(error, f"write {key}") from error

    def uplink(self, executor: Executor) -> AbstractContextManager[None]:  # noqa: ARG002
        return nullcontext()

    def put_parts(self, key: str, parts: Iterable[bytes], headers: Headers) -> str:
        place = {"Bucket": self._bucket, "Key": key}
        start = self._client.create_multipart_upload
        place["UploadId"] = self._call(
            f"start the upload of {key}",
            lambda: start(**place, **_arguments(headers))["UploadId"],
        )
        try:
            done = [self._put_part(place, number, part) for number, part in enumerate(parts, 1)]
            self._complete(place, done)
        except BaseException:
            self._abort(place)
            raise
        # Ceph's answer to the last call has an empty ETag; what it lists is the one to remember.
        return self.head(key) or ""

    def _put_part(self, place: dict[str, str], number: int, part: bytes) -> dict[str, Any]:
        etag = self._call(
            f"write part {number} of {place['Key']}",
            lambda: etags.of(
                self._client.upload_part(
                    **place, PartNumber=number, Body=part, ContentMD5=etags.content_md5(part)
                )
            ),
        )
        return {"PartNumber": number, "ETag": f'"{etag}"'}

    def _complete(self, place: dict[str, str], done: list[dict[str, Any]]) -> None:
        def request() -> Any:
            return self._client.complete_multipart_upload(**place, MultipartUpload={"Parts": done})

        try:
            self._tried(request)
        except Exception as error:
            # So says many a store to the second attempt if the first one has succeeded.
            ended = s3_faults.code_of(error) == "NoSuchUpload"
            if not (
                ended and self.head(place["Key"]) == etags.of_parts([each["ETag"] for each in done])
            ):
                raise self._explained(error, f"finish the upload of {place['Key']}") from error

    def _abort(self, place: dict[str, str]) -> None:
        """Best effort: parts that stay cost money until a lifecycle rule removes them."""
        with suppress(Exception):  # the upload's own failure is the one to report
            self._client.abort_multipart_upload(**place)

    def list(self, prefix: str, after: str = "") -> Iterator[tuple[str, Listed]]:
        return self._objects(Prefix=prefix, **({"StartAfter": after} if after else {}))

    def files(self, folder: str) -> Iterator[tuple[str, Listed]]:
        return self._objects(Prefix=folder, Delimiter="/")

    def _objects(self, **arguments: str) -> Iterator[tuple[str, Listed]]:
        arguments["Bucket"] = self._bucket
        paging = Paging()

        def request() -> Page:
            answer = self._client.list_objects_v2(**arguments)
            objects = [
                (each["Key"], Listed(each["Size"], etags.bare(each["ETag"])))
                for each in answer.get("Contents", ())
            ]
            # Both have to be there: a listing that just ends may have been cut off.
            token = answer["NextContinuationToken"] if answer["IsTruncated"] else ""
            if answer["IsTruncated"] and not token:
                raise ValueError("a listing that does not say how it goes on")
            return Page(objects, token)

        while True:
            page = self._call("list the bucket", request)
            yield from page.objects
            if not paging.goes_on(page.token, len(page.objects)):
                return
            arguments["ContinuationToken"] = page.token

    def delete(self, keys: Sequence[str]) -> Mapping[str, str]:
        errors: dict[str, str] = {}
        for start in range(0, len(keys), DELETES_AT_ONCE):
            errors |= self._delete_some(keys[start : start + DELETES_AT_ONCE])
        return errors

    def _delete_some(self, keys: Sequence[str]) -> dict[str, str]:
        errors: dict[str, str] = {}
        if self._delete_batches:
            try:
                deleted, errors = self._delete_batch(keys)
                keys = [key for key in keys if key not in deleted | errors.keys()]
            except Exception as error:
                # Stores without DeleteObjects, or with rules of their own for it.
                if s3_faults.status_of(error) not in NO_BATCHES:
                    raise self._explained(error, "delete objects") from error
                self._delete_batches = False
        for key in keys:
            self._call(
                f"delete {key}",
                lambda key=key: self._client.delete_object(Bucket=self._bucket, Key=key),  # type: ignore[misc]
            )
        return errors

    def _delete_batch(self, keys: Sequence[str]) -> tuple[set[str], dict[str, str]]:
        """The keys that the answer says are deleted, and those that it gives an error for.

        An answer that names neither proves nothing, so it is not asked to be quiet.
        """

        def request() -> tuple[set[str], dict[str, str]]:
            answer = self._client.delete_objects(
                Bucket=self._bucket, Delete={"Objects": [{"Key": key} for key in keys]}
            )
            return {each["Key"] for each in answer.get("Deleted", ())}, {
                each["Key"]: f"{each.get('Code', '')} {each.get('Message', '')}".strip()
                for each in answer.get("Errors", ())
            }

        return self._tried(request)

    def _tried(self, request: Callable[[], T]) -> T:
        return self._retries.call(s3_faults.sensible(request), s3_faults.judge)

    def _unless_absent(self, action: str, request: Callable[[], T]) -> T | None:
        try:
            return self._tried(request)
        except Exception as error:
            if s3_faults.status_of(error) == 404 and s3_faults.code_of(error) != "NoSuchBucket":
                return None
            raise self._explained(error, action) from error

    def _call(self, action: str, request: Callable[[], T]) -> T:
        try:
            return self._tried(request)
        except Exception as error:
            raise self._explained(error, action) from error

    def _explained(self, error: Exception, action: str) -> Exception:
        return s3_faults.explain(error, action, self._bucket, self._where)


def _arguments(headers: Headers) -> dict[str, str]:
    return {"ContentType": headers.content_type, "CacheControl": headers.cache_control}
