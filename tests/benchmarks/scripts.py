"""What the job is measured beside: programs that make the same calls, with bodies of the same size, and keep nothing.

No ledger, no checks, no pacing, no retries. Each carries so many customers and returns the seconds that it took.
"""

import asyncio
import json
import os
from collections.abc import Iterable
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import httpx

IN_FLIGHT = 16
_BODY = {"data": "x" * 600}
_DOCUMENT = {"data": "x" * 66_000}  # one of the sample's, in base64
JOURNEY = (
    ("POST", "/customer/individual/registration", _BODY),
    ("POST", "/customer/individual/c/users/u/sessions", _BODY),
    ("POST", "/customer/individual/c/verification", _BODY),
    ("POST", "/verifications/v/documents", _DOCUMENT),
    ("POST", "/verifications/v/approve", _BODY),
    ("POST", "/customer/individual/c/consents/terms", _BODY),
    ("POST", "/customer/individual/c/consents/privacy", _BODY),
    ("POST", "/customer/individual/c/consents/data-processing", _BODY),
    ("GET", "/customer/individual/c/owner/t/activation/check", None),
    ("POST", "/customer/individual/c/activation", _BODY),
)


def by_httpx_in_turn(base_url: str, customers: int) -> float:
    """Carry one customer after the other by stock httpx: the script that a user writes first."""
    started = perf_counter()
    with httpx.Client() as client:
        for _ in range(customers):
            _carry(client, base_url)
    return perf_counter() - started


def _carry(client: httpx.Client, base_url: str) -> None:
    for method, path, body in JOURNEY:
        client.request(method, base_url + path, json=body).raise_for_status()


def by_httpx(base_url: str, customers: int) -> float:
    """Carry several customers at a time by stock httpx."""

    async def main(left: Iterable[int]) -> None:
        async with httpx.AsyncClient(limits=httpx.Limits(max_connections=IN_FLIGHT)) as client:

            async def work() -> None:
                for _ in left:
                    for method, path, body in JOURNEY:
                        answer = await client.request(method, base_url + path, json=body)
                        answer.raise_for_status()

            await asyncio.gather(*(work() for _ in range(IN_FLIGHT)))

    started = perf_counter()
    asyncio.run(main(iter(range(customers))))
    return perf_counter() - started


def by_aiohttp(base_url: str, customers: int) -> float:
    """Carry several customers at a time by aiohttp."""

    async def main(left: Iterable[int]) -> None:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=IN_FLIGHT)) as client:

            async def work() -> None:
                for _ in left:
                    for method, path, body in JOURNEY:
                        async with client.request(method, base_url + path, json=body) as answer:
                            answer.raise_for_status()
                            await answer.json()

            await asyncio.gather(*(work() for _ in range(IN_FLIGHT)))

    started = perf_counter()
    asyncio.run(main(iter(range(customers))))
    return perf_counter() - started


class _Raw(asyncio.Protocol):
    """Sends the next request once the last is answered; reads no more of an answer than its length."""

    def __init__(self, requests: Iterable[bytes], done: "asyncio.Future[None]") -> None:
        self._requests = iter(requests)
        self._done = done
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if found and len(body) >= int(head.rpartition(b"Content-Length: ")[2]):
            self._buffer = b""
            self._send()

    def _send(self) -> None:
        if request := next(self._requests, b""):
            self._transport.write(request)
        else:
            self._transport.close()
            self._done.set_result(None)


def by_sockets(base_url: str, customers: int) -> float:
    """Send ready-made bytes over as many connections: what the bank and Python's sockets can do at all."""
    url = urlsplit(base_url)
    requests = [
        f"{method} {url.path}{path} HTTP/1.1\r\nHost: {url.netloc}\r\n".encode()
        + (f"Content-Length: {len(content)}\r\n\r\n".encode() + content if body else b"\r\n")
        for method, path, body in JOURNEY
        for content in (json.dumps(body).encode(),)
    ]

    async def main() -> None:
        loop = asyncio.get_running_loop()
        left = (request for _ in range(customers) for request in requests)
        ends = [loop.create_future() for _ in range(IN_FLIGHT)]
        for end in ends:
            await loop.create_connection(partial(_Raw, left, end), str(url.hostname), int(url.port or 80))
        await asyncio.gather(*ends)

    started = perf_counter()
    asyncio.run(main())
    return perf_counter() - started


def by_dlt(base_url: str, customers: int) -> float:
    """Carry the customers as a load of dlt with a custom destination, a customer per batch, several at a time."""
    os.environ |= {"RUNTIME__DLTHUB_TELEMETRY": "false", "LOAD__WORKERS": str(IN_FLIGHT)}
    dlt: Any = import_module("dlt")
    with TemporaryDirectory() as folder, httpx.Client(limits=httpx.Limits(max_connections=IN_FLIGHT)) as client:

        def carry(items: Any, _table: Any) -> None:
            for _ in items:
                _carry(client, base_url)

        bank = dlt.destination(batch_size=1, loader_parallelism_strategy="parallel", name="bank")(carry)
        started = perf_counter()
        pipeline = dlt.pipeline("bench", destination=bank, pipelines_dir=folder)
        pipeline.run([{"number": number} for number in range(customers)], table_name="customers")
        return perf_counter() - started


SCRIPTS = {
    "sockets, 16 connections: the ceiling": by_sockets,
    "aiohttp, 16 in flight": by_aiohttp,
    "stock httpx, 16 in flight": by_httpx,
    "stock httpx, one after the other": by_httpx_in_turn,
} | ({"dlt, custom destination": by_dlt} if find_spec("dlt") else {})
"""By what they are called in a table; dlt only where it is installed, because nothing else needs it."""
