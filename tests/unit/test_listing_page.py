"""Pages of listings: every object of them, or that they are not what a store usually says."""

from __future__ import annotations

import re
from xml.dom import minidom
from xml.parsers.expat import ExpatError
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galleria_action import listing_page
from galleria_action.listing_page import Odd, Page
from galleria_action.remote import Listed

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
AND, QUOTES = "full/a&b <ü>.jpg", "full/b 'c\" +%20.jpg"
FIRST, SECOND = "45ed9cc2f92b77cd8b2f5bd59ff635f8", "079080d02c875b5a30be6e1e59ce6aa3"
TWO = [(AND, Listed(16, FIRST)), (QUOTES, Listed(19, SECOND))]
INDEX = [("index.html", Listed(10, "336311a016184326ddbdd61edd4eeb52"))]

# As the stores write them: rclone 1.7x, moto 5, Ceph 17; AWS and MinIO by their documentation and
# source (API_ListObjectsV2.html; cmd/api-response.go, ListObjectsV2Response).
RCLONE = """\
<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
  <Name>gallery-496a5f8a747a</Name>
  <IsTruncated>false</IsTruncated>
  <Prefix>full/</Prefix>
  <MaxKeys>1000</MaxKeys>
  <Contents>
    <Key>full/a&amp;b &lt;ü&gt;.jpg</Key>
    <LastModified>2026-11-24T16:11:22.426Z</LastModified>
    <ETag>45ed9cc2f92b77cd8b2f5bd59ff635f8</ETag>
    <Size>16</Size>
    <StorageClass>STANDARD</StorageClass>
  </Contents>
  <Contents>
    <Key>full/b &#39;c&#34; +%20.jpg</Key>
    <LastModified>2026-11-24T16:11:22.431Z</LastModified>
    <ETag>079080d02c875b5a30be6e1e59ce6aa3</ETag>
    <Size>19</Size>
    <StorageClass>STANDARD</StorageClass>
  </Contents>
  <KeyCount>2</KeyCount>
</ListBucketResult>"""
RCLONE_TRUNCATED = RCLONE.replace(">false<", ">true<").replace(
    "</KeyCount>\n",
    "</KeyCount>\n  <NextContinuationToken>ZnVsbC9iICdjIiArJTIwLmpwZw==</NextContinuationToken>\n",
)
RCLONE_EMPTY = """\
<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
  <Name>gallery-496a5f8a747a</Name>
  <IsTruncated>false</IsTruncated>
  <Prefix>none/</Prefix>
  <MaxKeys>1000</MaxKeys>
</ListBucketResult>"""
RCLONE_FOLDER = """\
<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
  <Name>gallery-496a5f8a747a</Name>
  <IsTruncated>false</IsTruncated>
  <Delimiter>/</Delimiter>
  <Prefix></Prefix>
  <MaxKeys>1000</MaxKeys>
  <CommonPrefixes>
    <Prefix>full/</Prefix>
  </CommonPrefixes>
  <CommonPrefixes>
    <Prefix>thumb/</Prefix>
  </CommonPrefixes>
  <Contents>
    <Key>index.html</Key>
    <LastModified>2026-11-24T16:11:22.439Z</LastModified>
    <ETag>336311a016184326ddbdd61edd4eeb52</ETag>
    <Size>10</Size>
    <StorageClass>STANDARD</StorageClass>
  </Contents>
  <KeyCount>3</KeyCount>
</ListBucketResult>"""
MOTO_HEAD = f'<?xml version="1.0" encoding="utf-8"?>\n<ListBucketResult xmlns="{NAMESPACE}">'
MOTO = (
    f"{MOTO_HEAD}<IsTruncated>false</IsTruncated>"
    "<Contents><Key>full/a&amp;b &lt;ü&gt;.jpg</Key>"
    "<LastModified>2026-11-24T16:11:23.000Z</LastModified>"
    '<ETag>"45ed9cc2f92b77cd8b2f5bd59ff635f8"</ETag><Size>16</Size>'
    "<StorageClass>STANDARD</StorageClass></Contents>"
    "<Contents><Key>full/b 'c\" +%20.jpg</Key>"
    "<LastModified>2026-11-24T16:11:24.000Z</LastModified>"
    '<ETag>"079080d02c875b5a30be6e1e59ce6aa3"</ETag><Size>19</Size>'
    "<StorageClass>STANDARD</StorageClass></Contents>"
    "<Name>gallery-ea1ffecd6f25</Name><Prefix>full/</Prefix><MaxKeys>1000</MaxKeys>"
    "<KeyCount>2</KeyCount></ListBucketResult>"
)
MOTO_TRUNCATED = MOTO.replace(">false<", ">true<").replace(
    "</KeyCount>",
    "</KeyCount><NextContinuationToken>90f9bc52af2102b043d765cd3092eb39</NextContinuationToken>",
)
MOTO_EMPTY = (
    f"{MOTO_HEAD}<IsTruncated>false</IsTruncated><Name>gallery-ea1ffecd6f25</Name>"
    "<Prefix>none/</Prefix><MaxKeys>1000</MaxKeys><KeyCount>0</KeyCount></ListBucketResult>"
)
MOTO_FOLDER = (
    f"{MOTO_HEAD}<IsTruncated>false</IsTruncated><Contents><Key>index.html</Key>"
    "<LastModified>2026-11-24T16:11:24.000Z</LastModified>"
    '<ETag>"336311a016184326ddbdd61edd4eeb52"</ETag><Size>10</Size>'
    "<StorageClass>STANDARD</StorageClass></Contents><Name>gallery-ea1ffecd6f25</Name><Prefix/>"
    "<Delimiter>/</Delimiter><MaxKeys>1000</MaxKeys>"
    "<CommonPrefixes><Prefix>full/</Prefix></CommonPrefixes>"
    "<CommonPrefixes><Prefix>thumb/</Prefix></CommonPrefixes>"
    "<KeyCount>3</KeyCount></ListBucketResult>"
)
CEPH_HEAD = (
    f'<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="{NAMESPACE}">'
    "<Name>gallery-4cb5c01813cf</Name>"
)
CEPH = (
    f"{CEPH_HEAD}<Prefix>full/</Prefix><MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated>"
    "<Contents><Key>full/a&amp;b &lt;ü&gt;.jpg</Key>"
    "<LastModified>2026-11-24T16:11:27.165Z</LastModified>"
    "<ETag>&quot;45ed9cc2f92b77cd8b2f5bd59ff635f8&quot;</ETag><Size>16</Size>"
    "<StorageClass>STANDARD</StorageClass><Type>Normal</Type></Contents>"
    "<Contents><Key>full/b &apos;c&quot; +%20.jpg</Key>"
    "<LastModified>2026-11-24T16:11:27.171Z</LastModified>"
    "<ETag>&quot;079080d02c875b5a30be6e1e59ce6aa3&quot;</ETag><Size>19</Size>"
    "<StorageClass>STANDARD</StorageClass><Type>Normal</Type></Contents>"
    "<KeyCount>2</KeyCount></ListBucketResult>"
)
CEPH_TRUNCATED = CEPH.replace(">false<", ">true<").replace(
    "<KeyCount>",
    "<NextContinuationToken>full/b &apos;c&quot; +%20.jpg</NextContinuationToken><KeyCount>",
)
CEPH_EMPTY = (
    f"{CEPH_HEAD}<Prefix>none/</Prefix><MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated>"
    "<KeyCount>0</KeyCount></ListBucketResult>"
)
CEPH_FOLDER = (
    f"{CEPH_HEAD}<Prefix></Prefix><MaxKeys>1000</MaxKeys><Delimiter>/</Delimiter>"
    "<IsTruncated>false</IsTruncated><CommonPrefixes><Prefix>full/</Prefix></CommonPrefixes>"
    "<CommonPrefixes><Prefix>thumb/</Prefix></CommonPrefixes><Contents><Key>index.html</Key>"
    "<LastModified>2026-11-24T16:11:27.176Z</LastModified>"
    "<ETag>&quot;336311a016184326ddbdd61edd4eeb52&quot;</ETag><Size>10</Size>"
    "<StorageClass>STANDARD</StorageClass><Type>Normal</Type></Contents>"
    "<KeyCount>3</KeyCount></ListBucketResult>"
)
AWS_HEAD = f'<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="{NAMESPACE}">'
AWS = (
    f"{AWS_HEAD}<Name>gallery</Name><Prefix>full/</Prefix><KeyCount>2</KeyCount>"
    "<MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated>"
    "<Contents><Key>full/a&amp;b &lt;ü&gt;.jpg</Key>"
    "<LastModified>2024-06-15T18:30:45.000Z</LastModified>"
    "<ETag>&quot;45ed9cc2f92b77cd8b2f5bd59ff635f8&quot;</ETag>"
    "<ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm><ChecksumType>FULL_OBJECT</ChecksumType>"
    "<Size>16</Size><StorageClass>STANDARD</StorageClass></Contents>"
    "<Contents><Key>full/b &apos;c&quot; +%20.jpg</Key>"
    "<LastModified>2024-06-15T18:30:45.000Z</LastModified>"
    "<ETag>&quot;079080d02c875b5a30be6e1e59ce6aa3&quot;</ETag><Size>19</Size>"
    "<Owner><ID>75aa57f09aa0c8ca</ID><DisplayName>mtd</DisplayName></Owner>"
    "<StorageClass>GLACIER</StorageClass><RestoreStatus>"
    "<IsRestoreInProgress>false</IsRestoreInProgress></RestoreStatus></Contents>"
    "</ListBucketResult>"
)
AWS_TRUNCATED = AWS.replace(
    "<KeyCount>", "<NextContinuationToken>1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36=</NextContinuationToken><KeyCount>"
).replace("<IsTruncated>false<", "<IsTruncated>true<")  # fmt: skip
AWS_EMPTY = (
    f"{AWS_HEAD}<Name>gallery</Name><Prefix>none/</Prefix><KeyCount>0</KeyCount>"
    "<MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated></ListBucketResult>"
)
AWS_FOLDER = (
    f"{AWS_HEAD}<Name>gallery</Name><Prefix></Prefix><KeyCount>3</KeyCount>"
    "<MaxKeys>1000</MaxKeys><Delimiter>/</Delimiter><IsTruncated>false</IsTruncated>"
    "<Contents><Key>index.html</Key><LastModified>2024-06-15T18:30:45.000Z</LastModified>"
    "<ETag>&quot;336311a016184326ddbdd61edd4eeb52&quot;</ETag><Size>10</Size>"
    "<StorageClass>STANDARD</StorageClass></Contents>"
    "<CommonPrefixes><Prefix>full/</Prefix></CommonPrefixes>"
    "<CommonPrefixes><Prefix>thumb/</Prefix></CommonPrefixes></ListBucketResult>"
)
MINIO = (
    f'<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="{NAMESPACE}">'
    "<Name>gallery</Name><Prefix>full/</Prefix><StartAfter>full/Z</StartAfter>"
    "<NextContinuationToken>ZnVsbC9hJmIgPMO8Pi5qcGc=</NextContinuationToken>"
    "<KeyCount>2</KeyCount><MaxKeys>2</MaxKeys><IsTruncated>true</IsTruncated>"
    "<Contents><Key>full/a&amp;b &lt;ü&gt;.jpg</Key>"
    "<LastModified>2024-06-15T18:30:45.123Z</LastModified>"
    "<ETag>&#34;45ed9cc2f92b77cd8b2f5bd59ff635f8&#34;</ETag><Size>16</Size>"
    "<StorageClass>STANDARD</StorageClass></Contents>"
    "<Contents><Key>full/b &#39;c&#34; +%20.jpg</Key>"
    "<LastModified>2024-06-15T18:30:45.123Z</LastModified>"
    "<ETag>&#34;079080d02c875b5a30be6e1e59ce6aa3&#34;</ETag><Size>19</Size>"
    "<StorageClass>STANDARD</StorageClass></Contents></ListBucketResult>"
)
REAL = {
    "rclone": (RCLONE, Page(TWO, "")),
    "rclone, truncated": (RCLONE_TRUNCATED, Page(TWO, "ZnVsbC9iICdjIiArJTIwLmpwZw==")),
    "rclone, empty": (RCLONE_EMPTY, Page([], "")),
    "rclone, folder": (RCLONE_FOLDER, Page(INDEX, "")),
    "moto": (MOTO, Page(TWO, "")),
    "moto, truncated": (MOTO_TRUNCATED, Page(TWO, "90f9bc52af2102b043d765cd3092eb39")),
    "moto, empty": (MOTO_EMPTY, Page([], "")),
    "moto, folder": (MOTO_FOLDER, Page(INDEX, "")),
    "ceph": (CEPH, Page(TWO, "")),
    "ceph, truncated": (CEPH_TRUNCATED, Page(TWO, QUOTES)),
    "ceph, empty": (CEPH_EMPTY, Page([], "")),
    "ceph, folder": (CEPH_FOLDER, Page(INDEX, "")),
    "aws": (AWS, Page(TWO, "")),
    "aws, truncated": (AWS_TRUNCATED, Page(TWO, "1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36=")),
    "aws, empty": (AWS_EMPTY, Page([], "")),
    "aws, folder": (AWS_FOLDER, Page(INDEX, "")),
    "minio": (MINIO, Page(TWO, "ZnVsbC9hJmIgPMO8Pi5qcGc=")),
}


