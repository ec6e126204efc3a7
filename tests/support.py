"""What tests of all parts share."""

from collections.abc import Iterable
from typing import Any

import pytest


def typical(cases: Iterable[Any], *kept: Any) -> list[Any]:
    """Parameters of which only those named run always: the others are more of the same, and marked ``exhaustive``.

    A case that is a tuple gives a value to each of several names.
    """
    cases = list(cases)
    assert all(case in cases for case in kept)
    return [
        pytest.param(
            *(case if isinstance(case, tuple) else (case,)), marks=() if case in kept else pytest.mark.exhaustive
        )
        for case in cases
    ]
