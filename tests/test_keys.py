"""What the seed makes: passwords that any bank takes, fingerprints that tell columns apart and people not."""

import string
from itertools import combinations
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finhub_onboard.keys import BETWEEN_CELLS, FINGERPRINT_COLUMNS, IdKind, Keys, changed_columns, merged_fingerprint
from finhub_onboard.model import Customer
from finhub_onboard.model.columns import LATER_COLUMNS, ROW_COLUMNS
from tests.outbound.support import customer
from tests.values import replace

if TYPE_CHECKING:
    from collections.abc import Callable

TEXT = st.text(st.characters(codec="utf-8"), max_size=40)
WITHOUT_CONTROLS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=20)
CLASSES = (string.ascii_uppercase, string.ascii_lowercase, string.digits)

GOLDEN_PASSWORD = "RV%cU@9!+?ETIeX+3GcdXtLm"
GOLDEN_KEY = "7aeec8617e0a69009844f302c667d62d"
GOLDEN_SEAL = "a14dc2"
GOLDEN_ROOT = bytes(range(32))
GOLDEN_STRETCHED_KEY = "ee5a89ce1847246130d47271554d3cf1"
GOLDEN_STRETCHED_SEAL = "7457b0"
GOLDEN_EMAIL = "fc00fab19ffc03c38ae35bc55bbda71c"
GOLDEN_ID = "a9901b9ac262d3bef6278297ea3107d6"
TAIL = 9
"""Bytes of a fingerprint behind those of the columns: eight for the row as a whole, one for how many are covered."""
GOLDEN_FINGERPRINT = "fbd7002d8e68a199a1523fe689a00f2767a1b7817162cb1f"


def filled(**changes: str) -> Customer:
    """Make a customer in which every column has a value of its own."""
    values = {column: f"value of {column}" for column in ROW_COLUMNS}
    return customer(**(values | changes))


@settings(max_examples=300)
@given(TEXT, TEXT, TEXT)
def test_every_password_is_long_and_of_four_classes(seed: str, tenant: str, external_id: str) -> None:
    """API.md, section 4: for any seed and customer at least 16 characters of the four classes, plain to type."""
    password = Keys(seed, tenant).password(external_id)
    assert len(password) >= 16
    assert all(any(c in group for c in password) for group in CLASSES)
    assert any(c not in string.ascii_letters + string.digits for c in password)
    assert password.isascii()
    assert password.isprintable()
    assert not set(password) & set(" \"'\\<>&")


def test_passwords_are_stable() -> None:
    """A password is never stored: every later version must derive the same, or a lost answer cannot be repeated."""
    keys = Keys("a seed", "tenant-1")
    assert keys.password("L-1") == GOLDEN_PASSWORD
    assert Keys("a seed", "tenant-1").password("L-1") == keys.password("L-1")


def test_ledger_keys_and_fingerprints_are_stable() -> None:
    """A ledger of today is read by every later version: keys and fingerprints stay."""
    keys = Keys("a seed", "tenant-1")
    assert keys.customer("L-1").hex() == GOLDEN_KEY
    assert keys.fingerprint(filled(external_id="L-1")).hex()[:48] == GOLDEN_FINGERPRINT


def test_identity_hashes_are_stable() -> None:
    """A ledger finds nobody again by an e-mail or id whose hash has changed."""
    keys = Keys("a seed", "tenant-1")
    assert keys.email_hash("Ana@example.com").hex() == GOLDEN_EMAIL
    assert keys.id_hash(IdKind.CUSTOMER, "c-1").hex() == GOLDEN_ID


def test_everything_differs_by_seed_tenant_and_customer() -> None:
    """Another seed, tenant or customer gives another password, key and fingerprint."""
    made = [
        Keys(seed, tenant) for seed in ("a seed", "another seed", "a seed ") for tenant in ("tenant-1", "tenant-2", "")
    ]
    for derive in (Keys.password, Keys.customer, lambda keys, one: keys.fingerprint(filled(external_id=one))):
        values = [derive(keys, one) for keys in made for one in ("L-1", "L-2", "l-1", "L-1 ", "")]
        assert len(set(values)) == len(values)


