"""What a seed must be, and how a ledger knows its seed again without giving whoever steals it a quick way to guess.

Promises: everything of a seed that a ledger keeps passes through scrypt (RFC 7914) with a salt of the ledger's own, so
that one guess costs ``COST`` kilobytes of memory and about a tenth of a second. Pure; knows no ledger and no file.
"""

import hmac
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from hashlib import scrypt
from itertools import pairwise
from typing import Self

LENGTH = 32
"""Characters that a seed has at least."""
COST = 2**15
"""Blocks of 1 KB that a guess needs: 32 MB."""
_VARIETY = 20
_MOST_COST = 2**16
_BLOCK, _LANES = 8, 1
_CHECK = b"finhub-onboard/2/check"
_QUICK_CHECK = b"finhub-onboard/1/check"


def weakness(seed: str) -> str:
    """Why a seed is too easy to guess, in words that do not repeat it; empty: it is long and varied enough.

    Varied is a seed whose steps from character to character, three at a time, are of 20 kinds: so is every random one
    of 32 characters, and neither a word said over and over nor the alphabet.
    """
    if len(seed) < LENGTH:
        return f"it is shorter than {LENGTH} characters"
    steps = [ord(later) - ord(earlier) for earlier, later in pairwise(seed)]
    varied = len(set(zip(steps, steps[1:], steps[2:], strict=False)))
    return "" if varied >= _VARIETY else "it repeats itself"


class Rooted(StrEnum):
    """What the keys in a ledger derive from."""

    STRETCHED = "stretched"
    PLAIN = "plain"
    """The seed itself: ledgers of version 0.4.0 and older keep that for ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretching:
    """How one ledger makes each guess at its seed slow: a salt of its own, and what a guess costs in blocks of 1 KB."""

    salt: bytes
    cost: int
    keys: Rooted = Rooted.STRETCHED

    def root(self, seed: str) -> bytes:
        """The seed, stretched: 32 bytes from which all keys in this ledger derive."""
        return _stretched(seed, self.salt, self.cost)

    def check(self, seed: str) -> str:
        """What the ledger keeps: this stretching, and what tells the seed from another."""
        digest = hmac.digest(self.root(seed), _CHECK, "sha256")[:8].hex()
        return f"{self.keys}${self.cost}${self.salt.hex()}${digest}"

    @classmethod
    def of(cls, check: str) -> Self | None:
        """The stretching of what a ledger keeps; ``None`` if an older one keeps a quick check.

        Raises ``ValueError`` for what no ledger has written.
        """
        if "$" not in check:
            return None
        keys, cost, salt, _ = check.split("$")
        parameters = cls(cost=int(cost), salt=bytes.fromhex(salt), keys=Rooted(keys))
        if not 1 < parameters.cost <= _MOST_COST or parameters.cost.bit_count() != 1:
            raise ValueError(cost)
        return parameters


def quick_check(seed: str) -> str:
    """What ledgers of version 0.4.0 and older kept; replaced when one is opened."""
    return hmac.digest(seed.encode(), _QUICK_CHECK, "sha256")[:8].hex()


@lru_cache(maxsize=2)
def _stretched(seed: str, salt: bytes, cost: int) -> bytes:
    room = 2 * 128 * _BLOCK * cost + 2**20  # what OpenSSL may use at most; it uses half
    return scrypt(seed.encode(), salt=salt, n=cost, r=_BLOCK, p=_LANES, maxmem=room, dklen=32)
