"""Everything that is derived from the seed: ledger keys, fingerprints of rows, customers' initial passwords.

Promises: the same seed, tenant and row give the same bytes in a ledger on every machine, and a customer has the same
password in every ledger; without the seed neither a row nor a password can be found from the ledger. Knows no file and
no clock.
"""

import hmac
import string
from collections.abc import Callable, Sequence
from enum import StrEnum
from hashlib import blake2b, sha256, sha512, shake_256
from operator import attrgetter
from typing import Any

from finhub_onboard.model import Customer
from finhub_onboard.model.columns import EXTRA, LATER_COLUMNS, ROW_COLUMNS

FINGERPRINT_COLUMNS = ROW_COLUMNS[1:]
"""Columns that a fingerprint covers: all but ``external_id``, which is the customer's key."""
BETWEEN_CELLS = "\0"
"""What stands between the cells of a row where its fingerprint is that of one text."""

_DIGEST = 6
_ROW_DIGEST = 8
_LATER = (*LATER_COLUMNS, EXTRA)
_FIRST = FINGERPRINT_COLUMNS[: -len(_LATER)]
"""The columns that every version knew."""
_LENGTH = _DIGEST * len(FINGERPRINT_COLUMNS)
_SEAL_CHECK_DIGITS = 32
_CLASSES = (string.ascii_uppercase, string.ascii_lowercase, string.digits, "!#$%*+-=?@_")
_LETTERS = "".join(_CLASSES).encode("ascii")
_ANY_LETTER = bytes(_LETTERS[byte % len(_LETTERS)] for byte in range(256))
"""The letter of a password that each byte becomes."""
_PASSWORD_LENGTH = 24


class IdKind(StrEnum):
    """Kinds of ids that the bank gives to one customer only; named like the columns of ``Journey``."""

    CUSTOMER = "customer_id"
    VERIFICATION = "verification_id"


