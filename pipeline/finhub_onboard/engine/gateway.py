"""The bank as the journey sees it: builds, authorises and sends requests for customers.

A joiner of the journey's port, the outbound side and the reading of documents.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import PurePath

import msgspec

from finhub_onboard.engine.bank_health import Health
from finhub_onboard.engine.document_bytes import DocumentBytes
from finhub_onboard.engine.id_owners import IdOwners
from finhub_onboard.engine.parametrization import index_categories, problem_of
from finhub_onboard.finhub.calls import CallName, Reply, Step
from finhub_onboard.finhub.documents import DOCUMENT_COLUMN_OF
from finhub_onboard.finhub.requests import Document, Outgoing, Payloads
from finhub_onboard.finhub.whose import Whose
from finhub_onboard.intake.checking.documents import DocumentError
from finhub_onboard.journey.codes import Code
from finhub_onboard.journey.ports import Problem
from finhub_onboard.keys import IdKind, Keys, changed_columns
from finhub_onboard.matching.evidence import Evidence
from finhub_onboard.model import Category, Customer, Journey
from finhub_onboard.outbound.client import Client
from finhub_onboard.outbound.pacing.places import Places
from finhub_onboard.outbound.pacing.ports import Permit, RateBudget
from finhub_onboard.outbound.session import AdminSession

_MOST_BROKEN = 16_384


class Broken:
    """Customers whose last call got no answer: their next call opens a new connection.

    So does each repeat of an unresolved call. Kept connections may be dead as well, and must not use up the one repeat
    or the few tries of a read.
    """

    def __init__(self) -> None:
        self._keys: set[bytes] = set()

    def add(self, journey: Journey) -> None:
        """The customer's call got no answer. Entries of finished customers are dropped at some time."""
        if len(self._keys) >= _MOST_BROKEN:
            self._keys.clear()
        self._keys.add(journey.key)

    def pop(self, journey: Journey) -> bool:
        """Return whether the customer's last call got no answer, and forget it."""
        is_known = journey.key in self._keys
        self._keys.discard(journey.key)
        return is_known


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """A request that is ready to be sent (``journey.ports.Request``)."""

    client: Client
    ids: IdOwners
    keys: Keys
    broken: Broken
    step: Step
    outgoing: Outgoing
    customer: Customer
    journey: Journey
    own_names: frozenset[str]
    document: str = ""

    async def send(self, token: str, permit: Permit) -> Reply:
        """Send it now. An id in the answer belongs to the customer before anybody else's answer is read."""
        reply, _ = await self.client.send(
            self.step.call.name,
            self.outgoing,
            token=token,
            whose=self._whose(),
            permit=permit,
            fresh=self.broken.pop(self.journey) or (self.step.call.changes and self.journey.doubts > 0),
        )
        if reply.sent and reply.status is None:
            self.broken.add(self.journey)
        given = {IdKind.CUSTOMER: reply.facts.customer_id, IdKind.VERIFICATION: reply.facts.verification_id}
        for kind, identifier in given.items():
            if identifier:
                self.ids.give(self.journey.key, kind, identifier)
        return reply

    def _whose(self) -> Whose:
        """Whom the answer must be about; for deliveries, the e-mail and time of the first unresolved attempt."""
        journey, sent = self.journey, self.journey.doubt_email
        return Whose(
            customer=self.customer,
            item=self.step.item,
            customer_id=journey.customer_id,
            user_id=journey.user_id,
            verification_id=journey.verification_id,
            is_anothers=partial(self.ids.is_anothers, journey.key),
            own=self.own_names,
            since=(journey.doubt_at or journey.started_at) + self.client.bank_ahead_s,
            is_email=(lambda email: self.keys.email_hash(email) == sent) if sent else self._unless_changed(),
        )

    def _unless_changed(self) -> Callable[[str], bool] | None:
        """Older ledgers lack the e-mail that was sent: use the row's, unless it changed since."""
        if self.step.call.name is not CallName.LIST_DELIVERIES or not self.journey.doubts:
            return None
        changed = "email" in changed_columns(self.journey.fingerprint, self.keys.fingerprint(self.customer))
        return (lambda _: False) if changed else None


