"""Which objects are one job's where several jobs upload the photos of one gallery together."""

from __future__ import annotations

import hashlib
import re

from galleria_action.values import Struct

MOST = 256
"""Jobs that one matrix of a workflow can have."""


class Shard(Struct, frozen=True):
    """Part ``number`` of ``count``, from 1. Each key is in one part, the same in every run."""

    number: int
    count: int

    def has(self, key: str) -> bool:
        """Whether the object belongs to this part: by its key alone, whatever the others are."""
        digest = hashlib.sha256(key.encode()).digest()
        return int.from_bytes(digest, "big") % self.count == self.number - 1

    def __str__(self) -> str:
        return f"{self.number} of {self.count}"


def parse(text: str) -> Shard | None:
    """The shard written as ``i/n``, 1 <= i <= n <= 256; None if the text is anything else."""
    found = re.fullmatch(r"([0-9]{1,3})/([0-9]{1,3})", text)
    if not found:
        return None
    shard = Shard(int(found[1]), int(found[2]))
    return shard if 1 <= shard.number <= shard.count <= MOST else None
