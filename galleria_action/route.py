"""The way to a store as this machine's environment describes it: certificates and proxy.

Read by the rules of boto3, for an engine that would read the environment by rules of its own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit


def ca_bundle() -> str | None:
    """The file of certificate authorities to trust instead of the machine's, if one is set."""
    return os.environ.get("AWS_CA_BUNDLE") or os.environ.get("REQUESTS_CA_BUNDLE") or None


def proxy(url: str) -> str | None:
    """The URL of the proxy to reach ``url`` through; None for the direct way."""
    if not any(_names_proxy(name) for name, value in os.environ.items() if value):
        return None
    from urllib.request import getproxies, proxy_bypass  # as slow to import as all of obstore

    place = urlsplit(url)
    found = None if proxy_bypass(place.netloc) else getproxies().get(place.scheme)
    if not found or "://" in found:
        return found or None
    return f"http:{found}" if found.startswith("//") else f"http://{found}"


@contextmanager
def explicit(bundle: str | None) -> Iterator[None]:
    """For the block's length an environment that says nothing to an S3 client written in Rust.

    Its certificate authorities are those of the file ``bundle``, or the machine's. The environment
    is the process's: to be used before threads are started.
    """
    trust = {"SSL_CERT_FILE", "SSL_CERT_DIR"} if bundle else set()
    hidden = {name: os.environ[name] for name in os.environ if _configures(name) or name in trust}
    for name in hidden:
        del os.environ[name]
    if bundle:
        os.environ["SSL_CERT_FILE"] = bundle
    try:
        yield
    finally:
        for name in trust:
            os.environ.pop(name, None)
        os.environ.update(hidden)


def _configures(name: str) -> bool:
    return name.startswith("AWS_") or name.lower().endswith("_proxy")


def _names_proxy(name: str) -> bool:
    return name.lower().endswith("_proxy") and name.lower() != "no_proxy"
