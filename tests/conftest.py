"""What all tests share: seeds are stretched quickly, so that a ledger costs no tenth of a second to make."""

from collections.abc import Iterator

import pytest

from pipeline import seeds


@pytest.fixture(scope="session", autouse=True)
def quick_stretching() -> Iterator[None]:
    """Ledgers that this process makes are weak; those of the real command, in processes of its own, are not."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(seeds, "COST", 2)
        yield
