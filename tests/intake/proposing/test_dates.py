import pytest

from finhub_onboard.config.profile import Formats
from finhub_onboard.intake.proposing import dates
from finhub_onboard.intake.proposing.propose import propose, render
from tests.intake.proposing.support import NOTHING, opened, parsed, people


@pytest.mark.parametrize(
    ("cells", "formats"),
    [
        (("03.10.1990", "31.12.1980"), ("DD.MM.YYYY",)),
        (("03.10.1990", "31.12.1980", "31.02.1980"), ("DD.MM.YYYY",)),
        (("03.10.1990", "04.05.1980"), ("DD.MM.YYYY", "MM.DD.YYYY")),
        (("3/8/1971", "11/16/1968"), ("M/D/YYYY",)),
        (("3.10.1990", "31.12.1980"), ("D.MM.YYYY",)),
        (("19081209", "19990219"), ("YYYYMMDD",)),
        (("1990-01-02", "1990-03-04"), ("YYYY-MM-DD",)),
        (("1990/01/02", "1990/03/04"), ("YYYY/MM/DD", "YYYY/DD/MM")),
        (("3 Oct 1990", "12 Jan 1991"), ("D MMM YYYY",)),
        (("Oct 3, 1990", "Jan 12, 1991"), ("MMM D, YYYY",)),
        (("14.03.2025 10:15:00", "01.02.2025 08:00:00"), ("DD.MM.YYYY hh:mm:ss",)),
        (("31.10.90", "30.12.80"), ("DD.MM.YY",)),
        (("1990-01-25 00:00:00.000", "1985-02-28 00:00:00.000"), ("YYYY-MM-DD hh:mm:ss.fff",)),
        (("1990-01-05T00:00:00.000Z", "1985-02-28T00:00:00.000Z"), ("YYYY-MM-DDThh:mm:ss.fffZ",)),
        (("1990-01-05T00:00:00+02:00", "1985-02-28T00:00:00Z"), ("YYYY-MM-DDThh:mm:ssZ",)),
        (("1/25/1990 12:00:00 AM", "12/5/1985 12:00:00 AM"), ("M/D/YYYY hh:mm:ss AM",)),
        (("1/25/1990 12:00 a.m.", "12/5/1985 12:00 a.m."), ("M/D/YYYY hh:mm AM",)),
        (("25.01.1990 0:00", "28.02.1985 0:00"), ("DD.MM.YYYY h:mm",)),
        (("14.03.2025 9:15", "01.02.2025 10:00"), ("DD.MM.YYYY h:mm",)),
    ],
)
def test_a_date_format_is_what_the_dates_prove(cells: tuple[str, ...], formats: tuple[str, ...]) -> None:
    """A day after the 12th decides; without one both orders stay."""
    written = dates.written(cells)
    assert written is not None
    assert written.formats == formats
    for text in formats:
        Formats(date_of_birth=text, pivot_year=20)


def test_a_slip_does_not_make_an_order_doubtful_but_a_mixture_does() -> None:
    """One date of the other order among hundreds is a fault of its row; a third of them is another way of writing."""
    days = [f"{day:02d}/05/1980" for day in range(13, 29)] * 10
    slip = dates.written([*days, "05/20/1980"])
    assert slip is not None
    assert slip.formats == ("DD/MM/YYYY",)
    mixed = dates.written([*days, *(f"05/{day}/1980" for day in range(13, 29))] * 2)
    assert mixed is not None
    assert set(mixed.formats) == {"DD/MM/YYYY", "MM/DD/YYYY"}


@pytest.mark.parametrize("cells", [("abc",), ("12345678",), ("0711 123456",), ("99.99.9999",), ("192.168.1.1",)])
def test_what_is_no_date_is_none(cells: tuple[str, ...]) -> None:
    """Ids, phones and addresses have other looks, or no day in the calendar."""
    assert dates.written(cells) is None


def test_an_order_without_proof_is_left_open_with_both_candidates() -> None:
    """The profile keeps its default, so that a forgotten answer rejects rows and turns no date."""
    proposal = propose(people(date_of_birth=("03.10.1990", "04.05.1980")), dialect=NOTHING)
    assert opened(proposal, "formats.date_of_birth").candidates == ("DD.MM.YYYY", "MM.DD.YYYY")
    assert parsed(proposal).formats == Formats()
    assert '# date_of_birth = "DD.MM.YYYY"  # OPEN: or "MM.DD.YYYY"; ' in render(proposal)


def test_the_century_of_two_digit_years_is_left_open() -> None:
    """Nothing in a file proves a pivot; the format waits with it, as a profile needs both."""
    proposal = propose(people(date_of_birth=("31.10.90", "30.12.80")), dialect=NOTHING)
    assert opened(proposal, "formats.date_of_birth").candidates == ("DD.MM.YY",)
    assert opened(proposal, "formats.pivot_year").candidates == ()
    assert parsed(proposal).formats == Formats()
