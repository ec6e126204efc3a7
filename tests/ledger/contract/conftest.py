"""Each test of the contract runs on a new, empty ledger of each adapter."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from finhub_onboard.ledger.ports import Ledger
from tests.ledger.contract.support import open_at


@pytest.fixture(params=["sqlite"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a ledger that is not there yet, for each adapter."""
    return {"sqlite": f"sqlite:///{tmp_path / 'contract' / 'ledger.db'}"}[request.param]


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    """An open ledger without customers."""
    with open_at(url) as opened:
        yield opened
