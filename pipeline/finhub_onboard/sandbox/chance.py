"""Chance that repeats itself: numbers and ids that follow from a seed and a name, not from the order of events.

Promises the same value for the same words, in every process. Does not keep state, so parallel calls cannot disturb it.
"""

from hashlib import blake2b

_SPAN = float(1 << 64)


def unit(*words: object) -> float:
    """Give a number from 0 up to 1 that belongs to ``words``."""
    return int.from_bytes(blake2b("\x1f".join(map(str, words)).encode(), digest_size=8).digest(), "big") / _SPAN


def identifier(*words: object) -> str:
    """Give a UUID-shaped id that belongs to ``words``."""
    h = blake2b("\x1f".join(map(str, words)).encode(), digest_size=16).hexdigest()
    return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-a{h[17:20]}-{h[20:]}"
