"""Parts of a page: files of HTML with places for values, which are escaped unless they are HTML."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator

from galleria_action.text import plain

_PLACE = re.compile(r"\{\{ (\w+) \}\}")


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


class Template:
    """HTML with places ``{{ name }}``, in text or within the quotes of an attribute."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._parts = _PLACE.split(source)

    def around(self, name: str) -> tuple[Template, Template]:
        """What stands before and behind one of the places."""
        before, _, after = self._source.partition(f"{{{{ {name} }}}}")
        return Template(before), Template(after)

    def fill(self, **values: str | int) -> Markup:
        """The part with its values; what a value holds is never taken for a place."""
        return Markup("".join(self.pieces(**values)))

    def pieces(self, **values: str | int) -> Iterator[str]:
        for index, part in enumerate(self._parts):
            yield escaped(values[part]) if index % 2 else part


def escaped(value: str | int) -> Markup:
    """Text as it may stand anywhere in HTML; control and direction characters are made visible."""
    if isinstance(value, Markup | int):
        return Markup(value)
    return Markup(html.escape(plain(value)))


def joined(parts: Iterable[Markup], between: str = "") -> Markup:
    return Markup(between.join(parts))
