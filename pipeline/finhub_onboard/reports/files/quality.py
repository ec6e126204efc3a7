"""``quality.html``: what is wrong with the inputs, for those who made them, in their language.

Promises: no personal data, not even an ``external_id``: only names of files, numbers of rows and the words of
violations; every text is escaped; nothing is loaded and no script runs. Does not know the languages.
"""

from collections.abc import Callable, Mapping, Sequence

from finhub_onboard.model import Disposition
from finhub_onboard.reports.files.causes import Cause
from finhub_onboard.reports.files.page import template
from finhub_onboard.reports.files.rows import INTAKE
from finhub_onboard.reports.files.totals import Summary, Totals

Translate = Callable[[str, str, str], tuple[str, str]]
"""Code, message and hint in English -> message and hint."""
_MAX_CAUSES = 500


def render_quality(
    summary: Summary, totals: Totals, *, name: str, labels: Mapping[str, str], translate: Translate
) -> str:
    """Render the page in the language ``name``."""
    errors = [cause for cause in totals.causes() if cause.stage == INTAKE and cause.rows][:_MAX_CAUSES]
    warnings = [cause for cause in totals.warnings() if cause.stage == INTAKE][:_MAX_CAUSES]
    wrong = summary.dispositions[Disposition.REJECTED] + totals.held
    return template("quality.html").render(
        language=name,
        labels=labels,
        summary=summary,
        wrong=wrong,
        tables=[
            (labels["what"], [(cause, cause.rows, *_words(cause, translate)) for cause in errors]),
            (labels["warnings"], [(cause, cause.lines, *_words(cause, translate)) for cause in warnings]),
        ],
        rows_of=_rows_of,
    )


def _words(cause: Cause, translate: Translate) -> tuple[str, str]:
    return translate(cause.code, cause.message, cause.hint)


def _rows_of(cause: Cause, inputs: Sequence[object]) -> str:
    """The first rows of a cause, with their input where there are several."""
    rows = cause.examples[:10]
    if len(inputs) == 1:
        return ", ".join(str(row.row_number) for row in rows)
    return ", ".join(f"{row.source}: {row.row_number}" for row in rows)
