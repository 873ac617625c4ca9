"""What the findings mean for those who visit the gallery."""

from __future__ import annotations

from collections.abc import Iterator

from galleria_action import doctor_policies
from galleria_action.config import Config
from galleria_action.doctor_facts import Cors, Findings, Step, Visit
from galleria_action.doctor_remarks import Mark, Paste, Remark
from galleria_action.store_profiles import Profile

_HIDDEN = (400, 401, 403, 404)


def remarks(found: Findings, config: Config, profile: Profile) -> Iterator[Remark]:
    if not found.works(Step.LIST):
        return  # there are more urgent things to mend
    if not config.public_url:
        yield Remark(
            Mark.NOTE,
            "Whether visitors can read the gallery was not tried.",
            "Give public-url, the address of the bucket's root as visitors see it.",
        )
        return
    seen = [_seen(visit) for visit in found.visits]
    yield from seen
    hidden = any(visit.status in _HIDDEN for visit in found.visits)
    if hidden and profile.policies:
        how = doctor_policies.command(config, "put-bucket-policy", "policy", "policy.json")
        text = doctor_policies.public(config)
        yield Remark(
            Mark.NOTE,
            "This makes what is published readable for everybody.",
            f"{profile.public} Mind a policy that is there already: this replaces it.".strip(),
            Paste("A bucket policy for public reading", text, how),
        )
    elif hidden:
        yield Remark(Mark.NOTE, "How to make the bucket public:", profile.public)
    if found.cors:
        yield _cors(found.cors, config, profile)


def _seen(visit: Visit) -> Remark:
    what = f"{visit.what} ({visit.url})"
    if visit.status == 0:
        return Remark(
            Mark.CHANGE, f"Visitors do not reach {what}: {visit.why}.", "Is public-url right?"
        )
    if 300 <= visit.status < 400:
        return Remark(
            Mark.CHANGE,
            f"Visitors who want {what} are sent to {visit.location}.",
            "If that is the address of the bucket's root, give it as public-url.",
        )
    if visit.status != 200:
        return Remark(
            Mark.CHANGE,
            f"Visitors cannot read {what}: the answer is {visit.status}.",
            "Is public-url the address of the bucket's root, and may everybody read below it? If "
            "only some folders are public, and the live site can be read, all is well.",
        )
    if not visit.same:
        return Remark(
            Mark.CHANGE,
            f"Visitors get something else for {what}.",
            "Is public-url the address of this bucket's root? A page of your provider, or a cache "
            "that answers everything, looks like this.",
        )
    return _headers(visit, what)


def _headers(visit: Visit, what: str) -> Remark:
    told = _said(visit.content_type, visit.cache_control)
    if visit.expected is None or visit.expected == (visit.content_type, visit.cache_control):
        return Remark(Mark.OK, f"Visitors can read {what}: {told}.")
    return Remark(
        Mark.CHANGE,
        f"Visitors can read {what}, but with other headers than it was uploaded with: {told} "
        f"instead of {_said(*visit.expected)}.",
        "Something before the bucket changes them; a CDN can be told to leave them as they are.",
    )


def _said(content_type: str, cache_control: str) -> str:
    return f"Content-Type {content_type or 'none'}, Cache-Control {cache_control or 'none'}"


def _cors(cors: Cors, config: Config, profile: Profile) -> Remark:
    if cors.preflight and cors.get is not False:
        return Remark(
            Mark.OK,
            f"Scripts of pages at {cors.origin} can fetch photos from the bucket's own address.",
        )
    how = doctor_policies.command(config, "put-bucket-cors", "cors-configuration", "cors.json")
    return Remark(
        Mark.NOTE,
        f"Scripts of pages at {cors.origin} cannot fetch photos from the bucket's own address "
        "(CORS).",
        "Only downloads by script need that, and only if the pages refer to the store's address "
        f"instead of public-url. {profile.cors}".strip(),
        Paste("A CORS configuration", doctor_policies.cors(cors.origin), how),
    )
