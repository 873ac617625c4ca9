"""The photos that a deployment published, for its summary: their pictures, or a table.

The pictures are those of the gallery itself, so they show whether visitors get them. GitHub fetches
them through a proxy of its own, which needs nothing but their addresses.
https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/about-anonymized-urls
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Iterator, Sequence
from urllib.parse import quote

from galleria_action import album
from galleria_action.plan import Change, Kind, Plan, Reason
from galleria_action.text import code, shortened, size
from galleria_action.wanted import Wanted

MOST = 24
HEIGHT = 120
"""Pixels of a picture as the summary shows it."""
LIMIT = 14_000
"""Bytes, beside the longest plan: see :mod:`report` and :mod:`runner`."""


def photos(
    plan: Plan, objects: Iterable[Wanted], size_of: Callable[[str], int], public_url: str | None
) -> str:
    """Up to ``MOST`` photos of the plan, new ones first; '' if it has none. Markdown.

    ``objects`` are the gallery's; ``size_of`` as for :func:`album.variants`.
    """
    chosen, count = _chosen(plan)
    made = _pictures(chosen, objects, size_of, public_url) if public_url else _rows(chosen)
    items = list(_fitting(made))
    if not items:
        return ""
    shown = f"<p>\n{''.join(items)}</p>\n" if public_url else _table(items)
    left_out = count - len(items)
    return shown + (f"\n... and {left_out:,} more\n" if left_out > 0 else "")


def _chosen(plan: Plan) -> tuple[list[list[Change]], int]:
    """The changes of each of the first photos, by reason and key; and how many photos there are."""
    names: set[str] = set()
    first: dict[Reason, dict[str, list[Change]]] = {reason: {} for reason in Reason}
    for each in plan.puts(Kind.PHOTO):
        assert each.wanted is not None, f"nothing is sent for {each.key}"
        name, found = album.photo(each.wanted), first[each.reason]
        names.add(name)
        if name in found or len(found) < MOST:
            found.setdefault(name, []).append(each)
    by_photo: dict[str, list[Change]] = {}
    for some in first.values():
        for name, changes in some.items():
            by_photo.setdefault(name, []).extend(changes)
    return list(by_photo.values())[:MOST], len(names)


def _fitting(items: Iterable[str]) -> Iterator[str]:
    room = LIMIT
    for each in items:
        room -= len(each.encode())
        if room >= 0:
            yield each


def _pictures(
    chosen: Sequence[Sequence[Change]],
    objects: Iterable[Wanted],
    size_of: Callable[[str], int],
    public_url: str,
) -> Iterator[str]:
    """Each the smallest variant, as a link to one that fills a screen."""
    wanted = [changes[0].wanted for changes in chosen]
    variants = album.variants(objects, [each for each in wanted if each], size_of)
    for changes in chosen:
        photo = changes[0].wanted
        some = variants[album.photo(photo)] if photo else ()
        if some:
            large = some[len(some) // 2]  # of thumb, web and full the second
            yield _picture(changes[0], f"{public_url}/{quote(some[0].key)}", public_url, large)


def _picture(change: Change, address: str, public_url: str, large: Wanted) -> str:
    # A changed photo keeps its address: without the rest, caches would show the one before.
    source = html.escape(f"{address}?v={change.source[:12]}")
    link = html.escape(f"{public_url}/{quote(large.key)}")
    name = html.escape(shortened(change.photo))
    return (
        f'<a href="{link}"><img src="{source}" height="{HEIGHT}" alt="{name}" '
        f'title="{name}: {change.reason}"></a>\n'
    )


def _rows(chosen: Iterable[Sequence[Change]]) -> Iterator[str]:
    for changes in chosen:
        weight = size(sum(each.size for each in changes))
        yield f"| {code(changes[0].photo)} | {changes[0].reason} | {weight} |\n"


def _table(rows: Iterable[str]) -> str:
    return f"| Photo | Why | Size |\n|---|---|--:|\n{''.join(rows)}"