def test_what_a_ledger_keeps_derives_from_the_stretched_seed() -> None:
    """All of it, and stable: no entry is a quick way to guess the seed."""
    plain, stretched = Keys("a seed", "tenant-1"), Keys("a seed", "tenant-1", root=GOLDEN_ROOT)
    assert stretched.customer("L-1").hex() == GOLDEN_STRETCHED_KEY
    assert stretched.seal("L-1").hex() == GOLDEN_STRETCHED_SEAL
    kept: dict[str, Callable[[Keys], object]] = {
        "customer": lambda keys: keys.customer("L-1"),
        "seal": lambda keys: keys.seal("L-1"),
        "fingerprint": lambda keys: keys.fingerprint(filled(external_id="L-1")),
        "email": lambda keys: keys.email_hash("a@example.com"),
        "phone": lambda keys: keys.identity_hashes(filled())["phone_and_birth_date"],
        "document": lambda keys: keys.identity_hashes(filled())["document_number"],
        "id": lambda keys: keys.id_hash(IdKind.CUSTOMER, "7"),
        "content": lambda keys: keys.content_hash("L-1", b"content"),
        "login": lambda keys: keys.login_hash("user", "password"),
    }
    of_another_seed = Keys("another", "tenant-1", root=GOLDEN_ROOT)
    for name, derive in kept.items():
        assert derive(stretched) != derive(plain), name
        assert derive(stretched) == derive(of_another_seed), f"{name} depends on more than the root"


def test_passwords_are_the_same_in_every_ledger() -> None:
    """A ledger that is lost and made anew repeats a registration with the password that was sent before."""
    assert Keys("a seed", "tenant-1", root=GOLDEN_ROOT).password("L-1") == GOLDEN_PASSWORD


@given(WITHOUT_CONTROLS, WITHOUT_CONTROLS, WITHOUT_CONTROLS, WITHOUT_CONTROLS)
def test_no_two_customers_share_a_key(tenant: str, external_id: str, tenant2: str, external_id2: str) -> None:
    """Where tenant and id meet does not matter: without control characters different pairs never meet."""
    same = Keys("s", tenant).customer(external_id) == Keys("s", tenant2).customer(external_id2)
    assert same is ((tenant, external_id) == (tenant2, external_id2))


@pytest.mark.parametrize(
    ("one", "other"), [(("ab", "c"), ("a", "bc")), (("", "abc"), ("abc", "")), (("a", ""), ("", "a"))]
)
def test_shifted_pairs_differ(one: tuple[str, str], other: tuple[str, str]) -> None:
    """("ab", "c") and ("a", "bc") are two customers, in keys and in passwords."""
    assert Keys("s", one[0]).customer(one[1]) != Keys("s", other[0]).customer(other[1])
    assert Keys("s", one[0]).password(one[1]) != Keys("s", other[0]).password(other[1])


def test_the_fingerprint_covers_every_column_but_the_key() -> None:
    """A column that is added to the design is covered, or this fails."""
    assert set(FINGERPRINT_COLUMNS) == set(ROW_COLUMNS) - {"external_id"}


@pytest.mark.parametrize("column", FINGERPRINT_COLUMNS)
def test_one_changed_column_is_that_column(column: str) -> None:
    """A change is told by its column: one that is emptied, filled, or differs by a letter's case."""
    keys = Keys("a seed", "tenant-1")
    before = keys.fingerprint(filled())
    for value in ("", "another", f"Value of {column}", f"value of {column} "):
        assert changed_columns(before, keys.fingerprint(filled(**{column: value}))) == (column,)


def row_text(row: Customer) -> str:
    """The cells of a row as one text."""
    return BETWEEN_CELLS.join(getattr(row, column) for column in FINGERPRINT_COLUMNS)


def is_of_row(keys: Keys, fingerprint: bytes, row: Customer) -> bool:
    """Whether the fingerprint surely is that of this row."""
    return keys.is_of_row(fingerprint, keys.customer(row.external_id), row_text(row))


