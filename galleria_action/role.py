"""The role that a job takes instead of keys: what is asked for, and whose trust it needs.

https://docs.github.com/actions/how-tos/secure-your-work/security-harden-deployments/oidc-in-aws
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import NamedTuple

from galleria_action.reader import Reader

AUDIENCE = "sts.amazonaws.com"
SESSION_NAME = "galleria-deploy"
DURATION = 3600
"""Seconds; what every role allows."""
_SHORTEST, _LONGEST = 900, 43_200

# AWS names an account, Ceph a tenant or nothing, MinIO nothing.
_ARN = re.compile(r"arn:[a-z0-9-]+:iam::\w*:role/[\w+=,.@/-]{1,1000}", re.ASCII)
_SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)


class Role(NamedTuple):
    """Which role, and how it is taken; ``duration`` in seconds.

    Source: AssumeRoleWithWebIdentity in the AWS STS API Reference.
    """

    arn: str
    audience: str = AUDIENCE
    session_name: str = SESSION_NAME
    duration: int = DURATION

    @property
    def name(self) -> str:
        return self.arn.rpartition("/")[2]


def read_arn(reader: Reader) -> str | None:
    arn = reader.text("role-to-assume", "")
    if arn and not _ARN.fullmatch(arn):
        reader.fault(
            "role-to-assume must be the ARN of a role, such as "
            f"arn:aws:iam::111122223333:role/gallery-deploy, not {arn!r}"
        )
    return arn or None


def read_session_name(reader: Reader) -> str:
    name = reader.text("role-session-name", SESSION_NAME)
    if not _SESSION_NAME.fullmatch(name):
        reader.fault(
            f"role-session-name must have 2 to 64 letters, digits or any of +=,.@-_, not {name!r}"
        )
    return name


def read_duration(reader: Reader) -> int:
    text = reader.text("role-duration", str(DURATION))
    if re.fullmatch(r"[0-9]{1,6}", text) and _SHORTEST <= int(text) <= _LONGEST:
        return int(text)
    reader.fault(f"role-duration must be seconds from {_SHORTEST} to {_LONGEST}, not {text!r}")
    return DURATION


class Claims(NamedTuple):
    """What a job's token says of the job; '' for what it does not say."""

    issuer: str = ""
    subject: str = ""
    audience: str = ""

    @property
    def provider(self) -> str:
        """The issuer as AWS names it, in ARNs and in conditions."""
        return self.issuer.partition("://")[2].rstrip("/")


def claims(token: str) -> Claims:
    """What the token says, unverified: the service verifies it; this only tells a person."""
    try:
        part = token.split(".")[1]
        said = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (IndexError, ValueError, RecursionError):
        return Claims()
    if not isinstance(said, Mapping):
        return Claims()
    return Claims(*(_text(said.get(name)) for name in ("iss", "sub", "aud")))


def _text(value: object) -> str:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return value if isinstance(value, str) else ""


def provider_arn(role: Role, said: Claims) -> str:
    """The identity provider that the role's account needs for such tokens."""
    _, partition, _, _, account, _ = role.arn.split(":", 5)
    return f"arn:{partition}:iam::{account}:oidc-provider/{said.provider}"


def trust_policy(role: Role, said: Claims) -> str:
    """The trust policy, as JSON, that lets exactly such jobs take the role."""
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Federated": provider_arn(role, said)},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {
                    "StringEquals": {
                        f"{said.provider}:aud": said.audience,
                        f"{said.provider}:sub": said.subject,
                    }
                },
            }
        ],
    }
    return json.dumps(policy, indent=2)
