"""E-mail addresses and phone numbers: valid or not, and in canonical form.

Promises: the verdict is always that of email-validator and phonenumbers. Where it can be known without asking them
per value (a plain address in a domain they accept; see ``phones`` for numbers), it is decided for a whole column at
once; everything else is asked once per distinct value. Knows no rows.
"""

from functools import lru_cache

import polars as pl
from email_validator import EmailNotValidError, validate_email

_CACHED = 65_536
_PLAIN_LOCAL = r"^[A-Za-z0-9_+\-]+(?:\.[A-Za-z0-9_+\-]+)*$"
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
    return email(f"a@{domain}") == f"a@{domain}"


def plain_emails(values: pl.Series) -> pl.Series:
    """Tell which addresses are surely valid and canonical as they stand: ASCII, plain local part, a good domain."""
    parts = values.to_frame("value").select(
        local=pl.col("value").str.split_exact("@", 1).struct.field("field_0"),
        domain=pl.col("value").str.extract(r"^[^@]*@([A-Za-z0-9.\-]+)$", 1),
        length=pl.col("value").str.len_bytes(),
    )
    domains = parts["domain"].drop_nulls().unique()
    good = domains.filter(pl.Series([_plain_domain(domain) for domain in domains], dtype=pl.Boolean))
    return parts.select(
        (pl.col("length") <= _LONGEST_EMAIL)
        & (pl.col("local").str.len_bytes() <= _LONGEST_LOCAL)
        & pl.col("local").str.contains(_PLAIN_LOCAL)
        & pl.col("domain").is_in(good.implode()).fill_null(value=False)
    ).to_series()
