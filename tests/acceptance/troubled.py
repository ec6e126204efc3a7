"""A way to the bank that a test can spoil at any moment: between the command and a sandbox, on a port of its own."""

import asyncio
import contextlib
import re
import socket
import struct
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.acceptance.support import Bank

TROUBLES = ("refuses", "resets", "silent", "500", "502", "503", "503 with a wait")
"""Nobody listens; connections are reset; whatever comes is taken and never answered; the gateway answers itself."""
_RESETS = ("refuses", "resets")
"""What ends connections that are open, and those that were accepted just before."""
_HTML = b"<html><body>Gateway</body></html>"


@dataclass(kw_only=True)
class Way:
    """The way: ``base_url`` leads to the bank until ``trouble`` is set.

    With ``answers_once`` a connection is kept after its first answer, and reset unread when more comes.
    """

    bank: Bank
    base_url: str = ""
    trouble: str = ""
    answers_once: bool = False
    asked: int = 0
    """Requests that came while there was trouble."""
    unread: int = 0
    """Requests that met a connection which had answered once."""
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)
    _loop: asyncio.AbstractEventLoop = field(init=False)
    _server: asyncio.Server = field(init=False)
    _port: int = 0

    def spoil(self, trouble: str) -> None:
        """Let there be trouble from now on; an empty one ends it."""
        asyncio.run_coroutine_threadsafe(self._spoil(trouble), self._loop).result(10)

    async def _spoil(self, trouble: str) -> None:
        self.trouble = trouble
        if trouble == "refuses":
            await self._close()
        elif not self._server.is_serving():
            self._server = await asyncio.start_server(self._accept, "127.0.0.1", self._port)
        if trouble in _RESETS:
            for writer in list(self._writers):
                _reset(writer)

    async def _close(self) -> None:
        for listener in self._server.sockets:
            self._loop.remove_reader(listener.fileno())
        await asyncio.sleep(0)  # what was accepted becomes a connection: a closed server of Python 3.11 would lose it
        self._server.close()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)  # at once: a task that is cancelled before it begins closes nothing
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with self._to_bank() as (answers, requests):
                with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                    while await self._one(reader, writer, answers, requests):
                        if self.answers_once and await reader.read(1):
                            self.unread += 1
                            _reset(writer)
                            break
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _one(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        answers: asyncio.StreamReader,
        requests: asyncio.StreamWriter,
    ) -> bool:
        """Carry one request and its answer; false: the connection is over."""
        request = await _message(reader)
        if not self.trouble:
            requests.write(request)
            answer = await _message(answers)
            if self.trouble not in ("silent", *_RESETS):  # trouble came meanwhile: the answer is lost
                writer.write(answer)
                await writer.drain()
                return True
        self.asked += 1
        if self.trouble in _RESETS:
            _reset(writer)
            return False
        if self.trouble == "silent":
            await asyncio.sleep(3600)
        status = self.trouble.partition(" ")[0]
        head = f"HTTP/1.1 {status} Trouble\r\nContent-Type: text/html\r\nContent-Length: {len(_HTML)}\r\n"
        head += "Retry-After: 1\r\n" if self.trouble.endswith("wait") else ""
        writer.write(head.encode() + b"\r\n" + _HTML)
        await writer.drain()
        return True

    @asynccontextmanager
    async def _to_bank(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        parts = urlsplit(self.bank.base_url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        try:
            yield reader, writer
        finally:
            writer.close()

    async def run(self, ready: threading.Event, end: threading.Event) -> None:
        """Serve until the end."""
        self._loop = asyncio.get_running_loop()
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self._port = self._server.sockets[0].getsockname()[1]
        self.base_url = f"http://127.0.0.1:{self._port}{urlsplit(self.bank.base_url).path}"
        ready.set()
        await asyncio.to_thread(end.wait)
        await self._close()
        # A connection that is being accepted has no task of ours yet: it gets one while the others end.
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            for task in self._tasks:
                task.cancel()
            await asyncio.wait(others)
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.sleep(0)  # that is when the sockets close


async def _message(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: *(\d+)", head)
    return head + (await reader.readexactly(int(length[1])) if length else b"")


def _reset(writer: asyncio.StreamWriter) -> None:
    end = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@contextmanager
def way_to(bank: Bank) -> Iterator[Way]:
    """Open a way to the bank for the block."""
    way, ready, end = Way(bank=bank), threading.Event(), threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(way.run(ready, end)), name="way", daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield way
    finally:
        end.set()
        thread.join(10)
