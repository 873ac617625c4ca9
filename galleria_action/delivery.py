"""What brings a gallery to its visitors: the CDN, and the address that they use."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from galleria_action import cancellation
from galleria_action.cdn import Cdn, Patience
from galleria_action.config import Config
from galleria_action.invalidation import Provider
from galleria_action.public_site import PublicSite
from galleria_action.purging import Connect
from galleria_action.readback import Visitors


@dataclass(frozen=True, slots=True)
class Delivery:
    """How the gallery reaches its visitors.

    ``connect`` makes the CDN when it is needed, None if none is to be purged; ``visitors`` None:
    nobody knows their address. ``rest`` waits for so many seconds.
    """

    connect: Connect | None = None
    visitors: Visitors | None = None
    rest: Callable[[float], None] = time.sleep


def of(config: Config, stopped: threading.Event) -> Delivery:
    """That of the configuration; waiting ends when ``stopped`` is set. It loads nothing yet."""
    rest = cancellation.pause(stopped)
    return Delivery(
        connect=(lambda: _cdn(config, Patience(rest))) if config.invalidate_cdn else None,
        visitors=PublicSite(config.public_url) if config.public_url else None,
        rest=rest,
    )


def _cdn(config: Config, patience: Patience) -> Cdn:
    assert config.cdn_id is not None
    if config.cdn_provider is Provider.CLOUDFRONT:
        from galleria_action import aws
        from galleria_action.cloudfront import CloudFront

        return CloudFront(config.cdn_id, lambda: aws.cloudfront(config.bucket), patience)
    assert config.cdn_token is not None
    if config.cdn_provider is Provider.CLOUDFLARE:
        from galleria_action.cloudflare import Cloudflare

        return Cloudflare(config.cdn_id, config.cdn_token, patience)
    from galleria_action.bunny import Bunny

    return Bunny(config.cdn_id, config.cdn_token, patience)