class Gateway:
    """The bank as a journey sees it (``journey.ports.Bank``)."""

    def __init__(
        self,
        *,
        client: Client,
        budget: RateBudget,
        places: Places,
        document_bytes: DocumentBytes,
        payloads: Payloads,
        session: AdminSession,
        categories: tuple[Category, ...],
        evidence: Evidence,
        health: Health,
        ids: IdOwners,
        keys: Keys,
    ) -> None:
        self._client = client
        self._budget = budget
        self._places = places
        self._document_bytes = document_bytes
        self._payloads = payloads
        self._session = session
        self._categories = index_categories(categories)
        self._evidence = evidence
        self._health = health
        self._ids = ids
        self._keys = keys
        self._broken = Broken()

    def in_flight(self, step: Step, customer: Customer) -> AbstractAsyncContextManager[Permit | None]:
        """Context manager: one of the slots for concurrent requests, once the budget of this kind has room.

        For a document also room for its bytes, and before the slot: waiting for it keeps nobody else waiting.
        """
        kind = step.call.phase
        # Customers who have begun are finished before others begin.
        place = self._places if step.call.name is CallName.REGISTER else self._places.first
        slot = self._reserved(kind, place) if self._budget.is_limited(kind) else place
        weighs = step.call.name is CallName.UPLOAD_DOCUMENT and self._document_bytes.is_bound
        return self._with_document(step, customer, slot) if weighs else slot

    @asynccontextmanager
    async def _with_document(
        self, step: Step, customer: Customer, slot: AbstractAsyncContextManager[Permit | None]
    ) -> AsyncIterator[Permit | None]:
        size = await asyncio.to_thread(self._evidence.size, customer, DOCUMENT_COLUMN_OF[step.item])
        async with self._document_bytes.hold(size), slot as reserved:
            yield reserved

    @asynccontextmanager
    async def _reserved(self, kind: str, place: AbstractAsyncContextManager[None]) -> AsyncIterator[Permit | None]:
        reserved = await self._budget.reserve(kind)
        try:
            async with place:
                yield reserved
        finally:
            if reserved is not None:
                reserved.release()

    async def permit(self, step: Step, reserved: Permit | None) -> Permit | None:
        """Wait until the request may leave; None when the run stops."""
        return await self._budget.acquire(reserved, kind=step.call.phase)

    async def token(self, *, refused: str = "") -> str:
        """Return the admin token, a new one if it is the ``refused`` one."""
        return await self._session.token(refused=refused)

    async def prepare(self, step: Step, customer: Customer, journey: Journey) -> Ready | Problem:
        """Build the request of ``step``; documents are read and encoded off the event loop."""
        category = self._categories.get(customer.category.casefold())
        if category is None:
            return Problem(
                code=Code.CATEGORY_UNKNOWN,
                message=Code.CATEGORY_UNKNOWN.message,
                hint=Code.CATEGORY_UNKNOWN.hint,
                field="category",
            )
        if step.call.name is CallName.REGISTER and (
            problem := problem_of(self._payloads.lacking_parameters(customer, category))
        ):
            return problem
        if step.call.name is not CallName.UPLOAD_DOCUMENT:
            outgoing = self._payloads.build(step, customer, journey, category=category)
            return self._ready(step, outgoing, customer, journey)
        column = DOCUMENT_COLUMN_OF[step.item]

        def encode() -> tuple[Outgoing, str]:
            opened = self._evidence.opened(customer, column, step.item)
            name = PurePath(getattr(customer, column)).name
            document = Document(name=name, mime_type=opened.mime_type, content=opened.content)
            return self._payloads.build(step, customer, journey, category=category, document=document), opened.mark

        try:
            outgoing, mark = await asyncio.to_thread(encode)
            return self._ready(step, outgoing, customer, journey, document=mark)
        except DocumentError as error:
            return Problem(
                code=error.code, message=str(error), hint="put the document right and run again", field=column
            )

    def _ready(
        self, step: Step, outgoing: Outgoing, customer: Customer, journey: Journey, *, document: str = ""
    ) -> Ready:
        return Ready(
            client=self._client,
            ids=self._ids,
            keys=self._keys,
            broken=self._broken,
            step=step,
            outgoing=outgoing,
            customer=customer,
            journey=journey,
            document=document,
            own_names=self._payloads.own_names,
        )

    def give(self, journey: Journey) -> None:
        """Register the customer's ids as its own, except for those that only an operator gave."""
        for kind in IdKind:
            identifier = getattr(journey, kind)
            if identifier and kind not in journey.claimed:
                self._ids.give(journey.key, kind, identifier)

    def disproved(self, journey: Journey) -> tuple[str, ...]:
        """The ids that an operator gave and that turned out to be another customer's."""
        return tuple(
            kind
            for kind in IdKind
            if kind in journey.claimed and self._ids.is_anothers(journey.key, kind, getattr(journey, kind))
        )

    def observe(self, reply: Reply) -> None:
        """Feed every reply to the health check of the bank."""
        self._health.observe(reply)
