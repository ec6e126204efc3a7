"""The monitor over HTTP: a page, its stream of states, and nothing for whoever lacks the token.

Promises: only reads; a request without the token learns nothing but that it needs it; the ledger is looked into at most
once a second, however many pages are open, and off the event loop. Knows no socket.
"""

import asyncio
import hmac
import time
from collections.abc import AsyncIterator, Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from finhub_onboard.monitor import page
from finhub_onboard.monitor.view import View

_LOOK_S = 1.0
_PING_S = 15.0
_PATIENCE_S = 2.0
_BUSY = View(ledger="", trouble="The ledger does not answer yet: somebody else has it to himself.")
_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_LOCAL_NAMES = frozenset({"127.0.0.1", "localhost"})


class Looks:
    """The newest look into the ledger, shared by all who ask. ``look`` reads it, which may take long."""

    def __init__(
        self,
        look: Callable[[], View],
        *,
        clock: Callable[[], float] = time.monotonic,
        patience_s: float = _PATIENCE_S,
    ) -> None:
        self._look = look
        self._clock = clock
        self._patience_s = patience_s
        self._seen: View | None = None
        self._at = 0.0
        self._looking: asyncio.Task[View] | None = None

    async def newest(self) -> View:
        """What was seen at most ``_LOOK_S`` ago; what was seen before that, if the ledger does not answer soon."""
        if self._looking is None and (self._seen is None or self._clock() - self._at >= _LOOK_S):
            self._looking = asyncio.create_task(asyncio.to_thread(self._look))
        if looking := self._looking:
            await asyncio.wait({looking}, timeout=self._patience_s)
            if looking.done() and self._looking is looking:
                self._looking, self._seen, self._at = None, looking.result(), self._clock()
        return self._seen or _BUSY


def build(look: Callable[[], View], token: str, *, is_ending: Callable[[], bool] = lambda: False) -> Starlette:
    """The application; streams end once ``is_ending``."""
    looks = Looks(look)

    def may_see(request: Request) -> bool:
        given = request.path_params.get("token", "")
        return (request.url.hostname or "") in _LOCAL_NAMES and hmac.compare_digest(given.encode(), token.encode())

    async def show(request: Request) -> Response:
        if not may_see(request):
            return _refuse()
        headers = {**_HEADERS, "Content-Security-Policy": page.policy()}
        return HTMLResponse(page.render(await looks.newest()), headers=headers)

    async def stream(request: Request) -> Response:
        if not may_see(request):
            return _refuse()
        return StreamingResponse(_states(looks, is_ending), media_type="text/event-stream", headers=_HEADERS)

    async def refuse(_: Request) -> Response:
        return _refuse()

    return Starlette(
        routes=[
            Route("/{token}/", show, methods=["GET"]),
            Route("/{token}/events", stream, methods=["GET"]),
            Route("/{path:path}", refuse),
        ]
    )


async def _states(looks: Looks, is_ending: Callable[[], bool]) -> AsyncIterator[str]:
    """Server-sent events: the state at once and whenever it is another; a comment now and then keeps the line open."""
    shown, spoken_at = "", time.monotonic()
    while not is_ending():
        state = page.render_state(await looks.newest())
        if state != shown:
            shown, spoken_at = state, time.monotonic()
            data = "\n".join(f"data: {line}" for line in state.splitlines() if line)
            yield f"event: state\n{data}\n\n"
        elif time.monotonic() - spoken_at >= _PING_S:
            spoken_at = time.monotonic()
            yield ": still here\n\n"
        await asyncio.sleep(_LOOK_S / 4)


def _refuse() -> Response:
    return PlainTextResponse(
        "403: open the address that `onboard monitor` printed, with all its letters.\n",
        status_code=403,
        headers=_HEADERS,
    )