TEXTS = (minidom.Node.TEXT_NODE, minidom.Node.CDATA_SECTION_NODE)


def read(text: str) -> Page:
    return listing_page.read(text.encode())


def by_tree(data: bytes) -> Page | None:
    """What a whole document says; None if it is no listing, or one that leaves something out."""
    try:
        root = minidom.parseString(data).documentElement
    except (ExpatError, ValueError, LookupError):
        return None
    if root.localName != "ListBucketResult":
        return None
    try:
        objects = [
            (_said(each, "Key"), Listed(int(_said(each, "Size")), _said(each, "ETag").strip('"')))
            for each in _children(root, "Contents")
        ]
        truncated = _said(root, "IsTruncated") == "true"
        return Page(objects, _said(root, "NextContinuationToken") if truncated else "")
    except (IndexError, ValueError):
        return None


def _children(above: minidom.Element, name: str) -> list[minidom.Element]:
    return [each for each in above.childNodes if each.localName == name]


def _said(above: minidom.Element, name: str) -> str:
    """The text of the first child of that name; raises :class:`IndexError` if there is none."""
    child = _children(above, name)[0]
    return "".join(each.data for each in child.childNodes if each.nodeType in TEXTS)


@pytest.mark.parametrize("name", REAL)
def test_real_answers(name):
    """Whatever the order of the elements, and however quotes are written."""
    text, page = REAL[name]

    assert read(text) == page
    assert by_tree(text.encode()) == page


