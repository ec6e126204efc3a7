"""A run during which a gateway answers every call for a while, as in a deployment: for the tests and the benchmark."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.acceptance.support import Desk, disagreements, sandbox
from tests.benchmarks.bench_job import customers

SETTINGS = """
[limits]
calls_per_second = {rate}
max_in_flight = 64
[stop]
max_failed_percent = 100
[approval]
mode = "auto"
"""
PAGES: Mapping[str, tuple[int, str]] = {
    "maintenance_200": (200, "json"),
    "empty_200": (200, "empty"),
    "redirect_302": (302, "html"),
    "html_400": (400, "html"),
    "firewall_403": (403, "html"),
    "ingress_404": (404, "text"),
    "html_404": (404, "html"),
    "html_405": (405, "html"),
    "html_421": (421, "html"),
    "empty_499": (499, "empty"),
    "html_502": (502, "html"),
}
"""Answers that are not the bank's, by name: status and form."""
_MOST_RUNS = 2
_NEVER = ("failed", "declined", "rejected")


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """From when on, in seconds after the bank's first call, and for how long every call gets the page."""

    from_s: float
    for_s: float


@dataclass(slots=True, kw_only=True)
class Course:
    """What came of it: exit codes and dispositions run by run, calls that got the page, and what was wrong."""

    exits: list[int] = field(default_factory=list)
    counts: list[dict[str, int]] = field(default_factory=list)
    struck: int = 0
    wrong: list[str] = field(default_factory=list)


def carry(rows: int, rate: int, page: tuple[int, str], window: Window, folder: Path) -> Course:
    """Run until everybody is onboarded, at most twice; ``wrong`` is empty if what DESIGN and API.md promise held."""
    source, scenario = customers(rows, folder / "customers.csv"), folder / "scenario.toml"
    status, form = page
    scenario.write_text(
        f'[[fault]]\nkind = "gateway_before"\nstatus = {status}\npage = "{form}"\nrate = 1.0\n'
        f"from_s = {window.from_s}\nfor_s = {window.for_s}\n",
        encoding="utf-8",
    )
    course = Course()
    with sandbox("--scenario", str(scenario)) as bank:
        desk = Desk(folder=folder, bank=bank).configure(SETTINGS.format(rate=rate))
        while len(course.exits) < _MOST_RUNS and not (course.counts and _finished(course.counts[-1], rows)):
            done = desk.run(source, timeout_s=600)
            course.exits.append(done.returncode)
            course.counts.append(desk.counts() if (desk.out / "summary.json").exists() else {})
            course.wrong += _wrong_in(done.stderr, course.counts[-1])
            if course.counts[-1]:
                course.wrong += disagreements(bank.record(), desk.table("results.csv"), source)
        record = bank.record()
    course.struck = sum(record["faults"].values())
    if not _finished(course.counts[-1], rows):
        course.wrong.append(f"after {len(course.exits)} runs: exit codes {course.exits}, {course.counts[-1]}")
    return course


def _finished(counts: Mapping[str, int], rows: int) -> bool:
    return counts.get("onboarded", 0) + counts.get("unchanged", 0) == rows


def _wrong_in(stderr: str, counts: Mapping[str, int]) -> Sequence[str]:
    said = [f"{counts[name]} {name}" for name in _NEVER if name in counts]
    return [*said, *(["a traceback"] if "Traceback" in stderr else [])]
