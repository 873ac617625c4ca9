"""What the findings mean for deployments, in plain words, and what to change."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from galleria_action import doctor_policies, doctor_public, store_profiles
from galleria_action.config import Config
from galleria_action.doctor_facts import Findings, Said, Step
from galleria_action.doctor_remarks import Mark, Paste, Remark
from galleria_action.store_profiles import Grants, Profile
from galleria_action.text import count, duration

MOST_SKEW = 60.0
"""Seconds; S3 refuses requests from 15 minutes on."""
_LOCAL = ("localhost", "127.0.0.1", "::1")


def remarks(found: Findings, config: Config) -> list[Remark]:
    """Everything there is to say, in the order of a deployment."""
    profile = store_profiles.known(found.place.endpoint)
    return [
        *_steps(found, config, profile),
        *_transport(found),
        *_conditions(found),
        *_integrity(found),
        *_removal(found, config),
        *doctor_public.remarks(found, config, profile),
        *_remains(found),
    ]


_GOOD = {
    Step.LIST: "The key can list the bucket.",
    Step.RECORDS: "The key can read the manifest.",
    Step.PUT: "The key can write objects.",
    Step.READ: "The key can read objects.",
    Step.PARTS: "Large files can be uploaded in parts.",
    Step.DELETE: "The key can delete objects.",
}


def _steps(found: Findings, config: Config, profile: Profile) -> Iterator[Remark]:
    for step, error in found.steps.items():
        if error is None:
            yield Remark(Mark.OK, _GOOD[step])
            continue
        text, advice = error.headline.removeprefix("Error: "), error.advice
        if step in found.denied:
            text, advice = _denied(step, found), profile.keys
        elif found.place.told not in ("", found.place.region):
            advice = f"Set s3-region: {found.place.told}; the store itself says so. {advice}"
        mark = Mark.CHANGE if step is Step.PARTS else Mark.FAIL
        yield Remark(mark, text, advice, reason=error.reason)
    if found.denied and profile.grants is not Grants.CONSOLE:
        yield Remark(
            Mark.NOTE, "The rights that the key needs are below.", paste=_rights(config, profile)
        )


def _denied(step: Step, found: Findings) -> str:
    if step is Step.PUT and found.works(Step.LIST) and found.works(Step.RECORDS):
        return (
            "The key can only read. That is right for plans (dry-run: true) and not enough for "
            "deployments."
        )
    if step is Step.PARTS:
        return "The key may not upload in parts, as files of 64 MiB and more are."
    return f"The key may not {step}."


def _rights(config: Config, profile: Profile) -> Paste:
    what = "plans" if config.dry_run else "deployments"
    text = doctor_policies.look(config) if config.dry_run else doctor_policies.deploy(config)
    how = ""
    if profile.grants is Grants.BUCKET:
        how = (
            'As a bucket policy each statement needs a "Principal" as well, which names the '
            "key's user."
        )
    return Paste(f"What {what} need ({profile.grants})", text, how)


def _transport(found: Findings) -> Iterator[Remark]:
    place = urlsplit(found.place.endpoint or "")
    if place.scheme == "http" and place.hostname not in _LOCAL:
        yield Remark(
            Mark.CHANGE,
            "The endpoint speaks plain HTTP: everybody on the way can read and change what is "
            "sent.",
            "Use the store's https:// address as s3-endpoint.",
        )
    if found.skew is None:
        return
    if abs(found.skew) <= MOST_SKEW:
        yield Remark(Mark.OK, "The clock of this machine is right.")
        return
    way = "ahead of" if found.skew > 0 else "behind"
    yield Remark(
        Mark.CHANGE,
        f"The clock of this machine is {duration(abs(found.skew))} {way} the store's.",
        "Set the clock: requests are signed with the time, and refused from 15 minutes on.",
    )


_APART = (
    "Nothing to change, but keep the lines under `concurrency` in the workflow: only they keep two "
    "deployments of one gallery apart for certain."
)


def _conditions(found: Findings) -> Iterator[Remark]:
    if found.if_none_match is None:
        return
    if found.conditions:
        quoted = found.if_match_quoted is Said.HONOURED
        how = "" if quoted else ", with the ETag written without quotes; deployments do so"
        yield Remark(
            Mark.OK,
            f"The store honours conditional writes (If-None-Match, If-Match){how}. No deployment "
            "overwrites another.",
        )
        return
    match = {found.if_match_quoted, found.if_match_bare}
    best = Said.HONOURED if Said.HONOURED in match else found.if_match_quoted
    yield Remark(
        Mark.NOTE,
        f"Conditional writes: If-None-Match is {found.if_none_match}, If-Match is {best}. So a "
        "deployment looks right before it writes instead; a second one could slip in between.",
        _APART,
    )


def _integrity(found: Findings) -> Iterator[Remark]:
    if found.digests is Said.HONOURED:
        yield Remark(Mark.OK, "The store refuses uploads that were damaged (Content-MD5).")
    elif found.digests is Said.IGNORED and found.etags_are_md5:
        yield Remark(
            Mark.NOTE,
            "The store does not look at Content-MD5: it took an upload with a wrong one. "
            "Deployments compare the ETag that it returns, which is the MD5 of what arrived.",
        )
    elif found.digests is Said.IGNORED:
        yield Remark(
            Mark.CHANGE,
            "The store neither looks at Content-MD5 nor returns the MD5 of what arrived: damage "
            "on the way is noticed by TLS alone.",
            "Use another store, or at least its https:// address.",
        )
    if found.etags_are_md5 is False and found.digests is Said.HONOURED:
        yield Remark(
            Mark.NOTE,
            "ETags are not the MD5 of the bytes, as with encryption by a KMS key. Uploads are "
            "proven by Content-MD5; what another tool has uploaded is sent once more.",
        )
    if found.hashes is Said.HONOURED:
        yield Remark(Mark.OK, "The store holds bodies against their signed hashes.")
    elif found.hashes is Said.IGNORED:
        yield Remark(
            Mark.NOTE,
            "The store does not hold bodies against their signed hashes: it took another one than "
            "was signed. Deployments do not rely on that.",
        )
    if found.appears_at_once is False:
        yield Remark(
            Mark.FAIL,
            "What was written is not listed at once. Deployments look at the listing before they "
            "commit, and would stop with remote-changed.",
            "Is there a cache or a proxy between this machine and the store?",
        )


def _removal(found: Findings, config: Config) -> Iterator[Remark]:
    if found.batches:
        yield Remark(Mark.OK, "Many objects can be deleted by one request.")
    elif found.batches is False and found.works(Step.DELETE):
        yield Remark(
            Mark.NOTE,
            "The store does not delete many objects by one request (DeleteObjects). Deployments "
            "delete them one by one.",
        )
    if found.keeps_versions:
        how = doctor_policies.command(
            config,
            "put-bucket-lifecycle-configuration",
            "lifecycle-configuration",
            "lifecycle.json",
        )
        yield Remark(
            Mark.NOTE,
            "The bucket keeps old versions of what is replaced or deleted, and they cost money.",
            "If you do not need them, let a lifecycle rule remove them. Mind the rules that are "
            "there already: this replaces them.",
            Paste("A lifecycle configuration", doctor_policies.lifecycle(), how),
        )


def _remains(found: Findings) -> Iterator[Remark]:
    if found.left:
        yield Remark(
            Mark.FAIL,
            f"{count(len(found.left), 'throw-away object')} could not be removed: "
            f"{', '.join(found.left)}",
            "Delete them by hand; nothing refers to them.",
        )
    if found.older:
        yield Remark(
            Mark.NOTE,
            "There are throw-away objects of other runs of the doctor, which were killed or are "
            f"running now: {', '.join(found.older)}",
            "What was killed cannot tidy up: delete them by hand.",
        )
