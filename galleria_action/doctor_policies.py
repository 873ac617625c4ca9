"""The documents to paste: rights for the key, public reading, CORS, old versions.

Written in the form of AWS, which all stores that have policies take.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/example-policies-s3.html
"""

from __future__ import annotations

import json
from typing import Any

from galleria_action import keys
from galleria_action.config import Config

VERSION = "2012-10-17"


def look(config: Config) -> str:
    """The rights that a plan needs."""
    return _policy(_looking(config))


def deploy(config: Config) -> str:
    """The rights that a deployment needs."""
    writing = {
        "Sid": "Publish",
        "Effect": "Allow",
        "Action": ["s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"],
        "Resource": _resources(config, f"{keys.RECORDS}*"),
    }
    return _policy([*_looking(config), writing])


def public(config: Config) -> str:
    """A bucket policy by which everybody can read what is published, and list nothing."""
    reading = {
        "Sid": "EverybodyCanRead",
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": _resources(config),
    }
    return _policy([reading])


def cors(origin: str) -> str:
    """A CORS configuration by which scripts of pages at ``origin`` can fetch photos."""
    rule = {
        "AllowedOrigins": [origin],
        "AllowedMethods": ["GET", "HEAD"],
        "AllowedHeaders": ["Range"],
        "ExposeHeaders": ["Content-Length", "ETag"],
        "MaxAgeSeconds": 3600,
    }
    return _text({"CORSRules": [rule]})


def lifecycle() -> str:
    """A lifecycle configuration that removes old versions and unfinished uploads."""
    rule = {
        "ID": "remove what nobody reads",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "NoncurrentVersionExpiration": {"NoncurrentDays": 7},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
    }
    return _text({"Rules": [rule]})


def command(config: Config, what: str, option: str, file: str) -> str:
    """The AWS CLI's command that sets a document of the bucket."""
    bucket = config.bucket
    endpoint = f" --endpoint-url {bucket.endpoint}" if bucket.endpoint else ""
    return f"aws s3api {what} --bucket {bucket.name} --{option} file://{file}{endpoint}"


def _looking(config: Config) -> list[dict[str, Any]]:
    return [
        {
            "Sid": "SeeWhatIsThere",
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": f"arn:aws:s3:::{config.bucket.name}",
        },
        {
            "Sid": "ReadTheManifestAndTheLedger",
            "Effect": "Allow",
            "Action": "s3:GetObject",
            "Resource": _records(config),
        },
    ]


def _records(config: Config) -> list[str]:
    return [_arn(config, config.metadata_key), _arn(config, f"{keys.RECORDS}*")]


def _resources(config: Config, *more: str) -> list[str]:
    """What a deployment publishes, and ``more``."""
    if not config.photos_prefix or not config.site_prefix:
        return [_arn(config, "*")]
    folders = (f"{config.photos_prefix}/*", f"{config.site_prefix}/*")
    return [_arn(config, each) for each in (*folders, config.metadata_key, *more)]


def _arn(config: Config, key: str) -> str:
    return f"arn:aws:s3:::{config.bucket.name}/{key}"


def _policy(statements: list[dict[str, Any]]) -> str:
    return _text({"Version": VERSION, "Statement": statements})


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False)
