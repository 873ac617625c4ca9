"""The way to a store as this machine's environment describes it: certificates and proxy.

Read by the rules of boto3.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import ssl


def ca_bundle() -> str | None:
    """The file of certificate authorities to trust instead of the machine's, if one is set."""
    return os.environ.get("AWS_CA_BUNDLE") or os.environ.get("REQUESTS_CA_BUNDLE") or None


def proxy(url: str) -> str | None:
    """The URL of the proxy to reach ``url`` through; None for the direct way."""
    if not any(_names_proxy(name) for name, value in os.environ.items() if value):
        return None
    from urllib.request import getproxies, proxy_bypass  # slow to import

    place = urlsplit(url)
    found = None if proxy_bypass(place.netloc) else getproxies().get(place.scheme)
    if not found or "://" in found:
        return found or None
    return f"http:{found}" if found.startswith("//") else f"http://{found}"


def trust() -> ssl.SSLContext:
    """Whose certificates are believed; raises :class:`OSError` if that is nobody's.

    The authorities of the file that is set, or OpenSSL's: those of the machine, SSL_CERT_FILE.
    """
    import ssl  # slow to import, and not needed for plain HTTP

    context = ssl.create_default_context(cafile=ca_bundle())
    folder = os.environ.get("SSL_CERT_DIR") or ssl.get_default_verify_paths().openssl_capath
    if not context.get_ca_certs() and not os.path.isdir(folder):
        raise FileNotFoundError("no certificate authorities")
    return context


def _names_proxy(name: str) -> bool:
    return name.lower().endswith("_proxy") and name.lower() != "no_proxy"
