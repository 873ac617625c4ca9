"""Answers to boto3: whole, and no longer than they can be."""

from __future__ import annotations

import io

import pytest
from botocore import exceptions as boto
from botocore.parsers import ResponseParserError
from urllib3 import HTTPResponse

from galleria_action import bounded_session
from galleria_action.http1 import MOST_BODY

URL = "http://127.0.0.1/bucket"


def answer(data: bytes, length: int) -> HTTPResponse:
    """As botocore's own session has it."""
    return HTTPResponse(
        io.BytesIO(data),
        {"Content-Length": str(length)},
        preload_content=False,
        decode_content=False,
    )


def test_a_whole_answer():
    """It is given as it came."""
    assert bounded_session._read(answer(b"<a/>", 4), URL) == b"<a/>"


@pytest.mark.parametrize("data", [b"", b"<a/>"])
def test_an_answer_that_is_cut_off(data):
    """It is none, although what came of it may be read."""
    with pytest.raises(boto.ConnectionClosedError):
        bounded_session._read(answer(data, 10), URL)


def test_an_answer_that_is_too_long():
    """It is left as soon as that is known."""
    data = b"x" * (MOST_BODY + 2)
    with pytest.raises(ResponseParserError, match="does not end"):
        bounded_session._read(answer(data, len(data)), URL)
