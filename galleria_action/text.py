"""Numbers and names as people read them, and other people's text made harmless."""

from __future__ import annotations

import re
import unicodedata

_UNITS = ("bytes", "kB", "MB", "GB", "TB")
_BLOCK = re.compile(r"^([0-9]{0,9})([-+=.)])")  # at the start of a line: lists, rules, headings
_MARKDOWN = re.compile(r"([\\`*_{}\[\]#|<>~&@:$])")


def size(count: float) -> str:
    """Bytes as people say it: ``3.4 MB`` (10^6, as providers count)."""
    unit = 0
    while count >= 999.5 and unit < len(_UNITS) - 1:
        count, unit = count / 1000, unit + 1
    return (
        f"{count:.0f} {_UNITS[unit]}"
        if unit == 0 or count >= 99.5
        else f"{count:.1f} {_UNITS[unit]}"
    )


def duration(seconds: float) -> str:
    """Seconds as ``0.8 s``, ``45 s``, ``3 min 20 s`` or ``2 h 5 min``."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def count(number: int, noun: str, plural: str = "") -> str:
    """``1 photo``, ``3 photos``, ``12,345 photos``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def plain(text: str) -> str:
    """One line without control and direction characters: what a log can be trusted with."""
    if text.isprintable():
        return text  # nearly always, and a plan has a million names
    return "".join(
        letter if _is_harmless(letter) else "\N{REPLACEMENT CHARACTER}" for letter in text
    )


def _is_harmless(letter: str) -> bool:
    # Cc control, Cf format (bidirectional marks, zero width), Cs surrogates, Zl and Zp breaks
    return unicodedata.category(letter) not in ("Cc", "Cf", "Cs", "Zl", "Zp")


def shortened(text: str, most: int = 120) -> str:
    """``text`` as one harmless line of at most ``most`` letters, its end kept."""
    text = plain(text)
    if len(text) <= most:
        return text
    end = (most - 1) // 2
    return f"{text[: most - 1 - end]}\N{HORIZONTAL ELLIPSIS}{text[len(text) - end :]}"


def code(text: str, most: int = 120) -> str:
    """``text`` as a code span that may stand in a table of GitHub's Markdown.

    Nothing inside a code span is markup, mention, link or HTML; only its own backticks and the
    bars of a table must not end it (GitHub Flavored Markdown, 4.10 and 6.1).
    """
    text = shortened(text, most).replace("|", r"\|")
    longest = max(map(len, re.findall("`+", text))) if "`" in text else 0
    fence = "`" * (longest + 1)
    pad = " " if text[:1] == "`" or text[-1:] == "`" or not text.strip() else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def block(text: str) -> str:
    """``text`` as a block of code, to be copied: each line as it is, but harmless.

    Nothing ends the block but a fence as long as its own (GitHub Flavored Markdown, 4.5).
    """
    lines = [plain(line) for line in text.splitlines()]
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    return "\n".join([fence, *lines, fence])


def markdown(text: str) -> str:
    """A sentence that may hold other people's words, without any markup, mention or link.

    Letters that could mean something are made character references. GitHub looks for mentions
    and issue numbers in the rendered page, so these are broken by a space of no width.
    """
    text = plain(text).strip()
    text = _MARKDOWN.sub(lambda found: f"&#{ord(found[1])};", text)
    text = _BLOCK.sub(lambda found: f"{found[1]}&#{ord(found[2])};", text)
    text = re.sub(r"(?i)\b(www)\.", r"\1&#46;", text)
    return re.sub("(&#(?:64|35);)", "\\1\N{ZERO WIDTH SPACE}", text)
