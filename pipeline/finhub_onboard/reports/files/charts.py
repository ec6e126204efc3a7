"""Charts as inline SVG and HTML: a stacked bar, bars in a table, lines over time.

Promises: pure and deterministic; texts are escaped; nothing is loaded from anywhere, colours come from the page's style
sheet. Does not know what the numbers mean.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor, log10

from markupsafe import Markup

from finhub_onboard.reports.files.background import TimelinePoint
from finhub_onboard.texts import duration

_WIDTH, _HEIGHT = 1000, 100
_WHOLE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A line of a chart: its name, its style class, and a value (or ``None``) per interval."""

    name: str
    style: str
    values: Sequence[float | None]


def amount(value: float) -> str:
    """Write a number with as few digits as are useful."""
    if value == int(value) or value >= _WHOLE:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 1 and round(value, 1) == round(value, 2) else f"{value:.3g}"


def round_up(value: float) -> float:
    """Round up to a value of few digits: the top of an axis."""
    if value <= 0:
        return 1
    power = 10.0 ** floor(log10(value))
    return next(step * power for step in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if step * power >= value * 0.999)


def stacked_bar(parts: Sequence[tuple[str, int]]) -> Markup:
    """Draw shares side by side; ``parts``: colour names and counts."""
    total = sum(count for _, count in parts)
    rectangles, left = [], 0.0
    for name, count in parts:
        width = count / total * _WIDTH if total else 0
        if count:
            rectangles.append(_PART.format(left=left, width=width, name=name))
        left += width
    return _STACK.format(width=_WIDTH, parts=Markup().join(rectangles))


_PART = Markup('<rect x="{left:.2f}" width="{width:.2f}" height="10" style="fill:var(--{name})"/>')
_STACK = Markup(
    '<svg class="stack" viewBox="0 0 {width} 10" preserveAspectRatio="none" aria-hidden="true">{parts}</svg>'
)


def bar(share: float) -> Markup:
    """Draw a bar in a table cell; nothing for a share of 0."""
    return Markup('<span style="width:{:.2%}"></span>').format(min(1.0, share)) if share > 0 else Markup()


def thin(points: Sequence[TimelinePoint], limit: int) -> list[TimelinePoint]:
    """Merge neighbours until at most ``limit`` points are left: counts are added, the higher latency is kept."""
    step = max(1, ceil(len(points) / limit))
    return [_merge(points[at : at + step]) for at in range(0, len(points), step)]


def _merge(points: Sequence[TimelinePoint]) -> TimelinePoint:
    return TimelinePoint(
        at=points[-1].at,
        calls=sum(point.calls for point in points),
        latency_p50_ms=max((p.latency_p50_ms for p in points if p.latency_p50_ms is not None), default=None),
        latency_p95_ms=max((p.latency_p95_ms for p in points if p.latency_p95_ms is not None), default=None),
        refused=sum(point.refused for point in points),
    )


def lines(title: str, ends: Sequence[float], series: Sequence[Series], *, limit: float | None = None) -> Markup:
    """Draw a step chart; interval ``i`` ends at ``ends[i]`` seconds; ``limit`` is a dashed horizontal line."""
    known = [value for line in series for value in line.values if value is not None]
    top = round_up(max([*known, limit or 0], default=0))
    span = ends[-1] or 1
    drawn = [_LINE.format(style=line.style, path=_steps(ends, line.values, span, top)) for line in series]
    keys = [_KEY.format(style=line.style, name=line.name) for line in series]
    if limit is not None:
        drawn.insert(0, _LINE.format(style="limit", path=f"M0 {_HEIGHT * (1 - limit / top):.2f}H{_WIDTH}"))
        keys.append(_KEY.format(style="limit", name="configured"))
    return _CHART.format(
        title=title,
        keys=Markup().join(keys),
        top=amount(top),
        half=amount(top / 2),
        width=_WIDTH,
        height=_HEIGHT,
        middle=_HEIGHT / 2,
        drawn=Markup().join(drawn),
        half_way=duration(span / 2),
        end=duration(span),
    )


_LINE = Markup('<path class="{style}" d="{path}"/>')
_KEY = Markup('<span><i class="{style}"></i>{name}</span>')
_CHART = Markup(
    '<div class="chart"><h3>{title}{keys}</h3>'
    '<div class="y"><span>{top}</span><span>{half}</span><span>0</span></div>'
    '<svg viewBox="0 0 {width} {height}" preserveAspectRatio="none" role="img" aria-label="{title}">'
    '<path class="grid" d="M0 0H{width}M0 {middle}H{width}M0 {height}H{width}"/>{drawn}</svg>'
    '<div class="x"><span>0</span><span>{half_way}</span><span>{end}</span></div></div>'
)


def _steps(ends: Sequence[float], values: Sequence[float | None], span: float, top: float) -> str:
    """Return the SVG path: a level per interval, connected where neighbours have values, broken where they do not."""
    path, drawing = [], False
    for (begin, end), value in zip(pairwise([0.0, *ends]), values, strict=True):
        if value is None:
            drawing = False
            continue
        x, y = begin / span * _WIDTH, _HEIGHT * (1 - value / top)
        path.append(f"{'L' if drawing else 'M'}{x:.1f} {y:.2f}H{end / span * _WIDTH:.1f}")
        drawing = True
    return "".join(path)
