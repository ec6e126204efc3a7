"""The page in a real browser; skipped where none is installed."""

import asyncio
from pathlib import Path

import pytest

from finhub_onboard.model import Disposition
from finhub_onboard.reports.files.page import render
from finhub_onboard.reports.files.rows import ErrorLine, Result
from finhub_onboard.reports.files.totals import RateSummary, Summary, Totals
from tests.reports.browser import CHROMIUM, opened

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")
CAUSES = (("intake", "email_invalid"), ("registration", "refused"), ("registration", "server_error"))


def page_of_causes() -> str:
    """Render the page of a run with a row for each cause."""
    totals = Totals()
    for number, (stage, code) in enumerate(CAUSES, start=1):
        line = ErrorLine(
            source="a.csv",
            row_number=number,
            external_id=f"C{number}",
            stage=stage,
            field="",
            code=code,
            message="m",
            hint="h",
        )
        totals.feed_error(line)
        totals.feed_result(
            Result(source="a.csv", row_number=number, external_id=f"C{number}", disposition=Disposition.FAILED)
        )
    summary = Summary(
        run_id="r1",
        exit_code=3,
        rows_read=3,
        dispositions={Disposition.FAILED: 3},
        inputs=(),
        calls={},
        rate=RateSummary(),
        started_at="",
        finished_at="",
        versions={},
    )
    return render(summary, totals)


SHOWN = (
    "[...document.querySelectorAll('details.cause')].filter(cause => cause.checkVisibility())"
    ".map(cause => cause.querySelector('code').textContent)"
)
TYPED = (
    "((name, value, kind) => {{ const field = document.querySelector(name); field.value = value;"
    " field.dispatchEvent(new Event(kind)) }})({!r}, {!r}, {!r})"
)


def test_search_and_filter_show_the_causes_that_fit_and_nothing_leaves_the_page(tmp_path: Path) -> None:
    """Words are searched in all texts of a cause, also its rows; the stage narrows; the count says how many fit."""
    file = tmp_path / "report.html"
    file.write_text(page_of_causes(), encoding="utf-8")

    async def look() -> None:
        async with opened(file) as page:
            assert len(await page.evaluate(SHOWN)) == 3
            await page.evaluate(TYPED.format("#words", "REFUSED", "input"))
            assert await page.evaluate(SHOWN) == ["refused"]
            await page.evaluate(TYPED.format("#words", "c1", "input"))
            assert await page.evaluate(SHOWN) == ["email_invalid"]
            assert await page.evaluate("document.querySelector('#shown').textContent") == "1 of 3 shown"
            await page.evaluate(TYPED.format("#words", "", "input"))
            await page.evaluate(TYPED.format("#stage", "registration", "change"))
            assert await page.evaluate(SHOWN) == ["refused", "server_error"]
            assert [url for url in page.requests if url != file.as_uri()] == []
            assert page.complaints == []

    asyncio.run(asyncio.wait_for(look(), 60))


def test_a_script_that_is_not_the_pages_own_does_not_run(tmp_path: Path) -> None:
    """Whatever text came into the page as markup, the policy keeps it from running and from loading."""
    file = tmp_path / "report.html"
    evil = "<script>document.title = 'evil'</script><img src='http://127.0.0.1:9/x'>"
    file.write_text(page_of_causes().replace("</main>", f"{evil}</main>"), encoding="utf-8")

    async def look() -> None:
        async with opened(file) as page:
            assert await page.evaluate("document.title") == "Onboarding run r1"
            assert any("Content Security Policy" in text for text in page.complaints)

    asyncio.run(asyncio.wait_for(look(), 60))
