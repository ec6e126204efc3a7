"""Settings: what wins, what is refused and how it is said, and that no secret shows anywhere."""

import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from finhub_onboard.config.loading import load
from finhub_onboard.config.settings import Settings
from finhub_onboard.errors import ConfigurationError, ExitCode
from finhub_onboard.model import Phase

# DESIGN, section 3.4, as it stands there but for the three ids.
DESIGN = """
[api]
base_url = "https://sandbox.finhub.cloud/api/v2.1"   # "sandbox:" = start the embedded sandbox
tenant_id = "tenant-1"
organization_id = "org-1"
user_id = "user-1"                        # the admin user
timeout_s = 30
verification_path = "customer"       # or "verifications" (API.md, contradiction 1)
webhook_subscription_id = ""         # set: reconcile in-doubt registrations through deliveries
[limits]
calls_per_second = 5                 # API.md, section 8: a guess; ask the bank
max_in_flight = 4
[retry]
max_attempts = 5
max_wait_s = 60
[stop]
max_failed_percent = 20              # counted from min_rows on
max_failed_rows = 0                  # 0 = no limit
min_rows = 100
deadline = ""                        # "06:00" or an ISO instant
[journey]
until = "activation"
[approval]
mode = "manual"                      # manual: park; auto: approve, for risk levels in auto_levels
auto_levels = ["LOW", "MEDIUM"]
[consents]
evidence = "required"                # required: park a customer without evidence; assumed: the operator answers for it
terms_version = "1.0"                # privacy_version, data_processing_version alike
[documents]
root = "documents"
max_bytes = 10485760
[intake]
batch_rows = 100000
[ledger]
url = "sqlite:///onboard-ledger.db"
[reports]
dir = "out"
"""
IDS = {
    "ONBOARD_API__TENANT_ID": "tenant-1",
    "ONBOARD_API__ORGANIZATION_ID": "org-1",
    "ONBOARD_API__USER_ID": "user-1",
}
SECRETS = {
    "username": "canary-user",
    "password": "canary-pass",
    "tenant_key": "canary-key",
    "tenant_secret": "canary-secret",
    "seed": "canary-seed",
}
SANDBOX = '[api]\nbase_url = "sandbox:"\n'
BANK = """[api]
base_url = "https://bank.example.com/api"
tenant_id = "tenant-1"
organization_id = "org-1"
user_id = "user-1"
"""
"""For what practice has of its own."""


def loaded(folder: Path, text: str | bytes = SANDBOX, *, flags: Any = None, **environ: Any) -> Settings:
    """Load ``text`` as a file under an environment of nothing but ``environ``."""
    path = folder / "onboard.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load(path, flags=flags, environ=environ)


def refused(folder: Path, text: str | bytes = SANDBOX, **more: Any) -> str:
    """Load what must be refused; the message."""
    with pytest.raises(ConfigurationError) as caught:
        loaded(folder, text, **more)
    assert caught.value.exit_code is ExitCode.USAGE
    assert caught.value.hint
    assert caught.value.__cause__ is None
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_the_designs_example_loads_and_is_the_default(tmp_path: Path) -> None:
    """The example of the design is a good file, and each value in it is the default that the design promises."""
    settings = loaded(tmp_path, DESIGN)
    address = "https://sandbox.finhub.cloud/api/v2.1"
    only_ids = loaded(tmp_path, f'[api]\nbase_url = "{address}"\n', **IDS)
    assert settings == only_ids
    assert settings.limits.calls_per_second == 5
    assert settings.approval.auto_levels == ("LOW", "MEDIUM")
    assert settings.journey.until is Phase.ACTIVATION
    assert settings.ledger.path == tmp_path / "onboard-ledger.db"
    assert not settings.embedded


CONFIGS = Path(__file__).parents[2] / "configs"
FILLED_IN = IDS | {
    "ONBOARD_API__BASE_URL": "https://bank.example.com/api/v2.1",
    "ONBOARD_API__LOGIN_URL": "https://gateway.example.com/oauth/token",
    "ONBOARD_API__CLIENT_CERTIFICATE": "client.p12",
}


def test_the_shipped_files_load_once_they_are_filled_in() -> None:
    """What the project ships is what it accepts; the production file names no host of the bank's."""
    assert load(CONFIGS / "sandbox.toml", environ={}).embedded
    production = load(CONFIGS / "production.toml", environ=FILLED_IN)
    assert (production.api.login, production.api.base_url) == ("oauth", "https://bank.example.com/api/v2.1")
    assert "finhub.cloud" not in (CONFIGS / "production.toml").read_text(encoding="utf-8")
    practice = load(CONFIGS / "finhub_sandbox.toml", environ=IDS)
    assert practice.api.base_url == "https://sandbox.finhub.cloud/api/v2.1"
    assert practice.ledger.path.name != production.ledger.path.name


