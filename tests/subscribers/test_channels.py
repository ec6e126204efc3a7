"""The ways out, against real servers of this machine."""

import hashlib
import hmac
import json
import socket
import time
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

from finhub_onboard.config.loading import load
from finhub_onboard.config.settings import Settings
from finhub_onboard.errors import ConfigurationError
from finhub_onboard.subscribers.channels import SIGNATURE, TIME, Channel, Mail, UndeliveredError, channels
from tests.subscribers.support import FINISHED, receiver

SECRET = "a secret of the receiver, invented"
PASSWORD = "invented"


def settings(environ: dict[str, str] | None = None, **notify: object) -> Settings:
    """Settings with these in ``[notify]``, and credentials."""
    named = {f"ONBOARD_CREDENTIALS__{name}": value for name, value in (environ or {}).items()}
    return load(None, flags={f"notify.{name}": value for name, value in notify.items()}, environ=named)


def only(made: Settings) -> Channel:
    """The one way out."""
    (channel,) = channels(made)
    return channel


def test_a_webhook_is_signed_over_time_and_body() -> None:
    """With HMAC-SHA256, so that the receiver knows who sent it and when; the body is JSON with a version."""
    with receiver() as there:
        only(settings({"WEBHOOK_SECRET": SECRET}, webhook_url=there.url)).send(FINISHED, 5)
    ((headers, body),) = there.posts
    expected = hmac.new(SECRET.encode(), headers[TIME].encode() + b"." + body, hashlib.sha256).hexdigest()
    assert headers[SIGNATURE] == f"v1={expected}"
    assert abs(time.time() - int(headers[TIME])) < 60
    told = json.loads(body)
    assert (told["version"], told["event"], told["exit_code"]) == (1, "finished", 3)
    assert told["dispositions"] == {"onboarded": 1200, "in_doubt": 1, "failed": 0}
    assert SECRET.encode() not in body


def test_the_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    """As all credentials."""
    (tmp_path / "secret").write_text(SECRET + "\n", encoding="utf-8")
    made = settings({"WEBHOOK_SECRET_FILE": str(tmp_path / "secret")}, webhook_url="https://hook.example.com/x")
    assert only(made).name == "notify.webhook_url"


def test_slack_and_teams_get_text() -> None:
    """Slack's three characters are escaped; Teams gets a card with a paragraph for each line."""
    with receiver() as there:
        for channel in channels(settings({"SLACK_URL": there.url, "TEAMS_URL": f"{there.url}?sig=secret"})):
            channel.send(FINISHED, 5)
    slack, teams = (json.loads(body) for _, body in there.posts)
    assert "exit code 3\n1,200 onboarded, 1 in doubt\n" in slack["text"]
    assert "look at &lt;the report&gt; &amp; decide" in slack["text"]
    blocks = teams["attachments"][0]["content"]["body"]
    assert [block["text"] for block in blocks] == FINISHED.text.splitlines()


@pytest.mark.parametrize(("status", "again"), [(302, False), (404, False), (429, True), (503, True)])
def test_an_answer_that_is_no_yes_is_said_without_the_address(status: int, again: bool) -> None:  # noqa: FBT001
    """With its status, and whether another try may help; no redirect is followed."""
    with receiver(status) as there:
        channel = only(settings({"SLACK_URL": f"{there.url}/T0/secret"}))
        with pytest.raises(UndeliveredError, match=f"the answer was {status}") as failed:
            channel.send(FINISHED, 5)
    assert failed.value.again is again
    assert len(there.posts) == 1
    assert "secret" not in f"{failed.value}{channel!r}{channel.name}"


def test_nobody_there_and_no_answer_are_said() -> None:
    """By the kind of failure."""
    with receiver(hanging=True) as there:
        channel = only(settings({"SLACK_URL": there.url}))
        with pytest.raises(UndeliveredError, match="ReadTimeout"):
            channel.send(FINISHED, 0.2)
    with pytest.raises(UndeliveredError, match="ConnectError"):
        channel.send(FINISHED, 0.2)


