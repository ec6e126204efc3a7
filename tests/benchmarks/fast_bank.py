"""A bank that answers as fast as Python can: canned answers, no state, no checks. Only for benchmarks.

The sandbox is a bank to practise on and costs a core at some thousand calls a second; to see what the job itself can
do, the bank must cost less than the job. Prints its address, ends with its standard input, and prints then when it took
and refused calls. It can refuse for rate:

    python -m tests.benchmarks.fast_bank [SHARE_AT_RANDOM] [CALLS_PER_SECOND] [STATUS]
"""

import asyncio
import itertools
import json
import sys
import time

from tests.outbound.pacing.banks import AtRandom, Sliding

_LONG = "x" * 40


def _answer(body: object, first: str = "200 OK", more: str = "") -> bytes:
    content = json.dumps(body).encode()
    head = f"HTTP/1.1 {first}\r\n{more}Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    return head.encode() + content


_CATEGORIES = {
    key: {"databaseId": key.lower(), "categoryName": name}
    for key, name in (("INDIVIDUAL_STANDARD", "Individual Standard"), ("INDIVIDUAL_PLUS", "Individual Plus"))
}
_FIXED = (
    (b"/categorization/", _answer({"code": 200, "data": {"categories": _CATEGORIES}})),
    (b"/sessions", _answer({"code": 200, "data": {"token": _LONG, "expiresIn": 3600}})),
    (b"/documents", _answer({"code": 200, "data": {"documentId": _LONG}})),
    (b"/approve", _answer({"code": 200, "data": {"status": "APPROVED"}})),
    (b"/consents/", _answer({"code": 200, "data": {"status": "PENDING"}})),
    (
        b"/activation/check",
        _answer({"code": 200, "data": {"activationAllowed": True, "consentOk": True, "verificationOk": True}}),
    ),
    (b"/activation", _answer({"code": 200, "data": {}})),
)
_numbers = itertools.count(time.time_ns() // 1_000_000)  # no two banks give the same id


class Refusals:
    """Refuses a share of the calls at random, and what is beyond a limit; 0: none. Keeps the times of all."""

    def __init__(self, share: float = 0.0, per_second: int = 0, status: int = 429) -> None:
        self._limit = AtRandom(share, Sliding(per_second) if per_second else None)
        self._refuses = bool(share or per_second)
        self.refusal = _answer({"code": status, "data": None}, f"{status} Refused", "Retry-After: 1\r\n")
        self.taken: list[float] = []
        self.refused: list[float] = []

    def refuses(self) -> bool:
        """Whether the call that comes now is refused."""
        now = time.monotonic()
        refused = self._refuses and not self._limit.admits(now)
        (self.refused if refused else self.taken).append(now)
        return refused


def answer(path: bytes) -> bytes:
    """The canned answer to a path."""
    for part, content in _FIXED:
        if part in path:
            return content
    number = f"{next(_numbers):012}"
    if b"/registration" in path:
        return _answer({"code": 200, "data": {"id": f"c-{number}", "user": {"id": f"u-{number}"}}})
    return _answer({"code": 200, "data": {"verificationId": f"v-{number}", "requiredDocuments": ["GOVERNMENT_ID"]}})


class FastBank(asyncio.Protocol):
    """Reads requests by their length and answers each."""

    refusals = Refusals()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the connection."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._buffer = b""

    def data_received(self, data: bytes) -> None:
        """Answer every request that is complete."""
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].lower()
            at = head.find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self._buffer) < end + 4 + length:
                return
            path = self._buffer.split(b" ", 2)[1]
            self._buffer = self._buffer[end + 4 + length :]
            self._transport.write(self.refusals.refusal if self.refusals.refuses() else answer(path))


async def main() -> None:
    """Serve until stdin closes."""
    given = sys.argv[1:]
    share, per_second, status = given + ["0", "0", "429"][len(given) :]
    FastBank.refusals = Refusals(float(share), int(per_second), int(status))
    loop = asyncio.get_running_loop()
    server = await loop.create_server(FastBank, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    sys.stdout.write(json.dumps({"base_url": f"http://127.0.0.1:{port}/api/v2.1"}) + "\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    server.close()
    sys.stdout.write(json.dumps({"taken": FastBank.refusals.taken, "refused": FastBank.refusals.refused}) + "\n")


if __name__ == "__main__":
    asyncio.run(main())
