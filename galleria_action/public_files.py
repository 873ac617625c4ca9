"""A deployed gallery as every visitor can read it: a store without credentials, for plans only.

Pull requests from forks get no secrets. The manifest and the ledger are enough for a plan, if
they can be read under ``public-url``; there is no listing, so what the ledger says stands for it.
"""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager, nullcontext
from functools import cached_property
from http.client import HTTPException
from typing import NoReturn
from urllib.parse import quote

from galleria_action import __version__, ledger
from galleria_action.errors import FailureReason, StoreError
from galleria_action.headers import Headers
from galleria_action.remote import Listed
from galleria_action.store import LARGEST, Condition, Found

SECONDS = 30


class PublicFiles:
    """The files below ``url``, the address of the bucket's root; see :class:`Store`.

    ``ledger_key`` names the ledger. Reading it is allowed to fail: then nothing is listed.
    """

    def __init__(self, url: str, ledger_key: str) -> None:
        self._url = url
        self._ledger_key = ledger_key
        self._read_before: dict[str, Found | None] = {}

    @property
    def remarks(self) -> Sequence[str]:
        known = self.get(self._ledger_key)
        seen = (
            "What somebody changed in the bucket by other means is not seen."
            if known
            else "The ledger is not public, so nothing can be proven to be deployed already."
        )
        return (f"This plan was made without credentials, from the public manifest. {seen}",)

    def get(self, key: str) -> Found | None:
        if key not in self._read_before:
            self._read_before[key] = self._fetch(key)
        return self._read_before[key]

    def _fetch(self, key: str) -> Found | None:
        try:
            return self._read(key)
        except urllib.error.HTTPError as error:
            error.close()  # it is the answer, too
            if error.code == 404 or key == self._ledger_key:
                return None
            raise self._failed(key, f"the server answers {error.code}") from None
        except (OSError, ValueError, HTTPException) as error:
            why = str(error) or "the answer makes no sense"
            raise self._failed(key, why) from None

    def _read(self, key: str) -> Found:
        request = urllib.request.Request(  # noqa: S310  http and https only, by the configuration
            f"{self._url}/{quote(key)}",
            headers={"User-Agent": f"galleria-deploy/{__version__}", "Cache-Control": "no-cache"},
        )
        with _opener().open(request, timeout=SECONDS) as answer:
            data = answer.read(LARGEST + 1)
            if len(data) > LARGEST:
                raise ValueError("it is too large")
            if answer.length:
                raise ValueError("it was cut off")
            return Found(data, (answer.headers.get("ETag") or "").removeprefix("W/").strip('"'))

    def _failed(self, key: str, why: str) -> StoreError:
        return StoreError(
            FailureReason.NETWORK,
            f"Error: Could not read {key} under {self._url}: {why}",
            advice="Is public-url the address of the bucket's root, and may everybody read it?",
        )

    def head(self, key: str) -> str | None:
        found = self.get(key)
        return found.etag if found else None

    def list(self, prefix: str, after: str = "") -> Iterator[tuple[str, Listed]]:
        for key, listed in self._recorded.items():
            if key > after and key.startswith(prefix):
                yield key, listed

    def files(self, folder: str) -> Iterator[tuple[str, Listed]]:
        return (found for found in self.list(folder) if "/" not in found[0][len(folder) :])

    @cached_property
    def _recorded(self) -> dict[str, Listed]:
        """What the ledger says there should be, in order of keys."""
        found = self.get(self._ledger_key)
        if found is None:
            return {}
        try:
            entries = ledger.decode(found.data).entries
        except (ledger.BrokenLedger, ledger.NewerLedger):
            return {}
        return {
            key: Listed(entry.size, entry.etag)
            for key, entry in sorted(entries.items())
            if entry.is_settled
        }

    def put(
        self,
        key: str,
        data: bytes,
        headers: Headers,
        condition: Condition | None = None,
        sha256: str = "",  # noqa: ARG002
    ) -> str:
        _refuse(key, len(data), headers, condition)

    def uplink(self, executor: Executor) -> AbstractContextManager[None]:  # noqa: ARG002
        return nullcontext()

    def put_parts(self, key: str, parts: Iterable[bytes], headers: Headers) -> str:
        _refuse(key, parts, headers)

    def delete(self, keys: Sequence[str]) -> Mapping[str, str]:
        _refuse(*keys)


def _opener() -> urllib.request.OpenerDirector:
    """Asks web servers, and follows where they point to other web servers: to nothing else.

    There is nothing secret in these requests. The usual opener would go on to FTP.
    """
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler,
        urllib.request.HTTPHandler,
        urllib.request.HTTPSHandler,
        urllib.request.HTTPRedirectHandler,
        urllib.request.HTTPDefaultErrorHandler,
        urllib.request.HTTPErrorProcessor,
        urllib.request.UnknownHandler,
    ):
        opener.add_handler(handler())
    return opener


def _refuse(*_: object) -> NoReturn:
    raise AssertionError("plans without credentials never write")
