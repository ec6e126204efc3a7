"""Sends one request to the bank: headers, token, pacing, sending, parsing. All calls of a run use it.

Promises: nothing is sent without a permit of the pacer; a failure to connect is distinguished from a lost answer; the
result is always a ``Reply`` and never an exception; what shows a limit slows all calls before anybody reads it. Knows
no ledger and no phase order.
"""

import socket
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache, partial
from urllib.parse import urlsplit

import httpx
from msgspec.structs import replace

from finhub_onboard import __version__
from finhub_onboard.events import Handler, Notice, Slowed, ignore
from finhub_onboard.finhub import answers
from finhub_onboard.finhub.calls import CALLS, STOPPED, CallName, Kind, Reply
from finhub_onboard.finhub.requests import Outgoing
from finhub_onboard.finhub.retry_after import retry_after_s, to_moment
from finhub_onboard.finhub.whose import NOBODY, Whose
from finhub_onboard.outbound.bank_clock import BankClock
from finhub_onboard.outbound.causes import BROKE, Cause
from finhub_onboard.outbound.pacing.ports import Permit, RateBudget
from finhub_onboard.outbound.transport import Answer, Broken, Exchange, Headers, Request, Unsent

_TOKENS = 4096
_NONE = Cause(text="", sent=True)
BASE_URL = "api.base_url"
"""The setting that causes name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Where the bank is, and how the job's calls are marked; without ``forwarded_for`` by this machine's address.

    ``setting`` is the one with the address.
    """

    base_url: str
    tenant_id: str
    forwarded_for: str
    device_id: str
    setting: str = BASE_URL