@pytest.mark.parametrize("name", REAL)
def test_cut_off(name):
    """Nothing but all of it is a listing."""
    data = REAL[name][0].encode()
    for end in range(len(data)):
        with pytest.raises(Odd):
            listing_page.read(data[:end])


@pytest.mark.parametrize("name", REAL)
def test_one_letter_changed(name):
    """What is still a document is read as it stands, or not at all."""
    data = REAL[name][0].encode()
    for place in range(0, len(data), 5):
        for letter in b'<>&"x1':
            changed = data[:place] + bytes([letter]) + data[place + 1 :]
            try:
                found = listing_page.read(changed)
            except Odd:
                continue
            assert found == by_tree(changed), changed


# Small listings


def an_object(key: str = "a", size: str = "1", etag: str = "e", more: str = "") -> str:
    return f"<Contents><Key>{key}</Key><ETag>{etag}</ETag><Size>{size}</Size>{more}</Contents>"


def a_listing(*parts: str, truncated: str = "<IsTruncated>false</IsTruncated>") -> str:
    return f"<ListBucketResult>{truncated}{''.join(parts)}</ListBucketResult>"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("a&amp;b", "a&b"),
        ("&lt;&gt;&quot;&apos;", "<>\"'"),
        ("&amp;lt;", "&lt;"),
        ("&amp;amp;amp;", "&amp;amp;"),
        ("&#38;lt;", "&lt;"),
        ("&#x26;&#38;", "&&"),
        ("&#xe9;&#233;&#xE9;é", "éééé"),
        ("&#128247;&#x1F4F7;📷", "📷📷📷"),
        ("&#10;&#13;&#9;", "\n\r\t"),
        (" a ", " a "),
        ("a\n b\t", "a\n b\t"),
        ("Contents", "Contents"),
        ("IsTruncated", "IsTruncated"),
        ("]]", "]]"),
        ("<![CDATA[a&amp;<b>]]>c", "a&amp;<b>c"),
        ("a<!-- x -->b", "ab"),
        ("a<?x y?>b", "ab"),
        ("\u0085\u2028\ufeff", "\u0085\u2028\ufeff"),
    ],
)
def test_keys(text, key):
    """Entities are resolved once; everything else is as it stands."""
    assert read(a_listing(an_object(text))).objects == [(key, Listed(1, "e"))]


