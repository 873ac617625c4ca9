"""The CDN in the configuration: which one, which part of it, and what it is asked with."""

from __future__ import annotations

import re
from collections.abc import Iterator

from galleria_action.invalidation import Provider
from galleria_action.reader import Reader
from galleria_action.sources import Sources
from galleria_action.values import Discreet


class Cdn(Discreet, frozen=True):
    """The inputs about a CDN, as they were given."""

    unshown = frozenset({"token"})

    invalidate: bool = False
    provider: Provider | None = None
    id: str | None = None
    token: str | None = None


# An id becomes a part of a URL: https://api.bunny.net/pullzone/ID/purgeCache, and so on.
_IDS = {
    Provider.BUNNY: (r"[0-9]+", "the number of the pull zone"),
    Provider.CLOUDFLARE: (r"[0-9a-fA-F]{32}", "the zone ID, 32 letters and digits"),
    Provider.CLOUDFRONT: (r"[A-Z0-9]+", "the distribution's ID, such as E2EXAMPLE123"),
}


def read(reader: Reader, sources: Sources, *, dry_run: bool, secrets: bool) -> Cdn:
    """The inputs; whatever of them is wrong or missing is a fault of ``reader``.

    A ``dry_run`` shows what would be purged and needs no token. Without ``secrets`` the ID may be
    missing, too: some people keep it as one.
    """
    provider = _provider(reader, sources)
    cdn = Cdn(
        invalidate=reader.boolean("invalidate-cdn"),
        provider=provider,
        id=sources.text("cdn-id"),
        token=sources.text("cdn-token"),
    )
    if not cdn.invalidate:
        return cdn
    for name, what in _needed(cdn, dry_run=dry_run, secrets=secrets):
        if not sources.text(name):
            reader.fault(f"invalidate-cdn needs {name}: {what}")
    if provider and cdn.id and not re.fullmatch(_IDS[provider][0], cdn.id):
        reader.fault(f"cdn-id must be {_IDS[provider][1]}, for cdn-provider: {provider}")
    if cdn.token and not (cdn.token.isascii() and cdn.token.isprintable() and " " not in cdn.token):
        # The text is not repeated: it is a secret.
        reader.fault("cdn-token has letters that no key has: paste it again")
    return cdn


def _provider(reader: Reader, sources: Sources) -> Provider | None:
    text = sources.text("cdn-provider")
    if text is None or text.lower() in set(Provider):
        return Provider(text.lower()) if text else None
    reader.fault(f"cdn-provider must be one of {', '.join(Provider)}, not {text!r}")
    return None


def _needed(cdn: Cdn, *, dry_run: bool, secrets: bool) -> Iterator[tuple[str, str]]:
    """Names of the inputs that have to be given, and what they are."""
    yield "cdn-provider", "bunny, cloudfront or cloudflare"
    yield "public-url", "the address under which visitors see the bucket's root"
    if secrets:
        yield "cdn-id", "the pull zone, distribution or zone"
    # CloudFront knows AWS credentials only, and no keys of its own.
    if not dry_run and cdn.provider is not Provider.CLOUDFRONT:
        yield "cdn-token", "the provider's API key, from a secret"
