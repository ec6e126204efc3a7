"""Tokens: signed, self-contained, with an end.

Promises JWTs (HS256) that the bank can check without remembering them, so that they outlive its process. Does not
know what a token may do. The key is derived from a public practice seed: it protects nothing.
"""

import binascii
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

import msgspec

from finhub_onboard.sandbox.demo import SEED
from finhub_onboard.sandbox.records import Claims

_HEADER: Final = urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').rstrip(b"=")
_KEY: Final = b"token:" + SEED.encode()
_PARTS: Final = 3
_CACHE_SIZE: Final = 20_000


class Tokens:
    """Issues and reads tokens; reading the same token again costs a look-up."""

    __slots__ = ("_cache", "_decoder", "_encoder")

    def __init__(self) -> None:
        self._cache: dict[bytes, Claims] = {}
        self._encoder = msgspec.json.Encoder()
        self._decoder = msgspec.json.Decoder(Claims)

    def issue(self, claims: Claims) -> str:
        """Sign ``claims``."""
        signed = _HEADER + b"." + urlsafe_b64encode(self._encoder.encode(claims)).rstrip(b"=")
        return (signed + b"." + _signature(signed)).decode()

    def read(self, token: bytes) -> Claims | None:
        """Check the signature and return the claims, expired or not; ``None`` for what is no token of this bank."""
        claims = self._cache.get(token)
        if claims is None:
            claims = self._verify(token)
            if claims is not None:
                if len(self._cache) >= _CACHE_SIZE:
                    self._cache.clear()
                self._cache[token] = claims
        return claims

    def _verify(self, token: bytes) -> Claims | None:
        parts = token.split(b".")
        if len(parts) != _PARTS or not hmac.compare_digest(_signature(parts[0] + b"." + parts[1]), parts[2]):
            return None
        try:
            return self._decoder.decode(urlsafe_b64decode(parts[1] + b"=" * (-len(parts[1]) % 4)))
        except (binascii.Error, msgspec.DecodeError):
            return None


def _signature(signed: bytes) -> bytes:
    return urlsafe_b64encode(hmac.digest(_KEY, signed, "sha256")).rstrip(b"=")
