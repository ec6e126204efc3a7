"""A look at the address that the bank stores for every customer as the origin of its calls (API.md, section 14)."""

import ipaddress

from finhub_onboard.config.addresses import is_loopback
from finhub_onboard.config.settings import Settings
from finhub_onboard.events import Handler, Notice
from finhub_onboard.outbound.client import own_address


def doubt(settings: Settings) -> str:
    """Why the address is of no use to the bank: it is private, and that of all customers; empty if it is not."""
    api = settings.api
    if settings.embedded or (not api.forwarded_for and is_loopback(api.base_url)):
        return ""
    try:
        is_private = ipaddress.ip_address(api.forwarded_for or own_address(api.base_url)).is_private
    except ValueError:
        return ""
    if not is_private:
        return ""
    return (
        "X-Forwarded-For is a private address, the same for all customers, and the bank keeps it as where they are: set"
        " api.forwarded_for to a public one, and consent_ip_address in the rows if it is known"
    )


def say_if_private(settings: Settings, emit: Handler) -> None:
    """Emit it before a run."""
    if message := doubt(settings):
        emit(Notice(message=message))
