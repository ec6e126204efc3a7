"""A ledger of version 0.4.0, which read some rows otherwise, at work under this one: nobody twice, nobody lost."""

import asyncio
import csv
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from finhub_onboard import job
from finhub_onboard.config.loading import load
from finhub_onboard.config.order import Order
from finhub_onboard.intake import cells, second_pass
from finhub_onboard.intake.cells import Cleaned, Kind
from finhub_onboard.intake.checking import contacts
from finhub_onboard.intake.checking.normalise import normalise
from finhub_onboard.intake.mapping import columns
from finhub_onboard.model import Disposition
from tests.acceptance.support import SAMPLE, Desk, assert_no_traceback, sandbox

AUTO = '[limits]\ncalls_per_second = 500\n[approval]\nmode = "auto"\n'
READ_OTHERWISE: tuple[dict[str, str], ...] = (
    {"external_id": "\u202aC-1\u202c", "last_name": "Berg\u202c", "place_of_birth": "\u202aKaunas"},
    {"external_id": '="00123"', "pincode": "'08014", "document_number": "'00123456"},
    {"external_id": "'00124", "first_name": "\u202aMila\u202c", "email": "\uff52\uff55@example.com"},
    {"external_id": "C-4\u061c"},
    {"external_id": "C-5", "last_name": "Petrova\u200d"},
)
"""Cells that versions up to 0.4.0 took for something else."""


def book(path: Path) -> Path:
    """Write low-risk rows of the sample with such cells, and two that were always read alike."""
    with SAMPLE.open(encoding="utf-8", newline="") as stream:
        low = [row for row in csv.DictReader(stream) if row["risk_level"] == "LOW"]
    table = [row | changes for row, changes in zip(low, (*READ_OTHERWISE, {}, {}), strict=False)]
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(low[0]))
        writer.writeheader()
        writer.writerows(table)
    return path


def read_as_before(frame: pl.DataFrame, kinds: Mapping[str, Kind], names: Collection[str] = ()) -> Cleaned:  # noqa: ARG001
    """What version 0.4.0 did to the cells of a file."""
    return Cleaned(frame=pl.DataFrame({name: cells._earlier(frame[name]) for name in frame.columns}))


def normalise_as_before(frame: pl.DataFrame, **known: Any) -> pl.DataFrame:
    """What version 0.4.0 made of e-mail addresses."""
    return normalise(frame, **known | {"email": contacts.earlier_email})


def test_customers_of_a_ledger_of_0_4_0_are_unchanged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They keep their ids and their bank's; not one call is made for them, in reports of either run they are there."""
    source = book(tmp_path / "book.csv")
    with sandbox() as bank:
        desk = Desk(folder=tmp_path, bank=bank).configure(AUTO)
        with monkeypatch.context() as before:
            before.setattr(columns, "cleaned", read_as_before)
            before.setattr(second_pass, "normalise", normalise_as_before)
            order = Order(inputs=[source], out=desk.out)
            written = asyncio.run(job.run(order, load(desk.config, environ=desk.environment())))
        assert written.dispositions[Disposition.ONBOARDED] == len(READ_OTHERWISE) + 2
        first = {row["row_number"]: row["customer_id"] for row in desk.table("results.csv")}
        customers, run = bank.record()["customers"], desk.summary()["run_id"]
        done = desk.run(source)
        assert_no_traceback(done)
        assert (done.returncode, desk.counts()) == (0, {"unchanged": len(READ_OTHERWISE) + 2})
        assert {row["row_number"]: row["customer_id"] for row in desk.table("results.csv")} == first
        assert sum(call["sent"] for phase, call in desk.summary()["calls"].items() if phase != "categorization") == 0
        assert bank.record()["customers"] == customers
        told = desk.onboard("explain", "'00124", "--config", desk.config)
        assert told.returncode == 0
        assert "complete" in told.stdout
        again = desk.onboard("report", run, "--config", desk.config)
        assert (again.returncode, desk.counts()) == (0, {"onboarded": len(READ_OTHERWISE) + 2}), again.stderr
