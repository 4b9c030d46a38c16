"""Senders that sign what they send: let in once each, and refused in one same way."""

import hmac
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import orjson
import pytest
import pytest_asyncio
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from services.api.app import build_app
from services.api.resources import ApiResources
from services.api.settings import ApiSettings
from shared.db.pool import Pool
from tests.integration.api.conftest import Client
from tests.integration.api.face import open_face
from tests.integration.api.test_archive import call
from tests.integration.api.test_webhooks import FLOW, HOOK, path_of, started_of
from tests.support.answers import open_checked
from tests.support.still_clock import StillClock

SECRETS = {"new": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "old": "whsec_b2xkb2xkb2xkb2xkb2xkb2xk"}
OTHER = "whsec_YW5vdGhlcmFub3RoZXJhbm90aGVy"
BODY = b'{"id":"evt_1","event_id":"Ev1","n":1}'
COMMANDS = """
SELECT count(DISTINCT r.key) FROM bus_records AS r JOIN bus_topics AS t USING (topic_id)
WHERE t.name = 'turnout.commands'
"""

Headers = dict[str, str]
Sign = Callable[[str, str, bytes], Headers]
"""By a secret, at a time, for a body."""


def hexed(secret: str, signed: str, body: bytes) -> str:
    """An HMAC as most write it."""
    return hmac.new(secret.encode(), signed.encode() + body, "sha256").hexdigest()


def standard(secret: str, at: str, body: bytes) -> Headers:
    """As Standard Webhooks has it."""
    key = b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, f"msg_1.{at}.".encode() + body, "sha256").digest()
    signature = b64encode(digest).decode()
    return {"webhook-id": "msg_1", "webhook-timestamp": at, "webhook-signature": f"v1,{signature}"}


def github(secret: str, _: str, body: bytes) -> Headers:
    """As GitHub does."""
    return {"X-Hub-Signature-256": f"sha256={hexed(secret, '', body)}", "X-GitHub-Delivery": "d-1"}


def stripe(secret: str, at: str, body: bytes) -> Headers:
    """As Stripe does."""
    return {"Stripe-Signature": f"t={at},v0=0,v1={hexed(secret, f'{at}.', body)}"}


def slack(secret: str, at: str, body: bytes) -> Headers:
    """As Slack does."""
    signature = hexed(secret, f"v0:{at}:", body)
    return {"X-Slack-Request-Timestamp": at, "X-Slack-Signature": f"v0={signature}"}


def own(secret: str, at: str, body: bytes) -> Headers:
    """In a way that is described."""
    return {"X-Time": at, "X-Sign": f"s={hexed(secret, f'{at}.', body)}"}


PRESETS: dict[str, tuple[dict[str, Any], Sign, str | None]] = {
    "standard": ({}, standard, "msg_1"),
    "github": ({}, github, "d-1"),
    "stripe": ({}, stripe, "evt_1"),
    "slack": ({}, slack, "Ev1"),
    "hmac": (
        {
            "header": "X-Sign",
            "prefix": "s=",
            "signed": "timestamp.body",
            "timestamp_header": "X-Time",
        },
        own,
        None,
    ),
}


@dataclass(frozen=True)
class Sender:
    """Somebody who signs; ``path`` is where he sends to, ``id`` what names what he sends."""

    client: Client
    path: str
    sign: Sign
    id: str | None

    async def send(self, headers: Headers, body: bytes = BODY) -> tuple[int, Any, str]:
        """The status, the document and the login asked for."""
        given = {"Content-Type": "application/json", **headers}
        async with self.client.post(f"/v1/{self.path}", data=body, headers=given) as answer:
            document = await answer.json()
            return answer.status, document, answer.headers.get("WWW-Authenticate", "")


@pytest.fixture
def clock() -> StillClock:
    """What senders and the API go by: signatures are good for so many seconds."""
    return StillClock()


@pytest_asyncio.fixture
async def guarded(resources: ApiResources, clock: StillClock) -> Any:
    """A client of an API that knows two secrets."""
    secrets = {name: SecretStr(value) for name, value in SECRETS.items()}
    known = replace(resources, registry=CollectorRegistry(), secrets=secrets, clock=clock)
    async with open_checked(build_app(known, ApiSettings())) as opened:
        yield opened


@pytest_asyncio.fixture(params=PRESETS)
async def sender(request: pytest.FixtureRequest, guarded: Client) -> Sender:
    """A sender in the way of each preset."""
    more, sign, id_ = PRESETS[request.param]
    auth = {"preset": request.param, "secrets": ["new", "old"], **more}
    hook = {**HOOK, "webhook": {"auth": auth}}
    document = await call(guarded, "POST", "workflows", {**FLOW, "triggers": [hook]}, status=201)
    return Sender(guarded, path_of(document), sign, id_)


def written(clock: StillClock, off_s: int = 0) -> str:
    """A time, as senders write it."""
    return str(int(clock.now().timestamp()) + off_s)


async def test_a_delivery_counts_once(sender: Sender, pool: Pool, clock: StillClock) -> None:
    """By either secret of a rotation; the same again is the same event, whatever names it."""
    at = written(clock)
    named = set[str]()
    for secret in (SECRETS["new"], SECRETS["new"]):
        signed = sender.sign(secret, at, BODY)
        status, document, _ = await sender.send({**signed, "Idempotency-Key": str(len(named))})
        assert status == 202
        named.add(document["id"])
    assert (len(named), named == {sender.id} or sender.id is None) == (1, True)
    assert await pool.fetchval(COMMANDS) == 1
    assert (await sender.send(sender.sign(SECRETS["old"], at, BODY)))[0] == 202


