"""A plan that has everything a report can show: every reason, odd names, many rows, warnings."""

from __future__ import annotations

from msgspec.structs import replace
from unit.samples import EDIT, full, local, page, sha256, thumb

from galleria_action import invalidation
from galleria_action.errors import DeployError, FailureReason, Problem
from galleria_action.headers import Headers
from galleria_action.invalidation import Provider, Purge
from galleria_action.plan import Action, Change, Kind, Plan, Reason, Totals
from galleria_action.recorder import Outcome
from galleria_action.verification import (
    Expected,
    Fault,
    Found,
    Look,
    Verification,
    after_deletion,
    by_visitor,
    in_bucket,
)

PAGE = "public, max-age=0, must-revalidate"
HOSTILE = "|<b>@octocat</b> `x` [a](b) ~~c~~ &amp; https://example.org ::error::x"


def _put(wanted, reason: Reason, size: int, edit: str = "") -> Change:
    kind = Kind.SITE if wanted.photo == "" else Kind.PHOTO
    source = wanted.file_hash or sha256(wanted.key)
    return Change(
        Action.PUT, reason, kind, wanted.key, size, wanted.photo, source, edit, wanted.headers, wanted
    )  # fmt: skip


def _delete(key: str, kind: Kind, reason: Reason, size: int, photo: str = "") -> Change:
    return Change(Action.DELETE, reason, kind, key, size, photo)


def _photo(name: str, reason: Reason) -> list[Change]:
    return [
        _put(full(name), reason, 4_200_000, str(EDIT)),
        _put(thumb(name), reason, 21_000),
        _put(
            full(name, key=f"photos/web/{name}.jpg", file_hash="", file=local(f"web/{name}.jpg")),
            reason,
            310_000,
            str(EDIT),
        ),
    ]


def changes() -> list[Change]:
    reasons = [
        Reason.CHANGED, Reason.METADATA, Reason.HEADERS, Reason.MISSING, Reason.DIFFERS,
        Reason.UNVERIFIED, Reason.FORCED,
    ]  # fmt: skip
    made = [each for number in range(30) for each in _photo(f"wedding-{number:02}", Reason.NEW)]
    made += [each for reason in reasons for each in _photo(f"the {reason} one", reason)]
    made += _photo(HOSTILE, Reason.NEW)
    made += [_put(page(f"gallery/{HOSTILE}.js"), Reason.NEW, 999)]
    made += [
        _put(page(f"js/{number:02}.js"), Reason.CHANGED, 1000 + number) for number in range(30)
    ]
    made += [_put(page("index.html"), Reason.CHANGED, 12_345)]
    made += [
        Change(
            Action.PUT, Reason.CHANGED, Kind.MANIFEST, "gallery-metadata.json", 54_321,
            source=sha256("manifest"), headers=Headers("application/json", "no-cache"),
        ),
        _delete("photos/full/gone.jpg", Kind.PHOTO, Reason.REMOVED, 4_000_000, "gone"),
        _delete("photos/web/gone.jpg", Kind.PHOTO, Reason.REMOVED, 300_000, "gone"),
        _delete("photos/thumb/gone.webp", Kind.PHOTO, Reason.REMOVED, 20_000, "gone"),
        _delete("photos/gone.raw", Kind.PHOTO, Reason.REMOVED, 20_000_000, "gone"),
        _delete("photos/full/never.jpg", Kind.PHOTO, Reason.LEFTOVER, 4_000_000, "photos/never"),
        _delete("old.js", Kind.SITE, Reason.REMOVED, 10),
    ]  # fmt: skip
    return made


def rich_plan() -> Plan:
    return Plan(
        bucket="my-gallery-bucket",
        photos_prefix="photos",
        site_prefix="",
        metadata_key="gallery-metadata.json",
        mode="metadata",
        photos=True,
        site=True,
        changes=tuple(changes()),
        totals=Totals(
            photos_to_upload=37, photos_to_delete=2, photos_unchanged=12_345, site_to_upload=32,
            site_to_delete=1, site_unchanged=0, objects_to_put=144, objects_to_delete=6,
            photo_bytes=167_647_000, site_bytes=43_779, manifest_bytes=54_321,
            deleted_bytes=28_320_010, replaced=1,
        ),
        warnings=(f"The deployed manifest {HOSTILE} cannot be read.",),
        notices=("1 object(s) that this gallery did not put are replaced.",),
    )  # fmt: skip


def refused_plan() -> Plan:
    return replace(
        rich_plan(),
        changes=tuple(each for each in changes() if each.action is Action.DELETE),
        totals=Totals(photos_to_delete=2, site_to_delete=1, objects_to_delete=6),
        over_limit=("2 of 3 deployed photos would be deleted; max-deletes is 25%",),
        warnings=(),
        notices=(),
    )


def idle_plan() -> Plan:
    return replace(
        rich_plan(),
        changes=(),
        totals=Totals(photos_unchanged=1, site_unchanged=2345),
        warnings=(),
        notices=(),
    )


def purging_plan() -> Plan:
    """Nothing to do but a purge that an earlier run has left, of odd names."""
    keys = ["index.html", f"photos/full/{HOSTILE}.jpg"]
    calls = invalidation.calls(Provider.CLOUDFLARE, keys, "https://photos.example.org")
    return replace(idle_plan(), purge=Purge(Provider.CLOUDFLARE, calls))


def verification() -> Verification:
    """A gallery of which visitors get some as it is, and some not at all."""
    page = Expected("index.html", b"new", Headers("text/html", PAGE), before="old")
    photo = Expected(f"photos/full/{HOSTILE}.jpg", b"jpeg", Headers("image/jpeg", PAGE))
    seen = [
        (page, Found(200, b"old", "text/html", "max-age=3600", etag="old")),
        (photo, Found(200, b"jpeg", f"image/jpeg; {HOSTILE}", "")),
        (replace(photo, key="photos/thumb/a.webp"), Found(404)),
        (replace(photo, key="photos/web/a.jpg"), Found(0, b"certificate has expired")),
        (replace(photo, key="style.css"), Found(301, location=f"https://{HOSTILE}")),
    ]
    return Verification(
        listed=12_345,
        in_listing=(Look(HOSTILE, fault=Fault.BUCKET, why="is not in the bucket"),),
        in_bucket=tuple(in_bucket(each, each.data) for each, _ in seen),
        by_visitors=tuple(by_visitor(each, found) for each, found in seen),
        gone=(after_deletion("photos/full/gone.jpg", "old", Found(200, etag="old")),),
        front=by_visitor(replace(page, key=""), Found(403)),
    )


OUTCOME = Outcome(uploaded_files=144, uploaded_bytes=167_745_100, deleted_files=6, committed=True)


def failure() -> DeployError:
    problems = [
        Problem(f"photos[{number}].id: {HOSTILE}", "m.json", number + 2) for number in range(60)
    ]
    return DeployError(
        FailureReason.METADATA,
        "Error: Error loading gallery metadata: 60 problems in prod/pics/gallery-metadata.json",
        problems=problems,
        advice="Nothing was compared or uploaded. Run process-photos again, or mend the lines.",
    )
