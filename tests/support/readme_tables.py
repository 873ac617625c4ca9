"""Writes the parts of the documentation that the program's own tables say.

A part stands between ``<!-- name -->`` and ``<!-- /name -->``. Run
``python tests/support/readme_tables.py`` after a change of an input, an output, a reason or an
example workflow; a test fails as long as that was forgotten.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path

from galleria_action.declaration import Input
from galleria_action.inputs import INPUTS, OUTPUTS
from galleria_action.plan import MEANING

ROOT = Path(__file__).parents[2]
DOCUMENTS = ("README.md", "docs/plan.md", "docs/ledger.md", "docs/dependencies.md")
_PART = re.compile(r"(<!-- (?P<name>[\w./-]+) -->\n).*?(<!-- /(?P=name) -->)", re.DOTALL)


def _table(*columns: str) -> Iterator[str]:
    yield f"| {' | '.join(columns)} |\n"
    yield f"|{'---|' * len(columns)}\n"


def _row(*cells: str) -> str:
    cells = tuple(cell.replace("|", r"\|") for cell in cells)
    return f"| {' | '.join(cells)} |\n"


def _inputs() -> Iterator[str]:
    for number, (group, inputs) in enumerate(groupby(INPUTS, lambda each: each.group)):
        yield "\n" if number else ""
        yield f"**{group[0].upper()}{group[1:]}**\n\n"
        yield from _table("Input", "Default", "What it is")
        for each in inputs:
            yield _row(f"`{each.name}`", _default(each), each.help)


def _default(each: Input) -> str:
    if not each.default:
        return ""
    # Defaults that are a rule and not a value are written as a sentence.
    return each.default if " " in each.default else f"`{each.default}`"


def _outputs() -> Iterator[str]:
    yield from _table("Output", "What it is")
    for name, text in OUTPUTS.items():
        yield _row(f"`{name}`", text)


def _environment() -> Iterator[str]:
    yield from _table("Input", "Environment variable", "In `settings.local.py`")
    for each in INPUTS:
        if each.setting:
            yield _row(f"`{each.name}`", f"`{each.environment_name}`", f"`{each.setting_name}`")


def _reasons() -> Iterator[str]:
    yield from _table("Reason", "What it means")
    for reason, meaning in MEANING.items():
        yield _row(f"`{reason}`", meaning)


_TABLES: dict[str, Callable[[], Iterator[str]]] = {
    "inputs": _inputs,
    "outputs": _outputs,
    "environment": _environment,
    "reasons": _reasons,
}


def _part(name: str) -> str:
    """The text of a part: a table, or the file of that name as a block of code."""
    if name in _TABLES:
        return "".join(_TABLES[name]())
    file = ROOT / name
    language = {".yml": "yaml"}.get(file.suffix, file.suffix[1:])
    return f"```{language}\n{file.read_text(encoding='utf-8')}```\n"


def parts(document: str) -> list[str]:
    """Names of the parts of ``document``, a path below the root."""
    return [found["name"] for found in _PART.finditer((ROOT / document).read_text("utf-8"))]


def updated(document: str) -> str:
    """The text that ``document`` should have."""

    def replaced(found: re.Match[str]) -> str:
        return f"{found[1]}\n{_part(found['name'])}\n{found[3]}"

    return _PART.sub(replaced, (ROOT / document).read_text("utf-8"))


def main() -> None:
    for document in DOCUMENTS:
        (ROOT / document).write_text(updated(document), encoding="utf-8")


if __name__ == "__main__":
    main()
