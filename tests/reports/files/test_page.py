import hashlib
import re
from base64 import b64encode
from html.parser import HTMLParser

import pytest
from jinja2 import UndefinedError

from finhub_onboard.errors import ExitCode
from finhub_onboard.model import Disposition, Phase, Severity, Violation
from finhub_onboard.reports.files import advice
from finhub_onboard.reports.files.advice import headline, meaning
from finhub_onboard.reports.files.background import Background, Latencies, PastRun, TimelinePoint
from finhub_onboard.reports.files.charts import Series, amount, lines, round_up, thin
from finhub_onboard.reports.files.given import Given
from finhub_onboard.reports.files.page import render, template
from finhub_onboard.reports.files.rows import ErrorLine, Result
from finhub_onboard.reports.files.totals import CallSummary, InputSummary, RateSummary, Summary, Totals
from tests.values import replace

D = Disposition
HOSTILE = "<script>alert(1)</script>\"'&\x00\u202e"
VOID = {"meta", "br", "rect", "path", "input"}


def totals_of(counts: dict[Disposition, int], *, hostile: bool = False) -> Totals:
    """Feed so many rows of each disposition."""
    totals, number = Totals(), 0
    for name, count in counts.items():
        for _ in range(count):
            number += 1
            if name in (D.REJECTED, D.FAILED) or hostile:
                stage = "intake" if name is D.REJECTED else "registration"
                text = HOSTILE if hostile else "the reason"
                totals.feed_error(
                    ErrorLine(
                        source=text if hostile else "a.csv",
                        row_number=number,
                        external_id="PERSONAL",
                        stage=stage,
                        field=text,
                        code=text,
                        message=text,
                        hint=text,
                    )
                )
            totals.feed_result(
                Result(
                    source=HOSTILE if hostile else "a.csv", row_number=number, external_id="PERSONAL", disposition=name
                )
            )
    return totals


def summary_of(counts: dict[Disposition, int], code: int = 0, source: str = "a.csv", because: str = "") -> Summary:
    """Make a summary with these counts."""
    rows = sum(counts.values())
    return Summary(
        run_id=HOSTILE if source == HOSTILE else "r1",
        exit_code=code,
        rows_read=rows,
        dispositions=counts,
        inputs=(InputSummary(source=source, sha256="ab" * 32, rows=rows),),
        calls={Phase.REGISTRATION: CallSummary(sent=1234, retried=5, refused_for_rate=6)},
        rate=RateSummary(asked=50, reached=48.7, max_in_1s=50),
        started_at="2026-01-01T00:00:00Z",
        finished_at="2026-01-01T01:02:00Z",
        versions={"python": source},
        stopped_because=because,
    )


