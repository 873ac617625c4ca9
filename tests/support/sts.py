"""A service that plays AWS's AssumeRoleWithWebIdentity and lets its credentials alone into a bucket.

It checks a token as AWS does: issuer, signature, audience, times, the role's trust policy and its
longest session; its errors have AWS's codes and texts. At the same address it is the bucket's
service, as Ceph and MinIO are: requests with credentials that it gave out, and that have not
expired, go on to the S3 server behind it.
https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
"""

from __future__ import annotations

import base64
import json
import re
import secrets
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from support import listening, proxy, trust_policy
from support.oidc import Answer, Issuer
from support.servers import HOST, Server

ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/gallery-deploy"
AUDIENCE = "sts.amazonaws.com"
VERSION = "2011-06-15"


class Refused(Exception):
    """The answer is an error: its code, its text, the HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


@dataclass
class Role:
    """A role of the account: who may take it, for how many seconds at most."""

    trust: dict[str, Any]
    longest: int = 3600


@dataclass
class Session:
    """Credentials that were given out."""

    access_key: str
    secret_key: str
    token: str
    expires: float
    asked: dict[str, str]
    uses: int = 0


@dataclass
class Sts:
    """The state of the service.

    providers
        The identity providers of the account: issuer to audiences.
    lifetime
        Seconds for which credentials are good, whatever was asked for; None: as asked for.
    hook
        May answer instead of STS; given the number of the request, from 1.
    strangers
        Requests to the bucket without credentials of a session.
    """

    server: Server
    roles: dict[str, Role] = field(default_factory=dict)
    providers: dict[str, set[str]] = field(default_factory=dict)
    lifetime: float | None = None
    hook: Callable[[int], Answer | None] = lambda _: None
    requests: int = 0
    sessions: list[Session] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def secrets(self) -> set[str]:
        """Everything that must be seen by nobody."""
        return {
            text
            for each in self.sessions
            for text in (each.access_key, each.secret_key, each.token)
        }

    def assume(self, asked: dict[str, str]) -> Session:
        """Credentials for a token; raises `Refused`."""
        account = re.fullmatch(r"arn:aws:iam::(\d{12}):role/.+", asked["RoleArn"])
        if not account:
            raise Refused("ValidationError", f"{asked['RoleArn']} is invalid")
        claims = self._verified(asked["WebIdentityToken"])
        role = self.roles.get(asked["RoleArn"])
        if role is None or account[1] != ACCOUNT or not trust_policy.admits(role.trust, claims):
            raise Refused(
                "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", 403
            )
        seconds = int(asked["DurationSeconds"])
        if seconds > role.longest:
            raise Refused(
                "ValidationError",
                "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
            )
        made = Session(
            "ASIA" + secrets.token_hex(8).upper(),
            secrets.token_urlsafe(30),
            secrets.token_urlsafe(200),
            time.time() + (seconds if self.lifetime is None else self.lifetime),
            asked,
        )
        self.sessions.append(made)
        return made

    def _verified(self, token: str) -> dict[str, Any]:
        said, _, signature = token.rpartition(".")
        header, claims = (json.loads(_bytes(part)) for part in said.split("."))
        issuer = claims["iss"]
        if issuer not in self.providers:
            raise Refused(
                "InvalidIdentityToken",
                f"No OpenIDConnect provider found in your account for {issuer}",
            )
        if claims["aud"] not in self.providers[issuer]:
            raise Refused("InvalidIdentityToken", "Incorrect token audience")
        try:
            _published_key(issuer, header["kid"]).verify(
                _bytes(signature), said.encode(), padding.PKCS1v15(), hashes.SHA256()
            )
        except (InvalidSignature, KeyError):
            raise Refused(
                "InvalidIdentityToken",
                "Couldn't retrieve verification key from your identity provider,  please reference "
                "AssumeRoleWithWebIdentity documentation for requirements",
            ) from None
        now = time.time()
        if claims["exp"] < now:
            raise Refused(
                "ExpiredTokenException",
                f"Token expired: current date/time {now:.0f} must be before the expiration "
                f"date/time {claims['exp']}",
            )
        return claims

    def admits(self, authorization: str, token: str) -> str:
        """Why a request to the bucket is refused, as an S3 error code; '' if it may pass."""
        found = re.search(r"Credential=([^/]+)/", authorization)
        for each in self.sessions:
            if found and (each.access_key, each.token) == (found[1], token):
                each.uses += 1
                return "" if time.time() < each.expires else "ExpiredToken"
        self.strangers.append(authorization)
        return "InvalidAccessKeyId"


def trusts(
    issuer: Issuer, subject: str, audience: str = AUDIENCE, kind: str = "StringEquals"
) -> Role:
    """A role that trusts these jobs."""
    return Role(trust_policy.of(ACCOUNT, issuer.provider, subject, audience, kind))


@contextmanager
def sts(upstream: Server, issuer: Issuer) -> Iterator[Sts]:
    """A service before ``upstream`` that knows ``issuer``, and the role `ROLE` for its jobs."""
    listener = ThreadingHTTPServer((HOST, 0), _Handler)
    listener.daemon_threads = True
    made = Sts(
        Server("sts", f"http://{HOST}:{listener.server_port}"),
        {ROLE: trusts(issuer, issuer.subject)},
        {issuer.url: {AUDIENCE}},
    )
    listener.state, listener.upstream = made, upstream
    with listening.serving(listener):
        yield made


def _published_key(issuer: str, key_id: str) -> Any:
    """The key that the issuer's own documents name."""

    def read(url: str) -> Any:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.load(answer)

    keys = read(read(f"{issuer}/.well-known/openid-configuration")["jwks_uri"])["keys"]
    certificates = {each["kid"]: base64.b64decode(each["x5c"][0]) for each in keys}
    return x509.load_der_x509_certificate(certificates[key_id]).public_key()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class _Handler(proxy.Forwarder):
    def _serve(self) -> None:
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if (self.command, self.path) == ("POST", "/"):
            self._assume({name: texts[0] for name, texts in parse_qs(data.decode()).items()})
            return
        state: Sts = self.server.state
        why = state.admits(
            self.headers.get("Authorization", ""), self.headers.get("X-Amz-Security-Token", "")
        )
        if why:
            body = f"<Error><Code>{why}</Code><Message>No.</Message></Error>".encode()
            status = 400 if why == "ExpiredToken" else 403
            self.send(status, [], b"" if self.command == "HEAD" else body)
        else:
            self.send(*self.ask(data))

    def _assume(self, asked: dict[str, str]) -> None:
        state: Sts = self.server.state
        assert "Authorization" not in self.headers, "the request is not signed"
        assert (asked["Action"], asked["Version"]) == ("AssumeRoleWithWebIdentity", VERSION)
        with state.lock:
            state.requests += 1
            if answer := state.hook(state.requests):
                location = [("Location", answer.location)] if answer.location else []
                self.send(answer.status, location, answer.body)
                return
            try:
                status, body = 200, _given(state.assume(asked))
            except Refused as refusal:
                status, body = refusal.status, _refusal(refusal)
        self.send(status, [("Content-Type", "text/xml")], body.encode())

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _serve  # noqa: N815


_NAMESPACE = f'xmlns="https://sts.amazonaws.com/doc/{VERSION}/"'


def _given(session: Session) -> str:
    expires = datetime.fromtimestamp(session.expires, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return f"""\
<AssumeRoleWithWebIdentityResponse {_NAMESPACE}><AssumeRoleWithWebIdentityResult>
<SubjectFromWebIdentityToken>subject</SubjectFromWebIdentityToken>
<Credentials><AccessKeyId>{session.access_key}</AccessKeyId>
<SecretAccessKey>{session.secret_key}</SecretAccessKey>
<SessionToken>{session.token}</SessionToken><Expiration>{expires}</Expiration></Credentials>
</AssumeRoleWithWebIdentityResult>
<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></AssumeRoleWithWebIdentityResponse>"""


def _refusal(refusal: Refused) -> str:
    return f"""\
<ErrorResponse {_NAMESPACE}><Error><Type>Sender</Type><Code>{refusal.code}</Code>
<Message>{escape(str(refusal))}</Message></Error><RequestId>1</RequestId></ErrorResponse>"""