class Client:
    """Sends requests of one run. ``transport`` raises httpx's ``ConnectError`` only unsent, and answers in time.

    ``may_send`` tells whether this is still the one run; while it is not, nothing leaves. ``secrets`` are what the bank
    must not be heard to repeat. ``look`` looks closer at why probes get no answer.
    """

    def __init__(
        self,
        caller: Caller,
        *,
        transport: Exchange,
        budget: RateBudget,
        emit: Handler = ignore,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
        may_send: Callable[[], bool] = lambda: True,
        secrets: Sequence[str] = (),
        look: Callable[[Cause], Awaitable[str]] | None = None,
    ) -> None:
        self._path = httpx.URL(caller.base_url).raw_path.decode("ascii")
        self._setting = caller.setting
        self._transport = transport
        self._emit = emit
        self._clock = clock
        self._wall_clock = wall_clock
        self._bank_clock = BankClock()
        self._may_send = may_send
        self._secrets = secrets
        self._look = look
        self._budget = budget
        self._headers = {
            "Host": urlsplit(caller.base_url).netloc,
            "User-Agent": f"finhub-onboard/{__version__}",
            "X-Tenant-ID": caller.tenant_id,
            "X-Forwarded-For": caller.forwarded_for or own_address(caller.base_url),
            "X-Forwarded-From": "finhub-onboard",
            "platform": "web",
            "deviceId": caller.device_id,
            "Accept": "application/json",
            "Accept-Encoding": "gzip, deflate",
        }
        # A token is used for many calls; its headers are built once.
        self._headers_for = lru_cache(maxsize=_TOKENS)(self._make_headers)

    async def send(
        self,
        call: CallName,
        request: Outgoing,
        *,
        token: str = "",
        whose: Whose = NOBODY,
        permit: Permit | None = None,
        urgent: bool = False,
        fresh: bool = False,
    ) -> tuple[Reply, bytes]:
        """Send ``request``; the reply as read for ``call``, and the body for who needs more.

        ``whose`` tells who the answer must be about. Without a ``permit`` of the rate budget the request waits for one
        here.
        ``urgent`` passes a shut gate: the probe that finds out whether the bank is back.
        ``fresh`` opens a connection of its own, as a probe does: it must not meet one that died in silence.
        """
        permit = permit or await self._budget.acquire(kind=CALLS[call].phase, urgent=urgent)
        if permit is None:
            return STOPPED, b""
        started = self._clock()
        ready = Request(
            method=request.method,
            target=(self._path + request.path).encode("ascii"),
            headers=self._headers_for(token, request.content_type if request.body else "", request.forwarded_for),
            body=request.body,
            fresh=fresh or urgent,
            written=partial(self._budget.written, permit),
        )
        await self._budget.wait_due(permit)
        if not self._may_send():  # checked last: this process may have been suspended until now
            permit.release()
            return STOPPED, b""
        self._budget.sent(permit)
        left_at = self._wall_clock()
        failed = _NONE
        try:
            answer = await self._transport.send(ready)
        except (Unsent, Broken) as error:
            failed = error.cause
        except httpx.ConnectError:
            failed = Cause(text="no connection")
        except (httpx.TimeoutException, TimeoutError):
            failed = Cause(text="no answer in time", sent=True, kind=Kind.SILENT)
        except Exception:  # noqa: BLE001 - whatever a transport raises after sending, the outcome is unknown
            failed = Cause(text=BROKE, sent=True)
        finally:
            self._budget.answered(permit)
        if failed.text:
            return await self._unanswered(failed, self._clock() - started, look=urgent), b""
        reply = answers.read(call, answer.status, answer.content, whose=whose, secrets=self._secrets)
        if reply.kind is not Kind.GATEWAY:
            self._bank_clock.note(answer.date, sent_at=left_at, received_at=self._wall_clock())
        reply = replace(reply, retry_after_s=asked_s(answer), seconds=self._clock() - started)
        return self._paced(call, reply, permit, whose.customer.external_id if whose.customer else ""), answer.content

    async def _unanswered(self, failed: Cause, seconds: float, *, look: bool) -> Reply:
        """The reply to a call without an answer. ``look``: diagnose the cause, for probes."""
        diagnosis = await self._look(failed) if look and self._look else ""
        return Reply(
            sent=failed.sent,
            cause=(diagnosis or failed.text).replace(BASE_URL, self._setting),
            # With a diagnosis more is known than that the bank was silent.
            kind=Kind.NONE if diagnosis and failed.kind is Kind.SILENT else failed.kind,
            seconds=seconds,
        )

    @property
    def bank_ahead_s(self) -> float:
        """The minimum offset of the bank's clock to ours in seconds, by its answers."""
        return self._bank_clock.ahead_s

    def _paced(self, call: CallName, reply: Reply, permit: Permit, who: str) -> Reply:
        """Report the bank's acceptance or refusal for rate to the pacer."""
        asked, cap = reply.retry_after_s, self._budget.max_wait_s
        if asked is not None and asked > cap:
            too_long = f"it asks to wait {asked:.0f} s, retry.max_wait_s allows {cap:g} s"
            reply = replace(reply, message=f"{reply.message}; {too_long}" if reply.message else too_long)
        if not reply.is_for_rate:
            self._budget.accepted(call, reply.seconds, who=who)
            return reply
        hold = self._budget.refused(permit, asked, who=who)
        if hold.alone:
            return replace(reply, alone=True)
        if hold.cut:
            capped = f" and a pause of {asked:.0f} s, more than retry.max_wait_s" if asked and asked > cap else ""
            reason = f"the bank asked for less ({reply.status}){capped}"
            self._emit(Slowed(reason=reason, seconds=hold.seconds, rate=self._budget.rate))
        return replace(reply, hold_s=hold.seconds or None)

    def tell(self, message: str) -> None:
        """Emit a notice to the run's subscribers."""
        self._emit(Notice(message=message))

    def _make_headers(self, token: str, content_type: str, forwarded_for: str) -> Headers:
        authorization = {"Authorization": f"Bearer {token}"} if token else {}
        of_body = {"Content-Type": content_type} if content_type else {}
        origin = {"X-Forwarded-For": forwarded_for} if forwarded_for else {}
        headers = self._headers | authorization | of_body | origin
        return tuple((name.encode("ascii"), value.encode("ascii")) for name, value in headers.items())

    async def aclose(self) -> None:
        """Close the connections."""
        await self._transport.aclose()


def asked_s(answer: Answer) -> float | None:
    """How long an answer asks to wait; a date is of the bank's clock, and so is the answer's own ``Date``."""
    if answer.retry_after is None:
        return None
    now = datetime.now(UTC)
    return retry_after_s(answer.retry_after, to_moment(answer.date or "", now) or now)


def own_address(base_url: str) -> str:
    """This machine's address as the bank's network sees it; no packet is sent to find out."""
    parts = urlsplit(base_url)
    try:
        family, kind, _, _, address = socket.getaddrinfo(parts.hostname, parts.port or 443, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, kind) as probe:
            probe.connect(address)
            return str(probe.getsockname()[0])
    except (OSError, UnicodeError):  # a host name that cannot be encoded
        return "127.0.0.1"
