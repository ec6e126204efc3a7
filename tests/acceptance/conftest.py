"""Fixtures of the acceptance tests: a fresh folder, a bank, and the command."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.support import Bank, Desk, sandbox

FAST = """
[limits]
calls_per_second = 400
max_in_flight = 16
[retry]
max_wait_s = 0.5
[approval]
mode = "auto"
"""


@pytest.fixture
def bank() -> Iterator[Bank]:
    """A sandbox without faults."""
    with sandbox() as running:
        yield running


@pytest.fixture
def desk(tmp_path: Path, bank: Bank) -> Desk:
    """A folder with a configuration for the bank: fast, approving by itself."""
    return Desk(folder=tmp_path, bank=bank).configure(FAST)
