"""A small job at the embedded sandbox, and the stages that a command goes through."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import pytest

from finhub_onboard import job
from finhub_onboard.config.order import Order
from finhub_onboard.config.settings import Settings
from finhub_onboard.events import Handler
from tests.intake.helpers import a_row, write


def a_job(folder: Path) -> tuple[Order, Settings]:
    """Nine customers, as far as the session."""
    order = Order(inputs=(write(folder / "a.csv", map(a_row, range(1, 10))),), out=folder / "out")
    settings = Settings.model_validate(
        {
            "api": {"base_url": "sandbox:"},
            "journey": {"until": "session"},
            "ledger": {"url": f"sqlite:///{folder / 'ledger.db'}"},
        }
    )
    return order, settings


def run_once(order: Order, settings: Settings) -> None:
    """Make the run."""
    asyncio.run(job.run(order, settings))


def recorded_stages(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[int | None]]:
    """By name each stage of a module from now on: of how many rows, and those that it reaches."""
    told: dict[str, list[int | None]] = {}

    @contextmanager
    def recorded(name: str, _: Handler, *, rows: int | None = None) -> Iterator[Callable[[int], None]]:
        told[name] = [rows]
        yield told[name].append

    monkeypatch.setattr(module, "stage", recorded)
    return told