async def test_every_refusal_is_the_same(sender: Sender, pool: Pool, clock: StillClock) -> None:
    """Missing, wrong, of another body, cut short, old, of tomorrow, or signatures without end."""
    at = written(clock)
    right = sender.sign(SECRETS["new"], at, BODY)
    (name,) = [n for n in right if n.lower().endswith(("signature", "signature-256", "x-sign"))]
    tries = [
        {},
        {**right, name: ""},
        {**right, name: right[name][:-1]},
        {**right, name: "é" * 20},
        {**right, name: " ".join(["v1,AAAA"] * 900)},
        {**right, name: ",".join([right[name].partition(",")[0], *["v1=00"] * 900])},
        sender.sign(OTHER, at, BODY),
        sender.sign(SECRETS["new"], at, BODY + b" "),
    ]
    if "GitHub" not in str(right):
        off = [written(clock, off_s) for off_s in (-302, 302)]
        tries += [sender.sign(SECRETS["new"], each, BODY) for each in off]
        tries += [sender.sign(SECRETS["new"], each, BODY) for each in ("NaN", "-1", "9" * 99)]
    said = set()
    for headers in tries:
        status, document, challenge = await sender.send(headers)
        del document["request_id"]
        said.add((status, orjson.dumps(document), challenge))
    assert len(said) == 1
    assert next(iter(said))[0] == 401
    assert await pool.fetchval(COMMANDS) == 0


async def test_slack_is_told_that_we_are_here(
    guarded: Client, pool: Pool, clock: StillClock
) -> None:
    """Its challenge is answered when it is signed, and starts nothing."""
    auth = {"preset": "slack", "secret": "new"}
    hook = {**HOOK, "webhook": {"auth": auth}}
    document = await call(guarded, "POST", "workflows", {**FLOW, "triggers": [hook]}, status=201)
    sender = Sender(guarded, path_of(document), slack, None)
    body = b'{"type":"url_verification","token":"t","challenge":"3eZbrw1a"}'
    signed = slack(SECRETS["new"], written(clock), body)
    assert (await sender.send(signed, body))[:2] == (200, {"challenge": "3eZbrw1a"})
    assert (await sender.send({**signed, "X-Slack-Signature": "v0=0"}, body))[0] == 401
    assert await pool.fetchval(COMMANDS) == 0


async def test_the_body_is_kept_as_it_came(database: str) -> None:
    """Where that is asked for: as text, or in base64; a form is an object beside it."""
    form = "application/x-www-form-urlencoded"
    cases = [
        ("application/json", b'{"a": 1.50}', {"a": 1.5}, '{"a": 1.50}', "utf-8"),
        ("application/octet-stream", b"\xff\x00", None, "/wA=", "base64"),
        (form, b"a=1&b=%C3%BC+&b=&a%5B", {"a": "1", "b": ["ü ", ""], "a[": ""}, ..., "utf-8"),
    ]
    async with open_face(database) as face:
        hook = {**HOOK, "webhook": {"keep_raw": True}}
        document = await face.post("workflows", {**FLOW, "triggers": [hook]}, status=201)
        for count, (kind, body, seen, raw, encoding) in enumerate(cases, 1):
            headers = {"Content-Type": kind, "Idempotency-Key": str(count)}
            path = f"/v1/{path_of(document)}"
            async with face.client.post(path, data=body, headers=headers) as answer:
                assert answer.status == 202, await answer.text()
            started = await started_of(face, document, count)
            output = (await face.ends(started[0]))["attempts"][0]["output"]
            assert (output["body"], output["raw_encoding"]) == (seen, encoding)
            assert output["raw"] == (body.decode() if raw is ... else raw)


async def test_headers_are_kept_that_are_asked_for(database: str) -> None:
    """Beside those that events always have; whatever is sent twice is one text."""
    async with open_face(database) as face:
        hook = {**HOOK, "webhook": {"keep_headers": ["x-shop", "x-none"]}}
        document = await face.post("workflows", {**FLOW, "triggers": [hook]}, status=201)
        headers = [("X-Shop", "a"), ("X-Other", "o"), ("X-Order-Event", "paid"), ("X-Shop", "b")]
        path = f"/v1/{path_of(document)}"
        async with face.client.post(path, data=b"{}", headers=headers) as answer:
            assert answer.status == 202, await answer.text()
        large, long = b"x" * 255_000, [("X-Shop", "x" * 8_000)]
        async with face.client.post(path, data=large, headers=long) as answer:
            assert answer.status == 413, "with what is kept it would be larger than an event"
        started = await started_of(face, document, 1)
        seen = (await face.ends(started[0]))["attempts"][0]["output"]["headers"]
        assert {name: seen[name] for name in seen if name.startswith("x-")} == {
            "x-shop": "a, b",
            "x-order-event": "paid",
        }
        shown = (await face.get("webhooks"))["items"]
        assert [one["keep_headers"] for one in shown] == [["x-shop", "x-none"]]


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("multipart/form-data; boundary=x", b"--x--", 415),
        ("application/x-www-form-urlencoded", b"a=%FF", 400),
        ("application/x-www-form-urlencoded", b"a=%00", 400),
        ("application/x-www-form-urlencoded", b"&".join([b"a=1"] * 10_001), 400),
        ("application/x-www-form-urlencoded", b"=" * 1_000, 202),
        ("application/x-www-form-urlencoded", b"&&&", 202),
    ],
)
async def test_forms_are_read_within_bounds(
    guarded: Client, kind: str, body: bytes, status: int
) -> None:
    """What is no form of texts is refused, with a sentence; so is one of several parts."""
    document = await call(guarded, "POST", "workflows", FLOW, status=201)
    sender = Sender(guarded, path_of(document), slack, None)
    got, told, _ = await sender.send({"Content-Type": kind}, body)
    assert got == status, told
