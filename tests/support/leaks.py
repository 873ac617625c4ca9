"""Looks for secrets in all that a run leaves behind, however they are written there."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote


def forms(secret: str) -> set[bytes]:
    """A secret as texts, JSON, URLs and base64 have it; the latter also as a part of more."""
    written = {
        secret,
        json.dumps(secret)[1:-1],
        repr(secret)[1:-1],
        quote(secret),
        quote(secret, safe=""),
        _small(quote(secret, safe="")),
    }
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + secret.encode()).decode()
        whole = encoded[4 if before else 0 : len(encoded) // 4 * 4 - 4]
        written |= {whole, whole.replace("+", "-").replace("/", "_")}
    return {each.encode() for each in written}


def _small(quoted: str) -> str:
    """Quoted in the way of those who write %2f."""
    return re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), quoted)


def echo(secrets: Iterable[str]) -> str:
    """What somebody says who quotes secrets in every way there is."""
    written = []
    for each in secrets:
        written += [
            each,
            json.dumps(each),
            json.dumps(json.dumps(each)),
            repr(each),
            repr([repr(each)]),
        ]
        written += [quote(each), quote(each, safe=""), _small(quote(each, safe=""))]
        for text in (each, f"user:{each}", f"us:{each}", f"a:{each}@b"):
            written += [base64.b64encode(text.encode()).decode()]
            written += [base64.urlsafe_b64encode(text.encode()).decode()]
    return " ".join(written)


def found(secrets: Iterable[str], text: bytes) -> list[str]:
    """Which of the secrets stand in a text, and how."""
    return [
        f"{each[:6]}… as {form.decode()}"
        for each in secrets
        for form in forms(each)
        if form in text
    ]


def files(*folders: Path) -> Iterator[tuple[Path, bytes]]:
    """Everything in some folders, names and contents."""
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            data = path.read_bytes() if path.is_file() else b""
            yield path, str(path).encode() + b"\n" + data
