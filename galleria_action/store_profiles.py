"""What is particular about the stores that are known by their host names.

Only what people have to be told: how keys get their rights and files become public. What a store
can do is found out by trying. docs/stores.md has the sources.
"""

from __future__ import annotations

import re
from enum import StrEnum
from urllib.parse import urlsplit

from galleria_action.values import Struct


class Grants(StrEnum):
    """How a key gets its rights."""

    IAM = "an IAM policy of the key's user or role"
    BUCKET = "a bucket policy that names the key's user"
    CONSOLE = "the settings of the key in the provider's console"


class Profile(Struct, frozen=True):
    """A store.

    keys
        What to do so that a key may do more.
    public
        What to do so that visitors can read; '' where the policy below is the way.
    policies
        Whether buckets have policies, so that one can be pasted.
    cors
        What to know before a CORS configuration is pasted.
    """

    name: str
    grants: Grants
    keys: str
    public: str = ""
    policies: bool = True
    cors: str = ""


AWS = Profile(
    "AWS S3",
    Grants.IAM,
    "Attach this policy to the user or the role.",
    "Turn off Block Public Access for bucket policies first, or let a CloudFront distribution "
    "read the bucket.",
)
OTHER = Profile(
    "this store",
    Grants.BUCKET,
    "Give the key these rights in the store's own way: this is the policy in the form of IAM.",
)

_PROFILES: tuple[tuple[re.Pattern[str], Profile], ...] = (
    (re.compile(r"^s3[a-z0-9.-]*\.amazonaws\.com(\.cn)?$"), AWS),
    (
        re.compile(r"\.your-objectstorage\.com$"),
        Profile(
            "Hetzner Object Storage",
            Grants.BUCKET,
            "A key pair opens every bucket of its project; what is refused, a bucket policy "
            "forbids. This is what it has to allow.",
            "Or set the bucket's visibility to public in the console: then everybody can list it, "
            "too.",
        ),
    ),
    (
        re.compile(r"\.r2\.cloudflarestorage\.com$"),
        Profile(
            "Cloudflare R2",
            Grants.CONSOLE,
            "Make an API token with Object Read & Write for this bucket (R2, Manage API tokens).",
            "Connect a domain of yours to the bucket (Settings, Custom domains) and give it as "
            "public-url; R2 has no bucket policies.",
            policies=False,
            cors="In the console (Settings, CORS policy) paste the list alone, without CORSRules.",
        ),
    ),
    (
        re.compile(r"\.backblazeb2\.com$"),
        Profile(
            "Backblaze B2",
            Grants.CONSOLE,
            "Make an application key for this bucket with read and write access, which includes "
            "listing and deleting files.",
            "Set the bucket to public in the console; B2 has no bucket policies.",
            policies=False,
        ),
    ),
    (
        re.compile(r"\.digitaloceanspaces\.com$"),
        Profile(
            "DigitalOcean Spaces",
            Grants.CONSOLE,
            "Make an access key with read, write and delete rights for this bucket.",
            "Bucket policies are set through the API only, as by the command below.",
        ),
    ),
    (
        re.compile(r"\.wasabisys\.com$"),
        Profile(
            "Wasabi",
            Grants.IAM,
            "Attach this policy to the user of the key.",
            "Accounts made after 13 March 2023 have to ask Wasabi's support for public buckets.",
        ),
    ),
    (
        re.compile(r"\.scw\.cloud$"),
        Profile(
            "Scaleway Object Storage",
            Grants.CONSOLE,
            "Give the key's application the permission sets ObjectStorageObjectsRead, "
            "ObjectStorageObjectsWrite, ObjectStorageObjectsDelete and ObjectStorageBucketsRead.",
            "Scaleway's bucket policies have the version 2023-04-17 and name buckets without "
            "arn:aws:s3:::. As soon as there is one, it has to allow your own key, too.",
        ),
    ),
)


def known(endpoint: str | None) -> Profile:
    """The profile of the store at ``endpoint``; None means AWS."""
    if endpoint is None:
        return AWS
    host = urlsplit(endpoint).hostname or ""
    return next((each for pattern, each in _PROFILES if pattern.search(host)), OTHER)


def names() -> tuple[str, ...]:
    """Of all stores that are known."""
    return tuple(each.name for _, each in _PROFILES)