@pytest.mark.parametrize(
    ("text", "etag"),
    [
        ("e", "e"),
        ('"e"', "e"),
        ("&quot;e&quot;", "e"),
        ("&#34;e&#x22;", "e"),
        ('W/"e"', "e"),
        ("W/&quot;e&quot;", "e"),
        ('"e-12"', "e-12"),
    ],
)
def test_etags(text, etag):
    """Without quotes, and without the sign of a weak one."""
    assert read(a_listing(an_object(etag=text))).objects == [("a", Listed(1, etag))]


@pytest.mark.parametrize(
    ("size", "number"), [("0", 0), ("007", 7), ("5497558138880", 5_497_558_138_880)]
)
def test_sizes(size, number):
    """Any number of bytes, up to the most that a store takes and beyond."""
    assert read(a_listing(an_object(size=size))).objects == [("a", Listed(number, "e"))]


@pytest.mark.parametrize(
    "size",
    ["", " 1", "1 ", "-1", "+1", "1.0", "1e3", "0x1", "1_000", "1,000", "x", "²", "\u0661"],
)
def test_sizes_that_are_no_numbers(size):
    """Only digits are a size."""
    with pytest.raises(Odd):
        read(a_listing(an_object(size=size)))


def test_a_size_that_no_object_has():
    """More digits than Python reads are no number either."""
    with pytest.raises(Odd):
        read(a_listing(an_object(size="9" * 5000)))


