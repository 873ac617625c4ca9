"""Purges at bunny.net. Source: https://docs.bunny.net/api-reference/core/purge/purge-url,
https://docs.bunny.net/cdn/purge-cache and https://docs.bunny.net/docs/cdn-api-purge-rate-limits.
"""

from __future__ import annotations

from urllib.parse import quote

from galleria_action import cdn
from galleria_action.cdn import CdnError, Patience
from galleria_action.cdn_api import Api, Refused
from galleria_action.exchange import Answer
from galleria_action.invalidation import Call
from galleria_action.text import shortened

URL = "https://api.bunny.net"
_KEY = "Paste cdn-token again: it is the account's API key, not the password of a storage zone."
_ZONE = "Is cdn-id the number of the pull zone, and public-url one of its host names?"
_LATER = "Look at its status page."


class Bunny:
    """One pull zone, see :class:`galleria_action.cdn.Cdn`; ``token``: its account's API key."""

    def __init__(self, zone: str, token: str, patience: Patience, url: str = URL) -> None:
        self._zone = zone
        self._api = Api(url, {"AccessKey": token}, patience, _succeeded)

    def purge(self, call: Call) -> None:
        try:
            if call.collapsed:
                self._api.post(f"/pullzone/{self._zone}/purgeCache")
                return
            for address in call.addresses:
                # At a folder it would purge all that lies below.
                exact = "&exactPath=true" if address.endswith("/") else ""
                self._api.post(f"/purge?url={quote(address, safe='')}{exact}")
        except Refused as refused:
            raise _explained(refused) from None
        except OSError as error:
            raise cdn.failed("bunny", f"does not answer ({error})", _LATER) from None


def _succeeded(answer: Answer) -> bool:
    return answer.status in (200, 204)


def _explained(refused: Refused) -> CdnError:
    status = refused.answer.status
    said = f"says {status}"
    if message := refused.document.get("Message"):
        said += f": {shortened(str(message), 200)}"
    if status in (401, 403):
        return cdn.failed("bunny", f"does not accept the API key ({said})", _KEY)
    if status == 404:
        return cdn.failed("bunny", f"knows no such pull zone ({said})", _ZONE)
    if status == 429:
        return cdn.failed("bunny", f"has had too many purges ({said})", "Wait a little.")
    return cdn.failed("bunny", said, _LATER if status >= 500 else _ZONE)
