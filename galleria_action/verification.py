"""Is what visitors get what was deployed? A sample of a gallery, and what looking at it tells.

Knows what was sent and judges what came back; see `readback` for who asks.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from enum import Enum
from itertools import zip_longest

from galleria_action import etags, keys
from galleria_action.errors import DeployError, FailureReason, Problem
from galleria_action.headers import Headers
from galleria_action.ledger import Owner
from galleria_action.text import count, plain, size
from galleria_action.values import Discreet, Struct
from galleria_action.wanted import Wanted

SAMPLE = 12
GONE = 3
"""Deleted objects that visitors are asked for."""
LARGEST = 16 << 20
"""Bytes of an object that is read back; larger ones are only listed."""


class Fault(Enum):
    """What can be wrong; the value is what it usually means, and what to do."""

    BUCKET = "Somebody else changed the bucket meanwhile. Run again: it repairs what differs."
    SILENT = "Is public-url the address that visitors use, and is its certificate valid?"
    MOVED = "public-url must be the very address that visitors end at, most often with https."
    FORBIDDEN = (
        "Visitors may not read the bucket. Allow everybody, or the CDN, to get its objects; the "
        "provider calls that public access or a bucket policy."
    )
    ABSENT = (
        "Is public-url the address of the root of this bucket, and the bucket the CDN's origin?"
    )
    STATUS = "Look at the service behind public-url: its log, its origin, its rules."
    OLD = (
        "A cache still holds the old files. invalidate-cdn purges them; if it did, does cdn-id "
        "belong to public-url?"
    )
    OTHER = (
        "A cache may hold an older file, public-url may lead to another bucket, or the CDN changes "
        "files on their way: turn off what optimises pictures and pages."
    )
    TYPE = "A rule of the CDN or of the web server changes Content-Type."


class Expected(Discreet, frozen=True):
    """An object as it was sent. ``headers`` None: nobody knows them.

    ``before`` is the ETag of what the deployment replaced, '' if it was not replaced.
    """

    unshown = frozenset({"data"})

    key: str
    data: bytes
    headers: Headers | None = None
    before: str = ""


class Found(Discreet, frozen=True):
    """What somebody got who asked for an object; ``etag`` without quotes.

    ``status`` 0: no answer, and ``body`` says why.
    """

    unshown = frozenset({"body"})

    status: int
    body: bytes = b""
    content_type: str = ""
    cache_control: str = ""
    etag: str = ""
    location: str = ""


class Look(Struct, frozen=True):
    """What looking at one object told; ``fault`` None: all is as it should be."""

    key: str
    found: Found | None = None
    fault: Fault | None = None
    why: str = ""


class Verification(Struct, frozen=True):
    """What looking at a deployment told: the listing, the sample in the bucket and as seen.

    ``gone`` are some deleted objects, as visitors see them; ``front`` is the index page at the
    address of its folder, None if nobody looked.
    """

    listed: int
    in_listing: tuple[Look, ...] = ()
    in_bucket: tuple[Look, ...] = ()
    by_visitors: tuple[Look, ...] = ()
    gone: tuple[Look, ...] = ()
    front: Look | None = None

    @property
    def faults(self) -> list[tuple[str, Look]]:
        """Everything that is wrong, and where it was seen."""
        places = {
            "listing": self.in_listing,
            "bucket": self.in_bucket,
            "visitors": self.by_visitors + self.gone,
        }
        return [(where, each) for where, looks in places.items() for each in looks if each.fault]

    @property
    def remark(self) -> str:
        """Why the folder's address is no way to the gallery, '' if it is.

        Not every service shows an index there: then it is no fault, but a link must not use it.
        """
        if self.front is None or self.front.fault is None:
            return ""
        return (
            f"The folder of the site does not show its index page ({self.front.why}). Visitors "
            "need the address of the page itself, unless the service or the CDN is told to show "
            "index.html."
        )

    def failure(self) -> DeployError | None:
        """The error if anything is wrong."""
        faults = self.faults
        if not faults:
            return None
        advice = dict.fromkeys(each.fault.value for _, each in faults if each.fault)
        return DeployError(
            FailureReason.VERIFY,
            f"Error: The deployment is complete, but {count(len(faults), 'check')} failed after it",
            problems=[Problem(f"{where}: {each.key}: {each.why}") for where, each in faults],
            advice=" ".join(advice),
        )


def sample(
    objects: Iterable[Wanted], sizes: Mapping[str, int], changed: Collection[str], prefix: str
) -> list[Wanted]:
    """Some objects of each kind (pages, site files, fulls, webs, thumbs), the same in every run.

    Changed ones come first, then those near the root. ``sizes`` has what may be looked at;
    ``prefix`` is that of the photos.
    """
    kinds: dict[str, list[Wanted]] = {}
    for each in objects:
        if sizes.get(each.key, LARGEST + 1) <= LARGEST:
            kinds.setdefault(_kind(each, prefix), []).append(each)

    def rank(each: Wanted) -> tuple[bool, int, str]:
        return (each.key not in changed, each.key.count("/"), each.key)

    columns = [sorted(kinds[name], key=rank)[:SAMPLE] for name in sorted(kinds)]
    rows = zip_longest(*columns)
    return [each for row in rows for each in row if each is not None][:SAMPLE]


def _kind(each: Wanted, prefix: str) -> str:
    if each.owner is Owner.SITE:
        return "page" if each.is_page else "site"
    folder, _, _ = (keys.relative(prefix, each.key) or "").rpartition("/")
    return f"photo {folder.partition('/')[0]}"


def in_listing(
    expected: Mapping[str, str], gone: Iterable[str], listed: Callable[[str], str | None]
) -> Iterator[Look]:
    """What is wrong with the listing; ``expected`` is key to ETag, ``gone`` was deleted."""
    for key, etag in expected.items():
        found = listed(key)
        if found is None:
            yield Look(key, fault=Fault.BUCKET, why="is not in the bucket")
        elif found != etag:
            yield Look(key, fault=Fault.BUCKET, why="is another object than the one that was put")
    for key in gone:
        if listed(key) is not None:
            yield Look(key, fault=Fault.BUCKET, why="was deleted and is there again")


def in_bucket(expected: Expected, data: bytes | None) -> Look:
    if data is None:
        return Look(expected.key, fault=Fault.BUCKET, why="is not in the bucket")
    if data != expected.data:
        return Look(expected.key, fault=Fault.BUCKET, why=_differs(expected, data))
    return Look(expected.key)


def by_visitor(expected: Expected, found: Found) -> Look:
    """What a visitor's request tells."""
    fault, why = _visited(expected, found)
    return Look(expected.key, found, fault, why)


