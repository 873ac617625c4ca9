"""Purges at Cloudflare. Source: https://developers.cloudflare.com/api/resources/cache/methods/purge/
and https://developers.cloudflare.com/cache/how-to/purge-cache/.
"""

from __future__ import annotations

import json
from typing import Any

from galleria_action import cdn
from galleria_action.cdn import CdnError, Patience
from galleria_action.cdn_api import Api, Refused
from galleria_action.exchange import Answer
from galleria_action.invalidation import Call
from galleria_action.text import shortened

URL = "https://api.cloudflare.com/client/v4"
_TOKEN = (
    "cdn-token must be an API token (not the Global API Key) with the permission Zone, Cache "  # noqa: S105
    "Purge for the zone of the gallery."
)
_ZONE = "Is cdn-id the zone ID on the overview page of the domain that public-url belongs to?"
_LATER = "Look at https://www.cloudflarestatus.com."


class Cloudflare:
    """One zone; ``token`` may purge it. See :class:`galleria_action.cdn.Cdn`."""

    def __init__(self, zone: str, token: str, patience: Patience, url: str = URL) -> None:
        self._zone = zone
        self._api = Api(url, {"Authorization": f"Bearer {token}"}, patience, _succeeded)

    def purge(self, call: Call) -> None:
        what = "prefixes" if call.collapsed else "files"
        try:
            self._api.post(f"/zones/{self._zone}/purge_cache", {what: list(call.addresses)})
        except Refused as refused:
            raise _explained(refused) from None
        except OSError as error:
            raise cdn.failed("cloudflare", f"does not answer ({error})", _LATER) from None


def _succeeded(answer: Answer) -> bool:
    """A status of 200 may come with errors."""
    if answer.status != 200:
        return False
    try:
        document: Any = json.loads(answer.body)
    except (ValueError, RecursionError):
        return False
    return isinstance(document, dict) and document.get("success") is True


def _explained(refused: Refused) -> CdnError:
    status = refused.answer.status
    errors = refused.document.get("errors")
    messages = [
        f"{each.get('message', '')} ({each.get('code', '-')})"
        for each in (errors if isinstance(errors, list) else [])
        if isinstance(each, dict)
    ]
    said = f"says {status}" + (f": {shortened('; '.join(messages), 300)}" if messages else "")
    if status in (401, 403):
        return cdn.failed("cloudflare", f"does not accept the token ({said})", _TOKEN)
    if status == 404:
        return cdn.failed("cloudflare", f"knows no such zone ({said})", _ZONE)
    if status == 429:
        return cdn.failed("cloudflare", f"has had too many requests ({said})", "Wait a little.")
    if status >= 500:
        return cdn.failed("cloudflare", said, _LATER)
    return cdn.failed("cloudflare", said, f"{_ZONE} {_TOKEN}")
