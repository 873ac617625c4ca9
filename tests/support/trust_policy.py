"""Trust policies of roles at AWS, as far as those for the jobs of GitHub Actions need them.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
"""

from __future__ import annotations

import fnmatch
from typing import Any


def of(account: str, provider: str, subject: str, audience: str, kind: str) -> dict[str, Any]:
    """The policy for one subject of one provider; ``kind`` is how the condition compares."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Federated": f"arn:aws:iam::{account}:oidc-provider/{provider}"},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {kind: {f"{provider}:sub": subject, f"{provider}:aud": audience}},
            }
        ],
    }


def admits(policy: dict[str, Any], claims: dict[str, Any]) -> bool:
    """Whether it lets whoever has a token with these claims take the role."""
    provider = claims["iss"].partition("://")[2]
    said = {f"{provider}:{name}": value for name, value in claims.items()}
    return any(
        each["Principal"]["Federated"].endswith(f":oidc-provider/{provider}")
        and all(
            _matches(kind, said.get(name), wanted)
            for kind, wanted_of in each["Condition"].items()
            for name, wanted in wanted_of.items()
        )
        for each in policy["Statement"]
    )


def _matches(kind: str, said: object, wanted: str) -> bool:
    if kind == "StringLike":
        return isinstance(said, str) and fnmatch.fnmatchcase(said, wanted)
    assert kind == "StringEquals", kind
    return said == wanted