@pytest.mark.parametrize("name", ["production.toml", "finhub_sandbox.toml"])
def test_a_placeholder_that_is_left_is_refused_in_one_sentence(name: str) -> None:
    """All that are left are named, and no other; what the environment fills in is filled in."""
    with pytest.raises(ConfigurationError) as caught:
        load(CONFIGS / name, environ={})
    ids = "api.tenant_id, api.organization_id, api.user_id"
    left = f"api.base_url, {ids}, api.login_url, api.client_certificate" if name == "production.toml" else ids
    assert str(caught.value) == f"{CONFIGS / name}: {left} must be filled in: a placeholder is still there"
    with pytest.raises(ConfigurationError, match=r"toml: api\.user_id must be filled in"):
        load(CONFIGS / name, environ={key: value for key, value in FILLED_IN.items() if "USER_ID" not in key})


@pytest.mark.parametrize("name", ["production.toml", "finhub_sandbox.toml"])
def test_practice_needs_no_placeholder_filled_in(name: str) -> None:
    """``ONBOARD_API__BASE_URL=sandbox:`` works with the file as it is shipped."""
    assert load(CONFIGS / name, environ={"ONBOARD_API__BASE_URL": "sandbox:"}).embedded


def test_what_wins(tmp_path: Path) -> None:
    """Flags over the environment, the environment over the file, the file over the defaults."""
    file = SANDBOX + "[limits]\ncalls_per_second = 10\n"
    variable = {"ONBOARD_LIMITS__CALLS_PER_SECOND": "20"}
    flags = {"limits.calls_per_second": 30}
    assert loaded(tmp_path).limits.calls_per_second == 5
    assert loaded(tmp_path, file).limits.calls_per_second == 10
    assert loaded(tmp_path, file, **variable).limits.calls_per_second == 20
    assert loaded(tmp_path, file, flags=flags, **variable).limits.calls_per_second == 30
    assert loaded(tmp_path, file, flags=flags).limits.calls_per_second == 30
    assert loaded(tmp_path, flags=flags).limits.calls_per_second == 30
    assert loaded(tmp_path, file, flags=flags, **variable).limits.max_in_flight == 4


def test_a_flag_that_was_not_given_wins_nothing(tmp_path: Path) -> None:
    """``None`` is no value; zero is one."""
    file = SANDBOX + "[stop]\nmax_failed_rows = 7\n"
    assert loaded(tmp_path, file, flags={"stop.max_failed_rows": None}).stop.max_failed_rows == 7
    assert loaded(tmp_path, file, flags={"stop.max_failed_rows": 0}).stop.max_failed_rows == 0


def test_without_a_file_it_is_the_sandbox() -> None:
    """No configuration at all is practice, and the environment still counts."""
    assert load(None, environ={}).embedded
    settings = load(None, environ={"ONBOARD_API__BASE_URL": "https://bank.example.com/", **IDS})
    assert settings.api.base_url == "https://bank.example.com"


@pytest.mark.parametrize(
    ("text", "key", "near"),
    [
        ("[limits]\ncals_per_second = 5", "limits.cals_per_second", "limits.calls_per_second"),
        ("[limts]\ncalls_per_second = 5", "limts", "limits"),
        ("[api]\ntenant = 'x'", "api.tenant", "api.tenant_id"),
        ("calls_per_second = 5", "calls_per_second", ""),
        ("[api]\npassword = 'canary-pass'", "api.password", ""),
        ("[stop]\nMAX_FAILED_ROWS = 5", "stop.MAX_FAILED_ROWS", ""),
        ("[journey.until]\nphase = 1", "journey.until", None),
    ],
)
def test_an_unknown_key_is_named_with_the_nearest_known_one(
    tmp_path: Path, text: str, key: str, near: str | None
) -> None:
    """A misspelt key or section stops the run before anything is sent, and the message says what was meant."""
    message = refused(tmp_path, text)
    assert key in message
    assert str(tmp_path / "onboard.toml") in message
    assert "canary" not in message
    if near is not None:
        assert f"unknown key {key}" in message
        assert f"the nearest known name is {near}" in message


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("ONBOARD_LIMITS__CALS_PER_SECOND", "limits.calls_per_second"),
        ("ONBOARD_LIMIT__CALLS_PER_SECOND", "limits"),
        ("ONBOARD_CREDENTIALS__PASWORD", "credentials.password"),
        ("ONBOARD_API__TENANT__ID", "api.tenant_id"),
    ],
)
def test_an_unknown_variable_is_named(tmp_path: Path, name: str, near: str) -> None:
    """A misspelt variable is an error that names the variable itself, and not its value."""
    message = refused(tmp_path, **{name: "canary-value"})
    assert name in message
    assert f"the nearest known name is {near}" in message
    assert "canary" not in message


