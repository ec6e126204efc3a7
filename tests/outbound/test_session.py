"""The admin session: one log-in for all, in time, and never a loop of refused ones."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from finhub_onboard.errors import ConfigurationError, ExitCode, RefusedError, StoppedEarlyError
from finhub_onboard.finhub.calls import Kind, Reply
from finhub_onboard.finhub.patience import Patience
from finhub_onboard.outbound.pacing.pacer import Pacer
from finhub_onboard.outbound.session import AdminSession, Login, judge_login
from tests.outbound.support import (
    CREDENTIALS,
    LOGINS,
    Scripted,
    ScriptedTransport,
    client,
    payloads,
    quick_pacer,
    response,
    run_virtually,
)

WRONG = {"code": 401, "message": "Authentication failed", "data": {"success": False, "errorType": "AUTHENTICATION"}}


def opened(token: str, **more: Any) -> Scripted:
    """Answer a log-in with ``token``."""
    return 200, {"code": 200, "data": {"token": token, **more}}


Story = Callable[[AdminSession, ScriptedTransport], Awaitable[Any]]


def telling(
    answers: list[Scripted], story: Story, *, max_attempts: int = 5, max_wait_s: float = 60.0, way: str = ""
) -> Any:
    """Run ``story`` with a session at a bank that gives ``answers``; ``way`` is that of production's log-ins."""
    transport = ScriptedTransport(answers)

    async def main() -> Any:
        pacer = quick_pacer()
        session = AdminSession(
            client(transport, pacer),
            payloads(api=LOGINS.get(way, {})),
            Patience(max_attempts=max_attempts, wait_s=lambda attempt: 1.0 * attempt, max_wait_s=max_wait_s),
            pacer.gate,
            clock=asyncio.get_running_loop().time,
        )
        result = await story(session, transport)
        assert session.logins >= len(transport.sent)
        return result

    return run_virtually(main())


def test_fifty_callers_share_one_login() -> None:
    """Nobody logs in beside another: fifty who ask at once get one token of one log-in."""

    async def story(session: AdminSession, transport: ScriptedTransport) -> None:
        tokens = await asyncio.gather(*(session.token() for _ in range(50)))
        assert set(tokens) == {"a"}
        assert await session.token() == "a"
        assert len(transport.sent) == session.logins == 1

    telling([opened("a"), opened("b")], story)


@pytest.mark.parametrize(
    ("said", "usable"),
    [
        ({"expiresIn": 3600}, 2880),
        ({}, 2880),
        ({"expiresIn": 10_000}, 8000),
        ({"expiresIn": 200}, 140),
        ({"expiresIn": 150}, 90),
        ({"expiresIn": 60}, 48),
        ({"expiresIn": 10}, 8),
        ({"expiresAt": "2020-01-01T00:00:00Z"}, 2880),
    ],
)
def test_renewal_before_expiry(said: dict[str, Any], usable: float) -> None:
    """At 80 % of the life and never with under a minute left, unless the whole life is about as short."""

    async def story(session: AdminSession, _: ScriptedTransport) -> None:
        await session.token()
        await asyncio.sleep(usable - 0.5)
        assert await session.token() == "a"
        await asyncio.sleep(1.0)
        tokens = await asyncio.gather(*(session.token() for _ in range(50)))
        assert set(tokens) == {"b"}
        assert session.logins == 2

    telling([opened("a", **said), opened("b")], story)


def test_one_renewal_for_all_after_a_refusal() -> None:
    """The bank turns a token down for fifty callers: one log-in, and who asks late gets the new token."""

    async def story(session: AdminSession, _: ScriptedTransport) -> None:
        old = await session.token()
        tokens = await asyncio.gather(*(session.token(refused=old) for _ in range(50)))
        assert set(tokens) == {"b"}
        assert await session.token(refused=old) == "b"
        assert session.logins == 2

    telling([opened("a"), opened("b"), opened("c")], story)


