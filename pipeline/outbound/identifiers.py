"""Identifiers of the bank are stored: one that is made of the customer's own data is not taken.

Promise: neither as it stands nor percent-encoded, in hexadecimal or in base64 does a name, e-mail, phone, birth date,
birth place or document number get through. Words that many people share, such as a country, name nobody. Pure.
"""

import binascii
import re
import unicodedata
from base64 import b64decode
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import unquote

from pipeline.model import Customer

_NAMES = ("first_name", "last_name", "place_of_birth")
_NUMBERS = ("phone", "date_of_birth", "document_number")
_HEXADECIMAL = re.compile(r"(?:[0-9a-fA-F]{2})+").fullmatch
_TELLING_LETTERS, _TELLING_DIGITS = 4, 5
"""From so many characters on a part of an identifier is no accident."""


def impersonal(identifier: str, customer: Customer | None) -> str:
    """The identifier, or nothing if it tells who the customer is."""
    if not identifier or customer is None:
        return identifier
    own = set(_own(customer))
    return "" if any(value in text for text in _readings(identifier) for value in own) else identifier


def _own(customer: Customer) -> Iterator[str]:
    for name in _NAMES:
        for word in re.split(r"[\W_]+", getattr(customer, name)):
            if len(folded := _folded(word)) >= _TELLING_LETTERS:
                yield folded
    values = [getattr(customer, name) for name in _NUMBERS]
    for value in (*values, customer.email, customer.email.partition("@")[0]):
        if len(folded := _folded(value)) >= _TELLING_DIGITS:
            yield folded


def _readings(identifier: str) -> Iterator[str]:
    """The identifier as whoever wants to may read it."""
    yield _folded(identifier)
    if "%" in identifier:
        yield _folded(unquote(identifier))
    # A prefix such as ``cus_`` is none of the code; below a few characters there is nothing to hide.
    for part in {identifier, *re.split(r"[_.:-]", identifier)}:
        if len(part) >= _TELLING_DIGITS:
            coded = [bytes.fromhex(part)] if _HEXADECIMAL(part) else []
            with suppress(binascii.Error, ValueError):
                padded = part.replace("-", "+").replace("_", "/") + "=" * (-len(part) % 4)
                coded.append(b64decode(padded, validate=True))
            yield from (_folded(text.decode(errors="ignore")) for text in coded)


def _folded(text: str) -> str:
    """Letters and digits only, without case and marks."""
    plain = text if text.isascii() else unicodedata.normalize("NFKD", text)
    return "".join(filter(str.isalnum, plain)).casefold()