def test_one_underscore_too_few_is_not_passed_over(tmp_path: Path) -> None:
    """``ONBOARD_LIMITS_CALLS_PER_SECOND`` would silently leave the rate as it was: it is an error that says so."""
    with pytest.raises(ConfigurationError) as caught:
        loaded(tmp_path, ONBOARD_LIMITS_CALLS_PER_SECOND="50")
    assert "ONBOARD_LIMITS_CALLS_PER_SECOND" in str(caught.value)
    assert "ONBOARD_LIMITS__CALLS_PER_SECOND" in caught.value.hint


def test_other_programs_variables_are_left_alone(tmp_path: Path) -> None:
    """Variables of others that begin alike, such as those of a cluster's service named onboard, do not matter."""
    others = {"ONBOARD_SERVICE_HOST": "10.0.0.1", "ONBOARD_PORT": "tcp://x", "ONBOARDING__X": "1", "PATH": "/bin"}
    assert loaded(tmp_path, **others) == loaded(tmp_path)


def test_a_wrong_value_from_the_environment_names_the_variable(tmp_path: Path) -> None:
    """Where a value came from is part of the message: the file may be right and the environment wrong."""
    file = SANDBOX + "[limits]\ncalls_per_second = 5\n"
    assert "(ONBOARD_LIMITS__CALLS_PER_SECOND)" in refused(tmp_path, file, ONBOARD_LIMITS__CALLS_PER_SECOND="fast")
    flags = {"limits.calls_per_second": -1}
    assert "ONBOARD" not in refused(tmp_path, file, flags=flags, ONBOARD_LIMITS__CALLS_PER_SECOND="5")


WRONG = [
    ("limits", "calls_per_second", "0"),
    ("limits", "calls_per_second", "-5"),
    ("limits", "calls_per_second", "nan"),
    ("limits", "calls_per_second", "inf"),
    ("limits", "calls_per_second", "true"),
    ("limits", "calls_per_second", '"fast"'),
    ("limits", "calls_per_second", "[5]"),
    ("limits", "calls_per_second", "100001"),
    ("limits", "max_in_flight", "0"),
    ("limits", "max_document_bytes_in_flight", "0"),
    ("limits", "max_in_flight", "2.5"),
    ("limits", "max_in_flight", "true"),
    ("retry", "max_attempts", "0"),
    ("retry", "max_wait_s", "-1"),
    ("retry", "max_wait_s", "inf"),
    ("stop", "max_failed_percent", "101"),
    ("stop", "max_failed_percent", "nan"),
    ("stop", "max_failed_rows", "-1"),
    ("stop", "min_rows", "0"),
    ("stop", "deadline", '"tomorrow"'),
    ("stop", "deadline", '"25:00"'),
    ("stop", "deadline", "2026-05-04"),
    ("journey", "until", '"payment"'),
    ("journey", "activation_code", '""'),
    ("approval", "mode", '"Auto"'),
    ("approval", "auto_levels", '["LOW", "HIGH"]'),
    ("approval", "auto_levels", '"LOW"'),
    ("consents", "evidence", '"none"'),
    ("consents", "terms_version", "1.0"),
    ("documents", "root", "5"),
    ("documents", "max_bytes", "0"),
    ("intake", "batch_rows", "0"),
    ("intake", "max_malformed_percent", "101"),
    ("intake", "min_age", "-1"),
    ("ledger", "url", '"postgres://x"'),
    ("ledger", "url", '"sqlite:///"'),
    ("api", "timeout_s", "0"),
    ("api", "timeout_s", "inf"),
    ("api", "timeout_s", "1e300"),
    ("api", "verification_path", '"both"'),
    ("api", "device_id", '"a b"'),
    ("api", "forwarded_for", '"1.2.3.4\\r\\nX-Tenant-ID: other"'),
    ("api", "user_id", '".."'),
    ("api", "tenant_id", '"ténant"'),
    ("api", "tenant_id", '"a\\u0000b"'),
]


