"""A loop that serves few connections at a time: nothing waits for all of them, and none waits for ever."""

import asyncio
import socket
from collections import Counter
from collections.abc import Iterator

import pytest

from finhub_onboard.engine.fair_loop import make_loop

CONNECTIONS = 100


@pytest.fixture
def ready() -> Iterator[list[socket.socket]]:
    """Connections that have something to read, and keep it."""
    pairs = [socket.socketpair() for _ in range(CONNECTIONS)]
    for _, other in pairs:
        other.send(b"x")
    yield [one for one, _ in pairs]
    for pair in pairs:
        for end in pair:
            end.close()


def served(ready: list[socket.socket], turns: int) -> Counter[int]:
    """How often each connection is served while the loop makes so many turns."""
    counted: Counter[int] = Counter()

    async def main() -> None:
        loop = asyncio.get_running_loop()
        for number, connection in enumerate(ready):
            loop.add_reader(connection, counted.update, (number,))
        for _ in range(turns):
            await asyncio.sleep(0)
        for connection in ready:
            loop.remove_reader(connection)

    with asyncio.Runner(loop_factory=make_loop) as runner:
        runner.run(main())
    return counted


def test_what_is_due_waits_for_a_few_connections_only(ready: list[socket.socket]) -> None:
    """However many are ready at once."""
    assert 0 < served(ready, 3).total() <= CONNECTIONS // 4


def test_each_connection_has_its_turn(ready: list[socket.socket]) -> None:
    """Also if others always have more to say."""
    counted = served(ready, CONNECTIONS)
    assert len(counted) == CONNECTIONS
    assert max(counted.values()) <= 2 * min(counted.values())


def test_a_few_connections_are_all_served_in_one_turn(ready: list[socket.socket]) -> None:
    """Where there is no crowd nobody waits."""
    assert served(ready[:5], 3).keys() == set(range(5))


def test_one_that_is_closed_while_it_waits_for_its_turn_is_not_served(ready: list[socket.socket]) -> None:
    """Nor is another that has its number by then."""
    counted: Counter[str] = Counter()

    async def main() -> None:
        loop = asyncio.get_running_loop()

        def close_all(number: int) -> None:
            counted[f"turn of {number}"] += 1
            for one in ready:
                loop.remove_reader(one)
            ready[-1].close()
            another = socket.socketpair()
            pairs.append(another)
            assert ready[-1].fileno() == -1
            loop.add_reader(another[0], counted.update, ("another",))

        for number, connection in enumerate(ready):
            loop.add_reader(connection, close_all, number)
        for _ in range(CONNECTIONS):
            await asyncio.sleep(0)

    pairs: list[tuple[socket.socket, socket.socket]] = []
    with asyncio.Runner(loop_factory=make_loop) as runner:
        runner.run(main())
    for pair in pairs:
        for end in pair:
            end.close()
    assert counted.total() <= 8
    assert "another" not in counted