def test_a_fingerprint_knows_its_row_as_a_whole() -> None:
    """Of the same customer and with the same cells, and no other; with and without later columns."""
    keys = Keys("a seed", "tenant-1")
    for row in (filled(), filled(**dict.fromkeys(LATER_COLUMNS, ""))):
        fingerprint = keys.fingerprint(row)
        assert is_of_row(keys, fingerprint, row)
        assert not is_of_row(Keys("another seed", "tenant-1"), fingerprint, row)
        assert not is_of_row(keys, fingerprint, replace(row, external_id="another"))
        for column in FINGERPRINT_COLUMNS:
            assert not is_of_row(keys, fingerprint, replace(row, **{column: "another"}))


def test_a_cell_that_could_hide_where_it_ends_has_no_whole() -> None:
    """Rows whose cells differ may then be one text; by their columns they differ."""
    keys = Keys("a seed", "tenant-1")
    row, other = filled(first_name="a\0", last_name="b"), filled(first_name="a", last_name="\0b")
    assert row_text(row) == row_text(other)
    assert not is_of_row(keys, keys.fingerprint(row), row)
    assert changed_columns(keys.fingerprint(row), keys.fingerprint(other)) == ("first_name", "last_name")


def test_a_mixed_fingerprint_knows_a_row_only_if_all_of_it_is_of_that_row() -> None:
    """What a run kept of an earlier row is not in the row of today."""
    keys = Keys("a seed", "tenant-1")
    before, now = filled(), filled(email="new@example.com", phone="+3702")
    mixed = merged_fingerprint(keys.fingerprint(before), keys.fingerprint(now), keep=frozenset({"email"}))
    assert not is_of_row(keys, mixed, before)
    assert not is_of_row(keys, mixed, now)
    assert is_of_row(keys, mixed, filled(phone="+3702")) is False
    assert changed_columns(mixed, keys.fingerprint(filled(phone="+3702"))) == ()
    for keep, row in ((frozenset(FINGERPRINT_COLUMNS), before), (frozenset[str](), now)):
        whole = merged_fingerprint(keys.fingerprint(before), keys.fingerprint(now), keep=keep)
        assert whole == keys.fingerprint(row)


@given(st.sets(st.sampled_from(FINGERPRINT_COLUMNS)))
def test_changed_columns_are_named_all_and_in_order(columns: set[str]) -> None:
    """Any set of changes is reported as it is, in the columns' order."""
    keys = Keys("a seed", "tenant-1")
    changed = filled(**dict.fromkeys(columns, "changed"))
    found = changed_columns(keys.fingerprint(filled()), keys.fingerprint(changed))
    assert found == tuple(column for column in FINGERPRINT_COLUMNS if column in columns)


def test_where_a_row_stands_does_not_change_it() -> None:
    """The file's name and the row's number are not the customer's."""
    keys = Keys("a seed", "tenant-1")
    moved = replace(filled(), source="other.csv", row_number=99)
    assert keys.fingerprint(moved) == keys.fingerprint(filled())


def pieces(fingerprint: bytes) -> list[bytes]:
    """Cut a fingerprint into its columns."""
    assert len(fingerprint) == 6 * len(FINGERPRINT_COLUMNS) + TAIL
    return [fingerprint[start : start + 6] for start in range(0, len(fingerprint) - TAIL, 6)]


def test_equal_values_do_not_show() -> None:
    """Neither of two customers with one value, nor of two columns with one value, do the digests agree."""
    keys, same = Keys("a seed", "tenant-1"), dict.fromkeys(FINGERPRINT_COLUMNS, "the same")
    people = [pieces(keys.fingerprint(filled(external_id=one, **same))) for one in ("L-1", "L-2", "L-3")]
    assert all(len(set(one)) == len(FINGERPRINT_COLUMNS) for one in people)
    for one, other in combinations(people, 2):
        assert not set(one) & set(other)
    elsewhere = pieces(Keys("a seed", "tenant-2").fingerprint(filled(external_id="L-1", **same)))
    assert not set(elsewhere) & set(people[0])


