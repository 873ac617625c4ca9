"""The ways in which a secret may be written where servers, libraries and tracebacks quote it."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

_SHORTEST = 8
"""Letters of a secret whose encodings are looked for; those of shorter ones are in any text."""
_GROUP = 3
_QUOTED = 2
"""Times: a traceback has the message of an error that quotes another."""
_PERCENT = re.compile("%[0-9A-F]{2}")


def of(secret: str) -> set[str]:
    """``secret``, and what JSON, Python, HTML, URLs and base64 make of it.

    In base64 it may be a part of something longer, as in a header: then it has one of three forms,
    whose ends depend on what is beside it and are left out.
    """
    if len(secret) < _SHORTEST:
        return {secret}
    forms = {secret, *_in_base64(secret.encode(errors="surrogateescape"))}
    written = {secret}
    for _ in range(_QUOTED):
        written = {way for each in written for way in _written(each)}
        forms |= written
    return {each for each in forms if len(each) >= _SHORTEST}


def _written(text: str) -> Iterator[str]:
    yield json.dumps(text)[1:-1]
    yield json.dumps(text, ensure_ascii=False)[1:-1]
    yield repr(text)[1:-1]
    yield html.escape(text)
    for safe in ("", "/"):
        quoted = quote(text, safe=safe, errors="surrogateescape")
        yield quoted
        yield _PERCENT.sub(lambda found: found[0].lower(), quoted)
    yield quote_plus(text, errors="surrogateescape")


def _in_base64(data: bytes) -> Iterator[str]:
    for before in range(_GROUP):
        whole = base64.b64encode(bytes(before) + data).decode()
        start = -(-before * 8 // 6)
        end = (before + len(data)) * 8 // 6
        yield whole[start:end]
        yield whole[start:end].replace("+", "-").replace("/", "_")