@pytest.mark.parametrize(("section", "key", "value"), WRONG)
def test_wrong_values_are_refused_by_name(tmp_path: Path, section: str, key: str, value: str) -> None:
    """A value of the wrong kind or out of bounds is an error that names its key."""
    head = "" if section == "api" else f"[{section}]\n"
    assert f"{section}.{key}" in refused(tmp_path, f"{SANDBOX}{head}{key} = {value}\n")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "bank.example.com",
        "ftp://bank.example.com",
        "http://",
        "https:///api",
        "http://bank.example.com:99999",
        "http://bank.example.com:port",
        "http://[::1",
        "https://user:canary-pass@bank.example.com",
        "https://user@bank.example.com",
        "https://bank.example.com/?a=1",
        "https://bank.example.com/#a",
        "https://bank.example.com/a b",
        "https://bänk.example.com",
        "sandbox",
        "SANDBOX:",
    ],
)
def test_addresses_that_cannot_be_called(tmp_path: Path, url: str) -> None:
    """An address without a host, with a wrong port or with a password in it never reaches a request or a log."""
    message = refused(tmp_path, f"[api]\nbase_url = '{url}'\n", **IDS)
    assert "api.base_url" in message
    assert "canary" not in message


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://bank.example.com/api/v2.1/", "https://bank.example.com/api/v2.1"),
        (" http://127.0.0.1:8080 ", "http://127.0.0.1:8080"),
        ("http://[::1]:8080/x", "http://[::1]:8080/x"),
        ("HTTPS://bank.example.com", "HTTPS://bank.example.com"),
        ("sandbox:", "sandbox:"),
    ],
)
def test_addresses_that_can(tmp_path: Path, url: str, kept: str) -> None:
    """A slash at the end and spaces around do not matter."""
    assert loaded(tmp_path, f"[api]\nbase_url = '{url}'\n", **IDS).api.base_url == kept


@pytest.mark.parametrize(
    "url",
    [
        "http://bank.example.com/api",
        "HTTP://bank.example.com/api",
        "http://localhost.evil.example",
        "http://127.0.0.1.nip.io",
        "http://134744072",
        "http://[2001:db8::1]",
    ],
)
def test_plain_http_stays_on_this_machine(tmp_path: Path, url: str) -> None:
    """``http://`` to anything but loopback is refused by name, unless the user allows it in so many words."""
    message = refused(tmp_path, f"[api]\nbase_url = '{url}'\n", **IDS)
    assert "api.base_url: http://" in message
    assert "api.allow_plain_http" in message
    assert loaded(tmp_path, f"[api]\nbase_url = '{url}'\nallow_plain_http = true\n", **IDS).api.is_plain
    assert loaded(tmp_path, f"[api]\nbase_url = '{url}'\n", **IDS, ONBOARD_API__ALLOW_PLAIN_HTTP="true").api.is_plain


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1@bank.example.com", "http://127.0.0.1\\\\@bank.example.com", "http://127.0.0.1\\\\.evil.example"],
)
def test_an_address_that_only_begins_like_loopback(tmp_path: Path, url: str) -> None:
    """What stands before an ``@`` or behind a backslash is not the host."""
    assert "api.base_url" in refused(tmp_path, f'[api]\nbase_url = "{url}"\n', **IDS)


def test_a_key_without_its_certificate(tmp_path: Path) -> None:
    """A key alone proves nothing, and an empty path is none."""
    assert "api.client_key" in refused(tmp_path, SANDBOX + "client_key = 'a.key'\n")
    assert loaded(tmp_path, SANDBOX + "client_key = ''\nca_file = ''\n").api.ca_file is None


def test_every_fault_is_named_at_once(tmp_path: Path) -> None:
    """Three faults are one message with three keys, not three runs."""
    message = refused(tmp_path, SANDBOX + "[limits]\ncalls_per_second = -1\nmax_in_flight = 0\n[retyr]\na = 1\n")
    assert all(key in message for key in ("limits.calls_per_second", "limits.max_in_flight", "unknown key retyr"))


def test_the_banks_address_has_no_default(tmp_path: Path) -> None:
    """Nobody reaches a bank that the configuration does not name."""
    assert "api.base_url must be set" in refused(tmp_path, "", **IDS)


LOGIN_URL = "login_url = 'https://gateway.example.com/oauth/token'\n"


