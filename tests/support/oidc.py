"""An HTTP server that gives a job its tokens as GitHub does, and publishes the keys to check them.

The runner's address for a job that may have tokens, GitHub's claims, its documents for those who
verify. https://docs.github.com/actions/reference/security/oidc
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from support import listening
from support.servers import HOST

REPOSITORY = "someone/gallery"
PATH = "/idtoken/0ba2-4c41/b6ad-1f3e"
SECRET = "eyJhbGciOiJSUzI1NiJ9.cmVxdWVzdA.request-token-of-this-job"
SECONDS = 300
"""A token of GitHub's is good for five minutes."""


class Key(NamedTuple):
    """What signs, and the certificate that says so."""

    private: rsa.RSAPrivateKey
    certificate: bytes

    @property
    def id(self) -> str:
        return self.thumbprint.upper()

    @property
    def thumbprint(self) -> str:
        """SHA-1 of the certificate, as identity providers are told it."""
        return hashlib.sha1(self.certificate, usedforsecurity=False).hexdigest()


@cache
def key(name: str = "issuer") -> Key:
    """The key of that name; making one takes a while."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(private, hashes.SHA256())
    )
    return Key(private, certificate.public_bytes(serialization.Encoding.DER))


class Answer(NamedTuple):
    """An answer in place of what was asked for."""

    status: int
    body: bytes = b""
    location: str = ""


@dataclass
class Issuer:
    """The state of the server.

    claims
        What the tokens say, beyond times and audience.
    good_for
        Seconds after which a token has expired.
    hook
        May answer instead; given the number of the request, from 1.
    signs
        The key that signs; another than the published one is a forger's.
    asked
        The audience of every request with the right secret.
    tokens
        Every token that was given out.
    """

    url: str
    claims: dict[str, Any] = field(default_factory=dict)
    good_for: float = SECONDS
    hook: Callable[[int], Answer | None] = lambda _: None
    signs: Key = field(default_factory=key)
    asked: list[str] = field(default_factory=list)
    requests: int = 0
    tokens: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def environ(self) -> dict[str, str]:
        """What the runner adds to the environment of a job with `id-token: write`."""
        return {
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{self.url}{PATH}?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": SECRET,
        }

    @property
    def provider(self) -> str:
        """The issuer as conditions of policies name it."""
        return self.url.partition("://")[2]

    @property
    def subject(self) -> str:
        return self.claims["sub"]

    def token(self, audience: str) -> str:
        now = int(time.time())
        made = signed(
            self.signs,
            {
                "jti": str(uuid.uuid4()),
                "aud": audience,
                "iss": self.url,
                "nbf": now - 300,
                "iat": now,
                "exp": now + int(self.good_for),
                **self.claims,
            },
        )
        self.tokens.append(made)
        return made


@contextmanager
def issuer(subject: str = f"repo:{REPOSITORY}:ref:refs/heads/main") -> Iterator[Issuer]:
    """A server whose tokens are about the job ``subject``."""
    listener = ThreadingHTTPServer((HOST, 0), _Handler)
    listener.daemon_threads = True
    made = Issuer(f"http://{HOST}:{listener.server_port}")
    made.claims = {
        "sub": subject,
        "repository": REPOSITORY,
        "repository_owner": "someone",
        "repository_id": "456789",
        "repository_owner_id": "123456",
        "ref": "refs/heads/main",
        "event_name": "push",
        "job_workflow_ref": f"{REPOSITORY}/.github/workflows/deploy.yml@refs/heads/main",
        "runner_environment": "github-hosted",
        "run_id": "1",
    }
    listener.state = made
    with listening.serving(listener):
        yield made


def signed(key: Key, claims: dict[str, Any]) -> str:
    """A JSON Web Token, RS256."""
    header = {
        "typ": "JWT",
        "alg": "RS256",
        "x5t": _base64(bytes.fromhex(key.thumbprint)),
        "kid": key.id,
    }
    said = ".".join(_base64(json.dumps(part).encode()) for part in (header, claims))
    signature = key.private.sign(said.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{said}.{_base64(signature)}"


def jwks(key: Key) -> dict[str, Any]:
    numbers = key.private.public_key().public_numbers()
    return {
        "keys": [
            {
                "kty": "RSA",
                "use": "sig",
                "alg": "RS256",
                "kid": key.id,
                "n": _base64(numbers.n.to_bytes(256, "big")),
                "e": _base64(numbers.e.to_bytes(3, "big")),
                "x5c": [base64.b64encode(key.certificate).decode()],
                "x5t": _base64(bytes.fromhex(key.thumbprint)),
            }
        ]
    }


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        state: Issuer = self.server.state
        place = urlsplit(self.path)
        published = {
            "/.well-known/openid-configuration": {
                "issuer": state.url,
                "jwks_uri": f"{state.url}/.well-known/jwks",
                "response_types_supported": ["id_token"],
                "id_token_signing_alg_values_supported": ["RS256"],
            },
            "/.well-known/jwks": jwks(key()),
        }
        if place.path in published:
            self._send(Answer(200, json.dumps(published[place.path]).encode()))
        elif place.path != PATH:
            self._send(Answer(404))
        else:
            with state.lock:
                state.requests += 1
                self._send(state.hook(state.requests) or self._token(state, place.query))

    def _token(self, state: Issuer, query: str) -> Answer:
        if self.headers.get("Authorization", "").lower() != f"bearer {SECRET}".lower():
            return Answer(401)
        asked = parse_qs(query)
        if asked.get("api-version") != ["2.0"]:
            return Answer(400)
        state.asked.append(asked["audience"][0])
        token = state.token(asked["audience"][0])
        return Answer(200, json.dumps({"count": len(token), "value": token}).encode())

    def _send(self, answer: Answer) -> None:
        self.send_response_only(answer.status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(answer.body)))
        if answer.location:
            self.send_header("Location", answer.location)
        self.end_headers()
        self.wfile.write(answer.body)