ROOTS = [
    "<ListBucketResult>",
    f'<ListBucketResult xmlns="{NAMESPACE}">',
    f"<ListBucketResult xmlns='{NAMESPACE}'>",
    '<?xml version="1.0"?><ListBucketResult>',
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<ListBucketResult>',
    "\n\n<ListBucketResult>",
    "<!-- x --><ListBucketResult>",
    '<?xml version="1.0"?><?x y?><ListBucketResult other="x">',
]


@pytest.mark.parametrize("root", ROOTS)
@pytest.mark.parametrize("end", ["", "\n", " \n\t "])
def test_roots(root, end):
    """With and without a declaration, a namespace and an empty line."""
    text = a_listing(an_object()).replace("<ListBucketResult>", root) + end

    assert read(text) == Page([("a", Listed(1, "e"))], "")


@pytest.mark.parametrize("name", ["Name", "Prefix", "StartAfter", "Delimiter"])
def test_what_is_said_of_the_listing(name):
    """It may stand before the objects or behind them, and does not matter."""
    said = f"<{name}>x/&amp;</{name}>"
    empty = f"<{name}/>"
    for parts in [(said, an_object()), (an_object(), said), (empty, an_object(), empty)]:
        assert read(a_listing(*parts)) == Page([("a", Listed(1, "e"))], "")


def test_truncated_behind_the_objects():
    """The end may be told at the end."""
    truncated = (
        "<IsTruncated>true</IsTruncated><NextContinuationToken>a&amp;b</NextContinuationToken>"
    )

    assert read(a_listing(an_object(), truncated, truncated="")) == Page(
        [("a", Listed(1, "e"))], "a&b"
    )


