"""Every parser of the package as a function of bytes that raises if a promise is broken.

A target takes any bytes. What its parser may refuse it refuses with its own error, which is caught
here; any other exception is a finding, and so is a result that is not what its readers rely on.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from galleria_action import (
    bunny,
    canonical,
    cloudflare,
    comment,
    event,
    exif,
    geotag,
    globs,
    http1,
    index_config,
    jpeg,
    json_text,
    keys,
    layout,
    ledger,
    listing_page,
    manifest,
    photo_facts,
    role,
    settings,
    text,
    tiff,
)
from galleria_action import config as configuration
from galleria_action.cdn_api import Refused
from galleria_action.edits import Uneditable
from galleria_action.errors import DeployError, FailureReason
from galleria_action.exchange import Answer
from galleria_action.http1 import Incoming, Malformed, Response
from galleria_action.inputs import INPUTS
from galleria_action.position import jpeg_scans
from galleria_action.sources import SETTING_NAMES, Sources

TIME = "2024:06:15 14:30:45"


class Target(NamedTuple):
    """A parser: what tries it, and words that its format is made of."""

    check: Callable[[bytes], None]
    words: tuple[bytes, ...] = ()


def _manifest(data: bytes) -> None:
    presumed = manifest.presumed(data)
    flawless = manifest.flawless_names(data) is not None
    try:
        found = manifest.parse(data, "manifest.json")
    except DeployError as error:
        assert error.problems or error.advice
        text.plain(error.text()).encode()
        assert not flawless
        return
    assert presumed == found or not flawless
    assert all(keys.fault(path) is None for path in found.paths)
    assert len({photo.id for photo in found.photos}) == len(found.photos)
    assert manifest.parse(found.published(redact=True), "again").content == found.content


def _ledger(data: bytes) -> None:
    with suppress(ledger.BrokenLedger, ledger.NewerLedger):
        found = ledger.decode(data)
        with suppress(UnicodeEncodeError):  # half surrogate pairs: no key of a bucket
            assert ledger.decode(ledger.encode(found)) == found


def _settings(data: bytes) -> None:
    with suppress(UnicodeDecodeError, DeployError):
        found = settings.parse(data.decode("utf-8-sig"), "settings.local.py", SETTING_NAMES)
        assert found.keys() <= SETTING_NAMES
        plain = (str, int, float, bool, list, type(None))
        assert all(isinstance(each, plain) for each in found.values())


def _lines(data: bytes) -> dict[str, str]:
    """Lines of ``name=value``; the environment of a process has no NUL."""
    decoded = data.replace(b"\0", b"").decode(errors="surrogateescape")
    pairs = (line.partition("=") for line in decoded.split("\n"))
    return {name: value for name, _, value in pairs}


def _sources(given: dict[str, str]) -> Sources:
    return Sources({}, {f"INPUT_{name.upper()}": value for name, value in given.items()})


def _said(sources: Sources) -> str:
    try:
        return repr(configuration.parse(sources, event.Event()))
    except DeployError as error:
        return error.text()


def _config(data: bytes) -> None:
    given = _lines(data)
    sources = _sources(given)
    try:
        found = configuration.parse(sources, event.Event())
    except DeployError as error:
        shown = error.text()
    else:
        shown = repr(found)
        for prefix in (found.photos_prefix, found.site_prefix, found.metadata_key):
            assert not prefix or keys.fault(prefix) is None
        for _, value in found.cache_control:
            assert value.isascii()
            assert value.isprintable()
    for each in INPUTS:
        secret = sources.value(each) or ""
        if each.secret and len(secret) > 12 and shown.count(secret):
            others = [v for name, v in given.items() if name != each.name]
            words = _said(_sources({**given, each.name: "#" * len(secret)}))  # the program's own
            assert any(secret in other for other in (*others, words)), "a secret is shown"


def _index_config(data: bytes) -> None:
    environ = {f"INPUT_{name.upper()}": value for name, value in _lines(data).items()}
    with suppress(DeployError):
        index_config.parse(Sources({}, environ))


def _listing(data: bytes) -> None:
    with suppress(listing_page.Odd):
        for key, listed in listing_page.read(data).objects:
            assert key
            assert listed.size >= 0


def _fed(data: bytes, size: int, bodyless: bool) -> Response | str | None:
    incoming = Incoming(bodyless=bodyless, most=1000)
    try:
        for at in range(0, len(data), size):
            answer = incoming.feed(data[at : at + size])
            if answer:
                return answer._replace(reusable=False)  # depends on what has come by then
        return incoming.end() if incoming.begun else None
    except Malformed:
        return "malformed"


def _http(data: bytes) -> None:
    for bodyless in (False, True):
        whole = _fed(data, max(len(data), 1), bodyless)
        assert _fed(data, 7, bodyless) == whole
        if isinstance(whole, Response):
            assert 200 <= whole.status <= 599
            assert all("\n" not in each and "\r" not in each for each in whole.headers.values())
    method, _, rest = data.decode("latin-1").partition("\0")
    with suppress(ValueError):
        made = http1.request(method, "/", [("x", rest)])
        assert made.count(b"\r\n\r\n") == 1
        assert made.count(b"\n") == 3


def _globs(data: bytes) -> None:
    glob, _, path = data.decode(errors="surrogateescape").partition("\n")
    path = path[:500]
    if globs.matches(glob, path):
        assert globs.covers(glob, path) or glob.endswith("/")


def _exif(data: bytes) -> None:
    exif.original_time(data)
    photo_facts.read(data)
    for offset in (None, "+02:00"):
        found = _edited(data, offset)
        known, seen = dict(layout._known), [*jpeg._seen]  # of the inputs before
        layout._known.clear()
        jpeg._seen.clear()
        assert _edited(data, offset) == found
        layout._known.update(known)
        jpeg._seen[:] = seen
        if isinstance(found, str):
            assert found
            continue
        edited = found
        assert exif.original_time(edited) == TIME
        assert exif.edit(edited, TIME, offset) == edited
        rest = data[jpeg.header_end(jpeg.segments(data)) :]
        assert edited.endswith(rest)


def _edited(data: bytes, offset: str | None) -> bytes | str:
    try:
        return exif.edit(data, TIME, offset)
    except Uneditable as reason:
        return str(reason)


def _jpeg(data: bytes) -> None:
    jpeg_scans.read(data)
    found = _header(data)
    seen = [*jpeg._seen]  # of the inputs before
    jpeg._seen.clear()
    assert _header(data) == found
    jpeg._seen[:] = seen
    if isinstance(found, jpeg.Header):
        assert all(each.start <= each.end <= len(data) for each in found.segments)


def _header(data: bytes) -> jpeg.Header | str:
    try:
        return jpeg.header(data)
    except jpeg.UnreadableError as error:
        return str(error)


def _tiff(data: bytes) -> None:
    with suppress(tiff.UnreadableError):
        found = tiff.read(data)
        assert all(start <= end for start, end, _ in tiff.extents(found))


def _position(data: bytes) -> None:
    geotag.found(data)
    try:
        result = geotag.remove(data)
    except geotag.Undecidable as reason:
        assert not str(reason).startswith("internal"), str(reason)
        return
    assert geotag.remove(result) is result


def _event(data: bytes) -> None:
    try:
        payload = json.loads(data)
    except (ValueError, RecursionError):
        return
    if isinstance(payload, dict):
        found = event.parse({"GITHUB_EVENT_NAME": "pull_request"}, payload)
        assert type(found.number) is int
        if not found.from_fork:
            pull = payload["pull_request"]
            assert pull["head"]["repo"]["full_name"] == pull["base"]["repo"]["full_name"]


def _comment(data: bytes) -> None:
    found = comment.decode(data.decode(errors="surrogateescape"))
    if found:
        encoded = comment.encode(found)
        assert encoded.count("-->") == encoded.count("<!--") == 1
        with suppress(UnicodeEncodeError):  # halves of pairs, which no answer of GitHub has
            encoded.encode()
            repr(found).encode()
            assert "\\ud" in encoded.lower() or comment.decode(encoded) == found


def _text(data: bytes) -> None:
    shown = data.decode(errors="surrogateescape")
    assert text.plain(shown).isprintable() or not text.plain(shown).isascii()
    for made in (text.code(shown), text.markdown(shown), text.shortened(shown)):
        assert not {"\n", "\r", "\x1b", "\u202e"} & set(made)
    assert not {"<", ">", "`", "[", "]"} & set(text.markdown(shown))
    code = text.code(shown)
    fence = code[: len(code) - len(code.lstrip("`"))]
    assert code.endswith(fence)
    assert fence not in code[len(fence) : -len(fence)]


def _canonical(data: bytes) -> None:
    """It is what Python's encoder makes of what a manifest may have."""
    try:
        document, is_odd, _ = json_text.load(data.decode())
    except (ValueError, RecursionError):
        return
    if is_odd:
        return  # refused before
    expected = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
    assert canonical.encoded(canonical.decode(data)) == expected


