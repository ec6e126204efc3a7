"""``onboard check``: everything that an unattended run needs, each checked independently.

Combines settings, ledger, reports and the outbound side. Promises: every check is made, or listed as not made with the
check that it depends on; nothing is changed at the bank; the exit code is that of the most serious failure. The bank's
categories are kept in the ledger for ``onboard plan``.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from functools import partial

from finhub_onboard.commands.check_results import OK, Checks
from finhub_onboard.config.settings import Settings
from finhub_onboard.engine import descriptors, embedded_sandbox
from finhub_onboard.engine.bank_settings import load_certificates
from finhub_onboard.engine.connection import Connection, connected
from finhub_onboard.engine.documents_root import refusal
from finhub_onboard.engine.forwarding import doubt
from finhub_onboard.engine.parametrization import needs, refuse_unfit
from finhub_onboard.engine.preconditions import need_credentials, need_seed, open_ledger
from finhub_onboard.errors import ConfigurationError, OnboardError
from finhub_onboard.events import Event, Notice
from finhub_onboard.intake.checking.categories import barred
from finhub_onboard.keys import Keys
from finhub_onboard.ledger import logins
from finhub_onboard.ledger.categories import remember
from finhub_onboard.ledger.ports import Ledger
from finhub_onboard.ledger.same_bank import recognise
from finhub_onboard.matching.run_facts import new_run_id
from finhub_onboard.model import Category, Phase
from finhub_onboard.reports.files.trial import writable
from finhub_onboard.subscribers.channels import channels
from finhub_onboard.subscribers.telemetry import need_library

_MAX_ATTEMPTS, _MAX_WAIT_S = 2, 5.0
"""A person waits: a bank that does not answer twice counts as unreachable."""
_MAX_CLOCK_OFFSET_S = 60.0
"""Tokens are renewed this long before they expire, which a larger clock offset would defeat."""
_NO_LABEL = "its name is not fit to be shown"


def check(
    load: Callable[[], Settings],
    *,
    show: Callable[[str, str, str], object] = lambda *_: None,
    create_subscription: bool = False,
) -> Checks:
    """Make all checks; ``show`` gets each at once: its name, the finding, its state.

    ``create_subscription``: make a webhook subscription with the bank's own receiver, where the settings name none.
    """
    checks, shown = Checks(), 0
    for _ in _run_checks(load, checks, create_subscription=create_subscription):
        for each in checks.results[shown:]:
            show(each.name, each.fact, each.state)
        shown = len(checks.results)
    for category in checks.categories:
        show("category", f"{category.key}: {category.label or _NO_LABEL}{_risk_suffix(category)}", OK)
    return checks


def _risk_suffix(category: Category) -> str:
    risk = f", risk {category.risk}" if category.risk else ""
    why = barred(category)
    return f"{risk}; rows of it are rejected: {why.message}" if why else risk


_AFTER_CONFIGURATION = (
    "credentials",
    "certificates",
    "open files",
    "ledger",
    "ledger's bank",
    "documents",
    "reports",
    "disk",
    "notifications",
    "metrics",
    "bank",
    "log-in",
    "categories",
    "clock",
    "deliveries",
)
_OF_THE_BANK = _AFTER_CONFIGURATION[_AFTER_CONFIGURATION.index("bank") :]


def _run_checks(load: Callable[[], Settings], checks: Checks, *, create_subscription: bool) -> Iterator[None]:
    """Make all checks, yielding where results can be shown."""
    try:
        settings = load()
    except OnboardError as error:
        checks.fail("configuration", error)
        checks.skip("the configuration", *_AFTER_CONFIGURATION)
        yield
        return
    checks.find(
        "configuration", lambda: "; ".join(filter(None, ("read, and nothing in it is unknown", doubt(settings))))
    )
    with ExitStack() as stack:
        given = checks.find("credentials", lambda: _check_credentials(settings))
        trusted = checks.find("certificates", lambda: load_certificates(settings).told)
        checks.find("open files", lambda: _check_open_files(settings))
        ledger = _check_ledger(settings, checks, stack)
        checks.find("documents", lambda: _check_documents(settings))
        checks.find("reports", lambda: _check_reports(settings))
        if ledger:
            room = partial(ledger.describe_room, settings.limits.max_in_flight)
            checks.find("disk", room)
        else:
            checks.skip("the ledger", "disk")
        checks.find("notifications", lambda: _check_notifications(settings))
        checks.find("metrics", lambda: _check_metrics(settings))
        yield
        missing = "the credentials" if not given else "the certificates" if not trusted else ""
        if not missing and ledger is None and settings.embedded:
            missing = "the ledger: the embedded sandbox belongs to it"
        if missing:
            checks.skip(missing, *_OF_THE_BANK)
        else:
            # No customer key is used: without the ledger any keys will do.
            keys = ledger.keys if ledger else Keys(settings.credentials.seed.get_secret_value(), settings.api.tenant_id)
            asyncio.run(_check_bank(settings, keys, ledger, checks, stack, create_subscription=create_subscription))
        yield


def _check_credentials(settings: Settings) -> str:
    need_credentials(settings)
    return "the embedded sandbox's own" if settings.embedded else "all are set"


def _check_notifications(settings: Settings) -> str:
    """Whether a run would accept how notifications are configured; none is sent."""
    return ", ".join(way.name for way in channels(settings)) or "none are configured"


def _check_metrics(settings: Settings) -> str:
    """Whether a run could take them; none is written or sent."""
    metrics = settings.metrics
    if metrics.otlp_endpoint:
        need_library()
    ways = (str(metrics.textfile or ""), metrics.otlp_endpoint)
    return ", ".join(filter(None, ways)) or "none are asked for"


def _check_open_files(settings: Settings) -> str:
    return f"{descriptors.provide(settings.limits.max_in_flight)} at once are allowed, as limits.max_in_flight needs"


def _check_ledger(settings: Settings, checks: Checks, stack: ExitStack) -> Ledger | None:
    opened: list[Ledger] = []
    events: list[Event] = []

    def look() -> str:
        need_seed(settings)
        ledger = stack.enter_context(open_ledger(settings, emit=events.append))
        opened.append(ledger)
        holder = ledger.locked_by()
        new = "" if ledger.runs(acts=True) else ", new: no run has used it"
        notices = "".join(f"; {notice.message}" for notice in events if isinstance(notice, Notice))
        return f"{ledger.name}, {f'held by {holder}' if holder else 'free'}{new}{notices}"

    if not checks.find("ledger", look):
        checks.skip("the ledger", "ledger's bank")
        return None
    checks.find("ledger's bank", lambda: recognise(opened[0], settings).before or "none yet: its next run tells it")
    return opened[0]


def _check_documents(settings: Settings) -> str:
    root = settings.documents.root
    if settings.journey.until.number < Phase.DOCUMENTS.number:
        return f"not asked for: the journey ends with {settings.journey.until}"
    if error := refusal(root):
        raise error
    return str(root)


def _check_reports(settings: Settings) -> str:
    """Create a folder as a run would, and remove it again."""
    folder = settings.reports.dir
    above = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    tried = folder / new_run_id(datetime.now(UTC))
    try:
        writable(tried, rejects=("input.csv",), rows=0)
    finally:
        for path in (tried, *tried.parents):
            if path == above:
                break
            with suppress(OSError):
                path.rmdir()
    return f"{folder} can be written"


async def _check_bank(
    settings: Settings,
    keys: Keys,
    ledger: Ledger | None,
    checks: Checks,
    stack: ExitStack,
    *,
    create_subscription: bool,
) -> None:
    """Log in, read the categories and the deliveries; record which part of that works."""
    retry = settings.retry
    quick = {"max_attempts": min(retry.max_attempts, _MAX_ATTEMPTS), "max_wait_s": min(retry.max_wait_s, _MAX_WAIT_S)}
    settings = settings.model_copy(update={"retry": retry.model_copy(update=quick)})
    try:
        ledger_id = ledger.ledger_id if ledger else ""
        reachable = stack.enter_context(embedded_sandbox.running(settings, ledger_id=ledger_id))
        started = time.monotonic()
        async with connected(reachable, keys, direct=settings.embedded) as connection:
            failure = await _read_categories(connection, checks)
            _record_bank(connection, settings, checks, failure, time.monotonic() - started)
            if connection.session.worked:
                await _check_deliveries(connection, settings, checks, create=create_subscription)
            else:
                checks.skip("the log-in", "deliveries")
            if ledger:
                logins.remember(connection.session, settings, keys, ledger, now=time.time())
                if checks.categories:
                    remember(checks.categories, ledger)
    except OnboardError as error:
        checks.fail("bank", error)
        checks.skip("the bank", *_OF_THE_BANK[1:])


async def _read_categories(connection: Connection, checks: Checks) -> OnboardError | None:
    try:
        checks.categories = await connection.categories()
    except OnboardError as error:
        return error
    return None


def _record_bank(
    connection: Connection, settings: Settings, checks: Checks, failure: OnboardError | None, seconds: float
) -> None:
    session, clock = connection.session, connection.client.bank_ahead_s
    answered = session.worked or session.refused or bool(session.unclear)
    if failure and not answered:
        checks.fail("bank", failure)
        checks.skip("the bank", "log-in", "categories", "clock")
        return
    checks.find("bank", lambda: f"{settings.api.base_url} answers")
    if failure and not session.worked:
        checks.fail("log-in", failure)
        checks.skip("the log-in", "categories")
    else:
        checks.find("log-in", lambda: "accepted")
        if failure:
            checks.fail("categories", failure)
        else:
            checks.find("categories", lambda: _check_categories(settings, checks, seconds))
    checks.find("clock", lambda: _check_clock(clock))


def _check_categories(settings: Settings, checks: Checks, seconds: float) -> str:
    refuse_unfit(settings, checks.categories)
    wanting = {category.key: needs(settings, category) for category in checks.categories}
    told = [f"; {key} needs {want}" for key, want in wanting.items() if want]
    return f"{len(checks.categories)}; log-in and categories took {seconds:.2f} s{''.join(told)}"


async def _check_deliveries(connection: Connection, settings: Settings, checks: Checks, *, create: bool) -> None:
    """Whether registrations in doubt can be looked up; ``create``: make the subscription that this needs."""
    named = settings.api.webhook_subscription_id
    try:
        if named:
            await connection.subscription.verify(connection.patience)
            finding = "the bank shows those of api.webhook_subscription_id"
        elif create:
            receiver = f"{settings.api.base_url}/test/webhook-receiver"
            made = await connection.subscription.create(receiver, connection.patience)
            finding = f'subscribed: set api.webhook_subscription_id = "{made}"'
        else:
            finding = "none: a person is asked about each registration in doubt (api.webhook_subscription_id)"
    except OnboardError as error:
        checks.fail("deliveries", error)
    else:
        checks.find("deliveries", lambda: finding)


def _check_clock(ahead_s: float) -> str:
    if abs(ahead_s) > _MAX_CLOCK_OFFSET_S:
        way = "ahead of" if ahead_s > 0 else "behind"
        message = f"the bank's clock is {abs(ahead_s):,.0f} s {way} this machine's"
        raise ConfigurationError(message, hint="set this machine's clock (NTP): deadlines and consents go by it")
    return "agrees with the bank's"
