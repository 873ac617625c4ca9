"""The tokens that say which job this is: GitHub's runner gives them to jobs that may have one.

https://docs.github.com/actions/reference/security/oidc
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from galleria_action import __version__
from galleria_action.errors import StoreError
from galleria_action.retry import Retries, Verdict
from galleria_action.role_faults import no_token, unreached
from galleria_action.values import Discreet

SECONDS = 30
LARGEST = 1 << 20
"""Bytes of an answer; a token has about 2,000."""


class Issuer(Discreet, frozen=True):
    """Where this job gets its tokens, and the secret to ask with."""

    unshown = frozenset({"secret"})

    url: str
    secret: str


def issuer(environ: Mapping[str, str]) -> Issuer | None:
    """None where the job lacks `id-token: write`, or there is no job."""
    url = environ.get("ACTIONS_ID_TOKEN_REQUEST_URL")
    secret = environ.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN")
    return Issuer(url, secret) if url and secret else None


def fetch(issuer: Issuer, audience: str, retries: Retries) -> str:
    """A new token for ``audience``; raises :class:`StoreError`."""
    host = urlsplit(issuer.url).hostname or "GitHub"
    try:
        return retries.call(lambda: _ask(issuer, audience), _judge)
    except urllib.error.HTTPError as error:
        raise _refused(host, error.code) from None
    except OSError:
        raise unreached(
            f"no connection to {host}, which gives jobs their tokens",
            "Run again. A runner of your own must be allowed to connect there.",
        ) from None
    except (ValueError, KeyError, TypeError, RecursionError):
        raise unreached(f"the answer of {host} has no token", "Run again.") from None


def _ask(issuer: Issuer, audience: str) -> str:
    joint = "&" if "?" in issuer.url else "?"
    request = urllib.request.Request(  # noqa: S310  it is the runner that names it
        f"{issuer.url}{joint}audience={quote(audience, safe='')}",
        headers={
            "Authorization": f"Bearer {issuer.secret}",
            "Accept": "application/json",
            "User-Agent": f"galleria-deploy/{__version__}",
        },
    )
    # Without the handlers of files and FTP, and without redirects: the secret goes nowhere else.
    opener = urllib.request.build_opener(_NoRedirects)
    try:
        with opener.open(request, timeout=SECONDS) as answer:
            token = json.loads(answer.read(LARGEST))["value"]
    except urllib.error.HTTPError as error:
        error.close()
        raise
    if not isinstance(token, str) or token.count(".") != 2:
        raise ValueError
    return token


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        """None: the redirect itself is the answer, an error."""


def _judge(error: Exception) -> Verdict:
    if isinstance(error, urllib.error.HTTPError):
        return Verdict(error.code in (408, 429) or error.code >= 500)
    return Verdict(isinstance(error, OSError) and "CERTIFICATE_VERIFY_FAILED" not in str(error))


def _refused(host: str, status: int) -> StoreError:
    if status == 429 or status >= 500:
        return unreached(
            f"{host} did not manage to give this job a token ({status})",
            "Look at https://www.githubstatus.com and run again.",
        )
    return no_token(f"{host} gives this job no token ({status})")
