"""New inputs made of old ones: the same dice make the same inputs."""

from __future__ import annotations

import random
from collections.abc import Sequence

LARGEST = 100_000


def mutate(corpus: Sequence[bytes], words: Sequence[bytes], dice: random.Random) -> bytes:
    """An input that is like one of the ``corpus``."""
    out = bytearray(dice.choice(corpus))
    for _ in range(dice.choice([1, 1, 1, 2, 3, 8])):
        # What formats are about mostly stands at their beginning.
        end = len(out) if dice.random() < 0.5 else min(len(out), 600)
        at = dice.randrange(end + 1)
        match dice.randrange(9):
            case 0:
                out[at : at + 1] = bytes([dice.randrange(256)])
            case 1 if out:
                out[at % len(out)] ^= 1 << dice.randrange(8)
            case 2 if words:
                out[at:at] = dice.choice(words)
            case 3 if words:
                word = dice.choice(words)
                out[at : at + len(word)] = word
            case 4:
                del out[at : at + dice.choice([1, 2, 4, 12, 100])]
            case 5:
                out[at:at] = dice.randbytes(dice.choice([1, 2, 4, 12]))
            case 6:
                other, size = dice.randrange(len(out) + 1), dice.choice([1, 4, 12, 40, 400])
                out[at:at] = out[other : other + size]
            case 7:
                piece = out[at : at + dice.choice([1, 2, 8, 40])]
                out[at:at] = piece * dice.choice([2, 10, 100, 1000])
            case 8:
                other = dice.choice(corpus)
                start = dice.randrange(len(other) + 1)
                out[at:] = other[start:]
    return bytes(out[:LARGEST])
