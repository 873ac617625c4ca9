"""Tries what a deployment does with a bucket, on throw-away objects below one prefix.

Requests are made through boto3, as the careful half of a deployment makes them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import Any

from galleria_action import (
    doctor_objects,
    doctor_visits,
    doctor_web,
    etags,
    keys,
    s3_faults,
    storage,
)
from galleria_action.config import Config
from galleria_action.doctor_facts import Findings, Place, Said, Step
from galleria_action.doctor_objects import Objects
from galleria_action.doctor_requests import Requests
from galleria_action.retry import Retries
from galleria_action.values import replace

FOLDER = f"{keys.RECORDS}doctor-"
"""What the prefixes of all runs begin with."""
STALE = "0" * 32


class Probes:
    """The examination; ``client`` and ``signing`` are boto3's, the latter signs what it sends.

    ``prefix`` begins with :data:`FOLDER`, ends with a slash, and was never used before.
    """

    def __init__(
        self,
        client: Any,
        signing: Any,
        config: Config,
        prefix: str,
        retries: Retries,
        *,
        ask: doctor_visits.Ask = doctor_web.ask,
        clock: Callable[[], float] = time.time,
    ) -> None:
        bucket = config.bucket
        self._client = client
        self._config = config
        self._prefix = prefix
        self._ask = ask
        self._clock = clock
        self._requests = Requests(bucket.name, bucket.endpoint, retries)
        self._objects = Objects(client, signing, bucket.name)
        self._found = Findings(
            Place(
                bucket.name,
                bucket.endpoint,
                client.meta.region_name,
                region_given=bool(bucket.region),
                address=self._address(),
            ),
            self._requests.steps,
        )

    @property
    def place(self) -> Place:
        """Where the bucket is looked for."""
        return self._found.place

    def run(self) -> Findings:
        """Try everything that makes sense after what was found before."""
        if self._look():
            if self._config.dry_run:
                self._visit()
            else:
                with self._objects.removed():
                    self._write()
        return replace(
            self._found,
            place=replace(self._found.place, told=self._requests.told),
            denied=frozenset(self._requests.denied),
            keeps_versions=self._objects.keeps_versions,
            left=self._objects.left,
        )

    def _note(self, **facts: Any) -> None:
        self._found = replace(self._found, **facts)

    def _key(self, name: str) -> str:
        return self._prefix + name

    def _look(self) -> bool:
        """List, and read the manifest; whether there is any sense in going on."""
        listing = self._requests.attempt(Step.LIST, lambda: self._list(FOLDER))
        if listing is None and Step.LIST not in self._requests.denied:
            return False
        if listing is not None:
            self._note(skew=self._skew(listing), older=_keys(listing))
        self._requests.attempt(
            Step.RECORDS, lambda: self._head(self._config.metadata_key), "read the manifest"
        )
        return True

    def _list(self, prefix: str) -> Any:
        place = {"Bucket": self._config.bucket.name, "Prefix": prefix}
        return self._client.list_objects_v2(**place, MaxKeys=10)

    def _head(self, key: str) -> Any:
        try:
            return self._client.head_object(Bucket=self._config.bucket.name, Key=key)
        except Exception as error:
            # Who may read is told that there is no such object, who may not gets 403.
            if s3_faults.status_of(error) == 404:
                return {}
            raise

    def _skew(self, answer: Any) -> float | None:
        with suppress(KeyError, ValueError, TypeError):
            date = answer["ResponseMetadata"]["HTTPHeaders"]["date"]
            return self._clock() - parsedate_to_datetime(date).timestamp()
        return None

    def _write(self) -> None:
        """Put an object; if that works, everything else that writes."""
        key = self._key("page.html")
        put = self._requests.attempt(
            Step.PUT, lambda: self._objects.put(key), "write a throw-away object"
        )
        if put is None:
            return
        etag = etags.bare(put["ETag"])
        self._note(etags_are_md5=etag == etags.md5_hex(doctor_objects.PAGE))
        self._read(key)
        self._visit(key)
        self._conditions(key, etag)
        self._integrity()
        self._parts()
        self._delete()

    def _read(self, key: str) -> None:
        if self._requests.works(Step.LIST):
            self._note(appears_at_once=self._is_listed(key))
        place = {"Bucket": self._config.bucket.name, "Key": key}

        def read() -> Any:
            return self._client.get_object(**place)["Body"].read()

        self._requests.attempt(Step.READ, read)

    def _is_listed(self, key: str) -> bool:
        shown = self._requests.attempt(Step.LIST, lambda: self._list(key))
        return key in _keys(shown or {})

    def _conditions(self, key: str, etag: str) -> None:
        """Put on conditions that hold and on others that do not.

        Everything that is put has the same bytes, and so the same ETag.
        """
        second = self._key("second.html")
        self._note(
            if_none_match=self._said(
                lambda: self._objects.put(second, IfNoneMatch="*"),
                lambda: self._objects.put(second, IfNoneMatch="*"),
            ),
            if_match_quoted=self._said(
                lambda: self._objects.put(key, IfMatch=f'"{etag}"'),
                lambda: self._objects.put(key, IfMatch=f'"{STALE}"'),
            ),
            if_match_bare=self._said(
                lambda: self._objects.put(second, IfMatch=etag),
                lambda: self._objects.put(second, IfMatch=STALE),
            ),
        )

    def _said(self, right: Callable[[], Any], wrong: Callable[[], Any]) -> Said:
        """What comes of a condition that holds and, after that, of one that does not."""
        if self._requests.status(right) != 200:
            return Said.REFUSED
        return self._held(wrong)

    def _held(self, wrong: Callable[[], Any]) -> Said:
        return Said.IGNORED if self._requests.status(wrong) == 200 else Said.HONOURED

    def _integrity(self) -> None:
        """Send bodies that are not what their requests say."""
        digest, signed = self._key("digest.html"), self._key("hash.html")
        wrong = etags.content_md5(doctor_objects.OTHER)
        self._note(
            digests=self._held(lambda: self._objects.put(digest, ContentMD5=wrong)),
            hashes=self._held(lambda: self._objects.put_swapped(signed)),
        )

    def _parts(self) -> None:
        """Begin an upload in parts, send one and give up: that takes a right of its own."""
        place = {"Bucket": self._config.bucket.name, "Key": self._key("parts.html")}
        begun = self._requests.attempt(
            Step.PARTS, lambda: self._client.create_multipart_upload(**place)
        )
        if begun is None:
            return
        place["UploadId"] = begun["UploadId"]
        part = {"Body": doctor_objects.PAGE, "ContentMD5": etags.content_md5(doctor_objects.PAGE)}
        try:
            self._requests.attempt(
                Step.PARTS, lambda: self._client.upload_part(**place, PartNumber=1, **part)
            )
        finally:
            self._requests.attempt(Step.PARTS, lambda: self._abort(place))

    def _abort(self, place: dict[str, str]) -> bool:
        try:
            self._client.abort_multipart_upload(**place)
        except Exception as error:
            if s3_faults.status_of(error) != 404:  # rclone has forgotten it by itself
                raise
        return True

    def _visit(self, key: str = "") -> None:
        """Look from outside, at the object ``key`` if there is one and at what is live."""
        config = self._config
        if not config.public_url:
            return
        url, folder = config.public_url, f"{config.site_prefix}/" if config.site_prefix else ""
        visits = [doctor_visits.throw_away(url, key, self._ask)] if key else []
        sights = {f"{folder}index.html": "the live site", config.metadata_key: "the live manifest"}
        visits += [
            doctor_visits.live(url, sight, what, self._ask)
            for sight, what in sights.items()
            if self._requests.works(Step.LIST) and self._is_listed(sight)
        ]
        signed = self._signed(key or config.metadata_key)
        cors = doctor_visits.cors(url, signed, self._ask, exists=bool(key))
        self._note(visits=tuple(visits), cors=cors)

    def _signed(self, key: str) -> str:
        place = {"Bucket": self._config.bucket.name, "Key": key}
        url: str = self._client.generate_presigned_url("get_object", Params=place, ExpiresIn=300)
        return url

    def _address(self) -> str:
        with suppress(Exception):  # such as no credentials, which is told soon enough
            return self._signed("x").partition("?")[0].removesuffix("/x")
        return ""

    def _delete(self) -> None:
        """Delete objects by one request, and one by itself."""
        some = [self._key("page.html"), self._key("second.html")]
        try:
            self._note(batches=self._requests.call(lambda: self._objects.delete_batch(some)))
        except Exception as error:  # noqa: BLE001  explained, or raised again
            self._note(batches=False)
            if s3_faults.status_of(error) not in storage.NO_BATCHES:
                self._requests.fail(Step.DELETE, error)
        last = self._key("third.html")
        self._requests.status(lambda: self._objects.put(last))
        self._requests.attempt(Step.DELETE, lambda: self._objects.delete(last))


def _keys(listing: Any) -> tuple[str, ...]:
    return tuple(each["Key"] for each in listing.get("Contents", ()))