@given(TEXT, TEXT)
def test_a_fingerprint_holds_no_value(value: str, external_id: str) -> None:
    """Whatever a row holds, the ledger's bytes are of one length and none of them are the value's."""
    fingerprint = Keys("a seed", "tenant-1").fingerprint(filled(external_id=external_id, last_name=value))
    assert len(fingerprint) == 6 * len(FINGERPRINT_COLUMNS) + (1 if BETWEEN_CELLS in value else TAIL)
    assert len(value.encode()) < 6 or value.encode() not in fingerprint


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=200))
def test_a_sealed_id_is_read_with_its_seed_and_customer_only(external_id: str) -> None:
    """Any text comes back; another seed, tenant or customer gets nothing out of it."""
    keys = Keys("a seed", "tenant-1")
    key, sealed = keys.customer(external_id), keys.seal(external_id)
    assert keys.unseal(key, sealed) == external_id
    assert keys.seal(external_id) == sealed
    assert len(sealed) < 4 or external_id.encode() not in sealed
    for others in (Keys("another", "tenant-1"), Keys("a seed", "tenant-2")):
        assert others.unseal(key, sealed) == ""
    assert keys.unseal(keys.customer(external_id + "x"), sealed) == ""
    assert keys.unseal(key, sealed[:-1]) == keys.unseal(key, b"") == ""


def test_no_two_customers_are_sealed_with_one_stream() -> None:
    """What two seals have in common says nothing of what two ids have in common."""
    keys = Keys("a seed", "tenant-1")
    ids = [f"CUSTOMER-NUMBER-{number:03}" for number in range(50)]
    streams = [bytes(a ^ b for a, b in zip(keys.seal(one), one.encode(), strict=True)) for one in ids]
    assert all(len({stream[place] for stream in streams}) > 20 for place in range(len(streams[0])))


def test_seals_are_stable() -> None:
    """A ledger of today names its customers to every later version."""
    assert Keys("a seed", "tenant-1").seal("L-1").hex() == GOLDEN_SEAL


@pytest.mark.parametrize("text", ["", "a", '{"name": "Žukėnė"}' * 1000])
def test_a_sealed_text_is_read_with_its_seed_only(text: str) -> None:
    """The same text is sealed alike; another seed or tenant, and a seal that was touched, give nothing."""
    keys = Keys("a seed for tests", "tenant")
    sealed = keys.seal_text(text)
    assert sealed == keys.seal_text(text)
    assert keys.unseal_text(sealed) == text
    assert text.encode().hex() not in sealed or not text
    if text:
        touched = sealed[:-2] + f"{int(sealed[-2:], 16) ^ 1:02x}"
        assert Keys("another seed", "tenant").unseal_text(sealed) == ""
        assert Keys("a seed for tests", "another").unseal_text(sealed) == ""
        assert keys.unseal_text(touched) == ""


LATER = (*LATER_COLUMNS, "extra")


@pytest.mark.parametrize("filled_later", [(), ("document_expires_on",), ("identity_document_back", "extra"), LATER])
def test_later_columns_take_no_room_while_they_are_empty(filled_later: tuple[str, ...]) -> None:
    """But for a byte that says that they are covered; a column that is filled or emptied is that one."""
    keys = Keys("a seed", "tenant-1")
    empty = filled(**dict.fromkeys(LATER, ""))
    before = keys.fingerprint(empty)
    assert len(before) == 6 * (len(FINGERPRINT_COLUMNS) - len(LATER)) + TAIL
    now = keys.fingerprint(replace(empty, **dict.fromkeys(filled_later, "there")))
    assert set(changed_columns(before, now)) == set(changed_columns(now, before)) == set(filled_later)
    assert merged_fingerprint(before, now, keep=frozenset(LATER)) == before
    assert merged_fingerprint(now, before, keep=frozenset(LATER)) == now


@pytest.mark.parametrize("known", [0, 3])
def test_what_a_version_did_not_know_is_no_change(known: int) -> None:
    """A column that it ignored, though the file had it; what it knew is compared, and covered once it is sent."""
    keys = Keys("a seed", "tenant-1")
    empty = filled(**dict.fromkeys(LATER, ""))
    before = keys.fingerprint(empty)[:-TAIL] + (bytes([known]) if known else b"")
    now = keys.fingerprint(replace(empty, phone="+37061231009", **dict.fromkeys(LATER, "there")))
    assert changed_columns(before, now) == ("phone", *LATER[:known])
    kept = merged_fingerprint(before, now, keep=frozenset({"phone", *LATER}))
    assert changed_columns(before, kept) == ()
    assert changed_columns(kept, now) == ("phone", *LATER[:known])
