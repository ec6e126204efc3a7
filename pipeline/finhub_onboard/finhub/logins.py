"""What the log-ins of production send, beside the user's name and password (API.md, section 14)."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthLogin:
    """A log-in by OAuth's client credentials (API.md, section 14 a and c); ``as_form``: not as JSON."""

    client_id: str = field(repr=False)
    client_secret: str = field(repr=False)
    scope: str
    as_form: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordLogin:
    """A log-in of user and client together (API.md, section 14 b)."""

    customer_id: str = field(repr=False)
    customer_secret: str = field(repr=False)
    account_type: str
    grant_type: str
    as_form: bool
