"""Registered actions over real HTTP."""

import asyncio
import hashlib
import hmac
import tracemalloc
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from email.utils import format_datetime
from itertools import chain, repeat
from typing import Any

import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from services.executor.actions.registered import HttpAction
from shared.domain.ids import DEFAULT_ENVIRONMENT
from shared.domain.outcomes import Completed, ErrorKind, Failed, Outcome
from shared.egress.caller import Caller, open_caller
from shared.egress.settings import EgressSettings
from shared.runtime.clock import SystemClock
from tests.support.receiver import OK, Receiver, once, sends
from tests.unit.executor.calls import EXECUTION, NOW, call, registered

DEV = EgressSettings(allow_loopback=True)
SECRET = "whsec_" + b64encode(b"k" * 32).decode()
JSON = b"Content-Type: application/json\r\n"


@pytest.fixture
async def caller() -> AsyncIterator[Caller]:
    """A caller as in development."""
    async with open_caller(DEV, SystemClock()) as opened:
        yield opened


@asynccontextmanager
async def app(
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
) -> AsyncIterator[str]:
    """A well-behaved server; its URL."""
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", handler)
    async with TestServer(application) as server:
        yield str(server.make_url("/do"))


async def answered(caller: Caller, answer: web.Response, **spec: Any) -> Outcome:
    """What becomes of a step whose action answers this."""

    async def handler(_: web.Request) -> web.Response:
        return answer

    async with app(handler) as url:
        return await HttpAction(registered(url=url, **spec), caller, ())(call({"a": 1}))


async def test_an_action_is_told_and_its_answer_is_the_output(caller: Caller) -> None:
    """The input is the body, headers name the attempt, the signature is right."""
    heard: list[web.Request] = []
    bodies: list[bytes] = []

    async def handler(request: web.Request) -> web.Response:
        heard.append(request)
        bodies.append(await request.read())
        return web.json_response({"id": "T-1"}, status=201)

    async with app(handler) as url:
        action = HttpAction(registered(url=url), caller, (SecretStr(SECRET),))
        outcome = await action(call({"title": "käse"}))
    assert outcome == Completed(output={"id": "T-1"})
    [request], [body] = heard, bodies
    assert (request.method, orjson.loads(body)) == ("POST", {"title": "käse"})
    named = {
        "Idempotency-Key": f"{EXECUTION}:ask",
        "Turnout-Execution-Id": str(EXECUTION),
        "Turnout-Step-Id": "ask",
        "Turnout-Attempt": "2",
        "Content-Type": "application/json",
    }
    assert {name: request.headers[name] for name in named} == named
    signed = f"{DEFAULT_ENVIRONMENT}:{EXECUTION}:ask.{int(NOW.timestamp())}.".encode() + body
    digest = hmac.digest(b64decode(SECRET[6:]), signed, hashlib.sha256)
    assert request.headers["webhook-signature"] == f"v1,{b64encode(digest).decode()}"


@pytest.mark.parametrize(
    ("answer", "output"),
    [
        (web.Response(body=b"[1, null]", content_type="text/plain"), [1, None]),
        (web.Response(body=b"null"), None),
        (web.Response(body=b""), None),
        (web.Response(status=204), None),
    ],
)
async def test_answers_that_are_outputs(
    caller: Caller, answer: web.Response, output: object
) -> None:
    """Whatever its content type, a JSON answer counts; nothing is null."""
    assert await answered(caller, answer) == Completed(output=output)


BAD = {
    "no JSON": b"<html>",
    "NaN": b'{"a": NaN}',
    "Infinity": b"[Infinity]",
    "-Infinity": b"-Infinity",
    "a number beyond a double": b"1e999",
    "not UTF-8": b'{"a": "\xff\xfe"}',
    "half a surrogate pair": b'"\\ud800"',
    "cut short": b'{"a": [1, 2',
    "two documents": b"{}{}",
    "a byte order mark": b"\xef\xbb\xbf{}",
    "U+0000": b'"\\u0000"',
    "too deep": b"[" * 100_000,
    "deep": b"[" * 65 + b"]" * 65,
    "too many keys": orjson.dumps({str(n): n for n in range(10_001)}),
}


@pytest.mark.parametrize("body", BAD.values(), ids=BAD.keys())
async def test_an_answer_that_is_no_output_fails_the_attempt(caller: Caller, body: bytes) -> None:
    """It is a failure for good, with a reason."""
    outcome = await answered(caller, web.Response(body=body, content_type="application/json"))
    assert isinstance(outcome, Failed)
    assert (outcome.error.kind, outcome.error.retryable) == (ErrorKind.UNFIT, False)
    assert outcome.error.message.startswith("The action's answer cannot be kept. ")


