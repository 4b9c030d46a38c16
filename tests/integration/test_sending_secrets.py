"""Canaries: secrets that are sent, come back in every form, and are kept and logged nowhere."""

from base64 import b64encode, urlsafe_b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote, quote_plus
from uuid import UUID

import orjson
import pytest
import structlog
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from services.executor.actions.http_request import HttpRequest
from services.executor.actions.registered import HttpAction, WorkerAction
from services.executor.call import Action, Call
from services.executor.secrets import send_with_secrets
from services.executor.stored_secrets import ConfiguredSecrets
from shared.domain.errors import Rejected, Unavailable
from shared.domain.ids import DEFAULT_ENVIRONMENT, EnvironmentId
from shared.domain.outcomes import Completed, ErrorKind, Failed, Outcome, Parked
from shared.egress.caller import Caller, open_caller
from shared.egress.settings import EgressSettings
from shared.expr.secrets import SecretMarks
from shared.runtime.clock import SystemClock
from tests.unit.executor.calls import EXECUTION, call, registered

CANARY = 'cAnary/7f3a?="~x'
MARKS = SecretMarks("nonce")
SOURCE = ConfiguredSecrets(DEFAULT_ENVIRONMENT, {"API_KEY": SecretStr(CANARY)})
KEY = MARKS.scope(["api_key"])["api_key"]
FORMS = (
    CANARY,
    b64encode(CANARY.encode()).decode(),
    urlsafe_b64encode(CANARY.encode()).decode(),
    b64encode(f"user:{CANARY}".encode()).decode(),
    b64encode(f"u:{CANARY}:more".encode()).decode(),
    quote(CANARY, safe=""),
    quote_plus(CANARY),
    orjson.dumps(CANARY).decode()[1:-1],
    r"cAnary\/7f3a?=\"~x",  # as PHP writes it
    r"cAnary/7f3a?=\u0022~x",  # as .NET does
    "".join(f"\\u{ord(character):04x}" for character in CANARY),
)
# Whatever form a leak has, it holds a few characters of one of these.
TRACES = ("cAnary", "7f3a", *(form[4:16] for form in FORMS))


TASK = ["action", "action_version", "task_id", "input", "heartbeat_s", "timeout_s"]


def leaks(outcome: object, logged: object) -> list[str]:
    """What of the canary can be read in an outcome or a log."""
    seen = f"{outcome!r} {logged!r}"
    return [trace for trace in TRACES if trace in seen]


@pytest.fixture
async def caller() -> AsyncIterator[Caller]:
    """A caller as in development."""
    async with open_caller(EgressSettings(allow_loopback=True), SystemClock()) as opened:
        yield opened


@asynccontextmanager
async def app(
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
) -> AsyncIterator[str]:
    """A server; its URL."""
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", handler)
    async with TestServer(application) as server:
        yield str(server.make_url("/"))


async def sent(action: Action, given: Any) -> tuple[Outcome, list[Any]]:
    """The outcome, and what was logged on the way."""
    with structlog.testing.capture_logs() as logged:
        outcome = await send_with_secrets(action, call(given), MARKS, SOURCE)
    return outcome, logged


@pytest.mark.parametrize("status", [200, 400, 503])
async def test_an_echo_gives_nothing_away(caller: Caller, status: int) -> None:
    """Sent in URL, header and body; echoed in each, in any form: nowhere in what is kept."""
    heard: list[Any] = []

    async def echo(request: web.Request) -> web.Response:
        heard.append((request.query["key"], request.headers["X-Key"], await request.json()))
        return web.json_response(
            {"said": [*FORMS, f"no user {CANARY}!"], CANARY: 1, "path": request.path_qs},
            status=status,
            headers={f"X-{n}": form for n, form in enumerate(FORMS)},
        )

    async with app(echo) as url:
        given = {
            "url": f"{url}?key={KEY}",
            "method": "POST",
            "headers": {"X-Key": f"Bearer {KEY}"},
            "json": {"a": [KEY]},
        }
        outcome, logged = await sent(HttpRequest(caller), given)
    assert heard == [(CANARY, f"Bearer {CANARY}", {"a": [CANARY]})]
    assert leaks(outcome, logged) == []
    assert isinstance(outcome, Completed | Failed)
    assert outcome.input == {
        "url": f"{url}?key={{{{secrets.api_key}}}}",
        "method": "POST",
        "headers": {"X-Key": "Bearer {{secrets.api_key}}"},
        "json": {"a": ["{{secrets.api_key}}"]},
    }
    assert "[secret api_key]" in repr(outcome)


@pytest.mark.parametrize("before", range(0, 400, 7))
async def test_a_long_error_gives_no_half_of_it_away(caller: Caller, before: int) -> None:
    """Wherever in an error's body the secret stands, no cut goes through it."""

    async def refuse(_: web.Request) -> web.Response:
        return web.Response(status=400, text="x" * before + CANARY + "y" * 2_000)

    async with app(refuse) as url:
        outcome, logged = await sent(HttpAction(registered(url=url), caller, ()), {"key": KEY})
    assert leaks(outcome, logged) == []


@pytest.mark.parametrize("form", FORMS)
async def test_a_refusal_gives_it_away_in_no_form(caller: Caller, form: str) -> None:
    """What is kept of a refusal is its body as it was written, whoever wrote it."""

    async def refuse(_: web.Request) -> web.Response:
        return web.Response(status=400, text=f'{{"a":"b\\/c","key":"{form}"}}')

    async with app(refuse) as url:
        outcome, logged = await sent(HttpRequest(caller), {"url": url, "headers": {"X": KEY}})
    assert leaks(outcome, logged) == []
    assert isinstance(outcome, Failed)
    assert '{"a":"b\\/c","key":"' in outcome.error.message


