"""The ways in which a secret may be written where others quote it: servers, libraries, tracebacks."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

_SHORTEST = 8
"""Letters of a secret whose encodings are looked for; those of shorter ones are in any text."""
_GROUP = 3


def of(secret: str) -> set[str]:
    """``secret``, and what JSON, Python, HTML, URLs and base64 make of it.

    In base64 it may be a part of something longer, as in a header: then it has one of three forms,
    whose ends depend on what is beside it and are left out.
    """
    if len(secret) < _SHORTEST:
        return {secret}
    forms = {
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
        html.escape(secret),
        quote(secret, safe=""),
        quote(secret),
        quote_plus(secret),
        *_in_base64(secret.encode(errors="surrogateescape")),
    }
    return {each for each in forms if len(each) >= _SHORTEST}


def _in_base64(data: bytes) -> Iterator[str]:
    for before in range(_GROUP):
        whole = base64.b64encode(bytes(before) + data).decode()
        start = -(-before * 8 // 6)
        end = (before + len(data)) * 8 // 6
        for written in (whole[start:end], whole[start:end].replace("+", "-").replace("/", "_")):
            yield written