@pytest.mark.parametrize("way", ["oauth", "password"])
def test_a_way_of_logging_in_needs_its_address_and_no_organization(tmp_path: Path, way: str) -> None:
    """The address of these log-ins is a setting without default; the organization belongs to the admin session only."""
    ids = {name: value for name, value in IDS.items() if name != "ONBOARD_API__ORGANIZATION_ID"}
    text = f"[api]\nbase_url = 'https://bank.example.com'\nlogin = '{way}'\n"
    assert "api.login_url must be set" in refused(tmp_path, text, **ids)
    assert loaded(tmp_path, text + LOGIN_URL, **ids).api.login_url == "https://gateway.example.com/oauth/token"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("login = 'oauth'\nlogin_url = 'http://gateway.example.com/token'\n", "api.login_url: http:// would send"),
        (
            "login = 'oauth'\nlogin_url = 'https://user:canary@gateway.example.com/'\n",
            "api.login_url: must hold no user",
        ),
        ("login = 'oauth'\nlogin_url = 'sandbox:'\n", "api.login_url: must be an http(s) address"),
        ("login = 'magic'\n", "api.login: "),
        (LOGIN_URL, 'api.login_url is of no use with api.login = "admin-session"'),
    ],
)
def test_the_address_of_log_ins_is_as_safe_as_the_banks(tmp_path: Path, given: str, said: str) -> None:
    """No credentials leave in the clear, stand in an address, or go where nobody asked for."""
    message = refused(tmp_path, BANK + given)
    assert said in message
    assert "canary" not in message


def test_plain_http_to_this_machine_is_fine_for_log_ins_too(tmp_path: Path) -> None:
    """As for the base URL; elsewhere only where the user allows it."""
    for url, more in (("http://127.0.0.1:9/t", ""), ("http://gateway.example.com/t", "allow_plain_http = true\n")):
        given = f"{BANK}login = 'oauth'\nlogin_url = '{url}'\n{more}"
        assert loaded(tmp_path, given).api.login_url == url


@pytest.mark.parametrize(
    ("way", "needed"),
    [
        ("admin-session", ["USERNAME", "PASSWORD", "TENANT_KEY", "TENANT_SECRET", "SEED"]),
        ("oauth", ["TENANT_KEY", "TENANT_SECRET", "CLIENT_ID", "CLIENT_SECRET", "SEED"]),
        (
            "password",
            ["USERNAME", "PASSWORD", "TENANT_KEY", "TENANT_SECRET", "CUSTOMER_ID", "CUSTOMER_SECRET", "SEED"],
        ),
    ],
)
def test_each_way_needs_its_own_credentials(tmp_path: Path, way: str, needed: list[str]) -> None:
    """Those that it sends, and the tenant's key and secret for customers' sessions, if the journey comes to them."""
    url = "" if way == "admin-session" else LOGIN_URL
    given = f"{BANK}login = '{way}'\n{url}"
    assert loaded(tmp_path, given).missing_credentials() == [f"ONBOARD_CREDENTIALS__{name}" for name in needed]
    short = loaded(tmp_path, given + "[journey]\nuntil = 'registration'\n").missing_credentials()
    assert ("ONBOARD_CREDENTIALS__TENANT_KEY" in short) is (way == "admin-session")


@pytest.mark.parametrize("absent", list(IDS))
def test_the_banks_ids_must_be_set(tmp_path: Path, absent: str) -> None:
    """A real bank needs the three ids, and the message names the one that is missing and no other."""
    ids = {name: value for name, value in IDS.items() if name != absent}
    message = refused(tmp_path, '[api]\nbase_url = "https://bank.example.com"\n', **ids)
    assert f"api.{absent.removeprefix('ONBOARD_API__').lower()} must be set" in message
    assert loaded(tmp_path, SANDBOX).embedded


@pytest.mark.parametrize(
    "text",
    [
        "[api\n",
        "a = ",
        "[api]\n[api]\n",
        "a = 1\na = 2",
        'a = "\x00"',
        "a = 'no end",
        b"\xff\xfe[\x00a\x00]\x00",
        b"[api]\ntenant_id = '\xe9'\n",
        "a = " + "[" * 5000,
    ],
    ids=lambda text: repr(text)[:24],
)
def test_malformed_files(tmp_path: Path, text: str | bytes) -> None:
    """What is no TOML in UTF-8 is one message with the file's name."""
    assert str(tmp_path / "onboard.toml") in refused(tmp_path, text)


def test_a_byte_order_mark_and_other_line_ends(tmp_path: Path) -> None:
    """A file as some editors save it is a good file."""
    assert loaded(tmp_path, b"\xef\xbb\xbf" + DESIGN.encode().replace(b"\n", b"\r\n")) == loaded(tmp_path, DESIGN)


