"""The options of ``galleria-deploy doctor``: those of the deployment that it looks ahead to."""

from __future__ import annotations

from galleria_action.declaration import Input
from galleria_action.inputs import BUCKET, BY_NAME, INPUTS, KEYS, SCOPE, SIGN_IN
from galleria_action.sources import Sources
from galleria_action.values import replace

OPTIONS: tuple[Input, ...] = (
    *(each for each in INPUTS if each.group in (BUCKET, SIGN_IN)),
    replace(BY_NAME["photos-prefix"], group=KEYS),
    BY_NAME["site-prefix"],
    BY_NAME["metadata-key"],
    replace(
        BY_NAME["dry-run"],
        help="Write nothing: find out whether plans can be made, for a key that can only read.",
        group=SCOPE,
    ),
)
"""The inputs of a deployment that say where it goes; it is configured by them alone."""

_NAMES = frozenset(each.name for each in OPTIONS)


class OnlyThese(Sources):
    """Sources that know the doctor's options: others are of no matter to it, also if wrong."""

    def __init__(self, sources: Sources) -> None:
        self._inner = sources

    def value(self, each: Input) -> str | None:
        return self._inner.value(each) if each.name in _NAMES else None
