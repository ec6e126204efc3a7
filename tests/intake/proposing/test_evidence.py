import polars as pl

from finhub_onboard.intake.proposing import evidence
from finhub_onboard.intake.proposing.propose import propose, render
from tests.intake.proposing.support import DIALECT, parsed


def test_a_file_without_a_header_shows_none_of_its_first_row() -> None:
    """What should be names are values of a person: nothing is mapped and nothing shown."""
    first_row = ["C-1", "Ana", "Weiß", "ana.weiss@example.com", "+37061231001", "03.10.1990", "LT"]
    proposal = propose(pl.DataFrame({cell: ["x"] for cell in first_row}), dialect=DIALECT)
    text = render(proposal)
    assert proposal.choices == ()
    assert [cell for cell in first_row if cell in text and len(cell) > 2] == []
    assert "no header" in text
    assert parsed(proposal).source.delimiter == ";"


def test_masks_keep_punctuation_only() -> None:
    """Letters of any script and digits of any script go; an address keeps only that it is one."""
    assert evidence.mask("O'Neill-Šimkus 7") == "A'Aaaaa-Aaaaaa 9"
    assert evidence.mask("李 ٣\n") == "a 9 "
    assert evidence.mask("ana.weiss@example.com") == "a@a.aaa"
