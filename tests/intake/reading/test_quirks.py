import pytest

from finhub_onboard.intake.reading import quirks

CSV = quirks.quirks_of(",", '"', "", "'")


@pytest.mark.parametrize(("line", "blank"), [(',"",\n', True), (" ,\t,\r\n", True), ("\x1a", True), (",x,\n", False)])
def test_a_blank_line_has_nothing_but_white_space_and_signs(line: str, blank: bool) -> None:  # noqa: FBT001
    """The end-of-file sign of DOS counts as nothing."""
    assert CSV.may_be_blank(line) is blank


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b"1,Ann\n2,Bob\n", False),
        (b"1,Ann\n ,\n", True),
        ("1,\u201cAnn\u201d\n".encode(), True),
        ("1,caf\u00e9\n".encode(), False),
        (b"1,''\n", True),
        (b"1,O'Neill\n", False),
    ],
)
def test_a_block_that_may_have_an_unusual_line_is_looked_at(body: bytes, found: bool) -> None:  # noqa: FBT001
    """A line that begins with white space, typographic quotes, or two apostrophes where they may be quotes."""
    assert CSV.may_be_in(body, body) is found
