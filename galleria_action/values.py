"""What values are made of: msgspec's structs, which are defined and made in no time.

Data classes take some forty times as long to define, and a small deployment has time for neither
that nor what their module imports.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar


@contextmanager
def _hidden(module: str) -> Iterator[None]:
    """The module cannot be imported meanwhile."""
    if module in sys.modules:
        yield
        return
    sys.modules[module] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[module]


# It would be taken where it is installed, takes longer to import than msgspec itself, and has
# nothing for it that `typing` of Python 3.11 lacks.
with _hidden("typing_extensions"):
    import msgspec
    from msgspec import UNSET, Struct, UnsetType, field
    from msgspec.structs import asdict, replace

__all__ = ["UNSET", "Discreet", "Struct", "UnsetType", "asdict", "field", "msgspec", "replace"]


class Discreet(Struct, frozen=True):
    """A value whose ``unshown`` members are left out where it is printed, as in a traceback."""

    unshown: ClassVar[frozenset[str]] = frozenset()

    def __repr__(self) -> str:
        shown = (
            f"{name}={getattr(self, name)!r}"
            for name in self.__struct_fields__
            if name not in self.unshown
        )
        return f"{type(self).__name__}({', '.join(shown)})"