def test_a_page_without_objects_that_is_not_the_last():
    """Stores that filter what they list may have nothing to say for a while."""
    said = "<IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>"

    assert read(a_listing(truncated=said)) == Page([], "t")


def test_a_token_of_the_last_page():
    """The one that was asked with, or one that leads nowhere, is not followed."""
    said = (
        "<ContinuationToken>t</ContinuationToken><NextContinuationToken>t</NextContinuationToken>"
    )

    assert read(a_listing(said)) == Page([], "")


PLAIN = a_listing("<KeyCount>1</KeyCount>", an_object())
INSIDE = PLAIN.removeprefix("<ListBucketResult>").removesuffix("</ListBucketResult>")
ODD = {
    "nothing": "",
    "only spaces": " \n",
    "no XML": "Service Unavailable",
    "HTML": "<html><body>Login</body></html>",
    "an error": "<?xml version='1.0'?><Error><Code>InternalError</Code></Error>",
    "an error inside": a_listing("<Error><Code>SlowDown</Code></Error>", truncated=""),
    "an error behind": PLAIN + "<Error><Code>InternalError</Code></Error>",
    "another listing": PLAIN.replace("ListBucketResult", "ListVersionsResult"),
    "another root around": f"<Response>{PLAIN}</Response>",
    "a longer name": PLAIN.replace("ListBucketResult", "ListBucketResultV2"),
    "not closed": PLAIN.removesuffix("</ListBucketResult>"),
    "an empty root": "<ListBucketResult/>",
    "DOCTYPE": "<!DOCTYPE x>" + PLAIN,
    "an entity of its own": '<!DOCTYPE x [<!ENTITY e "many">]>' + PLAIN,
    "a prefix that stands for nothing": re.sub("(</?)Contents", r"\1s3:Contents", PLAIN),
    "another namespace for the rest": f'<a:ListBucketResult xmlns:a="x">{INSIDE}</a:ListBucketResult>',
    "an empty object": a_listing("<Contents/>"),
    "too many": PLAIN.replace(">1</KeyCount", ">0</KeyCount"),
    "too few": PLAIN.replace(">1</KeyCount", ">2</KeyCount"),
    "folders that are not counted": a_listing(
        "<KeyCount>1</KeyCount>", an_object(), "<CommonPrefixes><Prefix>f/</Prefix></CommonPrefixes>"
    ),
    "a count in words": PLAIN.replace(">1</KeyCount", ">one</KeyCount"),
    "no end": PLAIN.replace("<IsTruncated>false</IsTruncated>", ""),
    "an end in other words": PLAIN.replace("false", "no"),
    "an empty end": PLAIN.replace("false", ""),
    "no token": PLAIN.replace("false", "true"),
    "an element for a token": a_listing(
        "<NextContinuationToken/>", truncated="<IsTruncated>true</IsTruncated>"
    ),
    "no key": PLAIN.replace("<Key>a</Key>", ""),
    "no size": PLAIN.replace("<Size>1</Size>", ""),
    "no ETag": PLAIN.replace("<ETag>e</ETag>", ""),
    "an element for a key": PLAIN.replace("<Key>a</Key>", "<Key/>"),
    "an object that is not closed": PLAIN.replace("</Contents>", ""),
    "an unknown entity": a_listing(an_object("&nbsp;")),
    "an entity without an end": a_listing(an_object("a&amp")),
    "only an ampersand": a_listing(an_object("a & b")),
    "entities in each other": a_listing(an_object("&am&amp;p;")),
    "a letter beyond Unicode": a_listing(an_object("&#x110000;")),
    "a number beyond Unicode": a_listing(an_object("&#9999999;")),
    "half a letter": a_listing(an_object("&#xD800;")),
    "no character": a_listing(an_object("&#1;")),
    "an empty token": a_listing(
        "<NextContinuationToken></NextContinuationToken>",
        truncated="<IsTruncated>true</IsTruncated>",
    ),
    "an empty key": a_listing(an_object("")),
    "an empty ETag": a_listing(an_object(etag="")),
    "a zero": a_listing(an_object("a\0")),
    "a zero in a comment": PLAIN.replace("<Contents>", "<!-- \0 --><Contents>"),
    "an encoding that nobody knows": '<?xml version="1.0" encoding="x-none"?>' + PLAIN,
    "an encoding of several bytes": '<?xml version="1.0" encoding="big5"?>' + PLAIN,
    "an encoding that is none": '<?xml version="1.0" encoding="hex"?>' + PLAIN,
    "a namespace like a path": PLAIN.replace("<ListBucketResult>", '<ListBucketResult xmlns="a}[">'),
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_odd(name):
    """Left to those who know more of XML and of errors."""
    with pytest.raises(Odd):
        read(ODD[name])


@pytest.mark.parametrize("data", [b"\xff", PLAIN.encode("utf-16"), PLAIN.encode("utf-32")])
def test_no_utf_8(data):
    """Another encoding that is not declared."""
    with pytest.raises(Odd):
        listing_page.read(data)


UNUSUAL = {
    "a comment": PLAIN.replace("<Contents>", "<!-- <Contents> --><Contents>"),
    "an instruction": PLAIN.replace("<Contents>", "<?php x ?><Contents>"),
    "attributes": PLAIN.replace("<Contents>", '<Contents x="y">').replace("<Key>", "<Key x='y'>"),
    "spaces": PLAIN.replace("</Key>", "</Key >").replace("<Key>", "<Key\n>"),
    "lines": PLAIN.replace("><", ">\r\n<"),
    "CDATA": a_listing(an_object("<![CDATA[a]]>")),
    "CDATA around": PLAIN.replace("<Contents>", f"<![CDATA[{an_object('b')}]]><Contents>"),
    "a namespace prefix": re.sub(r"<(/?)", r"<\1s3:", PLAIN).replace(
        "<s3:ListBucketResult>", f'<s3:ListBucketResult xmlns:s3="{NAMESPACE}">'
    ),
    "an object in an object": a_listing(an_object(more=an_object("b"))),
    "a size in entities": a_listing(an_object(size="&#49;")),
}


@pytest.mark.parametrize("name", UNUSUAL)
def test_unusual(name):
    """Legal, though written by no store that is known: it says the same."""
    assert read(UNUSUAL[name]) == Page([("a", Listed(1, "e"))], "")


@pytest.mark.parametrize(
    "between",
    [
        an_object("b").replace("<Contents>", '<Contents x="y">'),
        an_object("b").replace("<Contents>", "<Contents\n>"),
        "<CommonPrefixes><Prefix>x/</Prefix></CommonPrefixes>" + an_object("b"),
    ],
)
def test_between_objects(between):
    """Not one object is left out, whatever stands between."""
    found = read(a_listing(an_object("a"), between, an_object("c")))

    assert [key for key, _ in found.objects] == ["a", "b", "c"]


@pytest.mark.parametrize("encoding", ["ISO-8859-1", "utf-8-sig", "us-ascii"])
def test_encodings(encoding):
    """What is declared counts, and so does a mark at the beginning."""
    text = a_listing(an_object("&#252;" if encoding == "us-ascii" else "ü"))
    declared = "UTF-8" if encoding == "utf-8-sig" else encoding
    data = f'<?xml version="1.0" encoding="{declared}"?>{text}'.encode(encoding)

    assert listing_page.read(data) == Page([("ü", Listed(1, "e"))], "")


# Any listing

printable = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"),
    min_size=1,
    max_size=30,
)
# `>` and quotes need not be escaped, but may be.
entities = st.sampled_from([{}, {'"': "&quot;"}, {'"': "&#34;", "'": "&apos;"}, {"x": "&#x78;"}])
QUOTED = '"%s"'
listed = st.tuples(
    printable, st.integers(0, 2**43), st.from_regex(r"[0-9a-f]{1,32}", fullmatch=True)
)


