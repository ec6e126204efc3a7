"""Where an address leads: only what surely stays on this machine is loopback."""

import pytest

from finhub_onboard.config.addresses import is_loopback, is_plain

HERE = [
    "http://127.0.0.1:8080/api",
    "http://127.255.255.254",
    "http://[::1]:8080",
    "http://localhost",
    "http://LOCALHOST:1",
    "http://2130706433",  # the client reads all of these as 127.0.0.1
    "http://0x7f000001",
    "http://0x7f.1",
    "http://0177.0.0.1",
    "http://127.1",
    "http://127.0.0.1.",
    "http://[::ffff:127.0.0.1]",
]
ELSEWHERE = [
    "http://bank.example.com",
    "http://localhost.evil.example",
    "http://127.0.0.1.nip.io",
    "http://notlocalhost",
    "http://sub.localhost",
    "http://localhost.",
    "http://0.0.0.0",
    "http://128.0.0.1",
    "http://134744072",
    "http://0x08080808",
    "http://010.0.0.1",
    "http://[::]",
    "http://[2001:db8::1]",
    "http://[::ffff:8.8.8.8]",
    "http://[::1%25lo]",
    "http://127.0.0.1%2eevil.example",
    "http://127.0.0.256",
]


@pytest.mark.parametrize("url", HERE)
def test_what_stays_on_this_machine(url: str) -> None:
    """127.0.0.0/8, ::1 and localhost, in every way that a client reads them."""
    assert is_loopback(url)


@pytest.mark.parametrize("url", ELSEWHERE)
def test_what_may_lead_elsewhere(url: str) -> None:
    """A name that only looks like loopback, and every other address however it is written."""
    assert not is_loopback(url)


def test_what_travels_in_the_clear() -> None:
    """The scheme decides, in any case."""
    assert [is_plain(url) for url in ("HTTP://a", "http://a", "https://a", "sandbox:")] == [True, True, False, False]
