"""What values are made of."""

from __future__ import annotations

import subprocess
import sys

import pytest

from galleria_action.bucket import Bucket
from galleria_action.cdn_config import Cdn
from galleria_action.values import replace


@pytest.mark.parametrize("secret", ["access_key", "secret_key", "session_token"])
def test_a_secret_is_not_shown(secret):
    """It is in no text of the value, and still counts when values are compared."""
    plain = Bucket("club", region="eu")
    made = replace(plain, **{secret: "hidden"})
    assert made != plain
    assert repr(made) == str(made) == "Bucket(name='club', endpoint=None, region='eu')"


def test_other_members_are_shown():
    """All of them, by name."""
    shown = {each for each in Cdn.__struct_fields__ if f"{each}=" in repr(Cdn(token="t"))}
    assert shown == set(Cdn.__struct_fields__) - {"token"}


@pytest.mark.parametrize("before", ["", "import typing_extensions, sys; "])
def test_what_is_hidden_while_msgspec_is_imported(before):
    """Others can import it afterwards, and keep it if they have."""
    program = (
        f"{before}from galleria_action import values; import sys; "
        "assert ('typing_extensions' in sys.modules) == %r; "
        "import typing_extensions; typing_extensions.Protocol"
    ) % bool(before)
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
