"""Checks without a call: how long they say that they took."""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from finhub_onboard import events
from finhub_onboard.cli.main import cli
from finhub_onboard.commands import validate
from finhub_onboard.config.order import Order
from finhub_onboard.config.settings import Settings
from finhub_onboard.engine import surveying
from finhub_onboard.intake.first_pass import survey
from finhub_onboard.reports import writing
from finhub_onboard.reports.files.totals import Totals
from tests.intake.helpers import a_row, write

SETTINGS = Settings.model_validate({"api": {"base_url": "sandbox:"}})
READS_S, WRITES_S = 40.0, 50.0


def test_a_check_lasts_from_its_first_look_to_its_last_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is said of its time, and what the summary has, are both passes and the writing."""
    now = 1_700_000_000.0

    def takes(seconds: float, work: Callable[..., Any]) -> Callable[..., Any]:
        def done(*args: object, **kwargs: object) -> object:
            nonlocal now
            result = work(*args, **kwargs)
            now += seconds
            return result

        return done

    clock = SimpleNamespace(time=lambda: now)
    monkeypatch.setattr(validate, "steady_clock", lambda started_at: lambda began=now: started_at + now - began)
    monkeypatch.setattr(writing, "time", clock)
    calendar = SimpleNamespace(now=lambda zone: datetime.fromtimestamp(now, zone), fromisoformat=datetime.fromisoformat)
    monkeypatch.setattr(validate, "datetime", calendar)
    monkeypatch.setattr(surveying, "survey", takes(READS_S, survey))
    monkeypatch.setattr(Totals, "check", takes(WRITES_S, Totals.check))
    said: list[events.Event] = []
    path = write(tmp_path / "x.csv", [a_row(1)])
    validate.validate(Order(inputs=[path], out=tmp_path / "out"), SETTINGS, said.append)
    (finished,) = (event for event in said if isinstance(event, events.RunFinished))
    assert finished.seconds == READS_S + WRITES_S
    summary = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert (summary["started_at"], summary["finished_at"]) == ("2023-11-14T22:13:20.000Z", "2023-11-14T22:14:50.000Z")


def test_a_language_adds_hints_to_the_rejects_and_a_page_to_send_on(tmp_path: Path) -> None:
    """With --lang the rejects have one more column, and are taken back like the others; without it they have four."""
    config = tmp_path / "c.toml"
    config.write_text('[api]\nbase_url = "sandbox:"\n', encoding="utf-8")
    book = write(tmp_path / "book.csv", [a_row(last_name="")])

    def header(given: Path, out: str, *options: str) -> list[str]:
        words = ["validate", str(given), "--config", str(config), "--out", str(tmp_path / out), *options]
        shown = CliRunner().invoke(cli, words)
        assert shown.exit_code == 3, shown.output
        (rejects,) = (tmp_path / out / "rejects").iterdir()
        return rejects.read_text(encoding="utf-8").splitlines()

    plain = header(book, "plain")
    german = header(book, "german", "--lang", "de")
    again = header(tmp_path / "german" / "rejects" / "book.csv", "again", "--lang", "fr")
    assert plain[0].endswith(",_err_row,_err_field,_err_code,_err_message")
    assert german[0].endswith(",_err_row,_err_field,_err_code,_err_message,_err_hint")
    assert "ein Pflichtwert fehlt" in german[1]
    assert german[1].endswith("ausfüllen")
    assert again[0] == german[0]
    assert "une valeur obligatoire manque" in again[1]
    assert "Pflichtwert" not in again[1]
    assert 'lang="de"' in (tmp_path / "german" / "quality.html").read_text(encoding="utf-8")
    assert not (tmp_path / "plain" / "quality.html").exists()
