"""Answers of HTTP/1.1, in whatever pieces they come: what is understood, and what is refused."""

from __future__ import annotations

import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galleria_action import http1
from galleria_action.http1 import MOST_HEAD, Incoming, Malformed, Response


def fed(*pieces: bytes, bodyless: bool = False, ended: bool = False) -> Response | None:
    """What the pieces amount to; those behind a complete answer are never asked for."""
    incoming = Incoming(bodyless=bodyless)
    for piece in pieces:
        if (answer := incoming.feed(piece)) is not None:
            return answer
    if ended:
        incoming.end()
    return None


def outcome(*pieces: bytes, ended: bool = False) -> object:
    """The answer without whether its connection is reusable, which more bytes may change."""
    try:
        answer = fed(*pieces, ended=ended)
    except Malformed:
        return Malformed
    return answer and answer[:3]


def head(*lines: str) -> bytes:
    return "\r\n".join(["HTTP/1.1 200 OK", *lines, "", ""]).encode("latin-1")


CHUNKED = head("Transfer-Encoding: chunked", 'ETag: "e"')
WHOLE = {
    "length": head("Content-Length: 5", 'ETag: "e"') + b"hello",
    "length 0": head("Content-Length: 0", 'ETag: "e"'),
    "length with zeros": head("Content-Length: 0005", 'ETag: "e"') + b"hello",
    "chunks": CHUNKED + b"3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n",
    "one chunk": CHUNKED + b"5\r\nhello\r\n0\r\n\r\n",
    "no chunk": CHUNKED + b"0\r\n\r\n",
    "several zeros": CHUNKED + b"0005\r\nhello\r\n000\r\n\r\n",
    "large hexadecimal": CHUNKED + b"A\r\nhellohello\r\n0\r\n\r\n",
    "small hexadecimal": CHUNKED + b"a\r\nhellohello\r\n0\r\n\r\n",
    "extensions": CHUNKED + b'3;a=b;c="d"\r\nhel\r\n2 ; e\r\nlo\r\n0;last\r\n\r\n',
    "trailers": CHUNKED + b"5\r\nhello\r\n0\r\nX-Check: 1\r\nETag: other\r\n\r\n",
    "lines in a chunk": CHUNKED + b"6\r\n\r\n\r\n\r\n\r\n0\r\n\r\n",
    "chunks in a chunk": CHUNKED + b"a\r\n0\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n",
    "announced": b"HTTP/1.1 100 Continue\r\n\r\n"
    + head("Content-Length: 5", 'ETag: "e"')
    + b"hello",
    "announced twice": b"HTTP/1.1 100 Continue\r\n\r\n"
    b"HTTP/1.1 103 Early Hints\r\nContent-Length: 9\r\nETag: early\r\n\r\n"
    + head("Content-Length: 5", 'ETag: "e"')
    + b"hello",
}
BODIES = {
    "length 0": b"",
    "no chunk": b"",
    "large hexadecimal": b"hellohello",
    "small hexadecimal": b"hellohello",
    "lines in a chunk": b"\r\n\r\n\r\n",
    "chunks in a chunk": b"0\r\n\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_answer(name):
    """Status, ETag and body; the connection may be used again."""
    answer = fed(WHOLE[name])

    assert answer is not None
    assert (answer.status, answer.headers["etag"], answer.reusable) == (200, '"e"', True)
    assert answer.body == BODIES.get(name, b"hello")


@pytest.mark.parametrize("name", WHOLE)
def test_any_cut(name):
    """Wherever an answer is cut in two, it is the same; not one byte before its end."""
    data = WHOLE[name]
    whole = fed(data)

    for cut in range(len(data)):
        assert fed(data[:cut]) is None
        assert fed(data[:cut], data[cut:]) == whole
    assert fed(*(bytes([each]) for each in data)) == whole


@pytest.mark.parametrize("name", WHOLE)
def test_an_answer_that_is_cut_off(name):
    """The end of the connection does not complete what has a length of its own."""
    for cut in range(len(WHOLE[name])):
        with pytest.raises(Malformed):
            fed(WHOLE[name][:cut], ended=True)


@pytest.mark.parametrize("behind", [b"\r\n", b"x", WHOLE["length"]])
@pytest.mark.parametrize("name", WHOLE)
def test_bytes_behind_an_answer(name, behind):
    """They belong to no request: the answer is good, its connection is not."""
    answer = fed(WHOLE[name] + behind)

    assert answer is not None
    assert answer == fed(WHOLE[name])._replace(reusable=False)


# Without a length, without a body


@pytest.mark.parametrize("body", [b"", b"hello", b"0\r\n\r\n", b"x" * (MOST_HEAD + 1)])
def test_no_length(body):
    """Such a body ends with its connection, or was cut off by it: nobody can tell."""
    with pytest.raises(Malformed):
        fed(head('ETag: "e"') + body)


BODYLESS = [b"Content-Length: 5", b"Transfer-Encoding: chunked", b"Content-Length: much", b"X: y"]


@pytest.mark.parametrize("said", BODYLESS)
@pytest.mark.parametrize(
    ("status", "asked"), [(200, True), (404, True), (204, False), (304, False)]
)
def test_no_body_whatever_the_head_says(status, asked, said):
    """The answer to a HEAD, and those of a status that has none."""
    data = b"HTTP/1.1 %d Some\r\n%s\r\n\r\n" % (status, said)

    answer = fed(data, bodyless=asked)

    assert answer is not None
    assert (answer.status, answer.body, answer.reusable) == (status, b"", True)
    assert not fed(data + b"hello", bodyless=asked).reusable


@pytest.mark.parametrize("status", [200, 201, 206, 299, 301, 400, 403, 404, 412, 500, 503, 599])
def test_every_other_status_has_a_body(status):
    """Errors say why in theirs."""
    answer = fed(b"HTTP/1.1 %d \r\nContent-Length: 3\r\n\r\nwhy" % status)

    assert answer == Response(status, {"content-length": "3"}, b"why", reusable=True)


# Heads


@pytest.mark.parametrize(
    ("line", "reusable"),
    [
        ("Connection: close", False),
        ("connection:CLOSE", False),
        ("CONNECTION: keep-alive, close", False),
        ("Connection: keep-alive", True),
        ("X-Connection: close", True),
        ("X: connection: close", True),
    ],
)
def test_whether_the_connection_stays_open(line, reusable):
    """It does unless the other side says otherwise."""
    assert fed(head(line, "Content-Length: 0")).reusable is reusable


@pytest.mark.parametrize("line", ["ETag: x", "etag:x", "ETAG: \t x \t", "eTaG:    x"])
def test_names_and_spaces(line):
    """Names in any case, and the spaces around a value, say nothing."""
    assert fed(head(line, "Content-Length: 0")).headers["etag"] == "x"


@pytest.mark.parametrize("first", ["HTTP/1.1 200", "HTTP/1.1 200 ", "HTTP/1.1 200 Grüezi : x"])
def test_any_reason(first):
    """The words behind the status are nobody's business."""
    answer = fed(f"{first}\r\nContent-Length: 0\r\n\r\n".encode("latin-1"))

    assert answer is not None
    assert answer.status == 200


def test_other_headers_are_left_out():
    """However many, and whatever bytes are in them."""
    lines = [f"X-{number}: \xff etag: {number}" for number in range(500)]

    assert fed(head(*lines, "Content-Length: 0")).headers == {"content-length": "0"}


def test_the_same_length_twice():
    """Said twice in the same words it is the length."""
    assert fed(head("Content-Length: 2", "Content-Length: 2") + b"ok").body == b"ok"


def test_chunks_go_before_a_length():
    """RFC 9112, 6.3: whoever sends both means the chunks."""
    data = head("Content-Length: 3", "Transfer-Encoding: chunked") + b"5\r\nhello\r\n0\r\n\r\n"

    assert fed(data).body == b"hello"


REFUSED = {
    "HTTP/1.0": b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    "HTTP/2": b"HTTP/2 200 OK\r\nContent-Length: 0\r\n\r\n",
    "small letters": b"http/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "no status": b"HTTP/1.1 OK\r\nContent-Length: 0\r\n\r\n",
    "status of two digits": b"HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n",
    "status of four digits": b"HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n",
    "status 600": b"HTTP/1.1 600 OK\r\nContent-Length: 0\r\n\r\n",
    "status 000": b"HTTP/1.1 000 OK\r\nContent-Length: 0\r\n\r\n",
    "a line before": b"\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "nothing at all": b"\r\n\r\n",
    "TLS": b"\x15\x03\x01\x00\x02\x02\x16\r\n\r\n",
    "no answer behind the announcement": b"HTTP/1.1 100 Continue\r\n\r\nSSH-2.0-x\r\n\r\n",
    "two lengths": head("Content-Length: 1", "Content-Length: 2") + b"ab",
    "two lengths in one": head("Content-Length: 2, 2") + b"ab",
    "two encodings": head("Transfer-Encoding: chunked", "Transfer-Encoding: gzip"),
    "two ETags": head("ETag: a", "ETag: b", "Content-Length: 0"),
    "negative length": head("Content-Length: -1"),
    "length with a sign": head("Content-Length: +1") + b"a",
    "length with a point": head("Content-Length: 1.0") + b"a",
    "hexadecimal length": head("Content-Length: 0x1") + b"a",
    "length with underscores": head("Content-Length: 1_0") + b"a" * 10,
    "empty length": head("Content-Length:"),
    "folded length": head("Content-Length:", " 5") + b"hello",
    "length of other digits": head("Content-Length: \xb2") + b"ab",
    "gzip": head("Transfer-Encoding: gzip") + b"x",
    "gzip and chunks": head("Transfer-Encoding: gzip, chunked") + b"0\r\n\r\n",
    "no size": CHUNKED + b"\r\nhello",
    "only an extension": CHUNKED + b";a=b\r\nhello",
    "size in words": CHUNKED + b"five\r\nhello\r\n0\r\n\r\n",
    "too many digits": CHUNKED + b"0" * 16 + b"\r\n\r\n",
    "chunk too long": CHUNKED + b"3\r\nhello\r\n0\r\n\r\n",
    "chunk too short": CHUNKED + b"5\r\nhel\r\n0\r\n\r\n\r\n\r\n",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_answer(name):
    """Refused, in one piece and byte by byte."""
    assert outcome(REFUSED[name]) is Malformed
    assert outcome(*(bytes([each]) for each in REFUSED[name])) is Malformed


@pytest.mark.parametrize(
    "chunk",
    [b"-2\r\n", b"-0\r\n\r\n"]
    + [size + b"\r\nhello\r\n" for size in (b"+5", b"0x5", b"0_5", b"5\n", b"\x0b5")],
)
def test_sizes_of_chunks_are_digits(chunk):
    """What a programming language takes for a number is no size."""
    assert outcome(CHUNKED + chunk + b"0\r\n\r\n") is Malformed


@pytest.mark.parametrize("digits", [5_000, 60_000])
def test_a_length_that_nobody_can_send(digits):
    """Refused, as anything else that is no length."""
    assert outcome(head("Content-Length: " + "9" * digits)) is Malformed


ENDLESS = {
    "head": (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
    "line": (b"HTTP/1.1 200 OK\r\nX: ", b"y"),
    "no HTTP": (b"", b"\0"),
    "size of a chunk": (CHUNKED, b"0"),
    "extension of a chunk": (CHUNKED + b"5;", b"x"),
    "trailers": (CHUNKED + b"0\r\n", b"X: y\r\n"),
    "trailer": (CHUNKED + b"0\r\nX: ", b"y"),
}


@pytest.mark.parametrize("name", ENDLESS)
@pytest.mark.parametrize("times", [1_000, 100_000])
def test_what_does_not_end(name, times):
    """Given up after little more than the most that a head may have."""
    start, more = ENDLESS[name]
    incoming = Incoming()
    incoming.feed(start)
    before = MOST_HEAD // (len(more) * times)
    for _ in range(before):
        incoming.feed(more * times)

    with pytest.raises(Malformed):
        incoming.feed(more * times)


def test_announcements_are_not_kept():
    """However many come before the answer, as long as they end."""
    incoming = Incoming()
    announced = b"HTTP/1.1 102 Processing\r\nX: " + b"x" * 10_000 + b"\r\n\r\n"
    incoming.feed(announced)
    tracemalloc.start()
    try:
        for _ in range(http1.MOST_ANNOUNCED - 1):
            incoming.feed(announced)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert kept < 100_000
    assert incoming.feed(WHOLE["length"]).body == b"hello"


def test_announcements_without_end():
    """An answer that is only ever announced is none."""
    announced = b"HTTP/1.1 102 Processing\r\n\r\n" * (http1.MOST_ANNOUNCED + 1)
    with pytest.raises(Malformed, match="announced"):
        Incoming().feed(announced)


TOO_LARGE = {
    "length": b"HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n",
    "one chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n",
    "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 101,
}


@pytest.mark.parametrize("answer", TOO_LARGE.values(), ids=TOO_LARGE)
def test_a_body_that_is_too_large(answer):
    """It is given up as soon as its size is known, whoever says so."""
    with pytest.raises(Malformed, match="too large"):
        Incoming(most=100).feed(answer)


# Whether it has begun


def test_begun():
    """From the first byte on."""
    incoming = Incoming()
    assert not incoming.begun

    incoming.feed(b"H")
    assert incoming.begun

    incoming.feed(b"TTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n")
    assert incoming.begun


@pytest.mark.parametrize(
    "data", [b"", b"H", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"]
)
def test_the_end_before_the_answer(data):
    """Nothing to be understood."""
    with pytest.raises(Malformed):
        fed(data, ended=True)


# Anything at all

words = st.sampled_from(
    [
        b"HTTP/1.1 ", b"200", b"100", b"204", b"404", b" OK", b"\r\n", b"\r\n\r\n", b"\r", b"\n",
        b"Content-Length: ", b"Transfer-Encoding: ", b"chunked", b"Connection: close", b"ETag: x",
        b"0", b"1", b"5", b"-", b"f", b";", b"hello", b"\0", b"\xff",
        head("Content-Length: 3"), head("Connection: close"), CHUNKED,
    ]
)  # fmt: skip
anything = st.lists(words | st.binary(max_size=20), max_size=25)


@given(pieces=anything, bodyless=st.booleans())
def test_any_bytes(pieces, bodyless):
    """An answer, nothing yet, or Malformed; never anything else."""
    incoming = Incoming(bodyless=bodyless)
    answer = None
    try:
        for piece in pieces:
            answer = incoming.feed(piece)
            if answer is not None:
                break
        else:
            incoming.end()
    except Malformed:
        return

    assert isinstance(answer, Response)
    assert 200 <= answer.status < 600
    assert len(answer.body) <= sum(map(len, pieces))


@given(pieces=anything, cuts=st.lists(st.integers(0, 400), max_size=8))
def test_any_pieces(pieces, cuts):
    """However the bytes are cut up, they mean the same."""
    data = b"".join(pieces)
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    other = [data[one:two] for one, two in pairwise(places)]

    assert outcome(*other, ended=True) == outcome(data, ended=True)


@given(
    body=st.binary(max_size=300),
    sizes=st.lists(st.integers(1, 40), max_size=10),
    extension=st.sampled_from([b"", b";a", b' ; a="b"']),
    cuts=st.lists(st.integers(0, 1000), max_size=8),
)
def test_any_body_in_any_chunks(body, sizes, extension, cuts):
    """What was cut up into chunks is put together again."""
    data, rest = CHUNKED, body
    for size in [*sizes, len(body)]:
        chunk, rest = rest[:size], rest[size:]
        data += b"%x%s\r\n%s\r\n" % (len(chunk), extension, chunk) if chunk else b""
    data += b"0\r\n\r\n"
    places = sorted({0, len(data), *(cut % len(data) for cut in cuts)})

    answer = fed(*(data[one:two] for one, two in pairwise(places)))

    assert answer is not None
    assert (answer.body, answer.reusable) == (body, True)


# Requests


def test_a_request():
    """The line and the headers, in the order that they were given in."""
    made = http1.request("PUT", "/b/k%20?x=y", [("host", "h:1"), ("content-length", "3")])

    assert made == b"PUT /b/k%20?x=y HTTP/1.1\r\nhost: h:1\r\ncontent-length: 3\r\n\r\n"


def test_a_request_without_headers():
    """Still ends with an empty line."""
    assert http1.request("GET", "/", []) == b"GET / HTTP/1.1\r\n\r\n"


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        ("/ü", []),
        ("/", [("x", "Grüße")]),
        ("/", [("ü", "x")]),
        ("/", [("x", "\udcff")]),
        ("/ HTTP/1.1\r\nx: y", []),
        ("/", [("x", "y\r\nz: 1")]),
        ("/", [("x", "y\nz: 1")]),
        ("/", [("x", "y\rz: 1")]),
        ("/", [("x\r\ny", "z")]),
        ("/", [("x", "y\0")]),
        ("/", [("x", "y\x1b[31m")]),
    ],
)
def test_a_request_with_other_letters(target, headers):
    """No text becomes another header or another request; other alphabets are for the caller."""
    with pytest.raises(ValueError, match="another"):
        http1.request("GET", target, headers)