@pytest.mark.parametrize(
    "answer",
    [
        (401, WRONG),
        (403, {"code": 403, "message": "Tenant access denied"}),
        (200, WRONG),
        (200, {"success": False, "error": {"code": "INVALID_CREDENTIALS", "message": "x"}}),
        (200, {"success": False, "message": "Invalid username or password"}),
        (200, {"data": {"success": False, "errorType": "AUTHENTICATION"}}),
    ],
    ids=["401", "403", "401 in a 200", "code in a 200", "false 200", "false data"],
)
def test_a_refused_login_is_never_tried_again(answer: Scripted) -> None:
    """Five failed log-ins lock the user: however many callers wait, and whatever the form, there is exactly one."""

    async def story(session: AdminSession, transport: ScriptedTransport) -> list[Any]:
        found = await asyncio.gather(*(session.token() for _ in range(50)), return_exceptions=True)
        with pytest.raises(RefusedError):
            await session.token()
        with pytest.raises(RefusedError):
            await session.token(refused="a")
        assert len(transport.sent) == 1
        return found

    errors = telling([answer], story)
    assert all(isinstance(error, RefusedError) for error in errors)
    assert errors[0].exit_code is ExitCode.REFUSED
    assert "ONBOARD_CREDENTIALS__" in errors[0].hint
    assert not any(secret in str(errors[0]) + errors[0].hint for secret in CREDENTIALS.values())


def test_a_refused_renewal_ends_the_session() -> None:
    """The password was changed while the job ran: one refused renewal, and nobody uses the old token."""

    async def story(session: AdminSession, transport: ScriptedTransport) -> None:
        await session.token()
        found = await asyncio.gather(*(session.token(refused="a") for _ in range(50)), return_exceptions=True)
        assert all(isinstance(error, RefusedError) for error in found)
        assert len(transport.sent) == 2

    telling([opened("a"), (401, WRONG)], story)


@pytest.mark.parametrize(
    ("reply", "means"),
    [
        (Reply(status=200, says=200, accepted=True, readable=True), Login.OPENED),
        (Reply(status=200, says=200, accepted=True), Login.TROUBLE),
        (Reply(status=401, says=401), Login.REFUSED),
        (Reply(status=403, says=403), Login.REFUSED),
        (Reply(status=200, says=401), Login.REFUSED),
        (Reply(status=423, says=423, kind=Kind.LOCKED), Login.REFUSED),
        (Reply(status=401, says=502), Login.TROUBLE),
        (Reply(status=403, says=502), Login.TROUBLE),
        (Reply(status=400, says=502), Login.TROUBLE),
        (Reply(status=302, says=502), Login.TROUBLE),
        (Reply(status=200, says=502), Login.TROUBLE),
        (Reply(status=200, says=200), Login.UNCLEAR),
        (Reply(status=200, says=500), Login.TROUBLE),
        (Reply(status=404, says=404), Login.NOT_FOUND),
        (Reply(status=404, says=502), Login.NOT_FOUND),
        (Reply(status=407, says=407), Login.PROXY),
        (Reply(sent=False, cause="407", kind=Kind.PROXY), Login.PROXY),
        (Reply(status=407, says=502), Login.PROXY),
        (Reply(status=400, says=400), Login.NOT_TAKEN),
        (Reply(status=422, says=422), Login.NOT_TAKEN),
        (Reply(status=408, says=408), Login.TROUBLE),
        (Reply(status=429, says=429), Login.TROUBLE),
        (Reply(status=503, says=503), Login.TROUBLE),
        (Reply(cause="no answer in time"), Login.TROUBLE),
        (Reply(sent=False, cause="no connection"), Login.TROUBLE),
    ],
)
def test_what_an_answer_to_a_login_means(reply: Reply, means: Login) -> None:
    """Only the bank's own 401 and 403 refuse the credentials; a page of a gateway is read as a 502 and says nothing."""
    assert judge_login(reply) is means