def test_a_file_that_is_not_there_or_a_folder(tmp_path: Path) -> None:
    """A path that cannot be read is one message with the path."""
    for path in (tmp_path / "missing.toml", tmp_path):
        with pytest.raises(ConfigurationError, match="cannot read the configuration") as caught:
            load(path, environ={})
        assert str(path) in str(caught.value)


@pytest.mark.parametrize("text", ["limits = 5", "limits = 'x'", "[[limits]]\ncalls_per_second = 5", "limits = [1]"])
@pytest.mark.parametrize("environ", [{}, {"ONBOARD_LIMITS__MAX_IN_FLIGHT": "5"}], ids=["file", "environment"])
def test_a_section_that_is_no_table(tmp_path: Path, text: str, environ: dict[str, str]) -> None:
    """A section must be a table, whether or not the environment adds to it."""
    assert "limits" in refused(tmp_path, text, **environ)


@pytest.mark.parametrize(
    "text", ["[credentials]\npassword = 'canary-pass'", "credentials = 'canary-pass'", "[credentials]"]
)
def test_credentials_in_a_file_are_refused(tmp_path: Path, text: str) -> None:
    """Secrets never stand in the file, and the error does not repeat them."""
    message = refused(tmp_path, SANDBOX + text if text.startswith("[") else text)
    assert "does not belong in a file" in message
    assert "canary" not in message


def test_secrets_come_from_variables_and_from_files_that_they_name(tmp_path: Path) -> None:
    """Each secret may stand in a variable or in a file; line ends and a byte order mark are no part of it."""
    direct = {f"ONBOARD_CREDENTIALS__{name.upper()}": value for name, value in SECRETS.items()}
    by_file = {}
    for number, (name, value) in enumerate(SECRETS.items()):
        file = tmp_path / name
        file.write_bytes(
            (b"\xef\xbb\xbf" if number == 2 else b"") + value.encode() + (b"\r\n" if number % 2 else b"\n")
        )
        by_file[f"ONBOARD_CREDENTIALS__{name.upper()}_FILE"] = str(file)
    for environ in (direct, by_file):
        settings = loaded(tmp_path, BANK, **environ)
        assert {name: settings.credentials.reveal(name) for name in SECRETS} == SECRETS
        assert settings.missing_credentials() == []


def test_a_secret_keeps_its_spaces(tmp_path: Path) -> None:
    """Only line ends go: a space may belong to a password."""
    file = tmp_path / "secret"
    file.write_text(" pass word \n", encoding="utf-8")
    settings = loaded(tmp_path, BANK, ONBOARD_CREDENTIALS__PASSWORD_FILE=str(file))
    assert settings.credentials.password.get_secret_value() == " pass word "


@pytest.mark.parametrize("kind", ["missing", "folder", "binary", "empty name"])
def test_a_secret_file_that_cannot_be_read(tmp_path: Path, kind: str) -> None:
    """The message names the variable and not what the file holds."""
    binary = tmp_path / "binary"
    binary.write_bytes(b"canary\xff")
    path = {"missing": tmp_path / "none", "folder": tmp_path, "binary": binary, "empty name": ""}[kind]
    message = refused(tmp_path, ONBOARD_CREDENTIALS__SEED_FILE=str(path))
    assert "ONBOARD_CREDENTIALS__SEED_FILE" in message
    assert "canary" not in message


def test_only_credentials_may_stand_in_files(tmp_path: Path) -> None:
    """``_FILE`` on another setting is an unknown key, not a file that is read."""
    assert "ONBOARD_API__TENANT_ID_FILE" in refused(tmp_path, ONBOARD_API__TENANT_ID_FILE=str(tmp_path / "x"))


def test_missing_secrets_are_named(tmp_path: Path) -> None:
    """What is still needed is named by its variable."""
    settings = loaded(tmp_path, BANK, ONBOARD_CREDENTIALS__USERNAME="u", ONBOARD_CREDENTIALS__SEED="")
    assert settings.missing_credentials() == [
        "ONBOARD_CREDENTIALS__PASSWORD",
        "ONBOARD_CREDENTIALS__TENANT_KEY",
        "ONBOARD_CREDENTIALS__TENANT_SECRET",
        "ONBOARD_CREDENTIALS__SEED",
    ]


