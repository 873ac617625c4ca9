"""``settings.local.py``: literal ``NAME = value`` assignments, read and never executed."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Container, Iterator

from galleria_action.errors import DeployError, FailureReason, Problem

LARGEST = 10**18
"""No setting is a number like this, and Python refuses to print very long ones."""

Literal = str | int | float | bool | list[str] | None


def parse(text: str, file: str, known: Container[str]) -> dict[str, Literal]:
    """The values of the names in ``known`` that ``text`` assigns.

    Other statements (imports, functions, names of other programs) are passed over, for the file
    is usually shared with the gallery's own tools. A known name whose value is no literal, or a
    text that is no Python, is a :class:`DeployError`; its message never shows a value.
    """
    values: dict[str, Literal] = {}
    problems: list[Problem] = []
    for name, node in _assignments(_tree(text, file), known):
        try:
            values[name] = _literal(node)
        except (ValueError, TypeError, RecursionError, MemoryError):
            problems.append(
                Problem(f"{name} must be a plain string, number or True/False", file, node.lineno)
            )
    if problems:
        raise DeployError(
            FailureReason.CONFIG,
            f"Error: {file} has settings that cannot be read",
            problems=problems,
            advice="The file is never executed: write each value out, or pass it as an input.",
        )
    return values


def _tree(text: str, file: str) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a Windows path in it is not our business
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None)
        raise DeployError(
            FailureReason.CONFIG,
            f"Error: {file} is not a settings file",
            problems=[Problem("not valid Python", file, line)],
            advice="It should hold lines like S3_PUBLIC_BUCKET = 'my-gallery'.",
        ) from None


def _assignments(tree: ast.Module, known: Container[str]) -> Iterator[tuple[str, ast.expr]]:
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if name in known:
                yield name, value
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value) if (
                name in known
            ):
                yield name, value


def _literal(node: ast.expr) -> Literal:
    value = ast.literal_eval(node)
    if isinstance(value, list | tuple):
        if not all(isinstance(item, str) for item in value):
            raise TypeError
        return [str(item) for item in value]
    if isinstance(value, int) and abs(value) > LARGEST:
        raise ValueError
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise TypeError
