"""Validates e-mail and IP addresses and brings them into canonical form.

Promises: the verdict is always that of email-validator. Plain addresses in domains that it accepts are decided for
whole columns at once; for all others the library is called once per distinct value. Knows no rows.
"""

import ipaddress
import re
import unicodedata
from functools import lru_cache

import polars as pl
from email_validator import EmailNotValidError, validate_email

from finhub_onboard.intake.checking.elementwise import is_ascii, map_matching, map_texts

_CACHE_SIZE = 65_536
_PLAIN_LOCAL = r"^[A-Za-z0-9_+\-]+(?:\.[A-Za-z0-9_+\-]+)*@"
_PLAIN_DOMAIN = re.compile(r"[A-Za-z0-9.\-]+")
_MAX_LOCAL_LENGTH = 64
_MAX_EMAIL_BYTES = 254


@lru_cache(maxsize=_CACHE_SIZE)
def email(text: str) -> str | None:
    """Return an address as the bank gets it, or None when it is not valid.

    Letters of full width and other compatibility forms are the usual ones, and a domain in punycode is its letters, so
    that one mailbox has one form. Domains for tests (``.test``) are taken, names without a dot, such as ``localhost``,
    are not.
    """
    return earlier_email(unicodedata.normalize("NFKC", text))


@lru_cache(maxsize=_CACHE_SIZE)
def earlier_email(text: str) -> str | None:
    """Return an address as versions up to 0.4.0 sent it."""
    try:
        address = validate_email(text, check_deliverability=False, test_environment=True, strict=True)
    except EmailNotValidError:
        return None
    return address.normalized if "." in address.ascii_domain else None


@lru_cache(maxsize=_CACHE_SIZE)
def _plain_domain(domain: str) -> bool:
    """Tell whether an address with a plain local part in this domain is valid and already canonical."""
    return bool(_PLAIN_DOMAIN.fullmatch(domain)) and email(f"a@{domain}") == f"a@{domain}"


def email_key(values: pl.Series) -> pl.Series:
    """Return the key of a mailbox: the canonical address in lower case."""
    lower = values.str.to_lowercase()
    if is_ascii(lower) and not lower.str.contains("xn--", literal=True).any():
        return lower
    return map_matching(lower, r"[^\x00-\x7f]|xn--", _canonical)


def rewritten(values: pl.Series) -> pl.Series:
    """Return the places of addresses that versions up to 0.4.0 may have sent in another form."""
    if is_ascii(values):
        return pl.Series([], dtype=pl.get_index_type())
    places = values.str.contains(r"[^\x00-\x7f]").arg_true()
    changed = map_texts(values.gather(places), lambda text: None if _is_stable(text) else "")
    return places.filter(changed.is_not_null())


def _is_stable(text: str) -> bool:
    local = text.rpartition("@")[0]
    return local == unicodedata.normalize("NFKC", local)


def _canonical(values: pl.Series) -> pl.Series:
    return map_texts(values, lambda text: (email(text) or text).lower())


def plain_emails(values: pl.Series) -> pl.Series:
    """Tell which addresses are surely valid and canonical: ASCII, a plain local part, a good domain."""
    at = values.str.find("@", literal=True)
    domain = values.str.slice(at + 1)
    domains = domain.unique().drop_nulls()
    good = domains.filter(pl.Series([_plain_domain(domain) for domain in domains], dtype=pl.Boolean))
    short = (values.str.len_bytes() <= _MAX_EMAIL_BYTES) & (at <= _MAX_LOCAL_LENGTH)
    return (short & values.str.contains(_PLAIN_LOCAL) & domain.is_in(good.implode())).fill_null(value=False)


def ip_address(text: str) -> str | None:
    """Return an IPv4 or IPv6 address in its usual form; None for anything else.

    Nor may it have a zone (``%eth0``): that is a name on one machine, and may be any text, which is no header.
    """
    try:
        return None if "%" in text else ipaddress.ip_address(text).compressed
    except ValueError:
        return None
