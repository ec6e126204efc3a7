"""What all tests share: seeds are stretched quickly, and no example fails because the machine was busy."""

from collections.abc import Iterator

import pytest
from hypothesis import settings

from finhub_onboard.config import seeds

settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")


@pytest.fixture(scope="session", autouse=True)
def quick_stretching() -> Iterator[None]:
    """Ledgers that this process makes are weak; those of the real command, in processes of its own, are not."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(seeds, "COST", 2)
        yield
