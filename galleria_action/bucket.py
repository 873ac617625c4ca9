"""The bucket to deploy to, and how to sign in there."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from galleria_action.inputs import BY_NAME
from galleria_action.reader import Reader
from galleria_action.values import Discreet


class Bucket(Discreet, frozen=True):
    """Which bucket, and the keys to sign in with. ``endpoint`` None means AWS."""

    unshown = frozenset({"access_key", "secret_key", "session_token"})

    name: str
    endpoint: str | None = None
    region: str | None = None
    access_key: str | None = None
    secret_key: str | None = None
    session_token: str | None = None


def read(reader: Reader, *, signs_in: bool) -> Bucket:
    """The bucket as far as it is given; ``signs_in``: a role is taken, which keys contradict."""
    name = reader.text("s3-bucket", "")
    if name and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{1,254}", name):
        reader.fault(f"s3-bucket is not the name of a bucket: {name!r}")
    found = Bucket(
        name=name,
        endpoint=_endpoint(reader),
        region=reader.text("s3-region", "") or None,
        access_key=reader.text("s3-access-key", "") or None,
        secret_key=reader.text("s3-secret-key", "") or None,
        session_token=reader.text("s3-session-token", "") or None,
    )
    for secret in ("s3-access-key", "s3-secret-key", "s3-session-token"):
        given = reader.text(secret, "")
        if not given.isascii() or not given.isprintable() or " " in given:
            # What is no header can be sent by nobody. The text is not repeated.
            reader.fault(f"{secret} has letters that are in no key: was more than it pasted?")
    if signs_in and (found.access_key or found.secret_key):
        reader.fault(
            "role-to-assume and s3-access-key exclude each other: remove the keys, or the role"
        )
    return found


def missing(bucket: Bucket, *, signs_in: bool) -> list[str]:
    """The environment's names of what a deployment to ``bucket`` needs, and was not given."""
    given = {"s3-bucket": bucket.name}
    # A custom endpoint never gets what the AWS default chain would find on the machine.
    if not signs_in and (bucket.endpoint or bucket.access_key or bucket.secret_key):
        given["s3-access-key"] = bucket.access_key or ""
        given["s3-secret-key"] = bucket.secret_key or ""
    return [BY_NAME[name].environment_name for name, text in given.items() if not text]


def _endpoint(reader: Reader) -> str | None:
    text = reader.text("s3-endpoint", "")
    if not text:
        return None
    if "://" not in text:
        text = "https://" + text
    try:
        parts = urlsplit(text)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname)
        valid = valid and (parts.port is None or parts.port > 0)
    except ValueError:
        valid = False
    if not valid or parts.path.strip("/") or len(text.split()) > 1 or set("@?#") & set(text):
        reader.fault(
            "s3-endpoint must be the URL of the service alone, such as "
            "https://fsn1.your-objectstorage.com, without bucket or path"
        )
        return None
    return text.rstrip("/")
