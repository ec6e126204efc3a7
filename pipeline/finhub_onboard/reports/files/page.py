"""``report.html``: one self-contained page that says what a run did and what to do next.

Promises: no personal data (only counts, codes, redacted messages, row numbers and external ids); every text is escaped,
and a content security policy forbids loading and all scripts but ``page.js``, which searches and filters and without
which all can be read; less than 2 MB; light, dark, phone and print. Does not know the ledger or any file. The layout is
in ``page.html`` and ``page.css``.
"""

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from importlib.resources import files
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FunctionLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from finhub_onboard.model import Disposition
from finhub_onboard.reports.files import advice
from finhub_onboard.reports.files.background import Background, TimelinePoint
from finhub_onboard.reports.files.causes import Cause, Example
from finhub_onboard.reports.files.charts import Series, amount, bar, lines, stacked_bar, thin
from finhub_onboard.reports.files.given import Given, RowFiles
from finhub_onboard.reports.files.steps import steps
from finhub_onboard.reports.files.totals import Summary, Totals
from finhub_onboard.reports.files.waiting import waits
from finhub_onboard.texts import duration, printable

_MAX_TEXT = 300
_MAX_CODE = 60
_MAX_CAUSES = 1000
_MAX_WARNINGS = 50
_MAX_WAITS = 50
_MAX_FILES = 100
_MAX_ROWS = 3000
"""Rows of all causes on a page; the other rows are in errors.csv."""
_MOST_OF_A_CAUSE = 20
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
    background: Background | None = None,
    *,
    given: Given | None = None,
    files: RowFiles | None = None,
) -> str:
    """Render the page; ``given``: the command line, for the commands of the next steps.

    ``files`` are those with rows of the inputs.
    """
    is_check = given is not None and given.is_check
    background = background or Background()
    every = totals.causes()
    causes = [cause for cause in every if cause.rows or not cause.overcome]
    overcome = sorted((cause for cause in every if cause.overcome), key=lambda cause: -cause.overcome)
    return template(_TEMPLATE).render(
        script=_script(),
        script_hash=_hash_of(_script()),
        summary=summary,
        when=_when(summary),
        took=_took(summary),
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
        rows_each=min(_MOST_OF_A_CAUSE, _MAX_ROWS // max(1, min(len(causes), _MAX_CAUSES))),
        stages=sorted({cause.stage for cause in causes}),
        more_causes=len(causes) - _MAX_CAUSES,
        overcome=overcome[:_MAX_WARNINGS],
        warnings=totals.warnings()[:_MAX_WARNINGS],
        waits=[] if is_check else list(waits(totals))[:_MAX_WAITS],
        background=background,
        charts=_charts(summary, thin(background.timeline, _MAX_POINTS)),
        links=[_link(name) for name in summary.files[:_MAX_FILES] if name != _PAGE],
        versions=" · ".join(f"{name} {version}" for name, version in summary.versions.items()),
    )


_PAGE = "report.html"


@cache
def _script() -> Markup:
    return Markup(_read_template("page.js"))  # noqa: S704 - our own file


def _hash_of(script: str) -> str:
    """The source of a content security policy that allows this script and no other."""
    return "sha256-" + b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _link(name: str) -> tuple[str, str]:
    """The address of a file beside the page, and its name."""
    return "./" + quote(str(PurePosixPath(name))), name


_TEMPLATE = "page.html"


@cache
def template(name: str) -> Template:
    """Return a template in which every text is escaped, cut, and without control characters."""
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
        "duration": duration,
        "external_id": _id,
        "reasons": _reasons,
        "share": lambda count, total: f"{count / total:.1%}" if total else "",
        "whole": lambda text: escape(printable(text)),
    }
    return environment.get_template(name)


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


def _reasons(cause: Cause) -> list[tuple[str, int]]:
    """The different messages of a cause, the most frequent first; one alone says nothing new."""
    return cause.reasons.most_common() if len(cause.reasons) > 1 else []


def _id(example: Example) -> str:
    return str(_clean(example.external_id, _MAX_CODE))


def _is_all_known(summary: Summary) -> bool:
    """Whether rows need somebody, all of them since the last run or longer."""
    since = summary.since_last_run
    return since is not None and not since.new and bool(since.known)


def _when(summary: Summary) -> str:
    took = _took(summary)
    return f"{summary.started_at} to {summary.finished_at}{f' ({took})' if took else ''}"


def _took(summary: Summary) -> str:
    try:
        begin, end = (datetime.fromisoformat(at) for at in (summary.started_at, summary.finished_at))
    except (ValueError, TypeError):
        return ""
    return duration((end - begin).total_seconds())


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