NOWHERE = (404, {"code": 404, "message": "Not found"})


def test_an_address_without_the_api_is_a_configuration_error() -> None:
    """A first log-in that meets a 404 long enough: exit 2, and the setting to check is named."""

    async def story(session: AdminSession, _: ScriptedTransport) -> float:
        loop = asyncio.get_running_loop()
        start = loop.time()
        with pytest.raises(ConfigurationError, match=r"no FinHub API at this address: check api\.base_url \(404\)"):
            await session.token()
        assert not session.refused
        return loop.time() - start

    for max_attempts in (1, 5):
        assert 10 <= telling([NOWHERE], story, max_attempts=max_attempts) <= 20


def test_a_bank_that_is_just_deployed_is_waited_for() -> None:
    """Its gateway answers 404 for three seconds, whatever the settings of retries are."""

    async def story(session: AdminSession, transport: ScriptedTransport) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(3.0, transport._answers.insert, 0, opened("a"))
        assert await session.token() == "a"
        assert loop.time() >= 3.0

    telling([NOWHERE], story, max_attempts=1)


@pytest.mark.parametrize(
    ("answer", "said"), [((407, b"<html>"), "proxy"), ((400, {"code": 400, "message": "x"}), "does not take")]
)
def test_what_only_another_configuration_can_mend_is_not_tried_again(answer: Scripted, said: str) -> None:
    """A proxy that wants credentials, a bank that does not take the request: exit 2 at once, in plain words."""

    async def story(session: AdminSession, transport: ScriptedTransport) -> None:
        with pytest.raises(ConfigurationError, match=said):
            await session.token()
        assert len(transport.sent) == 1

    telling([answer], story)


NO = (200, {"success": False, "message": "Try again later"})


@pytest.mark.parametrize(
    "answer",
    [
        NO,
        (404, {}),
        (400, {"code": 400, "message": "x"}),
        (407, b""),
        (502, b"<html>"),
        (500, {}),
        (405, {"code": 405}),
    ],
    ids=["false 200", "404", "400", "407", "502", "500", "405"],
)
def test_credentials_that_worked_are_tried_again(answer: Scripted) -> None:
    """A renewal that meets anything but the bank's own 401 or 403 is waited out."""

    async def story(session: AdminSession, _: ScriptedTransport) -> str:
        await session.token()
        return await session.token(refused="a")

    assert telling([opened("a"), answer, answer, opened("b")], story) == "b"


def test_a_renewal_that_never_comes_stops_the_run_early_and_refuses_nothing() -> None:
    """Exit 4, not 5 or 2: the same command goes on."""

    async def story(session: AdminSession, transport: ScriptedTransport) -> None:
        await session.token()
        with pytest.raises(StoppedEarlyError, match="status 404"):
            await session.token(refused="a")
        assert len(transport.sent) == 1 + 5

    telling([opened("a"), NOWHERE], story)


def test_successes_that_say_no_stay_within_the_budget() -> None:
    """Each may count as a failed log-in: three in a row, with pauses, then nobody tries; a good one starts afresh."""

    async def story(session: AdminSession, transport: ScriptedTransport) -> None:
        await session.token()
        assert await session.token(refused="a") == "b"
        for _ in range(3):
            with pytest.raises(StoppedEarlyError, match="3 times"):
                await session.token(refused="b")
        assert (len(transport.sent), session.unclear, session.refused) == (1 + 3 + 3, 3, False)

    telling([opened("a"), NO, NO, opened("b"), NO], story)