async def test_a_wrong_type_fails_the_attempt(caller: Caller) -> None:
    """What does not fit the output_schema is refused, with every place."""
    schema = {"properties": {"id": {"type": "string"}, "at": {"type": "string"}}}
    outcome = await answered(caller, web.json_response({"id": 1, "at": 2}), output_schema=schema)
    assert isinstance(outcome, Failed)
    assert (outcome.error.kind, outcome.error.retryable) == (ErrorKind.UNFIT, False)
    assert "/id: " in outcome.error.message
    assert "/at: " in outcome.error.message


async def test_a_hundred_megabytes_are_not_held(caller: Caller) -> None:
    """An answer too large fails the attempt, and only a little of it is ever in memory."""

    def pieces() -> Any:
        head = OK + JSON + b"Content-Length: 104857600\r\n\r\n"
        return chain([head], repeat(b"1" * 65_536, 1_600))

    async with Receiver(sends(pieces)) as receiver:
        action = HttpAction(registered(url=receiver.url), caller, ())
        tracemalloc.start()
        try:
            outcome = await action(call({}))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        async with asyncio.timeout(60):
            await receiver.disconnected.wait()
    assert isinstance(outcome, Failed)
    assert (outcome.error.kind, outcome.error.retryable) == (ErrorKind.TOO_LARGE, False)
    assert peak < 8_000_000


@pytest.mark.parametrize(
    "raw",
    [
        OK + JSON + b'Content-Length: 90\r\n\r\n{"a": 1}',
        OK + JSON + b'Transfer-Encoding: chunked\r\n\r\n8\r\n{"a": 1}\r\n',
        b"",
    ],
    ids=["a length too long", "no last chunk", "hung up"],
)
async def test_a_broken_connection_is_worth_another_attempt(caller: Caller, raw: bytes) -> None:
    """What came of the answer is not taken for the whole."""
    async with Receiver(sends(once(raw))) as receiver:
        outcome = await HttpAction(registered(url=receiver.url), caller, ())(call({}))
    assert isinstance(outcome, Failed)
    assert (outcome.error.kind, outcome.error.retryable) == (ErrorKind.UNREACHABLE, True)


@pytest.mark.parametrize(
    ("status", "retryable"), [(302, False), (400, False), (404, False), (429, True), (503, True)]
)
async def test_other_statuses_fail_the_attempt(
    caller: Caller, status: int, *, retryable: bool
) -> None:
    """The status says whether another attempt is worth it, Retry-After when."""
    answer = web.Response(status=status, text="no", headers={"Retry-After": "7"})
    outcome = await answered(caller, answer)
    assert isinstance(outcome, Failed)
    error = outcome.error
    assert (error.kind, error.status, error.retryable) == (ErrorKind.HTTP, status, retryable)
    assert error.retry_after_s == 7


@pytest.mark.parametrize(
    ("asks", "least_s", "most_s"),
    [
        (format_datetime(NOW + timedelta(hours=1), usegmt=True), 1_800, 3_600),
        (format_datetime(NOW - timedelta(hours=1), usegmt=True), -1, 0.001),
    ],
)
async def test_retry_after_may_be_a_date(
    caller: Caller, asks: str, least_s: float, most_s: float
) -> None:
    """It counts from the answer, not from the attempt's start; one that has passed is none."""
    outcome = await answered(caller, web.Response(status=503, headers={"Retry-After": asks}))
    assert isinstance(outcome, Failed)
    assert outcome.error.retry_after_s is not None
    assert least_s < outcome.error.retry_after_s < most_s


@pytest.mark.parametrize(
    "asks",
    [
        *("", "soon", "-1", "1.5", "Mon, 01 Jan 99999999999999999999 00:00:00 GMT"),
        "Mon, 01 Jan 2026 00:00:00 +9999999999999",
    ],
)
async def test_a_retry_after_that_is_none_is_passed_over(caller: Caller, asks: str) -> None:
    """The status still says that another attempt is worth it."""
    outcome = await answered(caller, web.Response(status=503, headers={"Retry-After": asks}))
    assert isinstance(outcome, Failed)
    assert (outcome.error.retryable, outcome.error.retry_after_s) == (True, None)


async def test_the_action_limits_an_attempt(caller: Caller) -> None:
    """An action that may take a tenth of a second times out, however long the step may take."""
    held = sends(once(b""), hold=True)
    async with Receiver(held) as receiver:
        action = HttpAction(registered(url=receiver.url, timeout_s=0.1), caller, ())
        async with asyncio.timeout(60):
            outcome = await action(call({}))
    assert isinstance(outcome, Failed)
    assert (outcome.error.kind, outcome.error.retryable) == (ErrorKind.TIMEOUT, True)


async def test_an_unfit_input_is_not_sent(caller: Caller) -> None:
    """The receiver hears nothing of it."""
    async with Receiver(sends(once(OK + b"\r\n"))) as receiver:
        spec = {"url": receiver.url, "input_schema": {"required": ["title"]}}
        outcome = await HttpAction(registered(**spec), caller, ())(call({}))
        assert receiver.connections == 0
    assert isinstance(outcome, Failed)
    assert outcome.error.kind is ErrorKind.INVALID_INPUT
