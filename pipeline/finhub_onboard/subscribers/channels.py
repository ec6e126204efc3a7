"""The ways that a notification goes out: a signed webhook, Slack, Teams, e-mail.

Promises: nothing leaves this machine in the clear; redirects are not followed; what an error says holds neither the
address, which for Slack and Teams is a secret, nor what the other side answered.
"""

import hashlib
import hmac
import json
import smtplib
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Protocol
from urllib.parse import urlsplit

import httpx

from finhub_onboard.config.addresses import is_loopback, is_plain
from finhub_onboard.config.alerts import Notify
from finhub_onboard.config.credentials import variable
from finhub_onboard.config.settings import Settings
from finhub_onboard.errors import ConfigurationError
from finhub_onboard.outbound.tls import load_trust
from finhub_onboard.subscribers.alert import Alert

_REDIRECT, _REFUSED, _SERVER, _TOO_MANY = 300, 400, 500, 429
TIME, SIGNATURE = "X-Onboard-Timestamp", "X-Onboard-Signature"


class UndeliveredError(Exception):
    """A notification was not taken; the text says why, and ``again`` whether another try may help."""

    def __init__(self, cause: str, *, again: bool = True) -> None:
        super().__init__(cause)
        self.again = again


class Channel(Protocol):
    """A way out; ``name`` is shown to people."""

    @property
    def name(self) -> str:
        """The setting or secret that opens it."""

    def send(self, alert: Alert, timeout_s: float) -> None:
        """Hand a notification over. Raises :class:`UndeliveredError`."""


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """Sign a body and its time stamp, so that nobody can change either or send it again much later."""
    return f"v1={hmac.new(secret.encode(), timestamp.encode() + b'.' + body, hashlib.sha256).hexdigest()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A channel that takes JSON by HTTP."""

    name: str
    url: str = field(repr=False)
    tls: ssl.SSLContext

    def body(self, alert: Alert) -> bytes:
        """Our own JSON."""
        return alert.as_json()

    def headers(self, body: bytes) -> Mapping[str, str]:
        """Headers besides the usual ones."""
        del body
        return {}

    def send(self, alert: Alert, timeout_s: float) -> None:
        """Post it; what is answered is not read."""
        body = self.body(alert)
        headers = {"Content-Type": "application/json", **self.headers(body)}
        trusts_environment = not is_loopback(self.url)  # this machine is reached without a proxy
        try:
            with (
                httpx.Client(verify=self.tls, timeout=timeout_s, trust_env=trusts_environment) as client,
                client.stream("POST", self.url, content=body, headers=headers) as answer,
            ):
                status = answer.status_code
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise UndeliveredError(type(error).__name__) from None
        if status >= _REDIRECT:
            again = status >= _SERVER or status == _TOO_MANY
            raise UndeliveredError(f"the answer was {status}", again=again)


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook(Post):
    """Our own JSON, signed."""

    secret: str = field(repr=False)

    def headers(self, body: bytes) -> Mapping[str, str]:
        """When it was sent, and the proof that we did."""
        timestamp = str(int(time.time()))
        return {TIME: timestamp, SIGNATURE: sign(self.secret, timestamp, body)}


class Slack(Post):
    """An incoming webhook of Slack, or of who understands the same."""

    __slots__ = ()

    def body(self, alert: Alert) -> bytes:
        """The text; three characters have a meaning in it."""
        text = alert.text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        return json.dumps({"text": text}).encode()


class Teams(Post):
    """A workflow of Microsoft Teams that posts to a channel."""

    __slots__ = ()

    def body(self, alert: Alert) -> bytes:
        """A card with a paragraph for each line."""
        blocks = [{"type": "TextBlock", "text": line, "wrap": True} for line in alert.text.splitlines()]
        card = {"type": "AdaptiveCard", "version": "1.4", "body": blocks}
        content = {"contentType": "application/vnd.microsoft.card.adaptive", "content": card}
        return json.dumps({"type": "message", "attachments": [content]}).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """E-mail by SMTP."""

    notify: Notify
    password: str = field(repr=False)
    tls: ssl.SSLContext
    name: str = "notify.smtp_host"

    def send(self, alert: Alert, timeout_s: float) -> None:
        """Hand it to the server."""
        notify = self.notify
        message = EmailMessage()
        message["Subject"], message["From"], message["To"] = alert.title, notify.mail_from, ", ".join(notify.mail_to)
        message.set_content(alert.text)
        try:
            with self._server(timeout_s) as server:
                if notify.smtp_user:
                    server.login(notify.smtp_user, self.password)
                server.send_message(message)
        except smtplib.SMTPResponseException as error:
            raise UndeliveredError(f"the answer was {error.smtp_code}", again=error.smtp_code < _SERVER) from None
        except (OSError, smtplib.SMTPException) as error:
            raise UndeliveredError(type(error).__name__) from None

    def _server(self, timeout_s: float) -> smtplib.SMTP:
        notify = self.notify
        if notify.smtp_security == "tls":
            return smtplib.SMTP_SSL(notify.smtp_host, notify.smtp_port, timeout=timeout_s, context=self.tls)
        server = smtplib.SMTP(notify.smtp_host, notify.smtp_port, timeout=timeout_s)
        if notify.smtp_security == "starttls":
            try:
                server.starttls(context=self.tls)
            except BaseException:
                with suppress(OSError):
                    server.close()
                raise
        return server


def channels(settings: Settings) -> list[Channel]:
    """Every way out that the settings and the credentials open. Raises :class:`ConfigurationError`."""
    return list(_open(settings))


def _open(settings: Settings) -> Iterator[Channel]:
    notify, reveal = settings.notify, settings.credentials.reveal
    urls = {name: reveal(name) for name in ("slack_url", "teams_url")}
    if not (notify.webhook_url or notify.smtp_host or any(urls.values())):
        return
    tls = load_trust(ca_file=settings.api.ca_file, is_plain=True).context()
    if notify.webhook_url:
        secret = reveal("webhook_secret")
        if not secret:
            hint = f"set {variable('webhook_secret')}, or …_FILE; the receiver needs the same secret"
            raise ConfigurationError("notify.webhook_url needs a secret to sign with", hint=hint)
        yield Webhook(name="notify.webhook_url", url=notify.webhook_url, tls=tls, secret=secret)
    for name, kind in (("slack_url", Slack), ("teams_url", Teams)):
        if url := urls[name]:
            _refuse_unsafe(variable(name), url)
            yield kind(name=variable(name), url=url, tls=tls)
    if notify.smtp_host:
        _refuse_unfit_mail(notify)
        yield Mail(notify=notify, password=reveal("smtp_password"), tls=tls)


def _refuse_unsafe(name: str, url: str) -> None:
    try:
        is_safe = bool(urlsplit(url).hostname) and (url.startswith("https://") or (is_plain(url) and is_loopback(url)))
    except ValueError:
        is_safe = False
    if not is_safe:
        raise ConfigurationError(f"{name} is no https address", hint="copy it as Slack or Teams shows it")


def _refuse_unfit_mail(notify: Notify) -> None:
    if not (notify.mail_from and notify.mail_to):
        raise ConfigurationError("notify.smtp_host needs notify.mail_from and notify.mail_to", hint="set both")
    if notify.smtp_security == "none" and not is_loopback(f"smtp://{notify.smtp_host}"):
        hint = 'write "starttls" or "tls"; in the clear mail goes to this machine only'
        raise ConfigurationError('notify.smtp_security is "none" for another machine', hint=hint)