@pytest.mark.parametrize(
    "trouble",
    [
        (500, {"code": 500}),
        (502, b"<html>"),
        (503, {}),
        (400, b"<html>"),
        (401, {"error": "Forbidden"}),
        (404, {}),
        (408, {}),
        (425, {}),
        (429, {}),
        (200, {"message": "Service is under maintenance"}),
        (200, b"<html>captive portal</html>"),
        (200, {"data": {}}),
        (302, b""),
        httpx.ReadTimeout("x"),
        httpx.ConnectError("x"),
        httpx.ReadError("x"),
    ],
    ids=lambda answer: str(answer)[:20],
)
def test_trouble_that_is_no_refusal_is_tried_again(trouble: Scripted) -> None:
    """A fault of the bank or the network is waited out, with the pause that was ordered."""

    async def story(session: AdminSession, transport: ScriptedTransport) -> None:
        loop = asyncio.get_running_loop()
        start = loop.time()
        assert await session.token() == "a"
        assert loop.time() - start == pytest.approx(1.0 + 2.0, abs=0.2)
        assert len(transport.sent) == 3

    telling([trouble, trouble, opened("a")], story)


def test_retries_run_out() -> None:
    """After the last try the run stops early and can be resumed; those who waited share that end."""

    async def story(session: AdminSession, transport: ScriptedTransport) -> list[Any]:
        found = await asyncio.gather(*(session.token() for _ in range(50)), return_exceptions=True)
        assert len(transport.sent) == 3
        return found

    errors = telling([(503, {})], story, max_attempts=3)
    assert all(isinstance(error, StoppedEarlyError) for error in errors)
    assert "status 503" in str(errors[0])


def test_after_retries_ran_out_a_later_caller_may_try_anew() -> None:
    """A bank that was down is not refused for ever: only who waited at that time shares the failure."""

    async def story(session: AdminSession, _: ScriptedTransport) -> str:
        with pytest.raises(StoppedEarlyError):
            await session.token()
        return await session.token()

    assert telling([(503, {}), (503, {}), opened("a")], story, max_attempts=2) == "a"


@pytest.mark.parametrize(("asked", "waited"), [("7", 7), ("0", 1), ("86400", 60), ("999999999999", 60), ("soon", 1)])
def test_retry_after_is_obeyed_and_capped(asked: str, waited: float) -> None:
    """The bank says when to come back; a wait of days is capped, nonsense is as good as absent."""

    async def story(session: AdminSession, _: ScriptedTransport) -> float:
        loop = asyncio.get_running_loop()
        start = loop.time()
        await session.token()
        return loop.time() - start

    refusal = response(503, {"code": 503}, headers={"Retry-After": asked})
    assert telling([refusal, opened("a")], story) == pytest.approx(waited, abs=0.2)


def test_a_refusal_for_rate_slows_everybody() -> None:
    """Promise 4: a 429 on a log-in is one for the whole run, where one shows a limit."""
    transport = ScriptedTransport([response(429, {}, headers={"Retry-After": "9"}), opened("a")])

    async def main() -> None:
        pacer = Pacer(calls_per_second=4, max_in_flight=4)
        loop = asyncio.get_running_loop()
        patience = Patience(wait_s=float)
        session = AdminSession(client(transport, pacer), payloads(), patience, pacer.gate, clock=loop.time)
        start = loop.time()
        token = asyncio.create_task(session.token())
        await asyncio.sleep(1)
        assert pacer.rate < pacer.asked
        assert await pacer.acquire() is not None
        assert loop.time() - start >= 9
        assert await token == "a"

    run_virtually(main())


def test_a_halt_ends_the_waiting() -> None:
    """The run stops while the bank is down: no further log-in, and soon."""

    async def story(session: AdminSession, transport: ScriptedTransport) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(0.5, session._gate.halt)
        start = loop.time()
        with pytest.raises(StoppedEarlyError):
            await session.token()
        assert loop.time() - start < 1
        assert len(transport.sent) == 1

    telling([(503, {})], story)


def test_a_cancelled_login_leaves_the_way_free() -> None:
    """Whoever is stopped while logging in does not keep the others from it."""

    async def story(session: AdminSession, _: ScriptedTransport) -> str:
        first = asyncio.create_task(session.token())
        await asyncio.sleep(0.5)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        return await session.token()

    assert telling([(503, {}), opened("a")], story) == "a"


