"""The files beside this module: what they hold, read once."""

from __future__ import annotations

import os
from functools import cache

from galleria_action.page.template import Markup, Template


@cache
def part(name: str) -> Template:
    """The part of the page in the file ``name``.html."""
    return Template(source(f"{name}.html"))


@cache
def source(name: str) -> Markup:
    """A file as it is: a style sheet, a script."""
    with open(os.path.join(os.path.dirname(__file__), name), encoding="utf-8") as file:
        return Markup(file.read())
