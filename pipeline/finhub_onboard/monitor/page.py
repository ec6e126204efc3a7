"""The monitor's page: the look of ``report.html``, and a small script that shows each new state as the server sends it.

Promises: every text is escaped; without the script the page reloads itself. The content security policy allows this one
script by its hash, and nothing from elsewhere. Does not know the ledger.
"""

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined, Template
from markupsafe import Markup

from finhub_onboard.commands.run_status import in_words
from finhub_onboard.model import Disposition, Phase
from finhub_onboard.monitor.view import View
from finhub_onboard.reports.files.charts import bar, stacked_bar
from finhub_onboard.reports.projection import instant
from finhub_onboard.texts import duration, printable, rate

_REPORT = "finhub_onboard.reports.files"
_RESOURCES = {"page.html": __package__, "state.html": __package__, "monitor.css": __package__, "page.css": _REPORT}


def render(view: View) -> str:
    """Render the whole page."""
    return _template("page.html").render(_values(view), script=Markup(script()))  # noqa: S704 - our own file


def render_state(view: View) -> str:
    """Render what changes: the content of ``<main>``."""
    return _template("state.html").render(_values(view))


def _values(view: View) -> dict[str, Any]:
    run = view.run
    counts = run.dispositions if run else {}
    return {
        "view": view,
        "run": run,
        "latest": view.latest,
        "counts": [(name, counts.get(name, 0)) for name in Disposition],
        "left": max(0, run.rows - sum(counts.values())) if run else 0,
        "phases": list(Phase),
    }


@cache
def script() -> str:
    """The page's script."""
    return files(__package__).joinpath("monitor.js").read_text(encoding="utf-8")


@cache
def policy() -> str:
    """The content security policy: the script by its hash, styles in the page, the server's own events."""
    known = base64.b64encode(hashlib.sha256(script().encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'sha256-{known}'; style-src 'unsafe-inline'; img-src data:;"
        " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


@cache
def _template(name: str) -> Template:
    environment = Environment(
        loader=FunctionLoader(_read), autoescape=True, undefined=StrictUndefined, finalize=_clean, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    environment.filters |= {
        "bar": lambda count, total: bar(count / total if total else 0),
        "stacked": lambda counts, left: stacked_bar([*((str(name), rows) for name, rows in counts), ("line", left)]),
        "number": lambda value: f"{value:,}",
        "share": lambda count, total: f"{count / total:.1%}" if total else "",
        "rate": rate,
        "instant": lambda at: instant(at)[:19].replace("T", " ") if at else "",
        "span": duration,
        "words": in_words,
    }
    return environment.get_template(name)


def _read(name: str) -> str:
    return files(_RESOURCES[name]).joinpath(name).read_text(encoding="utf-8")


def _clean(value: Any) -> Any:
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value
