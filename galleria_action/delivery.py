"""What brings a gallery to its visitors: the CDN, and the address that they use."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from galleria_action import aws, cancellation
from galleria_action.config import Config

if TYPE_CHECKING:
    from galleria_action.cdn import Cdn, Patience
    from galleria_action.purging import Connect
    from galleria_action.readback import Visitors
    from galleria_action.sign_in import SignIn  # loads botocore


class Delivery(NamedTuple):
    """How the gallery reaches its visitors.

    ``connect`` makes the CDN when it is needed, None if none is to be purged; ``visitors`` None:
    nobody knows their address. ``rest`` waits for so many seconds.
    """

    connect: Connect | None = None
    visitors: Visitors | None = None
    rest: Callable[[float], None] = time.sleep


def of(config: Config, stopped: threading.Event, sign_in: SignIn | None) -> Delivery:
    """That of the configuration; waiting ends when ``stopped`` is set. It loads nothing yet.

    ``sign_in`` takes the role that CloudFront is asked with, too, if there is one.
    """
    rest = cancellation.pause(stopped)

    def connect() -> Cdn:
        from galleria_action.cdn import Patience

        return _cdn(config, Patience(rest), lambda: aws.cloudfront(config.bucket, stopped, sign_in))

    return Delivery(
        connect=connect if config.invalidate_cdn else None,
        visitors=_visitors(config.public_url) if config.public_url and config.verify else None,
        rest=rest,
    )


def _visitors(public_url: str) -> Visitors:
    from galleria_action.public_site import PublicSite

    return PublicSite(public_url)


def _cdn(config: Config, patience: Patience, cloudfront: Callable[[], Any]) -> Cdn:
    from galleria_action.invalidation import Provider

    assert config.cdn_id is not None
    if config.cdn_provider is Provider.CLOUDFRONT:
        from galleria_action.cloudfront import CloudFront

        return CloudFront(config.cdn_id, cloudfront, patience)
    assert config.cdn_token is not None
    if config.cdn_provider is Provider.CLOUDFLARE:
        from galleria_action.cloudflare import Cloudflare

        return Cloudflare(config.cdn_id, config.cdn_token, patience)
    from galleria_action.bunny import Bunny

    return Bunny(config.cdn_id, config.cdn_token, patience)
