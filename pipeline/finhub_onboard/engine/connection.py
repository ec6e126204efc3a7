"""Builds the outbound side of a run: pacer, client, admin session, categories. Used by ``run`` and ``check``."""

import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from finhub_onboard.config.addresses import is_plain
from finhub_onboard.config.settings import Settings
from finhub_onboard.engine.bank_settings import (
    caller_of,
    load_certificates,
    login_caller_of,
    login_settings_of,
    patience_of,
    tenant_of,
)
from finhub_onboard.engine.limits_in_force import rate_in_force
from finhub_onboard.events import Handler, ignore
from finhub_onboard.finhub.patience import Patience
from finhub_onboard.finhub.requests import Payloads
from finhub_onboard.keys import Keys
from finhub_onboard.model import Category
from finhub_onboard.outbound.admin_calls import AdminCalls
from finhub_onboard.outbound.aiohttp_transport import AiohttpTransport
from finhub_onboard.outbound.client import Caller, Client
from finhub_onboard.outbound.finished_customers import FinishedCustomers
from finhub_onboard.outbound.hierarchy import Hierarchy
from finhub_onboard.outbound.httpx_transport import HttpxTransport
from finhub_onboard.outbound.pacing.counters import Counters
from finhub_onboard.outbound.pacing.gate import Gate
from finhub_onboard.outbound.pacing.long_wait import LongWait
from finhub_onboard.outbound.pacing.pacer import Pacer
from finhub_onboard.outbound.pacing.places import Places
from finhub_onboard.outbound.pacing.ports import RateBudget
from finhub_onboard.outbound.session import AdminSession
from finhub_onboard.outbound.subscription import Subscription
from finhub_onboard.outbound.transport import Transport

TRANSPORTS: dict[str, type[Transport]] = {"aiohttp": AiohttpTransport, "httpx": HttpxTransport}
"""Value of ``api.transport`` -> transport."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """What a run needs to call the bank."""

    budget: RateBudget
    gate: Gate
    counters: Counters
    places: Places
    long_wait: LongWait
    client: Client
    payloads: Payloads
    session: AdminSession
    calls: AdminCalls
    hierarchy: Hierarchy
    subscription: Subscription
    finished: FinishedCustomers
    patience: Patience

    async def categories(self) -> tuple[Category, ...]:
        """Log in and read the tenant's categories. Raises if the bank refuses or cannot be reached."""
        return await self.hierarchy.read(self.patience)


@asynccontextmanager
async def connected(
    settings: Settings,
    keys: Keys,
    *,
    direct: bool,
    emit: Handler = ignore,
    may_send: Callable[[], bool] = lambda: True,
    now: Callable[[], float] = time.time,
) -> AsyncIterator[Connection]:
    """Put the outbound side together; nothing is sent yet. ``direct``: the bank is on this machine.

    ``may_send`` is asked before each call leaves; ``now`` is the clock of the run's instants. Raises
    :class:`ConfigurationError` if a certificate or the environment's proxy cannot be used.
    """
    patience = patience_of(settings, random.random)
    pacer = Pacer(
        calls_per_second=rate_in_force(settings.limits, datetime.now(UTC)),
        max_in_flight=settings.limits.max_in_flight,
        by_kind={str(phase): rate for phase, rate in settings.limits.by_phase.items()},
        wait_s=patience.wait_s,
        max_wait_s=patience.max_wait_s,
    )
    api, given, trust = settings.api, settings.credentials, load_certificates(settings)
    # Without what separates their words: a passphrase is masked, and its words stay such as errors are written in.
    secrets = ["".join(filter(str.isalpha, given.reveal(name))) for name in type(given).model_fields]

    def client_of(caller: Caller) -> Client:
        in_the_clear = is_plain(caller.base_url) and not api.allow_plain_http  # a proxy would see it unencrypted
        transport = TRANSPORTS[api.transport](
            caller.base_url, timeout_s=api.timeout_s, direct=direct or in_the_clear, trust=trust
        )
        return Client(
            caller,
            transport=transport,
            budget=pacer,
            emit=emit,
            may_send=may_send,
            secrets=[secret for secret in secrets if secret],
            wall_clock=now,
            look=transport.look,
        )

    client = client_of(caller_of(settings))
    login_client = client_of(login_caller_of(settings)) if api.login_has_own_url else client
    payloads = Payloads(tenant_of(settings), keys)
    named = login_settings_of(settings)
    session = AdminSession(login_client, payloads, patience, pacer.gate, clock=time.monotonic, named=named)
    calls = AdminCalls(client, session, pacer.gate)
    try:
        yield Connection(
            budget=pacer,
            gate=pacer.gate,
            counters=pacer.counters,
            places=pacer.places,
            long_wait=pacer.long_wait,
            client=client,
            payloads=payloads,
            session=session,
            calls=calls,
            hierarchy=Hierarchy(calls, payloads),
            subscription=Subscription(calls, payloads),
            finished=FinishedCustomers(calls, payloads),
            patience=patience,
        )
    finally:
        for each in {client, login_client}:
            await each.aclose()
