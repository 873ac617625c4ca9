"""A report as GitHub's Markdown shows it: what became table, link, HTML and prose.

GitHub looks for mentions and issue numbers in what is rendered, never in code; bare addresses are
links where they are written out, not where a letter is a character reference (cmark-gfm).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from markdown_it import MarkdownIt

OURS = {"<details>", "<details open>", "</details>", "<summary>", "</summary>", "<b>", "</b>",
        "<sub>", "</sub>", "<code>", "</code>"}  # fmt: skip
"""The HTML that reports are made with."""


@dataclass
class Page:
    """``widths`` are the numbers of cells of all rows, beside those that their tables announce."""

    links: list[str] = field(default_factory=list)
    html: set[str] = field(default_factory=set)
    headings: int = 0
    prose: str = ""
    code: list[str] = field(default_factory=list)
    widths: list[int] = field(default_factory=list)
    expected_widths: list[int] = field(default_factory=list)
    balanced: bool = True
    rows: int = 0


def render(text: str) -> Page:
    """GitHub Flavored Markdown, tables and strikethrough included."""
    page = Page()
    lines = text.replace("\r", "\n").split("\n")
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    parser.disable("text_join")  # which makes character references plain text again
    inside: list[str] = []
    for token in parser.parse(text):
        if token.type == "html_block":
            _html(page, token.content, inside)
        elif token.type == "heading_open":
            page.headings += 1
        elif token.type == "table_open":
            head, _, *rows = lines[token.map[0] : token.map[1]]
            page.widths += [_cells(each) for each in rows]
            page.expected_widths += [_cells(head)] * len(rows)
            page.rows += len(rows)
        for child in token.children or ():
            _inline(page, child, inside)
        page.prose += "\n"
    page.balanced = page.balanced and not inside
    return page


def _cells(row: str) -> int:
    """Cells of a row: GitHub splits before it looks for code (GitHub Flavored Markdown, 4.10)."""
    return len(re.split(r"(?<!\\)\|", row.strip().strip("|")))


def _inline(page: Page, token, inside: list[str]) -> None:
    if token.type in ("link_open", "image"):
        page.links.append(str(token.attrs.get("href") or token.attrs.get("src")))
    elif token.type == "html_inline":
        _html(page, token.content, inside)
    elif token.type == "code_inline":
        page.code.append(token.content)
    elif token.type == "text":
        page.prose += token.content
        page.links += re.findall(r"\w+://|\bwww\.|mailto:|xmpp:", token.content, re.IGNORECASE)
    elif token.type == "text_special":
        page.prose += token.content


def _html(page: Page, content: str, inside: list[str]) -> None:
    for comment in re.findall(r"<!--.*?-->", content, re.DOTALL):
        content = content.replace(comment, "")
    for tag in re.findall(r"<[^>]*>", content):
        page.html.add(tag)
        name = re.match(r"</?(\w*)", tag)[1]
        if not tag.startswith("</"):
            inside.append(name)
        elif not inside or inside.pop() != name:
            page.balanced = False
    page.prose += re.sub(r"<[^>]*>", " ", content) + "\n"
