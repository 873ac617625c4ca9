"""The bucket as visitors see it: what they can read, and what scripts of pages may fetch."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote, urlsplit

from galleria_action import doctor_objects, doctor_web
from galleria_action.doctor_facts import Cors, Visit

Ask = Callable[..., doctor_web.Answer]


def live(url: str, key: str, what: str, ask: Ask) -> Visit:
    """What comes for a file that is deployed already."""
    return _visit(f"{url}/{quote(key)}", what, ask("GET", f"{url}/{quote(key)}"))


def throw_away(url: str, key: str, ask: Ask) -> Visit:
    """What comes for the object that was written just now."""
    answer = ask("GET", f"{url}/{quote(key)}")
    headers = doctor_objects.HEADERS
    return _visit(
        f"{url}/{quote(key)}",
        "a throw-away file",
        answer,
        expected=(headers.content_type, headers.cache_control),
        same=answer.body == doctor_objects.PAGE,
    )


def _visit(
    url: str,
    what: str,
    answer: doctor_web.Answer,
    expected: tuple[str, str] | None = None,
    *,
    same: bool = True,
) -> Visit:
    return Visit(
        url=url,
        what=what,
        status=answer.status,
        why=answer.why,
        content_type=answer.headers.get("content-type", ""),
        cache_control=answer.headers.get("cache-control", ""),
        location=answer.headers.get("location", ""),
        expected=expected,
        same=same,
    )


def cors(url: str, signed: str, ask: Ask, *, exists: bool) -> Cors | None:
    """What the bucket's own address tells scripts of pages at ``url``; None if it is the same.

    ``signed`` is the address of an object with a signature; ``exists``: whether it is there.
    """
    page, bucket = urlsplit(url), urlsplit(signed)
    if (page.scheme, page.netloc) == (bucket.scheme, bucket.netloc):
        return None
    origin = f"{page.scheme}://{page.netloc}"
    wish = {"Origin": origin, "Access-Control-Request-Method": "GET"}
    before = ask("OPTIONS", signed.partition("?")[0], wish)
    get = _allows(ask("GET", signed, {"Origin": origin}), origin) if exists else None
    return Cors(origin, _allows(before, origin), get)


def _allows(answer: doctor_web.Answer, origin: str) -> bool:
    allowed = answer.headers.get("access-control-allow-origin", "")
    return 200 <= answer.status < 300 and allowed in ("*", origin)
