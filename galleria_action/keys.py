"""Keys of the bucket: prefixes as folders, where the manifest and our own records lie."""

from __future__ import annotations

import re
from collections.abc import Iterable

RECORDS = ".galleria/"
"""Everything below this prefix is ours and is written by the deployment itself only."""

_LEDGER = ".ledger.json.gz"

# Most paths are ASCII and plain; one match spares them the questions below.
_PLAIN_PART = "[A-Za-z0-9_][A-Za-z0-9_.+ -]*"
_ORDINARY = re.compile(f"{_PLAIN_PART}(?:/{_PLAIN_PART})*")

LONGEST = 1024
"""Bytes of UTF-8 that S3 allows in a key (AWS: "Naming Amazon S3 objects")."""


def join(prefix: str, relative: str) -> str:
    """The key of ``relative`` below the folder ``prefix`` ('' is the bucket's root)."""
    return f"{prefix}/{relative}" if prefix else relative


def below(prefix: str, key: str) -> bool:
    """Whether ``key`` lies in the folder ``prefix``: ``site`` does not hold ``site2/a``."""
    return not prefix or key.startswith(prefix + "/")


def relative(prefix: str, key: str) -> str | None:
    """``key`` seen from the folder ``prefix``, None if it lies elsewhere."""
    if not below(prefix, key):
        return None
    return key[len(prefix) + 1 :] if prefix else key


def ledger(metadata_key: str) -> str:
    """The key of the ledger of the gallery whose manifest is at ``metadata_key``."""
    return f"{RECORDS}{metadata_key}{_LEDGER}"


def gallery(key: str) -> str | None:
    """The key of the manifest of the gallery whose ledger is at ``key``; None if that is none."""
    if not (key.startswith(RECORDS) and key.endswith(_LEDGER)):
        return None
    return key.removeprefix(RECORDS).removesuffix(_LEDGER)


def are_ordinary(texts: Iterable[str]) -> bool:
    """Whether :func:`fault` finds nothing in any of them; False does not say that it would."""
    return all(map(_ORDINARY.fullmatch, texts))


def fault(text: str) -> str | None:
    """Why ``text`` cannot be (part of) a key or a relative path; None if it can."""
    if _ORDINARY.fullmatch(text):
        return None
    if not text:
        return "is empty"
    if text.startswith("/") or (len(text) > 1 and text[1] == ":" and text[0].isalpha()):
        return "is an absolute path"
    if "\\" in text:
        return "has a backslash; use /"
    if not text.isprintable() and any(_is_control(letter) for letter in text):
        return "has a control character"
    parts = text.split("/")
    if ".." in parts:
        return "has a '..' part"
    if "" in parts or "." in parts:
        return "has an empty or '.' part"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "is no valid Unicode text"
    return None


def _is_control(letter: str) -> bool:
    return letter < " " or "\x7f" <= letter <= "\x9f"
