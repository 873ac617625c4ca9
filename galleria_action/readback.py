"""Reads a deployed gallery back, from the bucket and as its visitors do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor
from typing import Protocol

from galleria_action import deployed, headers, keys, urls, verification
from galleria_action.config import Config
from galleria_action.journal import Journal
from galleria_action.ledger import Entry, Owner
from galleria_action.plan import Action, Change, Kind, Plan, Reason
from galleria_action.planning import Gallery
from galleria_action.publication import Published, Stale
from galleria_action.remote import Listed, Remote
from galleria_action.sending import Source
from galleria_action.store import Store
from galleria_action.values import Struct, replace
from galleria_action.verification import Expected, Fault, Found, Look, Verification
from galleria_action.wanted import Wanted

PAUSES = (10.0,) * 12
"""Seconds, for all objects together: a purge takes some time to reach all places of a CDN, at
CloudFront up to two minutes."""


class Visitors(Protocol):
    """Whoever reads the gallery without credentials."""

    def get(self, key: str, most: int) -> Found:
        """The answer to a visitor, at most ``most`` bytes and one of its body."""


class Readback(Struct, frozen=True, kw_only=True):
    """What was deployed, and where to look for it. ``visitors`` None: nobody knows the address.

    ``purged``: whether the CDN was just purged, so that old files are given some time.
    """

    config: Config
    gallery: Gallery
    plan: Plan
    remote: Remote
    journal: Journal
    store: Store
    source: Source
    executor: Executor
    visitors: Visitors | None
    purged: bool
    rest: Callable[[float], None]

    def verify(self) -> Verification:
        """List the gallery once more and read a sample of it."""
        facts = {
            each.key: entry
            for each in self.gallery.objects
            if (entry := self.journal.entry(each.key))
        }
        etags = {key: entry.etag for key, entry in facts.items()}
        if etag := self._manifest_etag():
            etags[self.config.metadata_key] = etag
        gone = [each.key for each in self.plan.deletes]
        listing = deployed.list_keys(self.store, {*etags, *gone}, self.executor)

        def listed(key: str) -> str | None:
            return listing[key].etag if key in listing else None

        expected = list(self._expected(facts))
        pauses = iter(PAUSES if self.purged else ())
        looks = [self._look(each, pauses) for each in expected]
        return Verification(
            listed=len(etags),
            in_listing=tuple(verification.in_listing(etags, gone, listed)),
            in_bucket=tuple(in_bucket for in_bucket, _ in looks),
            by_visitors=tuple(by_visitor for _, by_visitor in looks if by_visitor),
            gone=tuple(self._look_for_deleted(pauses)),
            front=self._front(expected, pauses),
        )

    def _manifest_etag(self) -> str | None:
        if not self.plan.puts(Kind.MANIFEST):
            return self.remote.manifest_etag
        entry = self.journal.entry(self.config.metadata_key)
        return entry.etag if entry else None

    def _front(self, expected: Iterable[Expected], pauses: Iterator[float]) -> Look | None:
        """What visitors get at the address that the output ``url`` names."""
        index = keys.join(self.config.site_prefix, urls.INDEX)
        pages = [each for each in expected if each.key == index]
        if not pages or self.visitors is None:
            return None
        return self._visit(replace(pages[0], key=index.removesuffix(urls.INDEX)), pauses)

    def _look(self, expected: Expected, pauses: Iterator[float]) -> tuple[Look, Look | None]:
        found = self.store.get(expected.key)
        in_bucket = verification.in_bucket(expected, found.data if found else None)
        return in_bucket, self._visit(expected, pauses) if self.visitors else None

    def _visit(self, expected: Expected, pauses: Iterator[float]) -> Look:
        def look() -> Look:
            assert self.visitors is not None
            found = self.visitors.get(expected.key, len(expected.data))
            return verification.by_visitor(expected, found)

        return self._patiently(look, pauses)

    def _look_for_deleted(self, pauses: Iterator[float]) -> Iterator[Look]:
        """What visitors get of some objects that this run has deleted."""
        visitors = self.visitors
        deletes = self.plan.deletes[: verification.GONE] if visitors else ()
        for each in deletes:
            before = self.remote.listing[each.key]

            def look(key: str = each.key, before: Listed = before) -> Look:
                assert visitors is not None
                found = visitors.get(key, min(before.size, verification.LARGEST))
                return verification.after_deletion(key, before.etag, found)

            yield self._patiently(look, pauses)

    def _patiently(self, look: Callable[[], Look], pauses: Iterator[float]) -> Look:
        """The last look; other bytes are looked at again as long as there are pauses."""
        while True:
            seen = look()
            pause = next(pauses, None) if seen.fault in (Fault.OLD, Fault.OTHER) else None
            if pause is None:
                return seen
            self.rest(pause)

    def _expected(self, facts: Mapping[str, Entry]) -> Iterator[Expected]:
        """The manifest and a sample, as they were sent.

        Without those whose file was changed here since: nobody knows any more what was sent.
        """
        data = self.plan.manifest_data or (self.remote.manifest and self.remote.manifest.data)
        key = self.config.metadata_key
        if data:
            put = bool(self.plan.puts(Kind.MANIFEST))
            yield Expected(
                key,
                data,
                headers.headers(key, key, self.config.cache_control),
                (self.remote.manifest_etag or "") if put else "",
            )
        puts = {each.key for each in self.plan.changes if each.action is Action.PUT}
        sizes = {key: entry.size for key, entry in facts.items()}
        chosen = verification.sample(self.gallery.objects, sizes, puts, self.config.photos_prefix)
        for wanted in chosen:
            sent = self._sent(wanted, facts[wanted.key])
            before = self.remote.listing.get(wanted.key) if wanted.key in puts else None
            if sent is not None:
                known = facts[wanted.key].headers == wanted.headers.digest
                yield Expected(
                    wanted.key,
                    sent,
                    wanted.headers if known else None,
                    before.etag if before else "",
                )

    def _sent(self, wanted: Wanted, entry: Entry) -> bytes | None:
        """The bytes that this or an earlier run has sent, made once more of the file."""
        change = Change(
            Action.PUT,
            Reason.FORCED,
            Kind.SITE if wanted.owner is Owner.SITE else Kind.PHOTO,
            wanted.key,
            entry.size,
            source=entry.source,
            edit=entry.edit,
            headers=wanted.headers,
            wanted=wanted,
        )
        try:
            content = self.source.open(change)
        except (Stale, OSError):
            return None
        return content.data if isinstance(content, Published) else None
