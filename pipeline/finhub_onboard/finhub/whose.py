"""The customer that an answer must be about, so that answers about others are noticed. Pure."""

from collections.abc import Callable

import msgspec

from finhub_onboard.keys import IdKind
from finhub_onboard.model import Customer


def never_anothers(kind: IdKind, identifier: str) -> bool:
    """No id is known to be another customer's."""
    del kind, identifier
    return False


class Whose(msgspec.Struct, frozen=True, kw_only=True):
    """The customer of a request; unknown values are empty, and without a customer nobody is expected.

    ``item`` is the document or the consent that was sent. ``is_anothers`` says whether an id is known to belong to
    another customer. ``own`` are names of the job's own user, in lower case: a bank may repeat them in any answer. For
    webhook deliveries: ``since`` is the instant, by the bank's clock, after which a customer must have been created to
    be ours, and ``is_email`` compares an e-mail with the one that was sent (``None``: the customer's).
    """

    customer: Customer | None = None
    item: str = ""
    customer_id: str = ""
    user_id: str = ""
    verification_id: str = ""
    is_anothers: Callable[[IdKind, str], bool] = never_anothers
    own: frozenset[str] = frozenset()
    since: float = 0.0
    is_email: Callable[[str], bool] | None = None

    def __repr__(self) -> str:
        """Show nothing of the job's own user."""
        return f"Whose(customer={self.customer!r}, item={self.item!r}, customer_id={self.customer_id!r})"

    def has_email(self, email: str) -> bool:
        """Whether ``email`` is the one that was sent for this customer."""
        if self.is_email is not None:
            return self.is_email(email)
        return self.customer is not None and bool(email) and email.casefold() == self.customer.email.casefold()


NOBODY = Whose()