def after_deletion(key: str, etag: str, found: Found) -> Look:
    """What a visitor's request tells for an object that was deleted and had this ETag.

    Another answer with status 200 is a page that the service shows instead.
    """
    if found.status == 200 and etag in (found.etag, etags.md5_hex(found.body)):
        return Look(key, found, Fault.OLD, "was deleted, and visitors still get it")
    return Look(key, found)


_REFUSALS = {
    401: (Fault.FORBIDDEN, "401: visitors are not let in"),
    403: (Fault.FORBIDDEN, "403: visitors may not read it"),
    404: (Fault.ABSENT, "404: visitors do not find it"),
    410: (Fault.ABSENT, "410: visitors do not find it"),
}


def _visited(expected: Expected, found: Found) -> tuple[Fault | None, str]:
    if found.status == 0:
        return Fault.SILENT, f"no answer: {plain(found.body.decode(errors='replace'))}"
    if found.status in _REFUSALS:
        return _REFUSALS[found.status]
    if 300 <= found.status < 400:
        return Fault.MOVED, f"{found.status}: leads to {plain(found.location)[:200] or 'nowhere'}"
    if found.status != 200:
        return Fault.STATUS, f"the answer is {found.status}"
    if found.body != expected.data:
        if expected.before and expected.before in (found.etag, etags.md5_hex(found.body)):
            return Fault.OLD, "visitors still get the old file"
        return Fault.OTHER, _differs(expected, found.body)
    if expected.headers and _media(found.content_type) != _media(expected.headers.content_type):
        shown = plain(found.content_type)[:100] or "none"
        return Fault.TYPE, f"Content-Type is {shown}, not {expected.headers.content_type}"
    return None, ""


def _media(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _differs(expected: Expected, data: bytes) -> str:
    if len(data) > len(expected.data):
        return f"has other bytes than were sent: more than {size(len(expected.data))}"
    if len(data) < len(expected.data):
        return f"has other bytes than were sent: {len(data):,} of {len(expected.data):,}"
    return "has other bytes than were sent, as many of them"
