"""What the outbound tests share: a bank of raw bytes, a bank of scripted answers, virtual time, a customer."""

import asyncio
import contextlib
import itertools
import json
import re
import selectors
import socket
import struct
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx

from finhub_onboard.config.settings import Settings
from finhub_onboard.engine.bank_settings import caller_of, tenant_of
from finhub_onboard.finhub.requests import Payloads
from finhub_onboard.keys import Keys
from finhub_onboard.model import Category, Customer, Journey
from finhub_onboard.outbound.client import Client
from finhub_onboard.outbound.pacing.pacer import Pacer
from finhub_onboard.outbound.pacing.ports import RateBudget
from finhub_onboard.outbound.transport import Answer, Exchange, Request

T = TypeVar("T")
EXAMPLES = Path(__file__).parents[1] / "sandbox" / "examples"
TENANT = "7d0c0a52-6c1e-4b5e-9a63-2f1f5a1b0c01"
CATEGORY = Category(key="INDIVIDUAL_STANDARD", id="sample-cat-b2c-low-001", name="Individual Standard")
CREDENTIALS = {
    "username": "admin@example.com",
    "password": "Example-Adm1n-Pass!",
    "tenant_key": "sample-tenant-key",
    "tenant_secret": "sample-tenant-secret",
    "client_id": "sample-client",
    "client_secret": "sample-client-secret",
    "customer_id": "sample-api-customer",
    "customer_secret": "sample-api-customer-secret",
    "seed": "a seed for tests",
}


LOGINS: dict[str, dict[str, Any]] = {
    way: {"login": way, "login_url": "https://gateway.example.com/oauth/token"} for way in ("oauth", "password")
}
"""Settings of the ways to log in at an address of its own."""


def example(name: str) -> Any:
    """Read one of the contract's examples."""
    return json.loads((EXAMPLES / name).read_text(encoding="utf-8"))


def settings(**sections: dict[str, Any]) -> Settings:
    """Make settings of the contract's tenant; keyword arguments add to sections."""
    api = {
        "base_url": "https://bank.example.com/api/v2.1",
        "tenant_id": TENANT,
        "organization_id": "org-1",
        "user_id": "0f6b8d2e-4c71-4a93-bd05-1e3c5a7f1405",
        "forwarded_for": "203.0.113.10",
    }
    api |= sections.pop("api", {})
    return Settings.model_validate({"api": api, "credentials": CREDENTIALS, **sections})


def payloads(**sections: dict[str, Any]) -> Payloads:
    """Make the builder of requests."""
    return Payloads(tenant_of(settings(**sections)), Keys(CREDENTIALS["seed"], TENANT))


def customer(**changes: Any) -> Customer:
    """Make the customer of the contract's examples."""
    fields: dict[str, Any] = {
        "source": "customers.csv",
        "row_number": 1,
        "external_id": "L-1",
        "first_name": "Ana",
        "last_name": "Sample",
        "email": "ana.sample@example.com",
        "phone": "+37060000001",
        "date_of_birth": "1991-02-03",
        "nationality": "Lithuania",
        "category": CATEGORY.key,
        "gender": "FEMALE",
        "place_of_birth": "Kaunas",
        "pincode": "44001",
        "document_type": "PASSPORT",
        "document_number": "X0000001",
    }
    return Customer(**(fields | changes))


def journey(**changes: Any) -> Journey:
    """Make a journey with the ids of the contract's examples."""
    fields: dict[str, Any] = {
        "key": b"k" * 16,
        "fingerprint": b"",
        "customer_id": "3b9f2c74-8a0d-4d57-b1f2-9c6d4e7a1102",
        "user_id": "c58e1d3a-2f47-4c9b-8e60-5a7b9d0f1203",
        "verification_id": "e1a4b7d0-93c6-4f28-a5b8-7d2e6c9f1304",
    }
    return Journey(**(fields | changes))


class _Skipping(selectors.DefaultSelector):
    """Waits for nothing: tells the loop how long it would have waited."""

    skip: Callable[[float], None]

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Look once, and let the loop's clock run instead of waiting."""
        if timeout is None:
            raise RuntimeError("everything waits and nothing will ever happen")
        self.skip(timeout)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop whose clock jumps to the next timer; a turn of the loop takes a microsecond."""

    def __init__(self) -> None:
        selector = _Skipping()
        super().__init__(selector)
        self._now = 1000.0
        selector.skip = self._skip

    def time(self) -> float:
        """Virtual seconds."""
        return self._now

    def stand_still(self, seconds: float) -> None:
        """Let time pass in which the process does nothing, as on a busy machine."""
        self._now += seconds

    def _skip(self, seconds: float) -> None:
        self._now += max(seconds, 1e-6)


def run_virtually(main: Coroutine[Any, Any, T]) -> T:
    """Run ``main`` in virtual time: an hour of waiting takes no time, and a deadlock is an error."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)


