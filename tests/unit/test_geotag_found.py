"""Whether a file says where it was taken, asked cheaply while nothing depends on the answer."""

from __future__ import annotations

import pytest
from support import galleries

from galleria_action import geotag, jpeg

JPEG = galleries.jpeg("a")
LOCATED = galleries.located(JPEG)
END = jpeg.header_end(jpeg.segments(JPEG))
EXIF = next(
    LOCATED[each.at - 2 : each.end] for each in jpeg.segments(LOCATED) if each.marker == jpeg.APP1
)
"""A segment with a position."""
PICTURE = b"\1" * (1 << 18)
"""Of a photo that is larger than what is looked at."""


@pytest.mark.parametrize(
    ("data", "found"),
    [
        pytest.param(LOCATED, True, id="a position"),
        pytest.param(JPEG, None, id="no sign of one"),
        pytest.param(galleries.webp("a"), None, id="another format without a sign"),
        pytest.param(geotag.remove(LOCATED), None, id="removed"),
        pytest.param(JPEG + LOCATED, True, id="behind the end of a picture"),
        pytest.param(JPEG[:-2] + EXIF + JPEG[-2:], True, id="between scans"),
        pytest.param(JPEG[:END] + EXIF + PICTURE, True, id="between scans of a large picture"),
        pytest.param(JPEG[:END] + b"\1GPS" + PICTURE, None, id="by chance within a picture"),
        pytest.param(JPEG[:END] + PICTURE + EXIF, None, id="far behind the beginning"),
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
