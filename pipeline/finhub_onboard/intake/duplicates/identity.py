"""The keys of duplicates, exact and probable, and how they are confirmed.

Promises: the first pass finds candidates by cheap keys over all inputs; they are confirmed by reading only the
candidates again. A column that the profile fills with a constant is no key. Knows canonical frames, no files.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Protocol

import polars as pl

from finhub_onboard.intake.cells import seen
from finhub_onboard.intake.checking.contacts import email_key
from finhub_onboard.intake.checking.normalise import document_type, phone_number
from finhub_onboard.intake.checking.violation_codes import ViolationCode
from finhub_onboard.intake.duplicates import probable
from finhub_onboard.intake.duplicates.exact import Proof, document_key, join_parts, phone_birth_key, select_between

PROBABLE = "names"
"""The key of probable duplicates."""
COLUMNS = (
    "external_id",
    "first_name",
    "last_name",
    "email",
    "phone",
    "date_of_birth",
    "document_type",
    "document_number",
)
"""The canonical columns that keys are made of."""
FIELD_OF = {"phone_and_birth_date": "phone", PROBABLE: "last_name"}
"""The column that a violation of a combined key is reported under."""
CODE_OF = {
    "external_id": ViolationCode.DUPLICATE_EXTERNAL_ID,
    "email": ViolationCode.DUPLICATE_EMAIL,
    "phone_and_birth_date": ViolationCode.DUPLICATE_PHONE_AND_BIRTH_DATE,
    "document_number": ViolationCode.DUPLICATE_DOCUMENT_NUMBER,
    PROBABLE: ViolationCode.PROBABLE_DUPLICATE,
}
"""The violation of a key that another row shares."""
LOOSELY = ("first_name", "last_name", "phone", "document_type", "document_number")
"""The columns of which candidate keys use letters and digits only, so that they need no cleaning."""
_NAMES = ("first_name", "last_name", "date_of_birth")
MADE_OF = {
    **dict.fromkeys((PROBABLE, *probable.BLOCKS), _NAMES),
    "external_id": ("external_id",),
    "email": ("email",),
    "phone_and_birth_date": ("phone", "date_of_birth"),
    "document_number": ("document_number",),
}
"""The columns of each key: if one of them breaks a rule, its value tells nothing of who the person is."""
EXACT = ("external_id", "email", "phone_and_birth_date", "document_number")
LOOSE = (*EXACT, *probable.BLOCKS)
"""Keys of the first pass: those of copies, and the blocks in which names are compared."""


class Companions(Protocol):
    """Rows with the rows that they are duplicates of."""

    def within(self, first: int, rows: int) -> Iterable[tuple[int, list[int], int]]:
        """Yield (row, some other rows, how many more) among consecutive rows."""


def loose_keys(frame: pl.DataFrame, constant: Collection[str]) -> dict[str, pl.Series]:
    """Return the candidate keys; '' or null where there is none."""
    keys = {
        "external_id": seen(frame["external_id"]),
        "email": email_key(frame["email"]),
        "phone_and_birth_date": phone_birth_key(frame["phone"], frame["date_of_birth"]),
        "document_number": document_key(frame["document_number"]),
        **probable.block_keys(frame["first_name"], frame["last_name"], frame["date_of_birth"]),
    }
    return {
        key: pl.repeat(None, frame.height, dtype=values.dtype, eager=True)
        if set(MADE_OF[key]) & set(constant)
        else values
        for key, values in keys.items()
    }


def exact_key(frame: pl.DataFrame, key: str) -> pl.Series:
    """Return the exact value of a key: rows that share it are duplicates."""
    match key:
        case "external_id":
            return seen(frame["external_id"])
        case "email":
            return email_key(frame["email"])
        case "phone_and_birth_date":
            return join_parts(phone_number(frame["phone"]), frame["date_of_birth"])
    return document_key(frame["document_number"], document_type(frame["document_type"]))


def prove(
    suspects: Mapping[str, pl.Series], frames: Callable[[pl.Series], Iterator[pl.DataFrame]]
) -> tuple[dict[str, Companions], bool]:
    """Confirm the candidates by their exact values; without candidates nothing is read.

    ``frames`` yields the rows with some numbers, in order, with the canonical columns. Second: whether all names that
    share a block were compared; beyond some millions of them only the likeliest are.
    """
    proofs = {key: Proof() for key in EXACT}
    names = probable.Names()
    blocks, whole = probable.choose_suspects({key: suspects[key] for key in probable.BLOCKS})
    wanted = pl.concat([blocks, *(suspects[key] for key in EXACT)]).unique().sort()
    done = 0
    for frame in frames(wanted) if wanted.len() else ():
        numbers = wanted[done : done + frame.height]
        first, rows = numbers[0], numbers[-1] - numbers[0] + 1
        for key, proof in proofs.items():
            here = select_between(suspects[key], first, rows)
            if here.len():
                proof.feed(here, exact_key(frame[numbers.search_sorted(here)], key))
        here = select_between(blocks, first, rows)
        if here.len():
            named = frame[numbers.search_sorted(here)]
            names.feed(here, named["first_name"], named["last_name"], named["date_of_birth"])
        done += frame.height
    copies = {key: proof.copies() for key, proof in proofs.items()}
    return {**copies, PROBABLE: names.alike(copies.values())}, whole
