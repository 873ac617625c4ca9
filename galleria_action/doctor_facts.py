"""What the doctor found out about a bucket, as values."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from galleria_action.errors import StoreError
from galleria_action.values import Struct


class Step(StrEnum):
    """What a deployment does with a bucket."""

    LIST = "list the bucket"
    RECORDS = "read the manifest and the ledger"
    PUT = "write objects"
    READ = "read objects"
    PARTS = "upload large files in parts"
    DELETE = "delete objects"


class Said(StrEnum):
    """What a store does with a request that it ought to refuse or, for a condition, to grant."""

    HONOURED = "honoured"
    IGNORED = "ignored"
    REFUSED = "not implemented"
    """It refuses the request whether the condition holds or not."""


class Place(Struct, frozen=True):
    """Where the bucket is.

    endpoint
        None means AWS.
    address
        The URL below which its objects are, by path or by host name; '' if nobody knows yet.
    told
        The region that the store names as the right one, '' if it names none.
    """

    bucket: str
    endpoint: str | None
    region: str
    region_given: bool
    address: str = ""
    told: str = ""


class Cors(Struct, frozen=True):
    """What scripts of pages at ``origin`` may do with the bucket's own address."""

    origin: str
    preflight: bool
    get: bool | None = None
    """None if there was no object to try it with."""


class Visit(Struct, frozen=True):
    """A file as visitors get it. ``status`` 0: no answer, then ``why`` says why.

    expected
        Content-Type and Cache-Control it was written with; None of what is live already.
    same
        Whether the bytes are those that were written.
    """

    url: str
    what: str
    status: int
    why: str = ""
    content_type: str = ""
    cache_control: str = ""
    location: str = ""
    expected: tuple[str, str] | None = None
    same: bool = True


class Findings(Struct, frozen=True):
    """Everything that was found out; what was not tried is absent or None.

    steps
        Those that were tried, with the error if one failed; ``denied``: by lack of a right.
    if_match
        With the ETag in quotes, and without.
    digests
        Whether a body is held against its Content-MD5; ``hashes``: against its signed hash.
    batches
        Whether many objects are deleted by one request.
    skew
        Seconds by which this machine's clock is ahead of the store's.
    left
        Keys that could not be removed again; ``older``: some that other runs have left.
    """

    place: Place
    steps: Mapping[Step, StoreError | None] = {}
    denied: frozenset[Step] = frozenset()
    if_none_match: Said | None = None
    if_match_quoted: Said | None = None
    if_match_bare: Said | None = None
    digests: Said | None = None
    hashes: Said | None = None
    etags_are_md5: bool | None = None
    appears_at_once: bool | None = None
    batches: bool | None = None
    keeps_versions: bool = False
    skew: float | None = None
    cors: Cors | None = None
    visits: tuple[Visit, ...] = ()
    left: tuple[str, ...] = ()
    older: tuple[str, ...] = ()

    def works(self, step: Step) -> bool:
        """Whether the step was tried and succeeded."""
        return step in self.steps and self.steps[step] is None

    @property
    def conditions(self) -> bool:
        """Whether commits are exact: both conditions hold, the ETag written in either way."""
        matches = (self.if_match_quoted, self.if_match_bare)
        return self.if_none_match is Said.HONOURED and Said.HONOURED in matches
