"""A role of a Ceph Object Gateway, which lets in the jobs of an issuer as AWS does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3

from support import oidc
from support.oidc import Issuer
from support.servers import Server
from support.sts import AUDIENCE, trusts

NAME = "gallery-deploy"
ALLOWS = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["s3:*"], "Resource": "arn:aws:s3:::*"}],
}


@dataclass(frozen=True)
class CephRole:
    """A role, and the client of who may change it."""

    iam: Any
    arn: str = f"arn:aws:iam:::role/{NAME}"

    def trust(self, policy: dict[str, Any]) -> None:
        self.iam.update_assume_role_policy(RoleName=NAME, PolicyDocument=_compact(policy))


@contextmanager
def made(server: Server, issuer: Issuer) -> Iterator[CephRole]:
    """A role for the issuer's present subject, while the block runs."""
    iam = boto3.client(
        "iam",
        endpoint_url=server.endpoint,
        region_name="us-east-1",
        verify=str(server.ca_bundle),
        aws_access_key_id=server.access_key,
        aws_secret_access_key=server.secret_key,
    )
    provider = f"arn:aws:iam:::oidc-provider/{issuer.provider}"
    trust = trusts(issuer, issuer.subject).trust
    trust["Statement"][0]["Principal"]["Federated"] = provider
    iam.create_open_id_connect_provider(
        Url=issuer.url, ClientIDList=[AUDIENCE], ThumbprintList=[oidc.key().id]
    )
    iam.create_role(RoleName=NAME, AssumeRolePolicyDocument=_compact(trust))
    iam.put_role_policy(RoleName=NAME, PolicyName="gallery", PolicyDocument=_compact(ALLOWS))
    try:
        yield CephRole(iam)
    finally:
        iam.delete_role_policy(RoleName=NAME, PolicyName="gallery")
        iam.delete_role(RoleName=NAME)
        iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=provider)


def _compact(policy: dict[str, Any]) -> str:
    return json.dumps(policy, separators=(",", ":"))  # Ceph 16 does not understand blanks
