"""The documents that the doctor gives to paste."""

from __future__ import annotations

import json

from galleria_action import doctor_policies
from galleria_action.config import Bucket, Config

CONFIG = Config(Bucket("b"), photos_prefix="w/photos", site_prefix="w", metadata_key="w.json")
ALL = "arn:aws:s3:::b/*"


def statements(text: str) -> dict[str, list[str]]:
    """Action to resources, both as lists, of a policy."""
    found = {}
    for each in json.loads(text)["Statement"]:
        actions, resources = each["Action"], each["Resource"]
        for action in [actions] if isinstance(actions, str) else actions:
            found[action] = [resources] if isinstance(resources, str) else resources
    return found


def test_rights_of_a_plan():
    """To list the bucket and to read two records."""
    assert statements(doctor_policies.look(CONFIG)) == {
        "s3:ListBucket": ["arn:aws:s3:::b"],
        "s3:GetObject": ["arn:aws:s3:::b/w.json", "arn:aws:s3:::b/.galleria/*"],
    }


def test_rights_of_a_deployment():
    """Those, and to write below the two prefixes, the manifest and the records; no more."""
    found = statements(doctor_policies.deploy(CONFIG))
    assert {key: found[key] for key in ("s3:ListBucket", "s3:GetObject")} == statements(
        doctor_policies.look(CONFIG)
    )
    for action in ("s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"):
        assert found[action] == [
            f"arn:aws:s3:::b/{each}" for each in ("w/photos/*", "w/*", "w.json", ".galleria/*")
        ]
    assert len(found) == 5


def test_what_everybody_may_read():
    """What is published, but not the records of the deployment if that can be helped."""
    policy = json.loads(doctor_policies.public(CONFIG))
    assert [each["Principal"] for each in policy["Statement"]] == ["*"]
    assert statements(doctor_policies.public(CONFIG)) == {
        "s3:GetObject": [f"arn:aws:s3:::b/{each}" for each in ("w/photos/*", "w/*", "w.json")]
    }


def test_a_site_at_the_root():
    """With the bucket's root as a prefix there is nothing left to name."""
    config = Config(Bucket("b"))
    assert statements(doctor_policies.public(config)) == {"s3:GetObject": [ALL]}
    assert statements(doctor_policies.deploy(config))["s3:PutObject"] == [ALL]


def test_commands_name_the_store():
    """A command can be pasted into a terminal: it says where the bucket is."""
    command = doctor_policies.command(CONFIG, "put-bucket-policy", "policy", "p.json")
    assert command == "aws s3api put-bucket-policy --bucket b --policy file://p.json"
    config = Config(Bucket("b", "https://s3.example.org"))
    command = doctor_policies.command(config, "put-bucket-cors", "cors-configuration", "c.json")
    assert command.endswith("--endpoint-url https://s3.example.org")
