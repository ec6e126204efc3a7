from finhub_onboard.intake.proposing.propose import propose
from tests.intake.proposing.support import DIALECT, NOTHING, opened, parsed, partner, people


def test_a_column_is_taken_once() -> None:
    """Even where several canonical columns could use it, and whatever the file is."""
    proposal = propose(partner(), dialect=DIALECT)
    origins = [choice.origin for choice in proposal.choices]
    assert len(set(origins)) == len(origins)


def test_content_tells_columns_whose_names_say_nothing() -> None:
    """E-mail addresses, phones and genders are known by their looks; ids and birth dates are only asked about."""
    frame = people(gender=("Frau", "Herr")).rename(
        {"email": "f4", "phone": "f5", "date_of_birth": "f6", "gender": "f9", "external_id": "f1"}
    )
    proposal = propose(frame, dialect=NOTHING)
    assert {c.column: c.origin for c in proposal.choices if c.reason == "content"} == {
        "email": "f4",
        "phone": "f5",
        "gender": "f9",
    }
    assert opened(proposal, "columns.external_id").candidates[0] == "f1"
    assert opened(proposal, "columns.date_of_birth").candidates[0] == "f6"


def test_a_name_that_its_cells_contradict_is_not_believed() -> None:
    """A column called ``Telefon`` full of words is asked about at most."""
    proposal = propose(people(phone=(), Telefon=("ja", "nein")), dialect=NOTHING)
    assert proposal.origin("phone") == ""
    assert opened(proposal, "columns.phone").section == "columns"


def test_two_columns_that_are_as_good_as_each_other_are_left_open() -> None:
    """Which of two phones the bank gets is not for us to say."""
    phones = [f"+3706123{number}" for number in range(1000, 1040)]
    proposal = propose(people(phone=(), Telefon=phones, Mobil=phones), dialect=NOTHING)
    assert opened(proposal, "columns.phone").candidates == ("Telefon", "Mobil")
    assert "phone" not in parsed(proposal).columns


def test_what_belongs_to_somebody_else_is_no_rival() -> None:
    """Second addresses and those of a branch are as good by their looks, and are asked about at most."""
    others = [f"b{number}@example.com" for number in range(40)]
    proposal = propose(people(secondary_email=others), dialect=NOTHING)
    assert proposal.origin("email") == "email"
    alone = propose(people(email=(), **{"E-Mail der Filiale": others}), dialect=NOTHING)
    assert opened(alone, "columns.email").candidates == ("E-Mail der Filiale",)


def test_name_beside_vorname_is_the_last_name() -> None:
    """And alone it is no last name."""
    proposal = propose(people(first_name=(), last_name=(), Vorname=("Ana",), Name=("Weiß",)), dialect=NOTHING)
    assert proposal.origin("last_name") == "Name"
    alone = propose(people(first_name=(), last_name=(), Name=("Weiß",)), dialect=NOTHING)
    assert alone.origin("last_name") == ""
