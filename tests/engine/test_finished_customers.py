"""A few finished customers may be gone; half of them are a bank whose data were reset."""

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from finhub_onboard.engine.finished_customers import verify_finished
from finhub_onboard.errors import RefusedError
from finhub_onboard.model import Journey

if TYPE_CHECKING:
    from finhub_onboard.engine.connection import Connection
    from finhub_onboard.ledger.ports import Reader


def verified(*known: bool) -> str:
    """Look at as many customers as there are answers; what was told, or why the run ends."""
    answers = iter(known)
    told: list[Any] = []

    async def is_known(customer_id: str, patience: object) -> bool:
        assert (customer_id, patience) == ("c", 7)
        return next(answers)

    def finished_last(count: int) -> list[Journey]:
        assert count == len(known)
        some = [Journey(key=b"k", fingerprint=b"", first_run=1, last_run=1, customer_id="c")] * len(known)
        return [*some, Journey(key=b"k", fingerprint=b"", first_run=1, last_run=1)]

    connection = cast("Connection", SimpleNamespace(finished=SimpleNamespace(is_known=is_known), patience=7))
    ledger = cast("Reader", SimpleNamespace(finished_last=finished_last))
    try:
        asyncio.run(verify_finished(connection, ledger, len(known), told.append))
    except RefusedError as error:
        assert not told
        return str(error)
    return str(told[0].message)


@pytest.mark.parametrize(
    ("known", "words"),
    [
        ((True, True, True), "knows 3 of the last 3 finished customers"),
        ((True, False, True), "knows 2 of the last 3 finished customers; not c:"),
        ((True, False), "does not know 1 of the 2"),
        ((False, False, False), "does not know 3 of the 3"),
        ((), "knows 0 of the last 0"),
    ],
)
def test_half_of_them_gone_ends_the_run(known: tuple[bool, ...], words: str) -> None:
    """Fewer are a notice; one whose id only a person knows is not looked for."""
    assert words in verified(*known)