class Tags(HTMLParser):
    """Checks that tags nest and collects them and their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag that opens."""
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in VOID and tag != "wbr":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag that closes itself."""
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_endtag(self, tag: str) -> None:
        """Check that the tag which closes is the one that is open."""
        assert self.open.pop() == tag


def parse(page: str) -> Tags:
    """Read a page and check that its tags nest."""
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    return tags


WARNING = Violation(
    source="a.csv",
    row_number=4,
    external_id="C4",
    field="phone",
    code="placeholder",
    message="looks like a placeholder",
    hint="",
    severity=Severity.WARNING,
)
EVERY = dict.fromkeys(D, 2)
POINTS = [
    TimelinePoint(at=5, calls=240, latency_p50_ms=20, latency_p95_ms=90),
    TimelinePoint(at=10, calls=0, refused=3),
    TimelinePoint(at=15, calls=250, latency_p50_ms=25, latency_p95_ms=80),
]


def test_the_page_is_well_formed_and_loads_nothing() -> None:
    """One file: no image, no address to load from, links to its folder only, and a policy that forbids all else."""
    page = render(summary_of(EVERY, 4), totals_of(EVERY), Background(timeline=POINTS))
    tags = parse(page)
    assert not tags.seen & {"link", "img", "iframe", "object", "form"}
    assert not tags.attributes & {"src", "onload", "onerror"}
    assert not re.search(r"https?:|url\(|@import", page)
    assert "default-src 'none'" in page
    assert "prefers-color-scheme: dark" in page
    assert "@media print" in page
    assert not re.search(r"{[{%#]", page)


def test_hostile_texts_are_escaped_everywhere() -> None:
    """Codes, messages, fields, hints, names of inputs, the run id and the reason of a stop carry no markup."""
    counts = {D.FAILED: 2, D.REJECTED: 1, D.ONBOARDED: 1, D.IN_DOUBT: 1}
    page = render(summary_of(counts, 4, HOSTILE, HOSTILE), totals_of(counts, hostile=True), Background(timeline=POINTS))
    tags = parse(page)
    assert "script" in tags.seen
    assert page.count("<script") == 1
    assert "&lt;script&gt;" in page
    assert "\x00" not in page
    assert "\u202e" not in page


def test_a_value_that_is_missing_is_an_error() -> None:
    """A name that the template writes wrongly does not make a page with holes."""
    with pytest.raises(UndefinedError, match="undefined"):
        template("page.html").render()


def test_names_of_lines_are_escaped() -> None:
    """A chart is markup; the texts in it are not."""
    chart = lines("<b>", [1], [Series(name="<i>", style="s1", values=[1])])
    assert "<h3>&lt;b&gt;<span>" in chart
    assert 'aria-label="&lt;b&gt;"' in chart
    assert "</i>&lt;i&gt;</span>" in chart


def test_long_texts_are_cut() -> None:
    """A message without end does not make a page without end."""
    totals = Totals()
    totals.feed_error(
        ErrorLine(
            source="a", row_number=1, external_id="", stage="intake", field="", code="c" * 5000, message="m" * 5000
        )
    )
    totals.feed_result(Result(source="a", row_number=1, external_id="", disposition=D.REJECTED))
    page = render(summary_of({D.REJECTED: 1}, 3), totals)
    assert "m" * 299 + "…" in page
    assert "m" * 300 not in page
    assert "c" * 60 not in page


def test_the_page_names_causes_counts_calls_and_inputs() -> None:
    """Each section holds its numbers, and each cause opens its rows by number and external_id."""
    page = render(summary_of(EVERY, 4, because="20 % failed"), totals_of(EVERY), Background(timeline=POINTS))
    for words in (
        "the reason",
        "<td>PERSONAL</td>",
        "1,234",
        "ab" * 32,
        "20 % failed",
        "exit 4",
        "1 h 2 min",
        "in doubt",
        "48.7",
    ):
        assert words in page


def test_the_only_script_is_the_one_that_the_policy_allows() -> None:
    """The policy names the hash of the very text between the tags; one byte more and a browser would not run it."""
    page = render(summary_of(EVERY, 4), totals_of(EVERY))
    (script,) = re.findall(r"<script>(.*)</script>", page, re.DOTALL)
    digest = b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in page


def test_links_lead_to_files_of_the_folder_whatever_they_are_called() -> None:
    """A name that looks like an address or holds markup stays a name."""
    names = ("errors.csv", "rejects/javascript:alert(1).csv", 'rejects/a "b" #1?.csv', "report.html")
    page = render(replace(summary_of(EVERY, 4), files=names), totals_of(EVERY))
    found = re.findall(r'href="([^"]*)"', page)
    assert found == ["./errors.csv", "./rejects/javascript%3Aalert%281%29.csv", "./rejects/a%20%22b%22%20%231%3F.csv"]


def test_the_page_tells_what_lies_behind_the_run() -> None:
    """Latency by phase, the runs before, settings in force, warnings, and what waits for whom."""
    latencies = Latencies()
    for number in range(1, 1001):
        latencies.add(number / 1000)
    totals = totals_of(EVERY)
    totals.feed_warnings([WARNING])
    before = PastRun(run_id="r0", started_at="2025-12-31T00:00:00Z", seconds=90, rows=7, onboarded=6, exit_code=None)
    behind = Background(
        latencies={"registration": latencies}, runs=(before,), settings={"limits.calls_per_second": "49.5"}
    )
    page = render(summary_of(EVERY, 4), totals, behind)
    parse(page)
    for words in ("What waits for whom", "whoever made the file", "r0", "1 min 30 s", "49.5", "placeholder", "C4"):
        assert words in page
    seen = [latencies.quantile_ms(share) for share in (0.5, 0.95, 0.99)]
    assert seen == pytest.approx([500, 950, 990], rel=0.01)
    assert f'<td class="n">{amount(seen[2])}</td>' in page


def test_a_thousand_causes_stay_readable_and_small() -> None:
    """Each of them is there with some of its rows; a page of 1,000 causes and 60,000 rows is less than 2 MB."""
    totals = Totals()
    for number in range(1, 60_001):
        line = ErrorLine(
            source="a.csv",
            row_number=number,
            external_id=f"CUSTOMER-{number:012}",
            stage="registration",
            field="document_number",
            code=f"code_{number % 1000}",
            message="m" * 300,
            hint="h" * 300,
        )
        totals.feed_error(line)
        totals.feed_result(
            Result(source="a.csv", row_number=number, external_id=line.external_id, disposition=D.FAILED)
        )
    page = render(summary_of({D.FAILED: 60_000}, 3), totals)
    assert page.count('<details class="cause"') == 1000
    assert page.count("CUSTOMER-") == 3000
    assert "57 more rows are in errors.csv" in page
    assert len(page.encode()) < 2_000_000


def test_different_messages_of_a_cause_are_counted() -> None:
    """What the bank says in different words is not told as one reason."""
    totals = Totals()
    for number in range(1, 101):
        line = ErrorLine(
            source="a",
            row_number=number,
            external_id="",
            stage="consents",
            field="",
            code="c",
            message=f"m{number % 3}",
        )
        totals.feed_error(line)
        totals.feed_result(Result(source="a", row_number=number, external_id="", disposition=D.FAILED))
    page = render(summary_of({D.FAILED: 100}, 3), totals)
    assert "3 different messages:" in page
    assert "33 times: m2" in page


def test_a_page_without_causes_and_times_has_no_empty_section() -> None:
    """A clean run and a run whose times are unknown (written again from the ledger) have no empty tables."""
    page = render(summary_of({D.ONBOARDED: 3}), totals_of({D.ONBOARDED: 3}))
    assert "Why rows did not come through" not in page
    assert "No times were recorded." in page
    assert "Errors that were overcome" not in page
    parse(page)


@pytest.mark.parametrize(
    ("counts", "code", "words"),
    [
        ({D.ONBOARDED: 1}, 0, "1 of 1 row onboarded."),
        ({D.ONBOARDED: 500}, 0, "500 of 500 rows onboarded."),
        ({D.UNCHANGED: 500}, 0, "Nothing was left to do: 500 of 500 rows onboarded before."),
        ({D.ONBOARDED: 20, D.UNCHANGED: 480}, 0, "500 of 500 rows onboarded: 20 in this run, 480 before."),
        ({D.ONBOARDED: 499, D.PARKED: 1}, 3, "499 of 500 rows onboarded, 1 needs somebody."),
        (
            {D.ONBOARDED: 1000, D.FAILED: 2, D.PENDING: 8},
            4,
            "The run stopped early: 1,000 of 1,010 rows onboarded, 2 need somebody, 8 are pending.",
        ),
    ],
)
def test_headline(counts: dict[Disposition, int], code: int, words: str) -> None:
    """One sentence says what happened."""
    assert headline(summary_of(counts, code)) == words


def test_every_exit_code_has_a_meaning() -> None:
    """The page can explain every code of the design, and does not fail on another."""
    assert {meaning(code) for code in ExitCode} == set(advice.MEANINGS.values())
    assert meaning(99)


def test_thin_keeps_counts_and_the_worst_latency() -> None:
    """A long run has as many points as a page can show; no call and no slow moment gets lost."""
    points = [TimelinePoint(at=n + 1, calls=2, latency_p95_ms=n, refused=1) for n in range(1001)]
    thinned = thin(points, 240)
    assert len(thinned) <= 240
    assert sum(point.calls for point in thinned) == 2002
    assert sum(point.refused for point in thinned) == 1001
    assert max(point.latency_p95_ms or 0 for point in thinned) == 1000
    assert thinned[-1].at == 1001
    assert thin([], 240) == []


def test_a_line_is_broken_where_nothing_is_known() -> None:
    """A stretch without an answer leaves a gap and is not drawn as zero."""
    chart = lines("t", [1, 2, 3], [Series(name="n", style="s1", values=[1, None, 1])], limit=1)
    (path,) = re.findall(r'class="s1" d="([^"]*)"', chart)
    assert path.count("M") == 2
    assert "nan" not in chart


@pytest.mark.parametrize(("value", "top"), [(0, 1), (0.3, 0.3), (1, 1), (110, 150), (999, 1000), (4100, 5000)])
def test_round_up(value: float, top: float) -> None:
    """An axis ends at a round number that is not below the largest value."""
    assert round_up(value) == pytest.approx(top)


def test_a_check_does_not_claim_that_anything_was_onboarded() -> None:
    """After `validate` or `--dry-run` the page says that nothing was sent, and how many rows are ready."""
    said = advice.headline(replace(summary_of({D.PENDING: 8, D.REJECTED: 2}, 3), calls={}))
    assert said == "Checked, nothing was sent: 8 of 10 rows ready, 2 need somebody."


def test_the_page_of_a_check_speaks_of_validation() -> None:
    """What was never to be sent has no rate, no calls and no way through the phases; its next step is the run."""
    checked = Given(inputs=("a.csv",), out="out", words=("validate", "a.csv", "--config", "c.toml"))
    page = render(
        replace(summary_of({D.PENDING: 8, D.REJECTED: 2}, 3), calls={}),
        totals_of({D.PENDING: 8, D.REJECTED: 2}),
        given=checked,
    )
    parse(page)
    for words in ("Validation r1", "What the check found on the 10 rows", "onboard run a.csv --config c.toml"):
        assert words in page
    for words in ("Rate and latency", ">Calls<", "How far the", "Onboarding run", "again"):
        assert words not in page


def test_the_page_of_a_check_of_good_rows_does_not_call_them_onboarded() -> None:
    """Exit 0 of a check means that all can be sent."""
    checked = Given(inputs=("a.csv",), out="out", words=("validate", "a.csv", "--config", "c.toml"))
    page = render(replace(summary_of({D.PENDING: 8}), calls={}), totals_of({D.PENDING: 8}), given=checked)
    assert "Every row can be sent, or is finished." in page
    assert "What to correct" not in page
