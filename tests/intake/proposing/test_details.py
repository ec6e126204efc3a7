import pytest

from finhub_onboard.intake.proposing.propose import propose, render
from finhub_onboard.intake.reading.small_table import Detected
from tests.intake.proposing.support import NOTHING, opened, parsed, people


@pytest.mark.parametrize(
    ("name", "cells", "order"),
    [
        ("Name", ("Weiß, Ana", "Ng, Jo Ann"), "last, first"),
        ("Vor- und Nachname", ("Ana Weiß", "Jo Ann Ng"), "first last"),
        ("Nom et prénom", ("Weiß Ana", "Ng Jo"), "last first"),
        ("Full name", ("Ana Weiß", "Jo Ann Ng"), None),
        ("Nombre", ("Ana Núñez", "Juan Peña"), None),
    ],
)
def test_a_full_name_is_split_where_its_order_is_known(name: str, cells: tuple[str, ...], order: str | None) -> None:
    """By a comma or by what the column is called; otherwise both lines are open."""
    proposal = propose(people(first_name=(), last_name=(), **{name: cells}), dialect=NOTHING)
    split = parsed(proposal).split
    assert (split and (split.column, split.order)) == (order and (name, order))
    assert not any(one.key in ("first_name", "last_name") for one in proposal.open)
    if not order:
        assert opened(proposal, "split.column").candidates == (name,)
        assert set(opened(proposal, "split.order").candidates) >= {"first last", "last first"}


@pytest.mark.parametrize(
    ("cells", "left_open", "accepted_at"),
    [
        (("2025-03-14T10:15:00Z", "2025-03-14 10:15+02:00"), False, ""),
        (("2025-03-14T10:15:00", "2025-03-14 10:15:00"), True, ""),
        (("14.03.2025 10:15", "01.02.2025 08:00"), True, "DD.MM.YYYY hh:mm"),
        (("14.03.2025 10:15 +01:00", "01.02.2025 08:00 Z"), False, "DD.MM.YYYY hh:mm Z"),
    ],
)
def test_a_time_zone_is_never_guessed(cells: tuple[str, ...], accepted_at: str, *, left_open: bool) -> None:
    """Instants that state one need nothing; for others the line is open."""
    proposal = propose(people(terms_accepted_at=cells), dialect=NOTHING)
    assert ("formats.time_zone" in proposal.left_open) == left_open
    assert parsed(proposal).formats.accepted_at == accepted_at


def test_null_words_are_counted_and_namibia_is_no_null_word() -> None:
    """``NA`` is only asked about, and not at all where it stands for the nationality alone."""
    frame = people(
        gender=("m", "w", "n/a"),
        pincode=("08014", "NULL", "null"),
        nationality=("NA", "LT"),
        place_of_birth=("NA", "Bo"),
    )
    proposal = propose(frame, dialect=NOTHING)
    assert {null.word: null.count for null in proposal.nulls} == {"n/a": 13, "NULL": 26}
    assert set(parsed(proposal).nulls) == {"n/a", "NULL"}
    assert opened(proposal, ".nulls").candidates == ("NA",)
    assert "nulls" not in render(propose(people(nationality=("NA", "LT")), dialect=NOTHING))


def test_a_null_word_among_names_only_may_be_a_name() -> None:
    """Nil and Null are people; a dash is not."""
    proposal = propose(people(first_name=("Ana", "Nil"), last_name=("Weiß", "-")), dialect=NOTHING)
    assert parsed(proposal).nulls == ("-",)
    assert opened(proposal, ".nulls").candidates == ("Nil",)


def test_a_dialect_that_is_not_sure_is_left_open() -> None:
    """What is sure is stated, so that the next file of the partner is read alike."""
    dialect = Detected(encoding="cp1252", delimiter="\t", quote="", skip_lines=0, sure={"encoding": 0.5})
    proposal = propose(people(), dialect=dialect)
    source = parsed(proposal).source
    assert (source.encoding, source.delimiter, source.quote, source.skip_lines) == ("", "\t", "", 0)
    assert opened(proposal, "source.encoding").candidates == ("cp1252",)