def _token(data: bytes) -> None:
    part = base64.urlsafe_b64encode(data).decode().rstrip("=")
    for token in (f"e30.{part}.x", data.decode("latin-1")):
        said = role.claims(token)
        assert all(isinstance(each, str) for each in (said.issuer, said.subject, said.audience))
    given = role.Role("arn:aws:iam::111122223333:role/x")
    json.loads(role.trust_policy(given, said))


def _cdn(data: bytes) -> None:
    status, _, body = data.partition(b" ")
    answer = Answer(int(status) if re.fullmatch(rb"[1-5][0-9]{2}", status) else 200, {}, body)
    for explained in (bunny._explained, cloudflare._explained):
        error = explained(Refused(answer))
        assert error.reason is FailureReason.CDN
        assert len(error.text()) < 2000
    assert isinstance(cloudflare._succeeded(answer), bool)


_JSON = tuple(
    b'{ } [ ] , : " \\ 1 -1 1e999 0.25 1e5 99999999999999999999 null true NaN \\u0000 \\ud800'.split()
)
_MANIFEST = (
    b'"photos"', b'"id"', b'"files"', b'"full"', b'"web"', b'"thumb"', b'"settings"', b'"exif"',
    b'"corrected_timestamp"', b'"target_timezone_offset_hours"', b'"schema_version"', b'"1.0"',
    b'"2.0"', b"photos/", b"../", b'"file_hash"', b"\xc0\xaf", b"\xed\xa0\x80", b"\xef\xbb\xbf",
)  # fmt: skip
_NUMBERS = tuple(
    number.to_bytes(size, order)
    for number in (0, 1, 2, 7, 8, 12, 40, 255, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF)
    for size, order in ((2, "big"), (4, "little"), (4, "big"))
    if number < 256**size
)
_TAGS = tuple(
    tag.to_bytes(2, order)
    for tag in (0x8769, 0x8825, 0x9003, 0x9011, 0x927C, 0x0111, 0x0117, 0x014A, 0x02BC, 0xA005)
    for order in ("big", "little")
)
_PHOTO = (
    *_NUMBERS, *_TAGS, b"\xff\xd8\xff", b"\xff\xda", b"\xff\xd9", b"\xff\xe1", b"Exif\0\0",
    b"II*\0", b"MM\0*", b"8BIM", b"MPF\0", b"FLIR\0", b"http://ns.adobe.com/xap/1.0/\0",
)  # fmt: skip
_FORMATS = (
    *_PHOTO, b"ftyp", b"moov", b"udta", b"meta", b"iloc", b"iinf", b"infe", b"mdat", b"mime",
    b"zTXt", b"iTXt", b"tEXt", b"eXIf", b"IEND", b"EXIF", b"XMP ", b"uuid", b"jxlc", b"brob",
    b"GIF89a", b"<rdf:li>", b"exif:GPSLatitude", b"</", b"/9j/", b";base64,", b"\xa9xyz",
)  # fmt: skip

