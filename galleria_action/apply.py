"""Executes a plan, in the order that leaves the live gallery whole at every moment.

    photos → gate → site files → gate → pages → gate → ledger → manifest
        → purge changed → delete → purge deleted → ledger

Before them the ledger gets the keys that are new and those to be purged, and before the manifest
those that are about to go, so that a crash leaves nothing unknown.
A part of a plan ends behind its photos, with the ledger: a whole plan is to follow.
A gate: nothing failed, and nobody else committed since the plan was made. Deletes come after the
commit, so the live manifest never lists a key that does not exist. A purge that fails is reported
when all else is done.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from functools import cached_property
from itertools import chain

from galleria_action import commit, deployed, failures, transfer
from galleria_action.config import Config
from galleria_action.deletion import Deletion
from galleria_action.errors import Cancelled, DeployError, StoreError
from galleria_action.journal import Journal
from galleria_action.ledger import Entry, Owner
from galleria_action.neighbours import Neighbours
from galleria_action.plan import Change, Kind, Plan
from galleria_action.publication import Stale
from galleria_action.publishing import Publishing
from galleria_action.purging import Connect, Purging
from galleria_action.recorder import Observer, Outcome
from galleria_action.remote import Remote
from galleria_action.sending import Put, Sender, Source
from galleria_action.standby import Standby
from galleria_action.store import Store, Uplink
from galleria_action.transfer import ByteBudget
from galleria_action.values import Struct, field

BYTES_IN_FLIGHT = 64 << 20
"""Of objects; while it is edited and sent, one takes up to three times its size in memory."""
CANCELLED_SECONDS = 3.0
"""For what arrived to be recorded after a cancellation; before them pass `transfer.DRAIN_SECONDS`,
and the runner, which asked at first with SIGINT, sends SIGKILL after ten."""
FAILED_SECONDS = 30.0
"""The same after a failure. A store that is in trouble may not answer at all."""


class Deployment(Struct, kw_only=True, dict=True):
    """One run of ``apply``: the plan and everything that executing it needs.

    ``outcome`` says how far it came, also when :meth:`run` raises.
    """

    config: Config
    plan: Plan
    remote: Remote
    store: Store
    source: Source
    journal: Journal
    neighbours: Neighbours
    executor: Executor
    observer: Observer
    budget: ByteBudget
    clock: Callable[[], float]
    rest: Callable[[float], None]
    connect: Connect | None = None
    outcome: Outcome = field(default_factory=Outcome)

    def __post_init__(self) -> None:
        self._sender = Sender(self.store, self.source, self.executor, self.budget)
        self._purging = Purging(self.connect, self.plan, self.journal)
        standby = Standby(self.rest, self.observer)
        self._publishing = Publishing(
            plan=self.plan,
            remote=self.remote,
            journal=self.journal,
            neighbours=self.neighbours,
            standby=standby,
            gate=self._gate,
        )
        self._deletion = Deletion(
            plan=self.plan,
            remote=self.remote,
            store=self.store,
            journal=self.journal,
            neighbours=self.neighbours,
            outcome=self.outcome,
            observer=self.observer,
            standby=standby,
            clock=self.clock,
        )
        self._sent: dict[str, str] = {}  # key to ETag

    @cached_property
    def _listed(self) -> Mapping[str, str]:
        return self.remote.photo_keys(self.plan.photos_prefix)

    @property
    def failure(self) -> DeployError | None:
        """What failed without stopping the deployment: a purge."""
        return self._purging.failure

    def run(self) -> None:
        """Execute the plan; afterwards see :attr:`failure`."""
        plan = self.plan
        self.journal.suppose(plan.claims)
        known = self.remote.ledger.entries
        news = {key: entry for key, entry in plan.kept.items() if known.get(key) != entry}
        self.journal.suppose(news)
        self.journal.forget(plan.forgotten)
        self._announce()
        self.observer.started(plan.totals.objects_to_put, plan.totals.bytes_to_upload)
        try:
            self._write()
        except BaseException as error:
            self._deletion.retract()
            self.journal.withdraw()
            cancelled = isinstance(error, Cancelled)
            self.journal.try_to_flush(CANCELLED_SECONDS if cancelled else FAILED_SECONDS)
            raise
        finally:
            self.observer.finished()

    def _announce(self) -> None:
        """Record which keys are about to be put for the first time, and which are to be purged.

        After a crash they are then known to be ours: adopted by the next run, or deleted as
        leftovers. A key where somebody else's object lies is not claimed before it is replaced.
        """
        known, listing = self.remote.ledger.entries, self.remote.listing
        new = {
            each.key: Entry(each.wanted.owner, size=each.size, listed=False)
            for kind in (Kind.PHOTO, Kind.SITE)
            for each in self.plan.puts(kind)
            if each.wanted and each.key not in known and each.key not in listing
        }
        self.journal.suppose(new)
        if self._purging.announce() or new:
            with suppress(StoreError):  # the first upload fails likewise, in words that fit
                self.journal.flush()

    def _write(self) -> None:
        with self.store.uplink(self.executor) as uplink:
            for group in self._groups():
                if group:
                    self._upload(group, uplink)
                    self._gate()
        self._tell()
        if self._commits or self.plan.is_part or self.plan.deletes:
            self.journal.flush()
        if self.plan.is_part:
            return
        if self.plan.puts(Kind.PHOTO) or self.plan.puts(Kind.SITE) or self._commits:
            expected = self._expected()
            self._publishing.claim(expected)
            self._check_listing(expected)
        etag = self._commit() if self._commits else self.remote.manifest_etag
        self._purging.changed()
        self._deletion.run(etag)
        self._purging.deleted()
        self._finish_ledger()
        self.outcome.purged_files = self._purging.purged
        self.outcome.complete = True

    def _tell(self) -> None:
        """Have others know what is about to be deleted and committed."""
        deletes = self._deletion.announce()
        replaces = (self.remote.manifest_etag or "") if self._commits else None
        if deletes or replaces is not None:
            self.journal.intend(deletes, replaces)

    def _gate(self) -> None:
        commit.gate(self.store, self.config.metadata_key, self.remote.manifest_etag)

    def _groups(self) -> tuple[Sequence[Change], ...]:
        """Photos, then the site's files, then the pages that refer to both."""
        site = self.plan.puts(Kind.SITE)
        pages = [each for each in site if each.wanted and each.wanted.is_page]
        files = [each for each in site if each.wanted and not each.wanted.is_page]
        return self.plan.puts(Kind.PHOTO), files, pages

    @property
    def _commits(self) -> bool:
        return bool(self.plan.puts(Kind.MANIFEST))

    def _upload(self, group: Sequence[Change], uplink: Uplink | None) -> None:
        try:
            transfer.run(
                lambda change: self._sender.start(change, uplink),
                group,
                self.config.concurrency,
                done=self._arrived,
                tick=self._tick,
                pump=uplink,
            )
        except Stale as error:
            raise failures.stale(group[0], error) from None
        except OSError as error:
            raise failures.failed(group[0], f"a file cannot be read: {error.strerror}") from None
        except StoreError as error:
            raise failures.upload_error(group[0], error) from error

    def _arrived(self, change: Change, put: Put) -> None:
        self.outcome.uploaded_files += 1
        self.outcome.uploaded_bytes += put.size
        self._sent[change.key] = put.etag
        self.journal.note({change.key: self._facts(change, put)})
        self.outcome.re_encoded += put.re_encoded
        self.observer.put(change)

    def _facts(self, change: Change, put: Put) -> Entry:
        assert change.wanted is not None
        assert change.headers is not None
        before = self.journal.entry(change.key)
        owner = change.wanted.owner
        return Entry(
            owner=owner,
            source=change.source,
            edit=change.edit,
            headers=change.headers.digest,
            size=put.size,
            etag=put.etag,
            deployment_hash=change.wanted.deployment_hash,
            listed=owner is not Owner.PHOTO
            or change.key in self._listed
            or (before is not None and before.listed),
            position=change.position,
        )

    def _tick(self) -> None:
        self.journal.flush_if_due()
        self.observer.tick()

    def _expected(self) -> dict[str, str]:
        """Key to ETag of what was planned to stay, or was sent."""
        kept = self.plan.kept.items()
        staying = {key: entry.etag for key, entry in kept if entry.owner is not Owner.MANIFEST}
        return staying | self._sent

    def _check_listing(self, expected: Mapping[str, str]) -> None:
        """What is listed must be what is expected, before anything refers to it."""
        sent = {each.key: each.size for each in self.plan.changes if each.key in self._sent}
        listing = deployed.list_keys(self.store, expected, self.executor, new=sent)
        wrong = [
            key for key, etag in expected.items() if key not in listing or listing[key].etag != etag
        ]
        if wrong:
            raise failures.remote_changed(
                "objects of this deployment were changed or deleted meanwhile", wrong
            )

    def _commit(self) -> str:
        """Put the manifest on the condition that it still is the one of the plan; its ETag."""
        (change,) = self.plan.puts(Kind.MANIFEST)
        assert change.headers is not None
        data = self.plan.manifest_data
        etag = commit.put(self.store, change, data, self.remote.manifest_etag)
        self.outcome.committed = True
        self.outcome.uploaded_files += 1
        self.outcome.uploaded_bytes += len(data)
        facts = Entry(Owner.MANIFEST, change.source, "", change.headers.digest, change.size, etag)
        self.journal.note({change.key: facts})
        self.observer.put(change)
        return etag

    def _finish_ledger(self) -> None:
        plan = self.plan
        if plan.photos and plan.mode == "metadata":
            self.journal.suppose(
                {
                    key: entry._replace(listed=True)
                    for key in chain(plan.kept, self._sent)
                    if (entry := self.journal.entry(key)) and not entry.listed
                }
            )
        self.journal.note_prefixes(
            photos=plan.photos_prefix if plan.photos else None,
            site=plan.site_prefix if plan.site else None,
        )
        self.journal.withdraw()
        self.journal.flush()