@given(
    objects=st.lists(listed, max_size=6),
    folders=st.lists(printable, max_size=3),
    token=st.none() | printable,
    extra=entities,
    line=st.sampled_from(["", "\n", "\n  "]),
    count=st.booleans(),
    behind=st.booleans(),
)
def test_any_listing(objects, folders, token, extra, line, count, behind):
    """Every key, size and ETag is read back as it was written."""
    contents = [
        f"{line}<Contents>{line}<Key>{escape(key, extra)}</Key>{line}<Size>{size}</Size>{line}"
        f"<ETag>{escape(QUOTED % etag, extra)}</ETag>{line}</Contents>"
        for key, size, etag in objects
    ]
    about = [f"{line}<IsTruncated>{'true' if token else 'false'}</IsTruncated>"]
    if token:
        about.append(f"{line}<NextContinuationToken>{escape(token, extra)}</NextContinuationToken>")
    if count:
        about.append(f"{line}<KeyCount>{len(objects) + len(folders)}</KeyCount>")
    about += [
        f"{line}<CommonPrefixes><Prefix>{escape(each, extra)}</Prefix></CommonPrefixes>"
        for each in folders
    ]
    parts = contents + about if behind else about + contents
    data = (
        f'<ListBucketResult xmlns="{NAMESPACE}">{"".join(parts)}{line}</ListBucketResult>'.encode()
    )

    expected = [(key, Listed(size, etag)) for key, size, etag in objects]
    assert listing_page.read(data) == Page(expected, token or "")


