"""The CDN in the configuration: which one, which part of it, and what it is asked with."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from galleria_action.invalidation import Provider
from galleria_action.reader import Reader
from galleria_action.sources import Sources


@dataclass(frozen=True, slots=True)
class Cdn:
    """The inputs about a CDN, as they were given."""

    invalidate: bool = False
    provider: Provider | None = None
    id: str | None = None
    token: str | None = field(default=None, repr=False)


# An id becomes a part of a URL: https://api.bunny.net/pullzone/ID/purgeCache, and so on.
_IDS = {
    Provider.BUNNY: (r"[0-9]+", "the number of the pull zone"),
    Provider.CLOUDFLARE: (r"[0-9a-fA-F]{32}", "the zone ID, 32 letters and digits"),
    Provider.CLOUDFRONT: (r"[A-Z0-9]+", "the distribution's ID, such as E2EXAMPLE123"),
}


def read(reader: Reader, sources: Sources, *, token_needed: bool) -> Cdn:
    """The inputs; whatever of them is wrong or missing is a fault of ``reader``.

    ``token_needed``: False for runs that only show what would be purged.
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
    _check_missing(reader, sources, cdn, token_needed=token_needed)
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


def _check_missing(reader: Reader, sources: Sources, cdn: Cdn, *, token_needed: bool) -> None:
    needed = {
        "cdn-provider": "bunny, cloudfront or cloudflare",
        "cdn-id": "the pull zone, distribution or zone",
        "public-url": "the address under which visitors see the bucket's root",
    }
    # CloudFront knows AWS credentials only, and no keys of its own.
    if token_needed and cdn.provider is not Provider.CLOUDFRONT:
        needed["cdn-token"] = "the provider's API key, from a secret"
    for name, what in needed.items():
        if not sources.text(name):
            reader.fault(f"invalidate-cdn needs {name}: {what}")
