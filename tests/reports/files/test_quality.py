import pytest
from markupsafe import escape

from finhub_onboard.model import Disposition
from finhub_onboard.model.languages import LANGUAGES
from finhub_onboard.reports.files.quality import render_quality
from finhub_onboard.reports.files.rows import ErrorLine, Result
from finhub_onboard.reports.files.totals import Totals
from finhub_onboard.reports.translation import language
from tests.reports.files.test_page import HOSTILE, WARNING, parse, summary_of


def quality_of(name: str, source: str = "a.csv") -> str:
    """Render the page of two rows, one of them without a phone."""
    totals = Totals()
    line = ErrorLine(
        source=source,
        row_number=7,
        external_id="PERSONAL",
        stage="intake",
        field="phone",
        code="required_missing",
        message="a required value is missing",
        hint="fill it in",
    )
    totals.feed_error(line)
    totals.feed_result(Result(source=source, row_number=7, external_id="PERSONAL", disposition=Disposition.REJECTED))
    totals.feed_warnings([WARNING])
    counts = {Disposition.REJECTED: 1, Disposition.PENDING: 1}
    words = language(name)
    return render_quality(summary_of(counts, 3, source), totals, name=name, labels=words.labels, translate=words.of)


@pytest.mark.parametrize("name", LANGUAGES)
def test_it_says_in_the_language_what_is_wrong_and_names_nobody(name: str) -> None:
    """Column, problem, row and advice; no external_id, no script."""
    page = quality_of(name)
    parse(page)
    words = language(name)
    problem, advice = words.of("required_missing", "a required value is missing", "fill it in")
    for text in (f'<html lang="{name}">', problem, advice, ">7</td>", words.labels["warnings"]):
        assert str(escape(text)) in page or text in page
    assert "PERSONAL" not in page
    assert "C4" not in page
    assert "<script" not in page


def test_hostile_names_of_files_are_escaped() -> None:
    """The page goes to others: no name of a file becomes markup."""
    page = quality_of("de", HOSTILE)
    parse(page)
    assert "<script" not in page