def test_no_secret_shows(tmp_path: Path) -> None:
    """Promise 6: no text of the settings, whole or in part, holds a secret; nor does an error beside them."""
    environ = {f"ONBOARD_CREDENTIALS__{name.upper()}": value for name, value in SECRETS.items()}
    settings = loaded(tmp_path, BANK, **environ)
    dumped = [repr(settings.model_dump()), settings.model_dump_json(), str(settings.model_dump(mode="json"))]
    for text in (repr(settings), str(settings), repr(settings.credentials), f"{settings.credentials.seed}", *dumped):
        assert "canary" not in text
    broken = {**environ, "ONBOARD_LIMITS__MAX_IN_FLIGHT": "x", "ONBOARD_CREDENTIALS__TOKEN": "canary-token"}
    message = refused(tmp_path, **broken)
    assert "canary" not in message
    with pytest.raises(ValidationError) as caught:
        Settings.model_validate({"credentials": {"password": ["canary-pass"], "token": "canary-token"}})
    assert "canary" not in str(caught.value)


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30))
def test_no_value_of_the_environment_stands_in_an_error(text: str) -> None:
    """An error repeats the names of variables and keys, never a value: it may be a secret in the wrong place."""
    value = f"canary-{text}"
    for name in ("ONBOARD_LIMITS__MAX_IN_FLIGHT", "ONBOARD_CREDENTIALS__TOKEN", "ONBOARD_APPROVAL__MODE"):
        with pytest.raises(ConfigurationError) as caught:
            load(None, environ={name: value})
        assert "canary" not in str(caught.value) + caught.value.hint


@pytest.mark.parametrize(
    ("text", "levels"),
    [("LOW", ("LOW",)), ("LOW,MEDIUM", ("LOW", "MEDIUM")), (" MEDIUM , LOW ,", ("MEDIUM", "LOW")), ("", ())],
)
def test_lists_from_the_environment(tmp_path: Path, text: str, levels: tuple[str, ...]) -> None:
    """A list in a variable is separated by commas; nothing is an empty list."""
    assert loaded(tmp_path, ONBOARD_APPROVAL__AUTO_LEVELS=text).approval.auto_levels == levels


def test_numbers_and_paths_from_the_environment(tmp_path: Path) -> None:
    """Texts of the environment become what the setting is."""
    settings = loaded(
        tmp_path,
        BANK,
        ONBOARD_LIMITS__CALLS_PER_SECOND="2.5",
        ONBOARD_DOCUMENTS__ROOT="/srv/documents",
        ONBOARD_JOURNEY__UNTIL="documents",
        ONBOARD_SANDBOX__SCENARIO="configs/scenarios/calm.toml",
        ONBOARD_LEDGER__URL="sqlite:////var/lib/onboard/ledger.db",
        ONBOARD_STOP__DEADLINE="06:00",
    )
    assert settings.limits.calls_per_second == 2.5
    assert settings.documents.root == Path("/srv/documents")
    assert settings.journey.until is Phase.DOCUMENTS
    assert settings.sandbox.scenario == Path("configs/scenarios/calm.toml")
    assert settings.ledger.path == Path("/var/lib/onboard/ledger.db")
    assert settings.stop.deadline == "06:00"


RELATIVE = f"""
{BANK}
ca_file = "tls/ca.pem"
client_certificate = "job.pem"
client_key = "../job.key"
[documents]
root = "scans"
[ledger]
url = "sqlite:///var/l.db"
[reports]
dir = "../reports"
[metrics]
textfile = "../job.prom"
[sandbox]
scenario = "drops.toml"
"""


def paths(settings: Settings) -> dict[str, Path | None]:
    """Every path among the settings."""
    sections = {name: getattr(settings, name) for name in Settings.model_fields if name != "categories"}
    found: dict[str, Path | None] = {
        f"{section}.{key}": getattr(values, key)
        for section, values in sections.items()
        for key, field in type(values).model_fields.items()
        if "Path" in str(field.annotation)
    }
    return found | {"ledger.url": settings.ledger.path}


def test_paths_of_a_configuration_begin_at_its_folder(tmp_path: Path) -> None:
    """Stated or by default, every path setting there is; an absolute one stays."""
    folder = tmp_path / "etc"
    folder.mkdir()
    stated = paths(loaded(folder, RELATIVE))
    assert stated == {
        "api.ca_file": folder / "tls" / "ca.pem",
        "api.client_certificate": folder / "job.pem",
        "api.client_key": tmp_path / "job.key",
        "documents.root": folder / "scans",
        "ledger.url": folder / "var" / "l.db",
        "reports.dir": tmp_path / "reports",
        "metrics.textfile": folder.parent / "job.prom",
        "sandbox.scenario": folder / "drops.toml",
    }
    by_default = paths(loaded(folder, BANK))
    assert set(by_default) == set(stated)
    assert by_default["ledger.url"] == folder / "onboard-ledger.db"
    assert all(path is None or path.is_absolute() for path in by_default.values())
    absolute = loaded(folder, BANK + '[documents]\nroot = "/srv/scans"\n[ledger]\nurl = "sqlite:////srv/l.db"\n')
    assert (absolute.documents.root, absolute.ledger.path) == (Path("/srv/scans"), Path("/srv/l.db"))