class Keys:
    """Keys of one seed and tenant, each derived for its own purpose.

    ``root`` is the seed as the ledger stretches it: from it derives all that the ledger keeps. Empty: an older ledger,
    which takes the seed itself. Passwords derive from the seed in every ledger: a registration whose answer was lost is
    repeated with the same one, also from a ledger that had to be made anew.
    """

    def __init__(self, seed: str, tenant_id: str, *, root: bytes = b"") -> None:
        root = root or seed.encode()
        self._tenant = tenant_id.encode()
        self._customer = _hmac_of(hmac.digest(root, b"finhub-onboard/1/customer", "sha256"), self._tenant + b"\0")
        self._columns = hmac.digest(root, b"finhub-onboard/1/columns", "sha256")
        self._row = blake2b(digest_size=_ROW_DIGEST, key=self._columns, person=b"row")
        self._identity = _hmac_of(hmac.digest(root, b"finhub-onboard/1/identity", "sha256"), self._tenant + b"\0")
        self._contents = hmac.digest(root, b"finhub-onboard/1/contents", "sha256")
        self._logins = hmac.digest(root, b"finhub-onboard/1/logins", "sha256")
        passwords = hmac.digest(seed.encode(), b"finhub-onboard/1/passwords", "sha256")
        self._password = _hmac_of(passwords, self._tenant + b"\0", sha512)
        self._seals = hmac.digest(root, b"finhub-onboard/1/seals", "sha256")

    def customer(self, external_id: str) -> bytes:
        """Ledger key of a customer: 16 bytes."""
        return self._customer(external_id.encode())[:16]

    def seal(self, external_id: str) -> bytes:
        """The ``external_id`` as only the seed can read it; always the same, so that nothing shows when it is kept."""
        return self._sealing(self.customer(external_id), external_id.encode())

    def unseal(self, key: bytes, sealed: bytes) -> str:
        """Read the ``external_id`` of the customer ``key``; empty if nothing of this customer and seed is sealed."""
        external_id = self._sealing(key, sealed).decode(errors="replace")
        return external_id if sealed and self.customer(external_id) == key else ""

    def seal_text(self, text: str) -> str:
        """A text as only the seed can read it, in hexadecimal; the same text is always sealed alike."""
        check = self._keyed_hash("sealed", text)
        return (check + self._sealing(check, text.encode())).hex()

    def unseal_text(self, sealed: str) -> str:
        """Read what ``seal_text`` made; empty if it is not of this seed and tenant, or not as it was."""
        try:
            check, body = bytes.fromhex(sealed[:_SEAL_CHECK_DIGITS]), bytes.fromhex(sealed[_SEAL_CHECK_DIGITS:])
        except ValueError:
            return ""
        text = self._sealing(check, body).decode(errors="replace")
        return text if self._keyed_hash("sealed", text) == check else ""

    def _sealing(self, key: bytes, text: bytes) -> bytes:
        """Add a stream of bytes that no other customer has; once more takes it away."""
        stream = shake_256(self._seals + self._tenant + b"\0" + key).digest(len(text))
        return bytes(letter ^ mask for letter, mask in zip(text, stream, strict=True))

    def fingerprint(self, customer: Customer) -> bytes:
        """Keyed hash of each column, 6 bytes apiece in the order of ``FINGERPRINT_COLUMNS``.

        Salted with the customer's key, so that equal values of two customers do not show as equal. An empty later
        column has zeros, and zeros at the end are left out. Then come 8 bytes for the row as a whole, unless it is
        mixed of two. The last byte is the number of later columns that are covered: fingerprints of earlier versions
        have none.
        """
        return self.fingerprint_of(self.customer(customer.external_id), _VALUES(customer))

    def fingerprint_of(self, key: bytes, values: Sequence[str]) -> bytes:
        """The fingerprint of the customer ``key`` by the ``values`` of ``FINGERPRINT_COLUMNS``."""
        columns = self._columns
        first = b"".join(
            [
                blake2b(value.encode(), digest_size=_DIGEST, key=columns, salt=key, person=person).digest()
                for value, person in zip(values, _PERSONS, strict=False)
            ]
        )
        later = values[len(_FIRST) :]
        text = BETWEEN_CELLS.join(values)
        is_plain = text.count(BETWEEN_CELLS) == len(values) - 1  # else another row may have the same text
        whole = self._row_digest(key, text) if is_plain else b""
        if not any(later):
            return first + whole + _ALL_KNOWN
        digests = [
            blake2b(value.encode(), digest_size=_DIGEST, key=columns, salt=key, person=person).digest()
            if value
            else bytes(_DIGEST)
            for value, person in zip(later, _LATER_PERSONS, strict=True)
        ]
        return _trimmed(first + b"".join(digests), whole)

    def is_of_row(self, fingerprint: bytes, key: bytes, text: str) -> bool:
        """Whether a fingerprint of the customer ``key`` surely is that of this row: ``text`` is its cells in one.

        Tells in a tenth of the time that nothing has changed; what has, ``changed_columns`` tells.
        """
        return _row_digest_of(fingerprint) == self._row_digest(key, text)

    def _row_digest(self, key: bytes, text: str) -> bytes:
        begun = self._row.copy()
        begun.update(key + text.encode())
        return begun.digest()

    def identity_hashes(self, customer: Customer) -> dict[str, bytes]:
        """What identifies the person apart from the ``external_id``: 16 bytes by kind, where the row has the value."""
        values = {
            "phone_and_birth_date": f"{customer.phone}|{customer.date_of_birth}",
            "document_number": customer.document_number
            and f"{customer.document_type}|{''.join(filter(str.isalnum, customer.document_number)).upper()}",
        }
        hashes = {kind: self._keyed_hash(kind, value) for kind, value in values.items() if value}
        return {"email": self.email_hash(customer.email), **hashes} if customer.email else hashes

    def email_hash(self, email: str) -> bytes:
        """The identity hash of an e-mail; letter case does not matter."""
        return self._keyed_hash("email", email.lower())

    def id_hash(self, kind: IdKind, identifier: str) -> bytes:
        """The identity hash of an id at the bank: two customers cannot have one."""
        return self._keyed_hash(kind, identifier)

    def content_hash(self, external_id: str, content: bytes) -> str:
        """Keyed hash of a document of this customer: 16 hexadecimal digits."""
        salt = self.customer(external_id)
        return blake2b(content, digest_size=8, key=self._contents, salt=salt).hexdigest()

    def _keyed_hash(self, kind: str, value: str) -> bytes:
        return self._identity(kind.encode() + b"\0" + value.encode())[:16]

    def login_hash(self, *credentials: str) -> str:
        """A hash of credentials, to recognise those that the bank refused without keeping them."""
        text = "".join(f"{len(part)}:{part}" for part in (self._tenant.decode(), *credentials))
        return hmac.digest(self._logins, text.encode(), "sha256")[:16].hex()

    def password(self, external_id: str) -> str:
        """Initial password of a customer: 24 characters of four classes, never stored (API.md, section 4)."""
        stream = self._password(external_id.encode())
        letters = [group[byte % len(group)] for group, byte in zip(_CLASSES, stream, strict=False)]
        letters += stream[4:_PASSWORD_LENGTH].translate(_ANY_LETTER).decode("ascii")
        # The four certain classes must not sit at known places.
        order = sorted(range(_PASSWORD_LENGTH), key=stream[32:].__getitem__)
        return "".join([letters[place] for place in order])


