"""E-mail addresses and phone numbers: valid or not, and in canonical form.

Promises: the verdict is always that of email-validator and phonenumbers. Where it can be known without asking them
per value (a plain address in a domain they accept; see ``phones`` for numbers), it is decided for a whole column at
once; everything else is asked once per distinct value. Knows no rows.
"""

import re
from functools import lru_cache

import polars as pl
from email_validator import EmailNotValidError, validate_email

_CACHED = 65_536
_PLAIN_LOCAL = r"^[A-Za-z0-9_+\-]+(?:\.[A-Za-z0-9_+\-]+)*@"
_PLAIN_DOMAIN = re.compile(r"[A-Za-z0-9.\-]+")
_LONGEST_LOCAL = 64
_LONGEST_EMAIL = 254


@lru_cache(maxsize=_CACHED)
def email(text: str) -> str | None:
    """Return an address as the bank gets it, or None when it is not valid.

    Domains for tests (``.test``) are taken, names without a dot, such as ``localhost``, are not.
    """
    try:
        address = validate_email(text, check_deliverability=False, test_environment=True, strict=True)
    except EmailNotValidError:
        return None
    return address.normalized if "." in address.ascii_domain else None


@lru_cache(maxsize=_CACHED)
def _plain_domain(domain: str) -> bool:
    """Whether addresses in a domain are valid and stay as they are, given a plain local part."""
    return bool(_PLAIN_DOMAIN.fullmatch(domain)) and email(f"a@{domain}") == f"a@{domain}"


def plain_emails(values: pl.Series) -> pl.Series:
    """Tell which addresses are surely valid and canonical as they stand: ASCII, plain local part, a good domain."""
    at = values.str.find("@", literal=True)
    domain = values.str.slice(at + 1)
    domains = domain.unique().drop_nulls()
    good = domains.filter(pl.Series([_plain_domain(domain) for domain in domains], dtype=pl.Boolean))
    short = (values.str.len_bytes() <= _LONGEST_EMAIL) & (at <= _LONGEST_LOCAL)
    return (short & values.str.contains(_PLAIN_LOCAL) & domain.is_in(good.implode())).fill_null(value=False)
