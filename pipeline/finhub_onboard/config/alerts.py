"""The tables ``[metrics]`` and ``[notify]``: who else learns how a run gets on. Secrets of theirs are credentials."""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator

from finhub_onboard.config import addresses
from finhub_onboard.config.section import Section

Occasion = Literal["end", "stop", "stall"]


class Metrics(Section):
    """Measurements for a monitoring system."""

    textfile: Path | None = None
    interval_s: float = Field(default=10, ge=1, le=3600)
    otlp_endpoint: str = ""
    trace_percent: float = Field(default=1, ge=0, le=100)

    @field_validator("textfile", mode="before")
    @classmethod
    def _none(cls, value: Any) -> Any:
        return None if value == "" else value

    @field_validator("textfile")
    @classmethod
    def _prom(cls, value: Path | None) -> Path | None:
        if value is not None and value.suffix != ".prom":
            raise ValueError("must end with .prom: collectors read no other file")
        return value

    @field_validator("otlp_endpoint")
    @classmethod
    def _url(cls, value: str) -> str:
        return _safe_url(value).rstrip("/")


class Notify(Section):
    """Whom to tell of a run, and when."""

    on: tuple[Occasion, ...] = ("end", "stop", "stall")
    stall_minutes: float = Field(default=15, gt=0, le=10_080)
    timeout_s: float = Field(default=10, gt=0, le=300)
    webhook_url: str = ""
    smtp_host: str = ""
    smtp_port: int = Field(default=587, ge=1, le=65_535)
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_user: str = ""
    mail_from: str = ""
    mail_to: tuple[str, ...] = ()

    @field_validator("webhook_url")
    @classmethod
    def _url(cls, value: str) -> str:
        return _safe_url(value)

    @field_validator("mail_from", "mail_to")
    @classmethod
    def _mail(cls, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        for address in (value,) if isinstance(value, str) else value:
            if address and (address.count("@") != 1 or not addresses.is_visible(address)):
                raise ValueError("must be an e-mail address, without a name")
        return value


def _safe_url(value: str) -> str:
    value = addresses.http_url(value) if value.strip() else ""
    if value and addresses.is_plain(value) and not addresses.is_loopback(value):
        raise ValueError("must begin with https:// except on this machine")
    return value