pieces = st.sampled_from(
    [
        "<ListBucketResult>", "</ListBucketResult>", "<Contents>", "</Contents>", "<Contents x='y'>",
        "<Contents/>", "<Key>", "</Key>", "<Key/>", "<Size>", "</Size>", "<ETag>", "</ETag>",
        "<IsTruncated>false</IsTruncated>", "<IsTruncated>true</IsTruncated>", "<KeyCount>1</KeyCount>",
        "<NextContinuationToken>", "</NextContinuationToken>", "<CommonPrefixes>", "</CommonPrefixes>",
        "<?xml version='1.0'?>", "<!-- ", " -->", "<![CDATA[", "]]>", "&amp;", "&#1;", "&#xD800;", "&",
        "<", ">", "1", "23", "a", "ü", " ", "\n", "\r", "\0", "\x85", an_object(), an_object("b"),
    ]
)  # fmt: skip


@given(st.lists(pieces | st.text(max_size=5), max_size=20), st.booleans())
def test_any_text(parts, around):
    """A page or Odd, nothing else."""
    text = "".join(parts)
    data = (a_listing(text) if around else text).encode(errors="surrogatepass")
    try:
        page = listing_page.read(data)
    except Odd:
        return

    assert isinstance(page, Page)
    assert all(key is not None and listed.size >= 0 for key, listed in page.objects)


@given(st.binary(max_size=100))
def test_any_bytes(data):
    """They are no listing."""
    with pytest.raises(Odd):
        listing_page.read(data)


within = st.sampled_from(
    [
        an_object(), an_object("b", "22", '"f"'), an_object("&amp;&lt;", "0"), an_object(" c\n"),
        an_object("d").replace("<Contents>", "<Contents a='b'>"), "<Contents/>", "\n ", "text",
        an_object().replace("<Key>", "<Key a='b'>"), an_object(more="<Owner><ID>x</ID></Owner>"),
        an_object().replace("</Key>", "</Key >"), an_object("<![CDATA[x]]>"), an_object("a<!--x-->b"),
        an_object("&#13;\t"), "<Name>n</Name>", "<Prefix/>", "<!-- x -->", "<?x y?>",
        "<CommonPrefixes><Prefix>p/</Prefix></CommonPrefixes>",
        "<NextContinuationToken>t</NextContinuationToken>",
    ]
)  # fmt: skip


@given(st.lists(within, max_size=8), st.sampled_from(["true", "false"]))
def test_against_a_tree(parts, truncated):
    """A listing says what the whole document says, or it is Odd."""
    data = a_listing(*parts, truncated=f"<IsTruncated>{truncated}</IsTruncated>").encode()
    try:
        found = listing_page.read(data)
    except Odd:
        return

    assert found == by_tree(data)