def test_a_login_passes_a_shut_gate() -> None:
    """The probe that finds the bank back may need a token first."""

    async def story(session: AdminSession, _: ScriptedTransport) -> str:
        session._gate.shut()
        return await session.token()

    assert telling([opened("a")], story) == "a"


def test_a_login_without_authorization_and_with_the_credentials() -> None:
    """The call is the contract's, and an old token does not travel with it."""

    async def story(session: AdminSession, transport: ScriptedTransport) -> None:
        await session.token()
        await session.token(refused="a")
        for request in transport.sent:
            assert "Authorization" not in request.headers
            assert (
                request.url.path
                == "/api/v2.1/admin/organization/org-1/users/0f6b8d2e-4c71-4a93-bd05-1e3c5a7f1405/sessions"
            )
            assert b"sample-tenant-secret" in request.content

    telling([opened("a"), opened("b")], story)


def test_the_session_does_not_show_its_token() -> None:
    """The token stands in no text of the session."""

    async def story(session: AdminSession, _: ScriptedTransport) -> str:
        await session.token()
        return repr(session) + str(session)

    assert "very-secret" not in telling([opened("very-secret")], story)


@pytest.mark.parametrize("way", LOGINS)
@pytest.mark.parametrize("life", [{"expires_in": 1000}, {"expires_in": "soon"}], ids=["said", "unsaid"])
def test_tokens_of_each_way_are_renewed_at_80_percent(way: str, life: dict[str, Any]) -> None:
    """Of the life that the answer tells, else of an hour."""

    async def story(session: AdminSession, _: ScriptedTransport) -> None:
        await session.token()
        await asyncio.sleep((1000 if life["expires_in"] == 1000 else 3600) * 0.8 - 0.5)
        assert await session.token() == "a"
        await asyncio.sleep(1.0)
        assert await session.token() == "b"
        assert session.logins == 2

    answers: list[Scripted] = [(200, {"access_token": token, "token_type": "Bearer", **life}) for token in "ab"]
    telling(answers, story, way=way)


@pytest.mark.parametrize("way", LOGINS)
@pytest.mark.parametrize(
    "answer",
    [
        (401, WRONG),
        (401, {"error": "invalid_client"}),
        (400, {"error": "invalid_grant"}),
        (401, {"error": "Unauthorized", "path": "/oauth/token"}),
        (401, b"<html>401</html>"),
        (401, b""),
        (200, WRONG),
    ],
    ids=["401", "invalid_client", "invalid_grant", "a framework's 401", "a page", "nothing", "401 in a 200"],
)
def test_one_refusal_of_each_way_ends_the_job(way: str, answer: Scripted) -> None:
    """In whatever form it comes, however many wait, and also at a renewal: nobody is locked out by us."""

    async def story(session: AdminSession, transport: ScriptedTransport) -> None:
        found = await asyncio.gather(*(session.token() for _ in range(9)), return_exceptions=True)
        assert all(isinstance(error, RefusedError) for error in found)
        assert (len(transport.sent), session.refused) == (1, True)

    async def renewal(session: AdminSession, transport: ScriptedTransport) -> None:
        await session.token()
        with pytest.raises(RefusedError):
            await session.token(refused="a")
        assert len(transport.sent) == 2

    telling([answer], story, way=way)
    telling([(200, {"userSessionToken": "a"}), answer], renewal, way=way)


@pytest.mark.parametrize("way", LOGINS)
@pytest.mark.parametrize("answer", [(403, b"<html>"), (503, {}), (429, {}), (200, b"<html>"), (200, {"scope": "x"})])
def test_trouble_of_each_way_is_waited_out(way: str, answer: Scripted) -> None:
    """What is neither a token nor a refusal says nothing of the credentials."""

    async def story(session: AdminSession, _: ScriptedTransport) -> str:
        return await session.token()

    assert telling([answer, answer, (200, {"access_token": "a"})], story, way=way) == "a"