class Wire:
    """One connection at a bank that answers with bytes of the test's choice."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self._writer = writer

    async def send(self, data: bytes) -> None:
        """Write ``data`` at once."""
        with contextlib.suppress(ConnectionError):
            self._writer.write(data)
            await self._writer.drain()

    def end(self) -> None:
        """Say that nothing more will come."""
        self._writer.write_eof()

    def reset(self) -> None:
        """End the connection with a reset."""
        end = self._writer.get_extra_info("socket")
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()


Talk = Callable[[Wire, int], Awaitable[bool]]
"""What the bank does with a request, given its number from 1; true keeps the connection open."""


class RawBank:
    """A TCP server that counts whole requests and leaves the answer to the test."""

    def __init__(self, answer: Talk, *, read_body: bool) -> None:
        self._answer = answer
        self._read_body = read_body
        self._number = itertools.count(1)
        self.requests: list[bytes] = []
        self.connections = 0
        self.changed = asyncio.Event()
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        self.connections += 1
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"(?i)content-length: (\d+)", head)
                body = await reader.readexactly(int(length[1])) if length and self._read_body else b""
                self.requests.append(head + body)
                self.changed.set()
                if not await self._answer(Wire(reader, writer), next(self._number)):
                    break
        writer.close()


@asynccontextmanager
async def raw_bank(answer: Talk, *, read_body: bool = True) -> AsyncIterator[RawBank]:
    """Start a bank of raw bytes on a free port."""
    bank = RawBank(answer, read_body=read_body)
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        await bank.serve(reader, writer)
        tasks.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    bank.port = server.sockets[0].getsockname()[1]
    try:
        yield bank
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


Scripted = httpx.Response | Exception | tuple[int, Any]


async def exchange(
    transport: Exchange, request: httpx.Request, *, written: Callable[[], None] = lambda: None
) -> httpx.Response:
    """Send a request of httpx by a transport of ours; it calculates the length and is given all other headers."""
    answer = await transport.send(
        Request(
            method=request.method,
            target=request.extensions.get("target") or request.url.raw_path,
            headers=tuple(header for header in request.headers.raw if header[0].lower() != b"content-length"),
            body=request.read(),
            fresh=request.extensions.get("fresh", False),
            written=written,
        )
    )
    headers = {"Retry-After": answer.retry_after, "Date": answer.date}
    return response(answer.status, answer.content, {name: value for name, value in headers.items() if value})


class HandlerTransport(ABC):
    """A transport that answers by itself, in requests and answers of httpx."""

    async def send(self, request: Request) -> Answer:
        """Answer it, once it is said to have been written."""
        url = httpx.URL("https://bank.example.com").copy_with(raw_path=request.target)
        given = httpx.Request(request.method, url, headers=request.headers, content=request.body)
        request.written()
        answer = await self.handle(given)
        headers = answer.headers
        return Answer(
            status=answer.status_code,
            content=answer.content,
            retry_after=headers.get("Retry-After"),
            date=headers.get("Date"),
        )

    @abstractmethod
    async def handle(self, request: httpx.Request) -> httpx.Response:
        """The answer to a request."""

    async def aclose(self) -> None:  # noqa: B027 - most have nothing to close
        """Close it."""


class ScriptedTransport(HandlerTransport):
    """Answers from a list, the last answer for ever; keeps what was sent. Each answer costs one turn of the loop."""

    def __init__(self, answers: Iterable[Scripted]) -> None:
        self._answers = list(answers)
        self.sent: list[httpx.Request] = []
        self.closed = False

    async def handle(self, request: httpx.Request) -> httpx.Response:
        """Answer as the script says."""
        self.sent.append(request)
        await asyncio.sleep(0)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return response(*answer) if isinstance(answer, tuple) else answer

    async def aclose(self) -> None:
        """Note it."""
        self.closed = True


def response(status: int, body: Any, headers: dict[str, str] | None = None) -> httpx.Response:
    """Make an answer of JSON, or of raw bytes."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return httpx.Response(status, headers=headers, content=content)


def quick_pacer() -> Pacer:
    """Make a rate budget in the running loop that does not matter."""
    return Pacer(calls_per_second=100_000, max_in_flight=64, wait_s=float)


def client(transport: Exchange, budget: RateBudget | None = None, **sections: dict[str, Any]) -> Client:
    """Make a client in the running loop."""
    return Client(caller_of(settings(**sections)), transport=transport, budget=budget or quick_pacer())