def _hmac_of(key: bytes, before: bytes, hashed: Callable[[bytes], Any] = sha256) -> Callable[[bytes], bytes]:
    """``hmac.digest(key, before + text, …)`` as a function of ``text``, in a third of the time.

    Of RFC 2104's two hashes all that comes before the text is hashed once. Keys up to 64 bytes.
    """
    block = key.ljust(hashed(b"").block_size, b"\0")
    inner = hashed(bytes(byte ^ 0x36 for byte in block) + before)
    outer = hashed(bytes(byte ^ 0x5C for byte in block))

    def digest(text: bytes) -> bytes:
        begun, ended = inner.copy(), outer.copy()
        begun.update(text)
        ended.update(begun.digest())
        made: bytes = ended.digest()
        return made

    return digest


_VALUES = attrgetter(*FINGERPRINT_COLUMNS)
_EVERY_PERSON = tuple(f"{place:02}".encode() for place in range(len(FINGERPRINT_COLUMNS)))
_PERSONS, _LATER_PERSONS = _EVERY_PERSON[: len(_FIRST)], _EVERY_PERSON[len(_FIRST) :]
_PLACES = {column: place * _DIGEST for place, column in enumerate(FINGERPRINT_COLUMNS)}


_ALL_KNOWN = bytes([len(_LATER)])


def _trimmed(digests: bytes, whole: bytes = b"") -> bytes:
    """Leave out the digests of empty later columns at the end, and say that all are covered."""
    length = len(digests)
    while length > _DIGEST * len(_FIRST) and not any(digests[length - _DIGEST : length]):
        length -= _DIGEST
    return digests[:length] + whole + _ALL_KNOWN


def _row_digest_of(fingerprint: bytes) -> bytes:
    """The digest of the row as a whole; empty if there is none."""
    return fingerprint[-1 - _ROW_DIGEST : -1] if len(fingerprint) % _DIGEST == (_ROW_DIGEST + 1) % _DIGEST else b""


def _unpacked(fingerprint: bytes) -> tuple[bytes, frozenset[str]]:
    """The digests of all columns, and the columns that the version which wrote them did not know."""
    marked = len(fingerprint) % _DIGEST > 0
    known = fingerprint[-1] if marked else 0
    digests = fingerprint[: -1 - len(_row_digest_of(fingerprint))] if marked else fingerprint
    return digests.ljust(_LENGTH, b"\0"), frozenset(_LATER[known:])


def _of(digests: bytes, column: str) -> bytes:
    place = _PLACES[column]
    return digests[place : place + _DIGEST]


def changed_columns(before: bytes, after: bytes) -> tuple[str, ...]:
    """Names of the columns whose values differ between two fingerprints that both cover them."""
    (old, unknown), (new, unknown_now) = _unpacked(before), _unpacked(after)
    unknown |= unknown_now
    return tuple(
        column for column in FINGERPRINT_COLUMNS if _of(old, column) != _of(new, column) and column not in unknown
    )


def merged_fingerprint(before: bytes, now: bytes, *, keep: frozenset[str]) -> bytes:
    """The fingerprint ``now``, but that of ``before`` in the columns ``keep``, as far as it covers them."""
    (old, unknown), (new, _) = _unpacked(before), _unpacked(now)
    kept = keep - unknown
    digests = b"".join(_of(old if column in kept else new, column) for column in FINGERPRINT_COLUMNS)
    whole = _row_digest_of(now) if digests == new else _row_digest_of(before) if digests == old else b""
    return _trimmed(digests, whole)


def column_hash(fingerprint: bytes, column: str) -> bytes:
    """The part of a fingerprint that covers one column."""
    return _of(_unpacked(fingerprint)[0], column)


def with_column_hash(fingerprint: bytes, column: str, value: bytes) -> bytes:
    """The fingerprint with the part of one column made from ``value``."""
    digests, place = _unpacked(fingerprint)[0], _PLACES[column]
    return _trimmed(digests[:place] + blake2b(value, digest_size=_DIGEST).digest() + digests[place + _DIGEST :])
