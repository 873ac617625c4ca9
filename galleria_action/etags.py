"""ETags, and the MD5s that most stores make them of."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any


def of(answer: Mapping[str, Any]) -> str:
    """The ETag of a boto3 answer, without quotes; raises :class:`ValueError` if it has none."""
    etag = bare(answer.get("ETag", ""))
    if not etag:
        raise ValueError("an answer without an ETag")
    return etag


def of_parts(etags: Sequence[str]) -> str | None:
    """What most stores make the ETag of the whole; None if those of the parts are no MD5s."""
    with suppress(ValueError):
        digests = b"".join([bytes.fromhex(bare(each)) for each in etags])
        return f"{md5_hex(digests)}-{len(etags)}"
    return None


def bare(etag: str) -> str:
    """An ETag as it is written everywhere in this program: without quotes."""
    return etag.removeprefix("W/").strip('"')


def content_md5(data: bytes) -> str:
    """As the header Content-MD5 has it."""
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()


def md5_hex(data: bytes) -> str:
    """As most stores make an ETag of it."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()
