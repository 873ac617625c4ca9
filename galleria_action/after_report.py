"""What happened after the commit, as Markdown: purges of the CDN, and what was verified."""

from __future__ import annotations

from collections.abc import Iterator

from galleria_action.text import code, count, markdown
from galleria_action.verification import Look, Verification


def purged(objects: int) -> str:
    return f"The CDN was told to forget {count(objects, 'object')}.\n"


def verified(found: Verification, url: str) -> str:
    """The sample, object by object; ``url`` is '' if visitors' answers were not looked at."""
    return "".join(_verified(found, url))


def _verified(found: Verification, url: str) -> Iterator[str]:
    faults = found.faults
    title = f"{count(len(faults), 'check')} failed" if faults else "Verified"
    yield f"## {title}\n\n{count(found.listed, 'object')} listed, {len(found.in_bucket)} read back"
    yield f", and asked for under <{url}>" if url else ""
    yield ".\n\n"
    told = found.in_listing + tuple(each for each in found.gone if each.fault)
    for each in told[:50]:
        yield f"- {code(each.key)} {markdown(each.why)}\n"
    if len(told) > 50:
        yield f"- ... and {len(told) - 50:,} more\n"
    yield "\n" if told else ""
    visitors = {each.key: each for each in found.by_visitors}
    yield "| Object | In the bucket |"
    yield (
        " Visitors get | Type | Cache-Control |\n|---|---|---|---|---|\n"
        if url
        else "\n|---|---|\n"
    )
    for each in found.in_bucket:
        yield f"| {code(each.key)} | {_state(each)} |"
        yield f"{_visit(visitors[each.key])}\n" if each.key in visitors else "\n"
    if found.remark:
        yield f"\n> [!NOTE]\n> {markdown(found.remark)}\n"


def _state(look: Look) -> str:
    return f":x: {markdown(look.why)}" if look.fault else "as it was sent"


def _visit(look: Look) -> str:
    got = look.found
    if got is None or not got.status:
        return f" {_state(look)} | | |"
    headers = " | ".join(
        code(each) if each else "-" for each in (got.content_type, got.cache_control)
    )
    state = f":x: {markdown(look.why)}" if look.fault else f"{got.status}, as it was sent"
    return f" {state} | {headers} |"
