import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from finhub_onboard.intake.proposing.propose import propose, render
from tests.intake.proposing.support import DIALECT, NOTHING, parsed, partner, people


def test_a_rendered_proposal_holds_no_value_of_a_person() -> None:
    """Names, addresses, numbers, dates and remarks of the file stand nowhere in it."""
    text = render(propose(partner(), dialect=DIALECT))
    personal = partner().drop("Staatsangehörigkeit", "Geschlecht", "Ausweisart", "Produkt")
    versions = [name for name in personal.columns if name.endswith("Version")]
    cells = {cell for column in personal.drop(versions) for cell in column if len(cell) > 2} - {"k.A."}
    # Words such as Karl or Wien may be parts of other words; as values they would stand alone.
    assert [cell for cell in cells if f'"{cell}"' in text or f" {cell}" in text] == []


def test_required_columns_that_are_not_found_are_written_as_open() -> None:
    """The line only needs its ``#`` removed and a name."""
    text = render(propose(people(external_id=(), category=()), dialect=NOTHING))
    assert '# external_id = "?"  # OPEN: ' in text
    assert '# category = "?"  # OPEN: ' in text


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.one_of(st.text(max_size=12), st.sampled_from(["Name", "Geschlecht", "Land", "nulls", 'a"b', "Produkt"])),
        st.lists(st.one_of(st.text(max_size=12), st.sampled_from(["NA", "-", "m", 'k"', "Ñ", "1.2.90"])), max_size=3),
        max_size=5,
    )
)
def test_whatever_the_file_holds_the_text_loads_as_a_profile(table: dict[str, list[str]]) -> None:
    """No name and no cell breaks out of its line."""
    columns = {name: [*cells, "", "", ""][:3] for name, cells in table.items()}
    proposal = propose(pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String)), dialect=NOTHING)
    profile = parsed(proposal)
    assert profile.columns == {choice.column: choice.origin for choice in proposal.choices}
    assert len(profile.nulls) == len(proposal.nulls)
