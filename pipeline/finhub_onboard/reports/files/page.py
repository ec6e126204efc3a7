"""``report.html``: one self-contained page that says what a run did and what to do next.

Promises: no personal data (it shows counts, codes, redacted messages and row numbers only); every text is escaped and
a content policy in the page forbids scripts and loading; light, dark, phone and print. Does not know the ledger or a
file: it gets numbers and gives text.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from html import escape
from importlib.resources import files
from itertools import groupby, pairwise
from string import Template

from finhub_onboard.model import Disposition
from finhub_onboard.reports.files import advice
from finhub_onboard.reports.files.causes import Cause
from finhub_onboard.reports.files.charts import Series, amount, bar, duration, lines, stacked_bar, thin
from finhub_onboard.reports.files.totals import Summary, TimelinePoint, Totals

_LONGEST = 300
_LONGEST_CODE = 60
_CAUSE_CLASSES = {0: "stage", 1: "field", 2: "code", 4: "n"}
_MOST_CAUSES = 50
_POINTS = 240
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
    summary: Summary, totals: Totals, timeline: Sequence[TimelinePoint] = (), *, again: advice.Again | None = None
) -> str:
    """Write the page; ``again`` is how this run was started, for the commands of the next steps."""
    causes = totals.causes()
    return _template().substitute(
        title=_text(f"Onboarding run {summary.run_id}"),
        run_id=_text(summary.run_id),
        when=_text(_when(summary)),
        headline=_text(advice.headline(summary)),
        tone=advice.tone(summary.exit_code),
        exit_code=int(summary.exit_code),
        meaning=_text(advice.meaning(summary.exit_code)),
        because=f'<p class="soft">Why it stopped: {_text(summary.stopped_because)}</p>' * bool(summary.stopped_because),
        advice="\n".join(_step(step) for step in advice.steps(summary, totals, again)),
        rows=f"{summary.rows_read:,}",
        customers=f"{totals.customers:,}",
        dispositions=_dispositions(summary),
        funnel=_funnel(totals),
        causes=_causes([c for c in causes if c.rows or not c.overcome]),
        overcome=_overcome([c for c in causes if c.overcome]),
        rate=_rate(summary),
        charts=_charts(summary, thin(timeline, _POINTS)),
        calls=_calls(summary),
        inputs=_inputs(summary),
        versions=_text(" · ".join(f"{name} {version}" for name, version in summary.versions.items())),
    )


@cache
def _template() -> Template:
    return Template(files("finhub_onboard.reports.files").joinpath("page.html").read_text(encoding="utf-8"))


def _text(value: object, longest: int = _LONGEST) -> str:
    """Escape a text from anywhere: no markup, no control or direction characters, not endless."""
    text = str(value)
    if len(text) > longest:
        text = text[: longest - 1] + "…"
    return escape(text.translate(_CONTROLS))


def _code(value: str) -> str:
    """Escape a code or a name of a field; it may be broken at its underscores."""
    return _text(value, _LONGEST_CODE).replace("_", "_<wbr>")


def _when(summary: Summary) -> str:
    try:
        begin, end = (datetime.fromisoformat(at) for at in (summary.started_at, summary.finished_at))
        took = f" ({duration((end - begin).total_seconds())})"
    except (ValueError, TypeError):
        took = ""
    return f"{summary.started_at} to {summary.finished_at}{took}"


def _table(heads: Sequence[str], rows: Iterable[tuple[str, Sequence[str]]], classes: Mapping[int, str]) -> str:
    """Lay out cells that are HTML already; ``rows`` are a class and cells; ``classes`` are those of columns."""
    style = [f'class="{classes[index]}" ' if index in classes else "" for index in range(len(heads))]
    head = "".join(f"<th {style[index]}>{escape(name)}</th>" for index, name in enumerate(heads))
    body = "\n".join(
        f'<tr class="{kind}">'
        + "".join(
            f'<td {style[index]}data-label="{escape(heads[index])}">{cell}</td>' for index, cell in enumerate(cells)
        )
        + "</tr>"
        for kind, cells in rows
    )
    return f"<thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody>"


def _step(step: advice.Step) -> str:
    mark = f' style="--mark:var(--{step.disposition})"' if step.disposition else ""
    commands = "".join(f"<pre>{escape(command.translate(_CONTROLS))}</pre>" for command in step.commands)
    return f"<li{mark}><strong>{_text(step.title)}</strong>{escape(step.text)}{commands}</li>"


def _share(count: int, total: int) -> str:
    return f"{count / total:.1%}" if total else ""


def _dispositions(summary: Summary) -> str:
    counts = summary.dispositions
    rows = (
        (
            "" if count else "none",
            (
                f'<span class="key" style="background:var(--{name})"></span>{name.replace("_", " ")}',
                f"{count:,}",
                _share(count, summary.rows_read),
            ),
        )
        for name, count in counts.items()
    )
    picture = stacked_bar([(name.value, counts[name]) for name in Disposition])
    return f"{picture}<table>{_table(('disposition', 'rows', 'share'), rows, {1: 'n', 2: 'n'})}</table>"


def _funnel(totals: Totals) -> str:
    rows = (
        ("", (phase.value, f"{count:,}", bar(count / totals.customers if totals.customers else 0)))
        for phase, count in totals.funnel().items()
    )
    return f"<table>{_table(('phase', 'customers', ''), rows, {1: 'n', 2: 'bar'})}</table>"


def _examples(cause: Cause) -> str:
    found = groupby(cause.examples, key=lambda example: example[0])
    return "; ".join(f"{_text(source)}: {', '.join(str(number) for _, number in rows)}" for source, rows in found)


def _causes(causes: Sequence[Cause]) -> str:
    if not causes:
        return "<p>No row was rejected, refused or given up.</p>"
    heads = ("stage", "field", "code", "message", "rows", "first rows", "what to do")
    rows = (
        (
            "",
            (
                _text(cause.stage),
                _code(cause.field),
                f"<code>{_code(cause.code)}</code>",
                _text(cause.message),
                f"{cause.rows:,}" if cause.rows else "the run",
                _examples(cause),
                _text(cause.hint),
            ),
        )
        for cause in causes[:_MOST_CAUSES]
    )
    more = len(causes) - _MOST_CAUSES
    rest = f'<p class="soft">{more} more kinds are in errors.csv.</p>' if more > 0 else ""
    note = '<p class="soft">A row that broke several rules counts once for each.</p>'
    return f'<table class="cards">{_table(heads, rows, _CAUSE_CLASSES)}</table>{note}{rest}'


def _overcome(causes: Sequence[Cause]) -> str:
    if not causes:
        return ""
    rows = (
        ("", (_text(c.stage), f"<code>{_code(c.code)}</code>", _text(c.message), f"{c.overcome:,}", f"{c.lines:,}"))
        for c in sorted(causes, key=lambda c: -c.overcome)[:_MOST_CAUSES]
    )
    heads = ("stage", "code", "message", "rows", "errors")
    return (
        "<section><h2>Errors that were overcome</h2>\n"
        '<p class="soft">Rows that met these errors and came through all the same.</p>\n'
        f'<table class="cards">{_table(heads, rows, {0: "stage", 1: "code", 3: "n", 4: "n"})}</table></section>'
    )


def _rate(summary: Summary) -> str:
    rate = summary.rate
    return (
        f"{amount(rate.reached)} calls per second on average, {rate.max_in_1s:,} at most in any one second; "
        f"{amount(rate.asked)} configured."
    )


def _charts(summary: Summary, points: Sequence[TimelinePoint]) -> str:
    # A stretch without length has no rate; it can only be the first.
    points = [point for point in points if point.at > 0]
    if not points:
        return "<p>No times were recorded.</p>"
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
    return lines("Calls per second", ends, rate, limit=summary.rate.asked or None) + lines(
        "Latency in ms", ends, latency
    )


def _calls(summary: Summary) -> str:
    rows = [
        ("" if calls.sent else "none", (phase.value, *map(_count, (calls.sent, calls.retried, calls.refused_for_rate))))
        for phase, calls in summary.calls.items()
    ]
    sums = (sum(getattr(calls, name) for calls in summary.calls.values()) for name in _CALLS)
    rows.append(("", ("<strong>all</strong>", *(f"<strong>{_count(count)}</strong>" for count in sums))))
    heads = ("phase", "sent", "repeats", "refused (429)")
    note = '<p class="soft">Repeats and calls that the bank refused for their rate are among those sent.</p>'
    return f"<table>{_table(heads, rows, {0: 'stage', 1: 'n', 2: 'n', 3: 'n'})}</table>{note}"


_CALLS = ("sent", "retried", "refused_for_rate")


def _count(value: int) -> str:
    return f"{value:,}"


def _inputs(summary: Summary) -> str:
    rows = (("", (_text(i.source), f"{i.rows:,}", f"<code>{_text(i.sha256)}</code>")) for i in summary.inputs)
    return f'<table class="cards">{_table(("input", "rows", "SHA-256"), rows, {1: "n"})}</table>'
