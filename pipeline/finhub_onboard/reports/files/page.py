"""``report.html``: one self-contained page that says what a run did and what to do next.

Promises: no personal data (only counts, codes, redacted messages and row numbers); every text is escaped, and a content
security policy forbids scripts and loading; light, dark, phone and print. Does not know the ledger or any file. The
layout is in ``page.html`` and ``page.css``.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cache
from importlib.resources import files
from itertools import groupby, pairwise
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from finhub_onboard.model import Disposition
from finhub_onboard.reports.files import advice
from finhub_onboard.reports.files.causes import Cause
from finhub_onboard.reports.files.charts import Series, amount, bar, lines, stacked_bar, thin
from finhub_onboard.reports.files.given import Given, RowFiles
from finhub_onboard.reports.files.steps import steps
from finhub_onboard.reports.files.totals import Summary, TimelinePoint, Totals
from finhub_onboard.texts import duration, printable

_MAX_TEXT = 300
_MAX_CODE = 60
_MAX_CAUSES = 50
_MAX_POINTS = 240
_CONTROLS = dict.fromkeys(
    (
        *range(32),
        *range(0x7F, 0xA0),
        0x61C,
        *range(0x200B, 0x2010),
        *range(0x2028, 0x202F),
        *range(0x2060, 0x2070),
        0xFEFF,
    ),
    "\ufffd",
)


def render(
    summary: Summary,
    totals: Totals,
    timeline: Sequence[TimelinePoint] = (),
    *,
    given: Given | None = None,
    files: RowFiles | None = None,
) -> str:
    """Render the page; ``given``: the command line, for the commands of the next steps.

    ``files`` are those with rows of the inputs.
    """
    is_check = given is not None and given.is_check
    every = totals.causes()
    causes = [cause for cause in every if cause.rows or not cause.overcome]
    overcome = sorted((cause for cause in every if cause.overcome), key=lambda cause: -cause.overcome)
    return _template().render(
        summary=summary,
        when=_when(summary),
        headline=advice.headline(summary),
        tone=advice.tone(summary.exit_code),
        is_check=is_check,
        meaning=advice.meaning(summary.exit_code, is_check=is_check, is_all_known=_is_all_known(summary)),
        since=summary.since_last_run.words if summary.since_last_run else "",
        steps=steps(summary, totals, given, files),
        dispositions=stacked_bar([(name.value, summary.dispositions[name]) for name in Disposition]),
        customers=totals.customers,
        funnel=totals.funnel(),
        causes=causes[:_MAX_CAUSES],
        more_causes=len(causes) - _MAX_CAUSES,
        overcome=overcome[:_MAX_CAUSES],
        charts=_charts(summary, thin(timeline, _MAX_POINTS)),
        versions=" · ".join(f"{name} {version}" for name, version in summary.versions.items()),
    )


@cache
def _template() -> Template:
    # `finalize` is applied to every value before it is escaped, so no text can be forgotten.
    environment = Environment(
        loader=FunctionLoader(_read_template),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_clean,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "amount": amount,
        "bar": lambda count, total: bar(count / total if total else 0),
        "code": _code,
        "number": lambda value: f"{value:,}",
        "example_rows": _example_rows,
        "share": lambda count, total: f"{count / total:.1%}" if total else "",
        "whole": lambda text: escape(printable(text)),
    }
    return environment.get_template("page.html")


def _read_template(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _clean(value: Any, longest: int = _MAX_TEXT) -> Any:
    """Replace control and direction characters of a text and limit its length; markup is returned unchanged."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    text = value if len(value) <= longest else value[: longest - 1] + "…"
    return text.translate(_CONTROLS)


def _code(value: str) -> Markup:
    """Escape a code or field name and allow line breaks after its underscores."""
    return Markup("_<wbr>").join(_clean(value, _MAX_CODE).split("_"))


def _example_rows(cause: Cause) -> Iterator[tuple[str, str]]:
    """Group the example rows of a cause by their input."""
    for source, examples in groupby(cause.examples, key=lambda example: example[0]):
        yield source, ", ".join(str(number) for _, number in examples)


def _is_all_known(summary: Summary) -> bool:
    """Whether rows need somebody, all of them since the last run or longer."""
    since = summary.since_last_run
    return since is not None and not since.new and bool(since.known)


def _when(summary: Summary) -> str:
    try:
        begin, end = (datetime.fromisoformat(at) for at in (summary.started_at, summary.finished_at))
        took = f" ({duration((end - begin).total_seconds())})"
    except (ValueError, TypeError):
        took = ""
    return f"{summary.started_at} to {summary.finished_at}{took}"


def _charts(summary: Summary, points: Sequence[TimelinePoint]) -> list[Markup]:
    # An interval without length has no rate; only the first can be one.
    points = [point for point in points if point.at > 0]
    if not points:
        return []
    ends = [point.at for point in points]
    spans = [max(end - begin, 1e-3) for begin, end in pairwise([0.0, *ends])]
    rate = [
        Series(name="sent", style="s1", values=[p.calls / s for p, s in zip(points, spans, strict=True)]),
    ]
    if any(point.refused for point in points):
        refused = [p.refused / s for p, s in zip(points, spans, strict=True)]
        rate.append(Series(name="refused (429)", style="s3", values=refused))
    latency = [
        Series(name="half are faster than", style="s1", values=[p.latency_p50_ms for p in points]),
        Series(name="95 % are faster than", style="s2", values=[p.latency_p95_ms for p in points]),
    ]
    return [
        lines("Calls per second", ends, rate, limit=summary.rate.asked or None),
        lines("Latency in ms", ends, latency),
    ]
