"""A headless Chromium that tests ask about a page; only where one is installed."""

import asyncio
import json
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync", "--remote-debugging-port=0"),
    *("--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"),
)


class Page:
    """An open page; ``requests`` are the addresses that it asked for, ``complaints`` what the browser logged."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._number = 0
        self.requests: list[str] = []
        self.complaints: list[str] = []

    async def call(self, method: str, **params: Any) -> Any:
        """Call a method of the debugging protocol."""
        self._number += 1
        await self._socket.send_json({"id": self._number, "method": method, "params": params})
        async for message in self._socket:
            told = json.loads(message.data)
            if told.get("id") == self._number:
                return told["result"]
            self._note(told)
        raise AssertionError("the browser ended")

    async def evaluate(self, script: str) -> Any:
        """Evaluate an expression in the page."""
        found = await self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    async def wait_for(self, condition: str) -> None:
        """Wait until an expression is true in the page."""
        while not await self.evaluate(condition):  # noqa: ASYNC110 - the page has no event for it
            await asyncio.sleep(0.05)

    def _note(self, told: dict[str, Any]) -> None:
        match told.get("method"):
            case "Network.requestWillBeSent":
                self.requests.append(told["params"]["request"]["url"])
            case "Log.entryAdded":
                self.complaints.append(told["params"]["entry"]["text"])


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[Page]:
    """Open a file in a browser of its own."""
    assert CHROMIUM
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        browser = await asyncio.create_subprocess_exec(
            CHROMIUM, *_FLAGS, f"--user-data-dir={home}", "about:blank", stderr=subprocess.DEVNULL
        )
        try:
            port = await _port(Path(home) / "DevToolsActivePort")
            async with aiohttp.ClientSession() as session:
                async with session.get(f"http://127.0.0.1:{port}/json") as answer:
                    (target,) = [each for each in await answer.json() if each["type"] == "page"]
                async with session.ws_connect(target["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                    page = Page(socket)
                    for domain in ("Network", "Log", "Page"):
                        await page.call(f"{domain}.enable")
                    await page.call("Page.navigate", url=path.as_uri())
                    await page.wait_for("document.readyState === 'complete' && location.protocol === 'file:'")
                    yield page
        finally:
            browser.terminate()
            await browser.wait()


async def _port(file: Path) -> str:
    while not (words := _words(file)):  # noqa: ASYNC110 - the browser writes a file
        await asyncio.sleep(0.05)
    return words[0]


def _words(file: Path) -> list[str]:
    return file.read_text().split() if file.exists() else []