def test_paths_of_flags_and_of_the_environment_begin_at_the_current_folder(tmp_path: Path) -> None:
    """They are as the user typed them, whatever the configuration says beside them."""
    environ = {
        "ONBOARD_API__CA_FILE": "ca.pem",
        "ONBOARD_API__CLIENT_CERTIFICATE": "job.pem",
        "ONBOARD_API__CLIENT_KEY": "job.key",
        "ONBOARD_DOCUMENTS__ROOT": "scans",
        "ONBOARD_LEDGER__URL": "sqlite:///l.db",
        "ONBOARD_METRICS__TEXTFILE": "job.prom",
        "ONBOARD_SANDBOX__SCENARIO": "drops.toml",
    }
    assert paths(loaded(tmp_path, RELATIVE, flags={"reports.dir": Path("reports")}, **environ)) == {
        "api.ca_file": Path("ca.pem"),
        "api.client_certificate": Path("job.pem"),
        "api.client_key": Path("job.key"),
        "documents.root": Path("scans"),
        "ledger.url": Path("l.db"),
        "reports.dir": Path("reports"),
        "metrics.textfile": Path("job.prom"),
        "sandbox.scenario": Path("drops.toml"),
    }
    assert paths(load(None, environ={}))["ledger.url"] == Path("onboard-ledger-sandbox.db")


def test_a_link_to_a_configuration_is_the_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By whatever name it is given, also one below the current folder: one file has one ledger."""
    folder, elsewhere = tmp_path / "etc", tmp_path / "home"
    folder.mkdir()
    elsewhere.mkdir()
    wanted = loaded(folder, RELATIVE)
    (elsewhere / "onboard.toml").symlink_to(folder / "onboard.toml")
    monkeypatch.chdir(elsewhere)
    for name in ("onboard.toml", "../etc/onboard.toml", str(elsewhere / "onboard.toml")):
        assert load(Path(name), environ={}) == wanted


@pytest.mark.parametrize("deadline", ["", "06:00", "23:59", "2026-05-04T06:00:00Z", "2026-05-04T06:00:00+02:00"])
def test_deadlines(tmp_path: Path, deadline: str) -> None:
    """A time of day or an ISO instant."""
    assert loaded(tmp_path, f'{SANDBOX}[stop]\ndeadline = "{deadline}"\n').stop.deadline == deadline


def test_settings_are_frozen(tmp_path: Path) -> None:
    """Nobody changes a setting while a run goes on, at no level."""
    settings = loaded(tmp_path)
    for target, name in ((settings, "api"), (settings.api, "tenant_id"), (settings.credentials, "seed")):
        with pytest.raises(ValidationError, match="frozen"):
            setattr(target, name, "x")
    assert isinstance(settings.approval.auto_levels, tuple)
    assert hash(settings) == hash(pickle.loads(pickle.dumps(settings)))  # noqa: S301 - our own bytes


def test_loading_changes_nothing_outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment is only read, and one load does not show in the next."""
    monkeypatch.setenv("ONBOARD_LIMITS__MAX_IN_FLIGHT", "9")
    path = tmp_path / "onboard.toml"
    path.write_text(SANDBOX, encoding="utf-8")
    assert load(path).limits.max_in_flight == 9
    monkeypatch.delenv("ONBOARD_LIMITS__MAX_IN_FLIGHT")
    assert load(path).limits.max_in_flight == 4


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"SEED_FILE": "x", "SEED": "y"}, "SEED_FILE and ONBOARD_CREDENTIALS__SEED are both set"),
        ({"SEED_FILE": ""}, "is empty"),
    ],
)
def test_a_secret_has_one_source(tmp_path: Path, variables: dict[str, str], said: str) -> None:
    """Which of two would count nobody could tell, and an empty path is a variable that somebody forgot to fill."""
    assert said in refused(tmp_path, **{f"ONBOARD_CREDENTIALS__{name}": value for name, value in variables.items()})
