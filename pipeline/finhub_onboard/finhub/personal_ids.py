"""Rejects identifiers that contain the customer's own data, because identifiers are stored.

Promises: no name, e-mail, phone, birth date, birth place or document number is accepted as an id, neither plain nor
percent-encoded, in hexadecimal or in base64; a random identifier never matches by chance. Words that many people share,
such as a country, identify nobody. Pure.
"""

import re
import unicodedata
from binascii import a2b_base64
from collections.abc import Iterator, Sequence
from functools import lru_cache
from urllib.parse import unquote

from finhub_onboard.model import Customer

_COMMON = frozenset(
    {"account", "case", "client", "customer", "demo", "document", "individual", "person", "sample", "session"}
    | {"test", "user", "verification", "wallet"}
)
"""Words with which a bank begins ids, whoever they are about."""
_TELLING_LETTERS, _TELLING_DIGITS = 4, 5
"""From so many characters on a word of an identifier is no accident."""
_LONG, _LONG_HEXADECIMAL = 8, 10
"""From so many on not even inside of a random one: 32 signs by chance are fewer than 1 in 10**10."""
_SHORTEST_CODE = 6
_LONG_TEXT = 8
_OPAQUE = 8
_MOST_PREFIXES = 3
_HEXADECIMAL = re.compile(r"(?:[0-9a-fA-F]{2})+").fullmatch
_IN_HEXADECIMAL = re.compile(r"[0-9a-f]+").fullmatch
_UUID = re.compile(r"(?i)(?<![a-z0-9])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![a-z0-9])")
_SEPARATORS = re.compile(r"[\W_]+")
_PREFIX = re.compile(r"[_.:-]")


def impersonal(identifier: str, customer: Customer | None) -> str:
    """The identifier; empty if it contains personal data."""
    if not identifier or customer is None:
        return identifier
    own = _own(customer)
    # The groups of a UUID mean nothing by themselves.
    plain = _UUID.sub(lambda match: match[0].replace("-", ""), identifier)
    texts = [plain, *([unquote(plain)] if "%" in plain else [])]
    return (
        ""
        if any(_tells(text, own) for text in texts) or any(_says(text, own) for text in _decoded(plain))
        else identifier
    )


@lru_cache(maxsize=2048)  # as many as a run carries at once
def _own(customer: Customer) -> frozenset[str]:
    """The customer's identifying values, folded; a customer gets several identifiers one after the other."""
    return frozenset(_values(customer)) - _COMMON


def _values(customer: Customer) -> Iterator[str]:
    first, last, birth_place = (
        [_folded(word) for word in _SEPARATORS.split(name)]
        for name in (customer.first_name, customer.last_name, customer.place_of_birth)
    )
    yield from (word for word in (*first, *last, *birth_place) if len(word) >= _TELLING_LETTERS)
    whole = ["".join(first + last), "".join(last + first)]
    local = customer.email.partition("@")[0]
    numbers = (customer.phone, customer.date_of_birth, customer.document_number)
    whole += [_folded(value) for value in (customer.email, local, *numbers)]
    yield from (value for value in whole if len(value) >= _TELLING_DIGITS)


def _tells(text: str, own: frozenset[str]) -> bool:
    """Whether a readable text contains one of the values: a long one anywhere, a short one as a whole word."""
    parts = [part for part in _SEPARATORS.split(text) if part]
    folded = [_folded(part) for part in parts]
    whole = "".join(folded)
    return any(value in whole and (_is_long(value) or _is_word(value, parts, folded)) for value in own)


def _is_long(value: str) -> bool:
    return len(value) >= (_LONG_HEXADECIMAL if _IN_HEXADECIMAL(value) else _LONG)


def _is_word(value: str, parts: Sequence[str], folded: Sequence[str]) -> bool:
    """Whether consecutive parts are the value, such as ``1990-03-10``, and the rest is not a random code."""
    edges = "0123456789" if value.isalpha() else "abcdefghijklmnopqrstuvwxyz"
    for start in range(len(parts)):
        joined = ""
        for end in range(start, len(parts)):
            joined += folded[end]
            # Eight hexadecimal digits may contain a hexadecimal name, such as Cade, by chance.
            numbered = end == start and not (value.isalpha() and _IN_HEXADECIMAL(joined) and len(joined) >= _OPAQUE)
            same = joined == value or (numbered and joined.strip(edges) == value)
            if same and all(map(_is_written, parts[start : end + 1])):
                return not _is_random([*parts[:start], *parts[end + 1 :]], hexadecimal=bool(_IN_HEXADECIMAL(value)))
            if len(joined) >= len(value):
                break
    return False


def _is_written(part: str) -> bool:
    """Whether the letter case is that of a word, which is unlikely by chance."""
    return part.islower() or part.isupper() or part.istitle() or part.isdigit()


def _is_random(rest: Sequence[str], *, hexadecimal: bool) -> bool:
    """Whether the rest of an identifier looks random, so that a short word in it may be an accident."""
    mixed = "".join(part for part in rest if not _is_written(part))
    if len(mixed) >= _OPAQUE and any(map(str.isdigit, mixed)):
        return True
    return hexadecimal and sum(len(part) for part in rest if _IN_HEXADECIMAL(part.lower())) >= _OPAQUE


def _decoded(identifier: str) -> Iterator[str]:
    """The identifier decoded from hexadecimal or base64, where the result is text."""
    pieces = _PREFIX.split(identifier)
    if len(pieces) > 1:
        # A prefix such as ``cus_`` is not part of the code; its separator may also occur in base64.
        ends = [match.end() for match in _PREFIX.finditer(identifier)][:_MOST_PREFIXES]
        pieces += [identifier, *(identifier[end:] for end in ends)]
    for part in set(pieces):
        if len(part) >= _SHORTEST_CODE:
            yield from filter(None, (_from_hexadecimal(part), _from_base64(part)))


def _from_hexadecimal(part: str) -> str:
    return _text(bytes.fromhex(part)) if _HEXADECIMAL(part) else ""


def _from_base64(part: str) -> str:
    """The text in either alphabet of base64, with or without padding."""
    if len(part) % 4 == 1:  # no bytes have this length
        return ""
    try:
        padded = part.replace("-", "+").replace("_", "/") + "=" * (-len(part) % 4)
        return _text(a2b_base64(padded, strict_mode=True))
    except ValueError:
        return ""


def _text(content: bytes) -> str:
    """The printable text that the bytes are; empty: they are something else."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return ""
    return text if text.isprintable() else ""


def _says(text: str, own: frozenset[str]) -> bool:
    """Whether a decoded text contains one of the values; a long one also inside of words.

    Symbols between letters separate words, because random bytes decode to text full of them.
    """
    parts = [_folded(part) for part in _SEPARATORS.split(text)] if len(text) >= _LONG_TEXT else []
    return _tells(text, own) or any(value in part for part in parts for value in own)


def _folded(text: str) -> str:
    """Letters and digits only, without case and diacritics; characters that stand for whole words are kept."""
    if text.isascii() and text.isalnum():  # such as most parts of an identifier
        return text.lower()
    plain = unicodedata.normalize("NFD", text)
    return "".join(filter(str.isalnum, plain)).casefold()