async def test_an_answer_that_does_not_fit_gives_nothing_away(caller: Caller) -> None:
    """What is said of an input or output that its schema refuses quotes neither."""

    async def echo(request: web.Request) -> web.Response:
        return web.json_response(await request.json())

    is_number = {"properties": {"key": {"type": "number"}}}
    for field in ("input_schema", "output_schema"):
        async with app(echo) as url:
            action = HttpAction(registered(url=url, **{field: is_number}), caller, ())
            outcome, logged = await sent(action, {"key": KEY})
        assert isinstance(outcome, Failed)
        assert "/key: the value is not of type" in outcome.error.message
        assert leaks(outcome, logged) == []


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({"url": KEY}, ErrorKind.REFUSED),
        ({"url": "http://127.0.0.1:1/", "headers": {KEY: "a"}}, ErrorKind.REFUSED),
        ({"url": "http://127.0.0.1:1/", "method": KEY}, ErrorKind.INVALID_INPUT),
        ({"url": "http://127.0.0.1:9/", "json": KEY}, ErrorKind.REFUSED),
    ],
)
async def test_a_request_that_is_not_sent_gives_nothing_away(
    caller: Caller, given: Any, kind: ErrorKind
) -> None:
    """The reason names no secret."""
    outcome, logged = await sent(HttpRequest(caller), given)
    assert isinstance(outcome, Failed)
    assert outcome.error.kind is kind
    assert leaks(outcome, logged) == []


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Rejected, ErrorKind.REFUSED),
        (Unavailable, ErrorKind.UNREACHABLE),
        (ValueError, ErrorKind.DEFECT),
    ],
)
async def test_an_action_that_breaks_gives_nothing_away(
    fault: type[Exception], kind: ErrorKind
) -> None:
    """An exception becomes an outcome and a line in the log, neither with its text."""

    async def broken(call: Call) -> Outcome:
        raise fault(f"cannot handle {call.input}")

    outcome, logged = await sent(broken, KEY)
    assert isinstance(outcome, Failed)
    assert outcome.error.kind is kind
    assert leaks(outcome, logged) == []
    assert len(logged) == (kind is ErrorKind.DEFECT)


async def test_an_attempt_that_is_broken_off_is_no_failure_of_its_step() -> None:
    """Whoever breaks it off knows what it comes to: the next owner makes it, say."""

    async def broken_off(call: Call) -> Outcome:
        raise TimeoutError(f"cannot handle {call.input}")

    with pytest.raises(TimeoutError):
        await send_with_secrets(broken_off, call({"key": KEY}), MARKS, SOURCE)


@pytest.mark.parametrize("value", [CANARY, "abc", *TASK])
async def test_a_task_is_kept_with_references(value: str) -> None:
    """What a worker is sent goes through the log; no secret is in it, and no word of ours lacks."""
    source = ConfiguredSecrets(DEFAULT_ENVIRONMENT, {"API_KEY": SecretStr(value)})
    given = {"key": f"Bearer {KEY}"}
    outcome = await send_with_secrets(WorkerAction(registered()), call(given), MARKS, source)
    assert isinstance(outcome, Parked)
    assert [*outcome.wait.data] == TASK
    assert outcome.wait.data["task_id"] == f"{EXECUTION}:ask:2"
    assert outcome.wait.data["input"] == {"key": "Bearer {{secrets.api_key}}"}
    assert leaks(outcome, None) == []


@pytest.mark.parametrize("value", ["status", "body", "head"])
async def test_no_secret_takes_the_names_of_an_answers_parts_away(
    caller: Caller, value: str
) -> None:
    """What a secret's value is changes what was answered, and not where steps look for it."""

    async def echo(_: web.Request) -> web.Response:
        return web.Response(text=f"the {value}")

    source = ConfiguredSecrets(DEFAULT_ENVIRONMENT, {"API_KEY": SecretStr(value)})
    async with app(echo) as url:
        given = {"url": url, "method": "POST", "json": KEY}
        outcome = await send_with_secrets(HttpRequest(caller), call(given), MARKS, source)
    assert isinstance(outcome, Completed)
    assert [*outcome.output] == ["status", "headers", "body"]
    assert outcome.output["body"] == "the [secret api_key]"


async def test_a_secret_that_is_not_there_fails_the_attempt() -> None:
    """The message names it; nothing is done."""
    done: list[Call] = []

    async def act(call: Call) -> Outcome:
        done.append(call)
        return Completed()

    given = {"a": KEY, "b": MARKS.scope(["gone"])["gone"]}
    outcome, _ = await sent(act, given)
    assert isinstance(outcome, Failed)
    assert outcome.error.kind is ErrorKind.EXPRESSION
    assert "'gone'" in outcome.error.message
    assert outcome.input == {"a": "{{secrets.api_key}}", "b": "{{secrets.gone}}"}
    assert done == []


async def test_without_secrets_nothing_is_changed() -> None:
    """An input without references goes as it is, and what comes of it too."""

    async def act(call: Call) -> Outcome:
        return Completed(output=[call.input, CANARY])

    outcome, _ = await sent(act, {"a": "plain"})
    assert outcome == Completed(output=[{"a": "plain"}, CANARY])


async def test_configured_secrets_are_one_environments() -> None:
    """Another environment has none of them."""
    other = EnvironmentId(UUID(int=9))
    assert await SOURCE.names(DEFAULT_ENVIRONMENT) == {"api_key"}
    assert await SOURCE.names(other) == frozenset()
    assert await SOURCE.get(DEFAULT_ENVIRONMENT, ["api_key", "b"]) == {"api_key": CANARY}
    assert await SOURCE.get(other, ["api_key"]) == {}
    assert CANARY not in repr(vars(SOURCE))