class Inbox:
    """What a mail server has taken."""

    def __init__(self) -> None:
        self.envelopes: list[Any] = []

    async def handle_DATA(self, _server: SMTP, _session: object, envelope: object) -> str:  # noqa: N802
        """Take a message."""
        self.envelopes.append(envelope)
        return "250 taken"


@pytest.fixture
def mail_server() -> Iterator[tuple[Controller, Inbox]]:
    """A real server that asks for a password."""
    inbox = Inbox()

    def authenticate(_server: object, _session: object, _envelope: object, _kind: object, data: Any) -> AuthResult:
        is_right = (data.login, data.password) == (b"job", PASSWORD.encode())
        return AuthResult(success=is_right, handled=False)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        free = listener.getsockname()[1]
    controller = Controller(inbox, hostname="127.0.0.1", port=free, authenticator=authenticate, auth_require_tls=False)
    controller.start()
    yield controller, inbox
    controller.stop()


def mail(controller: Controller, password: str) -> Channel:
    """E-mail by this server."""
    own = {"smtp_host": "127.0.0.1", "smtp_port": controller.port, "smtp_security": "none", "smtp_user": "job"}
    addresses = {"mail_from": "job@example.com", "mail_to": ("night@example.com", "day@example.com")}
    return only(settings({"SMTP_PASSWORD": password}, **own, **addresses))


def test_mail_reaches_a_real_server(mail_server: tuple[Controller, Inbox]) -> None:
    """With the title as its subject, to everybody who is named."""
    controller, inbox = mail_server
    mail(controller, PASSWORD).send(FINISHED, 5)
    (envelope,) = inbox.envelopes
    assert envelope.rcpt_tos == ["night@example.com", "day@example.com"]
    message = message_from_bytes(envelope.content, policy=default)
    assert message["Subject"] == FINISHED.title
    body = message.get_body()
    assert body is not None
    assert body.get_content().strip().splitlines() == FINISHED.text.splitlines()


def test_a_refused_password_is_said_by_its_number(mail_server: tuple[Controller, Inbox]) -> None:
    """Without what the server says, and never again."""
    with pytest.raises(UndeliveredError, match="the answer was 535") as failed:
        mail(mail_server[0], "wrong").send(FINISHED, 5)
    assert not failed.value.again


def test_mail_is_not_sent_where_the_line_cannot_be_encrypted(mail_server: tuple[Controller, Inbox]) -> None:
    """A server without STARTTLS gets nothing when it was asked for."""
    controller, inbox = mail_server
    plain = mail(controller, PASSWORD)
    assert isinstance(plain, Mail)
    notify = plain.notify.model_copy(update={"smtp_security": "starttls"})
    encrypted = Mail(notify=notify, password="invented", tls=plain.tls)
    with pytest.raises(UndeliveredError, match="SMTPNotSupportedError"):
        encrypted.send(FINISHED, 5)
    assert inbox.envelopes == []


@pytest.mark.parametrize(
    ("environ", "notify", "said"),
    [
        ({}, {"webhook_url": "https://hook.example.com"}, "WEBHOOK_SECRET"),
        ({"WEBHOOK_SECRET": "x"}, {"webhook_url": "http://hook.example.com"}, "https://"),
        ({"SLACK_URL": "http://hooks.example.com/secret"}, {}, "SLACK_URL is no https"),
        ({"TEAMS_URL": "secret"}, {}, "TEAMS_URL is no https"),
        ({}, {"smtp_host": "mail.example.com"}, "mail_from"),
        (
            {},
            {
                "smtp_host": "mail.example.com",
                "smtp_security": "none",
                "mail_from": "a@example.com",
                "mail_to": "b@example.com",
            },
            "smtp_security",
        ),
        ({}, {"mail_to": "b@example.com\nBcc: c@example.com"}, "mail_to"),
    ],
)
def test_what_cannot_be_is_refused_before_a_run(environ: dict[str, str], notify: dict[str, str], said: str) -> None:
    """With the setting's or the variable's name, and without the secret."""
    with pytest.raises(ConfigurationError) as refused:
        channels(settings(environ, **notify))
    told = f"{refused.value} {refused.value.hint}"
    assert said in told
    assert "example.com/secret" not in told


def test_nothing_configured_opens_nothing() -> None:
    """The usual case."""
    assert channels(settings()) == []
