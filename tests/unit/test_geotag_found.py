"""Whether a file says where it was taken, asked cheaply while nothing depends on the answer."""

from __future__ import annotations

import pytest
from support import galleries

from galleria_action import geotag

JPEG = galleries.jpeg("a")
LOCATED = galleries.located(JPEG)


@pytest.mark.parametrize(
    ("data", "found"),
    [
        pytest.param(LOCATED, True, id="a position"),
        pytest.param(JPEG, None, id="no sign of one"),
        pytest.param(galleries.webp("a"), None, id="another format without a sign"),
        pytest.param(geotag.remove(LOCATED), None, id="removed"),
        pytest.param(b"", None, id="empty"),
        pytest.param(b"\0\1\2GPS", None, id="a sign in a format that nobody knows"),
    ],
)
def test_found(data, found):
    """True only if there is one; without a sign, or if it cannot be told, nothing is claimed."""
    assert geotag.found(data) is found


def test_an_answer_never_contradicts_the_removal():
    """A position that is found is one that a removal takes away."""
    assert geotag.remove(LOCATED) != LOCATED
    assert geotag.remove(JPEG) is JPEG