TARGETS = {
    "manifest": Target(_manifest, (*_JSON, *_MANIFEST)),
    "ledger": Target(_ledger, (*_JSON, b'"version"', b'"objects"', b'"photo"', b'"photos_prefix"')),
    "canonical": Target(_canonical, (*_JSON, *_MANIFEST)),
    "token": Target(_token, (*_JSON, b'"iss"', b'"sub"', b'"aud"', b"https://", b".", b"=")),
    "cdn": Target(
        _cdn, (*_JSON, b"200 ", b"403 ", b"429 ", b'"success"', b'"errors"', b'"message"', b'"code"')
    ),
    "settings": Target(
        _settings,
        (b"S3_PUBLIC_BUCKET", b"= ", b"'", b'"""', b"(", b"[", b"-", b"1" * 5000, b"f'{", b"\\N{",
         b"\n", b"lambda: ", b"if 1:\n ", b"**", b"~", b"not ", b"{**"),
    ),
    "config": Target(
        _config,
        (*(f"\n{each.name}=".encode() for each in INPUTS), b"https://", b"@", b"..", b"%", b"//",
         b"[::1]", b":99999", b"\xff", b"*", b"\x1b[0m"),
    ),
    "index-config": Target(
        _index_config,
        (*(f"\n{each.name}=".encode() for each in index_config.OPTIONS), b"13", b"-12", b"1e3"),
    ),
    "listing": Target(
        _listing,
        (b"<Contents>", b"</Contents>", b"<Key>", b"</Key>", b"<Size>", b"<ETag>", b"&amp;",
         b"&#0;", b"<!DOCTYPE", b"<![CDATA[", b"]]>", b"<?xml version='1.0' encoding='utf-16'?>",
         b"<KeyCount>", b"<IsTruncated>true</IsTruncated>", b"xmlns='x'"),
    ),
    "http": Target(
        _http,
        (b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 100 Continue\r\n\r\n", b"\r\n", b"\n", b"\r",
         b"Content-Length: ", b"Transfer-Encoding: chunked\r\n", b"5\r\nhello\r\n", b"0\r\n\r\n",
         b"ETag: ", b"Connection: close\r\n", b";x=y", b"-1", b"\0"),
    ),
    "globs": Target(_globs, (b"**/", b"*", b"?", b"[!", b"]", b"[a-", b"/", b"./", b"\\", b"\n")),
    "exif": Target(_exif, _PHOTO),
    "jpeg": Target(_jpeg, _PHOTO),
    "tiff": Target(_tiff, _PHOTO),
    "position": Target(_position, _FORMATS),
    "event": Target(
        _event,
        (*_JSON, b'"pull_request"', b'"head"', b'"base"', b'"repo"', b'"full_name"', b'"number"'),
    ),
    "comment": Target(
        _comment,
        (*_JSON, b"<!-- galleria-deploy ", b" -->", b'"totals"', b'"changes"', b'"plan-hash"', b"\r\n"),
    ),
    "text": Target(
        _text,
        (b"`", b"``", b"|", b"@", b"<", b"::", b"\x1b[2J", "\u202e".encode(), b"\n", b"\xff",
         b"![", b"](", b"www.", b"#1", b"\\", b"&#64;", b"$$"),
    ),
}  # fmt: skip
"""Name to target."""
